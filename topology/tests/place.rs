//! Queries and placements on machines of many shapes.
#![allow(clippy::format_push_string, reason = "machines are written as text, piece by piece")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{described, synthetic};
use proptest::prelude::*;
use std::collections::BTreeSet;
use topology::place::{PlaceError, Policy};
use topology::{CpuId, CpuSet, Machine, Metric, NodeId};

fn list(cpus: &[CpuId]) -> Vec<u32> {
    cpus.iter().map(|c| c.0).collect()
}

fn place(m: &Machine, n: usize, policy: Policy) -> Vec<u32> {
    list(&m.place(n, policy, None, None).unwrap())
}

#[test]
fn compact_fills_cores_then_nodes() {
    let m = synthetic("numa:2 core:2 pu:2");
    assert_eq!(place(&m, 5, Policy::Compact), [0, 1, 2, 3, 4]);
    let from_one = m.place(5, Policy::Compact, None, Some(NodeId(1))).unwrap();
    assert_eq!(list(&from_one), [4, 5, 6, 7, 0]);
}

#[test]
fn spread_takes_nodes_first_and_threads_last() {
    let m = synthetic("numa:2 core:2 pu:2");
    assert_eq!(place(&m, 8, Policy::Spread), [0, 4, 2, 6, 1, 5, 3, 7]);
    let m = synthetic("pack:2 l3:2 core:2 pu:1");
    // packages, then caches inside, then cores
    assert_eq!(place(&m, 8, Policy::Spread), [0, 4, 2, 6, 1, 5, 3, 7]);
}

#[test]
fn spread_shares_as_little_as_it_can() {
    let place = |text: &str, n| place(&synthetic(text), n, Policy::Spread);
    assert_eq!(place("l3:1 l2:4 core:2 pu:1", 2), [0, 2]);
    assert_eq!(place("l3:1 l2:4 core:2 pu:1", 8), [0, 2, 4, 6, 1, 3, 5, 7]);
    assert_eq!(place("pack:2 l3:2 l2:2 core:2 pu:2", 8), [0, 16, 8, 24, 4, 20, 12, 28]);
    assert_eq!(place("l3:1 l2:2 l1:2 core:1 pu:2", 4), [0, 4, 2, 6]);
    assert_eq!(place("die:2 l4:1 l3:2 core:1 pu:1", 4), [0, 2, 1, 3]);
}

#[test]
fn spread_takes_fast_cpus_first_and_their_second_threads_last() {
    // two fast cores of two threads, four slow ones that share an L2
    let mut text = String::from("<machine>");
    for (n, core, thread, kind) in [
        (0, 8, 0, 'E'),
        (1, 9, 0, 'E'),
        (2, 10, 0, 'E'),
        (3, 11, 0, 'E'),
        (4, 0, 0, 'P'),
        (5, 0, 1, 'P'),
        (6, 1, 0, 'P'),
        (7, 1, 1, 'P'),
    ] {
        text +=
            &format!("<cpu id='{n}' package='0' core='{core}' thread='{thread}' kind='{kind}'/>");
    }
    for cpus in ["0-3", "4-5", "6-7"] {
        text += &format!("<cache level='2' cpus='{cpus}'/>");
    }
    let m = described(&(text + "<cache level='3' cpus='0-7'/></machine>"));
    let spread = m.place(8, Policy::Spread, None, None).unwrap();
    let spread: Vec<u32> = spread.iter().map(|c| c.0).collect();
    assert_eq!(spread, [4, 6, 0, 1, 2, 3, 5, 7]);
}

#[test]
fn compact_goes_to_near_nodes_first() {
    let m = described(
        r#"<machine>
             <node id="0"><cpus ids="0-1"/></node><node id="1"><cpus ids="2-3"/></node>
             <node id="2"><cpus ids="4-5"/></node>
             <distance from="0" to="1" value="40"/><distance from="0" to="2" value="20"/>
           </machine>"#,
    );
    let order = m.place(5, Policy::Compact, None, Some(NodeId(0))).unwrap();
    assert_eq!(list(&order), [0, 1, 4, 5, 2]);
    assert_eq!(m.neighbours(NodeId(0)), [NodeId(2)]);
}

#[test]
fn placements_keep_to_the_allowed_cpus() {
    let m = synthetic("numa:4 core:4 pu:2");
    let allowed: CpuSet = [1, 3, 9, 30, 31].map(CpuId).into_iter().collect();
    let p = m.place(5, Policy::Spread, Some(&allowed), None).unwrap();
    assert_eq!(p.iter().copied().collect::<CpuSet>(), allowed);
    let too_many = m.place(6, Policy::Spread, Some(&allowed), None);
    assert_eq!(too_many, Err(PlaceError::TooFewCpus { have: 5 }));
    let unknown = m.place(1, Policy::Compact, None, Some(NodeId(4)));
    assert_eq!(unknown, Err(PlaceError::UnknownNode(NodeId(4))));
    assert_eq!(m.place(0, Policy::Compact, Some(&CpuSet::new()), None), Ok(vec![]));
}

#[test]
fn more_than_64_cpus_and_nodes() {
    let m = synthetic("numa:64 core:8 pu:2");
    assert_eq!((m.nodes().len(), m.cpus().len()), (64, 1024));
    assert_eq!(m.node_of(CpuId(1023)), Some(NodeId(63)));
    assert_eq!(m.cpus_of(NodeId(63)).unwrap().to_string(), "1008-1023");
    let spread = place(&m, 64, Policy::Spread);
    let nodes: BTreeSet<_> = spread.iter().map(|c| m.node_of(CpuId(*c))).collect();
    assert_eq!(nodes.len(), 64);
}

proptest! {
    #[test]
    fn placements_are_permutations_and_minimal(
        nodes in 1usize..6, cores in 1usize..6, threads in 1usize..3, n in 0usize..80,
    ) {
        let m = synthetic(&format!("numa:{nodes} core:{cores} pu:{threads}"));
        let total = nodes * cores * threads;
        for policy in [Policy::Compact, Policy::Spread] {
            let result = m.place(n, policy, None, None);
            if n > total {
                prop_assert_eq!(result, Err(PlaceError::TooFewCpus { have: total }));
                continue;
            }
            let p = result.unwrap();
            prop_assert_eq!(p.len(), n);
            prop_assert_eq!(p.iter().collect::<BTreeSet<_>>().len(), n, "a CPU twice");
            let used: BTreeSet<_> = p.iter().map(|c| m.node_of(*c)).collect();
            let used_cores: BTreeSet<_> = p.iter().map(|c| m.core_siblings(*c).unwrap().first()).collect();
            match policy {
                Policy::Compact => {
                    prop_assert_eq!(used.len(), n.div_ceil(cores * threads));
                    prop_assert_eq!(used_cores.len(), n.div_ceil(threads));
                }
                Policy::Spread => {
                    prop_assert_eq!(used.len(), n.min(nodes));
                    prop_assert_eq!(used_cores.len(), n.min(nodes * cores));
                }
                other => prop_assert!(false, "{other:?} is not tested"),
            }
        }
    }

    #[test]
    fn no_id_is_out_of_range(cpu in any::<u32>(), node in any::<u32>(), address in any::<u64>(), x in any::<i32>(), y in any::<i32>()) {
        let m = synthetic("numa:3 l3:2 core:2 pu:2");
        let space = m.default_space().unwrap();
        prop_assert_eq!(m.node_of(CpuId(cpu)).is_some(), cpu < 24);
        prop_assert_eq!(m.cpu(CpuId(cpu)).is_some(), cpu < 24);
        prop_assert_eq!(m.cpus_of(NodeId(node)).is_some(), node < 3);
        prop_assert_eq!(m.distance(NodeId(node), NodeId(0)), None);
        prop_assert_eq!(m.best_memory(NodeId(node), Metric::Distance), None);
        prop_assert_eq!(m.node_of_address(address), None);
        prop_assert_eq!(m.memory_of(NodeId(node)), None);
        prop_assert_eq!(m.node_of_location(&space, x, y).is_some(), (0..24).contains(&x) && y == 0);
        prop_assert_eq!(m.core_siblings(CpuId(cpu)).is_some(), cpu < 24);
        prop_assert!(cpu < 24 || m.shared_caches(CpuId(cpu), CpuId(0)).next().is_none());
    }
}

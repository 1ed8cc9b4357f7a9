//! The fork's page and session: its TIP as a source, and the six functions of TOPO as replies of a
//! view, byte for byte, against a table and against a plain recount.
#![allow(clippy::format_push_string, reason = "machines are written as text, piece by piece")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{described, synthetic};
use proptest::prelude::*;
use std::collections::BTreeMap;
use topology::source::tip::{self, TipDomain, TipError, TipRegion};
use topology::source::topo_session::{self, TopoSession};
use topology::view::{View, ViewError, ViewPolicy};
use topology::wire::{Call, CallError, NumaRegion, Reply, WireAffinity, WireLocation};
use topology::{Affinity, CpuGrid, CpuId, Location, Machine, NodeId, OutsideSpace, Source, Space};
use zerocopy::{FromZeros, IntoBytes};

fn page(domains: &[TipDomain]) -> Vec<u8> {
    let mut p = vec![0; 8];
    p[..2].copy_from_slice(&(8 + 1320 * domains.len() as u16).to_le_bytes());
    for d in domains {
        p.extend_from_slice(d.as_bytes());
    }
    p
}

fn domain(id: u32, cpus: &[u32], regions: &[(u64, u64)]) -> TipDomain {
    let mut d = TipDomain::new_zeroed();
    d.id = id.into();
    d.region_count = regions.len() as u8;
    for (slot, (start, end)) in d.regions.iter_mut().zip(regions) {
        *slot = TipRegion { start: (*start).into(), end: (*end).into() };
    }
    for c in cpus {
        let word = &mut d.cpus[*c as usize / 64];
        *word = (word.get() | 1 << (c % 64)).into();
    }
    d
}

#[test]
fn a_tip_gives_nodes_memory_and_256_cpus() {
    let p = page(&[
        domain(4, &[0, 2, 255], &[(0x1000, 0x9000), (0x10_0000, 0x20_0000)]),
        domain(1, &[1, 64, 65], &[]),
    ]);
    let m = Machine::build(&[tip::parse(&p).unwrap()]).unwrap();
    assert_eq!(m.cpus_of(NodeId(4)).unwrap().to_string(), "0,2,255");
    assert_eq!(m.node_of(CpuId(65)), Some(NodeId(1)));
    assert_eq!(m.installed(NodeId(4)), Some(0x10_8000));
    assert_eq!((m.installed(NodeId(1)), m.cpus()[0].node.unwrap().source), (None, Source::Tip));
    assert_eq!(std::mem::offset_of!(TipDomain, devices), 520);
    assert_eq!(std::mem::offset_of!(TipDomain, cpus), 1288);
}

#[test]
fn hostile_tips_are_refused_with_the_reason() {
    let refused = |p: &[u8]| tip::parse(p).map(|_| ()).unwrap_err();
    let good = page(&[domain(0, &[0], &[(0, 4096)])]);
    assert_eq!(refused(&[]), TipError::Truncated { need: 8, have: 0 });
    assert_eq!(refused(&good[..1327]), TipError::Truncated { need: 1328, have: 1327 });
    let mut p = good.clone();
    p[..2].copy_from_slice(&7u16.to_le_bytes());
    assert_eq!(refused(&p), TipError::Length(7));
    p[..2].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(refused(&p), TipError::Length(u16::MAX));
    let mut many = domain(0, &[], &[]);
    many.region_count = 33;
    assert_eq!(refused(&page(&[many])), TipError::Regions(33));
    assert_eq!(refused(&page(&[domain(0, &[], &[(8192, 4096)])])), TipError::Region(8192));
    let twice = [domain(0, &[70], &[]), domain(1, &[70], &[])];
    assert_eq!(refused(&page(&twice)), TipError::Twice(70));
    assert_eq!(refused(&page(&[domain(3, &[], &[]), domain(3, &[], &[])])), TipError::Twice(3));
    let overlap = [domain(0, &[], &[(0, 4096)]), domain(1, &[], &[(4095, 8192)])];
    assert!(matches!(refused(&page(&overlap)), TipError::Content(_)));
    assert!(tip::parse(&page(&[])).unwrap().cpus.is_empty());
}

fn whole(m: &Machine) -> (CpuGrid, View) {
    let space = m.space_or_default().unwrap();
    let view = View::new(m, &space, Affinity::UNRESTRICTED, ViewPolicy::default()).unwrap();
    (space, view)
}

/// CPUs of nodes 0000/1111: the fork answers 0 and 0 from node_at_id, 1 or 2 from node_affinity_of.
#[test]
fn core_counts_are_right_where_the_forks_are_not() {
    let m = synthetic("numa:2 pu:4");
    let (_, view) = whole(&m);
    let count = |r: Result<NumaRegion, ViewError>| r.unwrap().core_count.get();
    assert_eq!([count(view.node_at_id(0)), count(view.node_at_id(1))], [4, 4]);
    for x in 0..8 {
        assert_eq!(count(view.node_affinity_of(Location::cpu(x, 0))), 4);
    }
}

/// A machine of 3 x 2 CPUs, its space, and the view of its right two columns. Columns are cores, rows are threads; the second
/// core's threads are on domain 9.
fn right_part() -> (Machine, CpuGrid, View) {
    let m = described(
        r#"<machine><space width="3" height="2"/>
             <node id="9"><cpu id="5" x="1" y="0"/><cpu id="7" x="1" y="1"/><cpu id="1" x="2" y="1"/></node>
             <node id="4"><cpu id="0" x="0" y="0"/><cpu id="2" x="0" y="1"/><cpu id="6" x="2" y="0"/></node>
           </machine>"#,
    );
    let (space, _) = whole(&m);
    let right = Affinity::new(Space::new(3, 2), Location::new(1, 0, 2, 2));
    let view = View::new(&m, &space, right, ViewPolicy::default()).unwrap();
    (m, space, view)
}

/// Call bodies as the fork's C++ client lays them out, and the reply bodies that it expects.
#[test]
fn the_six_functions_byte_for_byte() {
    let (m, space, mut view) = right_part();
    view.set_limit(space.rect());
    let mut ask = |body: &[u8]| {
        let call = Call::decode(body).unwrap();
        let (bytes, len) = view.answer(&m, &space, call).encode();
        bytes[..len].to_vec()
    };
    let words = |list: &[u32]| -> Vec<u8> { list.iter().flat_map(|w| w.to_le_bytes()).collect() };
    let location = |op: u32, x: i32, y: i32| words(&[op, 0, x as u32, y as u32, 1, 1]);
    let region = |id, cores, native| words(&[0, 0, id, cores, 0, 0, native, 0]);
    let none = region(u32::MAX, 0, u32::MAX);

    // (1,0) of the machine is the session's (0,0): domain 9 is met first, then 4
    assert_eq!(ask(&location(0, 0, 0)), region(0, 3, 9));
    assert_eq!(ask(&location(0, 1, 0)), region(1, 1, 4));
    assert_eq!(ask(&location(0, 1, 1)), region(0, 3, 9));
    assert_eq!(ask(&words(&[1, 0, 0, 0])), region(0, 3, 9));
    assert_eq!(ask(&words(&[1, 0, 1, 0])), region(1, 1, 4));
    assert_eq!(ask(&words(&[2, 0])), words(&[2, 0]));
    assert_eq!(ask(&location(4, 0, 1)), words(&[7, 0]));
    assert_eq!(ask(&location(4, 1, 0)), words(&[6, 0]));
    assert_eq!(ask(&words(&[5, 0])), words(&[3, 2]));
    // out of bounds
    for (x, y) in [(2, 0), (0, 2), (-1, 0), (0, -1), (i32::MAX, i32::MIN)] {
        assert_eq!(ask(&location(0, x, y)), none, "{x},{y}");
        assert_eq!(ask(&location(4, x, y)), words(&[u32::MAX, 0]), "{x},{y}");
    }
    for id in [2, 64, u32::MAX] {
        assert_eq!(ask(&words(&[1, 0, id, 0])), none, "{id}");
    }
    // reconstruct: to the first column; counts start afresh, again and again
    for _ in 0..100 {
        assert_eq!(ask(&words(&[3, 0, 3, 2, 0, 0, 1, 2])), words(&[0, 0]));
        assert_eq!(ask(&words(&[2, 0])), words(&[1, 0]));
        assert_eq!(ask(&words(&[1, 0, 0, 0])), region(0, 2, 4));
        assert_eq!(ask(&location(4, 0, 1)), words(&[2, 0]));
    }
    // a refused affinity changes nothing
    for bad in
        [[3, 2, 3, 0, 1, 1], [0, 0, 0, 0, 1, 1], [3, 2, 0, 0, 0, 0], [3, 2, u32::MAX, 0, 1, 1]]
    {
        let mut body = words(&[3, 0]);
        body.extend(words(&bad));
        assert_eq!(ask(&body), words(&[0, 0]));
        assert_eq!(ask(&words(&[1, 0, 0, 0])), region(0, 2, 4));
    }
}

#[test]
fn bodies_that_are_no_call_are_refused() {
    assert_eq!(Call::decode(&[]), Err(CallError::Short));
    assert_eq!(Call::decode(&6u64.to_le_bytes()), Err(CallError::Opcode(6)));
    assert_eq!(Call::decode(&u64::MAX.to_le_bytes()), Err(CallError::Opcode(-1)));
    for (op, need) in [(0u64, 16), (1, 4), (3, 24), (4, 16)] {
        let mut body = op.to_le_bytes().to_vec();
        body.resize(8 + need - 1, 0);
        assert_eq!(Call::decode(&body), Err(CallError::Short), "{op}");
        body.push(0);
        assert!(Call::decode(&body).is_ok(), "{op}");
    }
    let l = Location::new(-3, 4, 5, u32::MAX);
    assert_eq!(Location::from(WireLocation::from(l)), l);
    let a = Affinity::new(Space::new(7, 8), l);
    assert_eq!(Affinity::from(WireAffinity::from(a)), a);
}

#[test]
fn a_session_cannot_reach_beyond_its_rectangle() {
    let m = synthetic("numa:4 pu:2");
    let space = m.default_space().unwrap();
    let half = Affinity::new(Space::new(2, 1), Location::new(1, 0, 1, 1));
    let mut view = View::new(&m, &space, half, ViewPolicy::default()).unwrap();
    assert_eq!((view.node_count(), view.rect()), (2, Location::new(4, 0, 4, 1)));
    let natives: Vec<u32> = view.nodes().iter().map(|n| n.native.0).collect();
    assert_eq!(natives, [2, 3]);
    assert_eq!(view.virtual_id(NodeId(0)), None);
    let all = view.reconstruct(&m, &space, Affinity::UNRESTRICTED);
    assert_eq!(all, Err(ViewError::BeyondLimit));
    let inner = Affinity::new(Space::new(8, 1), Location::new(6, 0, 2, 1));
    assert_eq!(view.reconstruct(&m, &space, inner), Ok(()));
    assert_eq!(view.node_at_id(0).unwrap().native_id.get(), 3);
    assert_eq!(view.phys_id(Location::cpu(1, 0)), Ok(7));
    assert_eq!(view.phys_id(Location::cpu(2, 0)), Err(ViewError::Outside { x: 2, y: 0 }));
    let bad = View::new(
        &m,
        &space,
        Affinity::new(Space::new(0, 0), Location::default()),
        ViewPolicy::default(),
    );
    assert_eq!(bad.unwrap_err(), ViewError::Affinity(OutsideSpace));
    // the machine shrinks under the session
    let small = synthetic("numa:1 pu:2");
    view.refresh(&small, &small.default_space().unwrap());
    assert_eq!((view.rect(), view.node_count()), (Location::new(1, 0, 1, 1), 1));
}

#[test]
fn unknown_facts_are_errors_in_replies() {
    let m = described(
        r#"<machine><node id="0"><cpu id="0" x="0" y="0"/></node><cpu id="1" x="2" y="0"/></machine>"#,
    );
    let (_, view) = whole(&m);
    assert_eq!(view.node_affinity_of(Location::cpu(1, 0)), Err(ViewError::NoCpu));
    assert_eq!(view.node_affinity_of(Location::cpu(2, 0)), Err(ViewError::NoNode));
    let srat = common::acpi_claims("two-nodes").remove(0);
    let m = Machine::build(&[srat]).unwrap();
    let (_, view) = whole(&m);
    assert_eq!(view.phys_id(Location::cpu(0, 0)), Err(ViewError::NoPhysicalId));
}

#[test]
fn neighbours_and_memory_only_nodes_follow_policy() {
    let m = common::acpi_machine("memory-only");
    let space = m.default_space().unwrap();
    let closed = View::new(&m, &space, Affinity::UNRESTRICTED, ViewPolicy::default()).unwrap();
    assert_eq!((closed.nodes().len(), closed.neighbours(&m, 0)), (1, Ok(vec![])));
    let policy = ViewPolicy { memory_only_nodes: true, ..ViewPolicy::default() };
    let open = View::new(&m, &space, Affinity::UNRESTRICTED, policy).unwrap();
    assert_eq!((open.node_count(), open.nodes().len()), (1, 3));
    assert_eq!(open.neighbours(&m, 0), Ok(vec![(1, 20), (2, 40)]));
    assert_eq!(open.node_at_id(1), Err(ViewError::UnknownId(1)));
    assert_eq!(open.neighbours(&m, 3), Err(ViewError::UnknownId(3)));
}

/// The session side of the wire: calls encoded, answers decoded.
struct Session<'a> {
    view: View,
    machine: &'a Machine,
    space: CpuGrid,
    /// Take locations of phys_id as global, as the fork's core does.
    as_the_fork: bool,
}

impl TopoSession for Session<'_> {
    type Error = &'static str;

    fn node_affinity_of(&mut self, x: i32, y: i32) -> Result<NumaRegion, Self::Error> {
        let call = Call::NodeAffinityOf(Location::cpu(x, y));
        match self.view.answer(self.machine, &self.space, call) {
            Reply::Region(r) => Ok(r),
            _ => Err("wrong reply"),
        }
    }

    fn phys_id(&mut self, x: i32, y: i32) -> Result<u32, Self::Error> {
        if self.as_the_fork {
            let total = self.space.total() as i32;
            return Ok(((x * self.space.height() as i32 + y) % total / 2) as u32);
        }
        let call = Call::PhysId(Location::cpu(x, y));
        match self.view.answer(self.machine, &self.space, call) {
            Reply::Number(n) => Ok(n),
            _ => Err("wrong reply"),
        }
    }

    fn global_affinity_space(&mut self) -> Result<Space, Self::Error> {
        match self.view.answer(self.machine, &self.space, Call::GlobalAffinitySpace) {
            Reply::Space(s) => Ok(s.into()),
            _ => Err("wrong reply"),
        }
    }
}

#[test]
fn a_topo_session_is_a_source_of_more_than_64_cpus() {
    let machine = synthetic("numa:5(indexes=8,1,9,0,3) core:20 pu:2");
    let (space, view) = whole(&machine);
    let mut s = Session { view, machine: &machine, space: space.clone(), as_the_fork: false };
    let claims = topo_session::read(&mut s, 200, 1).unwrap();
    let m = Machine::build(&[claims]).unwrap();
    assert_eq!((m.cpus().len(), m.nodes().len()), (200, 5));
    for cpu in machine.cpus() {
        assert_eq!(m.node_of(cpu.id), machine.node_of(cpu.id));
    }
    assert_eq!(m.space().unwrap().value, space);
    // numbers that repeat are not believed
    s.as_the_fork = true;
    let claims = topo_session::read(&mut s, 200, 1).unwrap();
    assert!(claims.notes.iter().any(|n| n.to_string().contains("distinct physical CPU ids")));
    let m = Machine::build(&[claims]).unwrap();
    assert_eq!(m.cpus().len(), 200);
    // nor are those of a part, which the fork's core takes from elsewhere
    s.as_the_fork = false;
    let part = topo_session::read(&mut s, 40, 1).unwrap();
    assert!(part.notes.iter().any(|n| n.to_string().contains("distinct physical CPU ids")));
    assert!(topo_session::read(&mut s, 0, 1).is_err());
    assert!(topo_session::read(&mut s, u32::MAX, u32::MAX).is_err());
}

/// What the fork's own C++ code sends and expects: `tests/vectors` says how it was made.
#[test]
fn messages_of_the_forks_own_client() {
    let (m, space, mut view) = right_part();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/topo-ealan-23c00695.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut functions = [0; 6];
    for pair in lines.chunks(2) {
        let body = |line: &str, kind: &str| -> Vec<u8> {
            let fields: Vec<&str> = line.split(' ').collect();
            assert_eq!((fields[1], fields[2], fields[3]), (kind, "0", "-"), "{line}");
            let hex = |at: usize| u8::from_str_radix(&fields[4][at..at + 2], 16).unwrap();
            (0..fields[4].len()).step_by(2).map(hex).collect()
        };
        let (call, reply) = (body(pair[0], "call"), body(pair[1], "reply"));
        let (answer, len) = view.answer(&m, &space, Call::decode(&call).unwrap()).encode();
        assert_eq!(&answer[..len], reply, "{}", pair[0]);
        functions[usize::from(call[0])] += 1;
    }
    assert!(functions.iter().all(|n| *n > 0) && lines.len() == 58, "{functions:?}");
}

proptest! {
    /// Against a plain recount of the rectangle, column by column.
    #[test]
    fn replies_agree_with_a_recount(
        width in 1u32..20, height in 1u32..6,
        homes in proptest::collection::vec(proptest::option::weighted(0.9, 0u32..7), 120),
        x in 0u32..20, y in 0u32..6, w in 1u32..20, h in 1u32..6,
    ) {
        let mut text = format!("<machine><space width='{width}' height='{height}'/>");
        let mut nodes: BTreeMap<u32, String> = BTreeMap::new();
        for cx in 0..width {
            for cy in 0..height {
                let id = cx * height + cy;
                if let Some(node) = homes[id as usize] {
                    nodes.entry(node * 11).or_default()
                        .push_str(&format!("<cpu id='{}' x='{cx}' y='{cy}'/>", id + 100));
                }
            }
        }
        for (id, cpus) in &nodes {
            text += &format!("<node id='{id}'>{cpus}</node>");
        }
        text.push_str("</machine>");
        prop_assume!(!nodes.is_empty());
        let m = described(&text);
        let space = m.space_or_default().unwrap();
        let affinity = Affinity::new(Space::new(width, height), Location::new(x as i32, y as i32, w, h));
        let view = View::new(&m, &space, affinity, ViewPolicy::default());
        if x + w > width || y + h > height {
            prop_assert!(view.is_err());
            return Ok(());
        }
        let view = view.unwrap();
        let mut order: Vec<u32> = Vec::new();
        let mut count: BTreeMap<u32, u32> = BTreeMap::new();
        let home = |lx: u32, ly: u32| homes[((x + lx) * height + y + ly) as usize].map(|n| n * 11);
        for lx in 0..w {
            for ly in 0..h {
                if let Some(n) = home(lx, ly) {
                    if !order.contains(&n) { order.push(n); }
                    *count.entry(n).or_default() += 1;
                }
            }
        }
        prop_assert_eq!(view.node_count() as usize, order.len());
        for (id, native) in order.iter().enumerate() {
            let r = view.node_at_id(id as u32).unwrap();
            prop_assert_eq!(r, NumaRegion::new(id as u32, count[native], *native));
        }
        prop_assert!(view.node_at_id(order.len() as u32).is_err());
        for lx in 0..w {
            for ly in 0..h {
                let at = Location::cpu(lx as i32, ly as i32);
                let id = home(lx, ly).map(|n| order.iter().position(|o| *o == n).unwrap() as u32);
                prop_assert_eq!(view.node_affinity_of(at).ok().map(|r| r.id.get()), id);
                let physical = home(lx, ly).map(|_| (x + lx) * height + y + ly + 100);
                prop_assert_eq!(view.phys_id(at).ok(), physical);
            }
        }
    }
}

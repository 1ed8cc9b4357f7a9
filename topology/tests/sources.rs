//! Sources that lean on others: a snapshot read back as a source, kernel numbers for a MADT by what `platform_info`
//! tells, the two lengths of a topology page.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{acpi_machine, described, synthetic, table};
use topology::snapshot::{OwnedSnapshot, write};
use topology::source::platform_info::{self, Kernel, Numbered};
use topology::source::{snapshot, tip};
use topology::view::{View, ViewPolicy};
use topology::{Affinity, Location, Machine, NodeId, Source, Space};

const ALL: ViewPolicy = ViewPolicy { memory_only_nodes: true, physical_ranges: true };

/// A server behind a server: the machine that the outer session's snapshot makes, and the snapshot itself.
fn behind(machine: &Machine, affinity: Affinity, policy: ViewPolicy) -> (Machine, Vec<u64>) {
    let space = machine.space_or_default().unwrap();
    let view = View::new(machine, &space, affinity, policy).unwrap();
    let words = write(machine, &view, 7);
    let owned = OwnedSnapshot::new(words.clone()).unwrap();
    let claims = snapshot::claims(&owned.snapshot()).unwrap();
    (Machine::build(&[claims]).unwrap(), words)
}

/// What a session behind the second server sees is what one behind the first sees, but for where values come from.
#[test]
fn a_server_behind_a_server_shows_the_same() {
    let rich = described(
        r#"<machine>
             <node id="3" memory="2G"><range base="0" size="2G"/>
               <cpu id="8" package="1" die="0" core="4" thread="0" kind="P"/>
               <cpu id="2" package="1" die="0" core="4" thread="1" kind="P"/></node>
             <node id="17" memory="1G"><range base="4G" size="1G" hotplug="yes"/>
               <cpu id="5" package="2" core="0" thread="0" kind="E"/></node>
             <node id="90" memory="8G" attached="3"><range base="16G" size="8G" nonvolatile="yes"/></node>
             <cache level="2" size="1M" line="64" cpus="2,8"/> <cache level="3" size="32M" cpus="2,5,8"/>
             <distance from="3" to="17" value="21"/> <distance from="17" to="3" value="31"/>
             <access initiator="3" target="90" read_latency_ps="350000" write_bandwidth="9000"/>
           </machine>"#,
    );
    let mut machines = vec![rich, synthetic("numa:5(indexes=8,1,9,0,3) l3:2 core:10 pu:2")];
    machines.extend(["hmat", "memory-only", "sparse", "asymmetric", "split"].map(acpi_machine));
    for machine in &machines {
        for policy in [ALL, ViewPolicy::default()] {
            let (inner, outer_words) = behind(machine, Affinity::UNRESTRICTED, policy);
            assert_eq!(inner.conflicts(), []);
            let (_, inner_words) = behind(&inner, Affinity::UNRESTRICTED, policy);
            let outer = OwnedSnapshot::new(outer_words).unwrap();
            let again = OwnedSnapshot::new(inner_words).unwrap();
            let (a, b) = (outer.snapshot(), again.snapshot());
            assert_eq!((a.size(), a.cpu_nodes()), (b.size(), b.cpu_nodes()));
            assert_eq!((a.nodes(), a.locations()), (b.nodes(), b.locations()));
            assert_eq!((a.distances(), a.ranges()), (b.distances(), b.ranges()));
            let values = |s: &topology::snapshot::Snapshot<'_>| -> Vec<(u16, u16, u8, u8, u64)> {
                let all = s.access_records().iter();
                all.map(|r| (r.initiator.get(), r.target.get(), r.level, r.kind, r.value.get()))
                    .collect()
            };
            assert_eq!(values(&a), values(&b));
            let caches =
                |s: &topology::snapshot::Snapshot<'_>| -> Vec<(u8, Option<u64>, Vec<u32>)> {
                    let mut list: Vec<_> =
                        s.caches().map(|(c, at)| (c.level, c.size, at.collect())).collect();
                    list.sort();
                    list
                };
            assert_eq!(caches(&a), caches(&b));
        }
    }
}

/// Of a rectangle, the second server knows the rectangle.
#[test]
fn a_server_behind_a_part_knows_the_part() {
    let machine = synthetic("numa:4(memory=2G) core:2 pu:1");
    let part = Affinity::new(Space::new(8, 1), Location::new(3, 0, 3, 1));
    let (inner, _) = behind(&machine, part, ViewPolicy::default());
    assert_eq!(inner.space().unwrap().value.width(), 3);
    let ids: Vec<u32> = inner.cpus().iter().map(|c| c.id.0).collect();
    assert_eq!((ids, inner.nodes().len()), (vec![3, 4, 5], 2));
    assert_eq!(inner.memory_of(NodeId(2)), Some(2 << 30));
    assert_eq!(inner.cpus()[0].node.unwrap().source, Source::TopoSession);
}

/// Local APICs and x2APICs, enabled but for id 6; the numbers are UIDs and ids.
fn madt(entries: &[(u8, u32)]) -> Vec<u8> {
    let mut body = vec![0; 8];
    for (uid, (kind, id)) in (0u32..).zip(entries) {
        let enabled = u32::from(*id != 6).to_le_bytes();
        if *kind == 0 {
            body.extend_from_slice(&[0, 8, uid as u8, *id as u8]);
            body.extend_from_slice(&enabled);
        } else {
            body.extend_from_slice(&[9, 16, 0, 0]);
            body.extend_from_slice(&id.to_le_bytes());
            body.extend_from_slice(&enabled);
            body.extend_from_slice(&uid.to_le_bytes());
        }
    }
    table(*b"APIC", 4, &body)
}

fn info(kernel: &str, cpus: &[(u32, u32, u32, u32)]) -> platform_info::PlatformInfo {
    let count = cpus.len().max(4);
    let cpus: Vec<String> = cpus
        .iter()
        .map(|(id, package, core, thread)| {
            format!("<cpu xpos='{id}' ypos='0' id='{id}' package='{package}' core='{core}' thread='{thread}'/>")
        })
        .collect();
    let text = format!(
        "<platform_info><kernel name='{kernel}'/><affinity-space width='{count}' height='1'/>
         <hardware><cpus>{}</cpus></hardware></platform_info>",
        cpus.concat()
    );
    platform_info::parse(&text).unwrap()
}

/// `(kernel number, hardware id)` of each CPU.
fn numbers(claims: &topology::Claims) -> Vec<(Option<u32>, Option<u32>)> {
    let mut list: Vec<_> = claims.cpus.iter().map(|c| (c.key.os, c.key.hardware)).collect();
    list.sort_unstable();
    list
}

#[test]
fn nova_counts_in_the_madts_order_local_apics_first() {
    let bytes = madt(&[(0, 4), (9, 300), (0, 6), (0, 0), (9, 2)]);
    let expected =
        [(Some(0), Some(4)), (Some(1), Some(0)), (Some(2), Some(300)), (Some(3), Some(2))];
    // packages of four ids, cores of two threads: 4 is 1:0:0, 0 is 0:0:0, 300 is 75:0:0, 2 is 0:1:0
    let nova = info("nova", &[(0, 1, 0, 0), (1, 0, 0, 0), (2, 75, 0, 0), (3, 0, 1, 0)]);
    assert_eq!(nova.kernel, Kernel::Nova);
    let (claims, how) = nova.number(&bytes).unwrap();
    assert_eq!((numbers(&claims).as_slice(), how), (expected.as_slice(), Numbered::InOrder));
    // the fork's kernel counts alike; base-hw by id; of others nobody knows
    let (claims, _) = info("tukija", &[]).number(&bytes).unwrap();
    assert_eq!(numbers(&claims), expected);
    let (claims, _) = info("hw", &[]).number(&bytes).unwrap();
    let by_id = [(Some(0), Some(0)), (Some(1), Some(2)), (Some(2), Some(4)), (Some(3), Some(300))];
    assert_eq!(numbers(&claims), by_id);
    let (claims, how) = info("okl4", &[]).number(&bytes).unwrap();
    assert!(claims.cpus.iter().all(|c| c.key.os.is_none()));
    assert_eq!(how, Numbered::Unknown);
}

/// A kernel that counts otherwise is found out by packages, cores and threads, which it takes from the APIC ids.
#[test]
fn positions_overrule_an_order_that_cannot_be() {
    let bytes = madt(&[(0, 4), (0, 0), (0, 2), (0, 5)]);
    // the kernel numbered by id: 0 is 0:0:0, 1 is 0:1:0 (id 2), 2 is 1:0:0 (id 4), 3 is 1:0:1 (id 5)
    let positions = [(0, 0, 0, 0), (1, 0, 1, 0), (2, 1, 0, 0), (3, 1, 0, 1)];
    let (claims, how) = info("nova", &positions).number(&bytes).unwrap();
    assert_eq!(how, Numbered::ByPosition(1));
    let by_id = [(Some(0), Some(0)), (Some(1), Some(2)), (Some(2), Some(4)), (Some(3), Some(5))];
    assert_eq!(numbers(&claims), by_id);
    // packages, cores and threads then agree with the kernel numbers in one machine
    let nova = info("nova", &positions);
    let machine = Machine::build(&[claims, nova.claims]).unwrap();
    assert_eq!((machine.conflicts(), machine.cpus().len()), ([].as_slice(), 4));
    assert_eq!(machine.cpus()[2].position.unwrap().value.package, Some(1));
    assert_eq!(machine.cpus()[2].hardware_id.unwrap().value, 4);
    // three positions for four CPUs tell too little: no numbers, and nothing is guessed
    let (claims, how) = info("nova", &positions[..3]).number(&bytes).unwrap();
    assert_eq!(how, Numbered::Contradiction(1));
    assert!(claims.cpus.iter().all(|c| c.key.os.is_none()));
    // nor do positions that are the same twice
    let twice = [(0, 0, 0, 0), (1, 0, 0, 0), (2, 1, 0, 0), (3, 1, 0, 1)];
    let (_, how) = info("nova", &twice).number(&bytes).unwrap();
    assert_eq!(how, Numbered::Contradiction(1));
}

/// The fork's NOVA of 22.08 lists CPUs without saying where they are.
#[test]
fn cpus_without_locations_leave_the_space_open() {
    let text = "<platform_info><kernel name='nova'/><affinity-space width='2' height='2'/><hardware><cpus>
                <cpu id='0' package='0' core='0' thread='0'/><cpu id='1' package='0' core='1' thread='0'/>
                </cpus></hardware></platform_info>";
    let info = platform_info::parse(text).unwrap();
    assert!(info.lists_cpus_without_locations());
    assert_eq!((info.claims.cpus.len(), &info.claims.space), (2, &None));
    assert!(info.claims.notes[0].to_string().contains("the location of each CPU"));
    let half = text.replace("id='0' package", "id='0' xpos='0' package");
    assert!(platform_info::parse(&half).is_err());
}

#[test]
fn a_topology_page_may_count_its_head_or_not() {
    let mut page = vec![0u8; 8 + 2 * 1320];
    page[8 + 1320] = 5;
    page[8 + 1288] = 3;
    for length in [2640u16, 2648] {
        page[..2].copy_from_slice(&length.to_le_bytes());
        let claims = tip::parse(&page).unwrap();
        assert_eq!((claims.nodes.len(), claims.cpus.len()), (2, 2), "{length}");
    }
    for length in [0u16, 9, 2639, 2641, 2647, 2649, 3960, u16::MAX] {
        page[..2].copy_from_slice(&length.to_le_bytes());
        assert!(tip::parse(&page).is_err(), "{length}");
    }
}

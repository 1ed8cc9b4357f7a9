//! Several sources on one machine: what Linux read from the firmware's tables must be what this crate
//! reads from them; and where sources do differ, it must show.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{acpi_claims, acpi_machine, recorded, synthetic};
use topology::source::{acpi, description, sysfs};
use topology::{
    AccessKind, BuildError, CacheClaim, CacheType, Claims, Conflict, CpuClaim, CpuId, CpuKey,
    DistanceClaim, KeyKind, Machine, NodeId, NodeIds, Note, Position, RangeClaim, RangeFlags,
    Source, Subject,
};

const MACHINES: [&str; 6] =
    ["one-node", "two-nodes", "asymmetric", "hmat", "memory-only", "sparse"];

fn both(name: &str) -> (Machine, Machine) {
    let tables = acpi_claims(name);
    let linux = sysfs::read(&recorded(name)).unwrap();
    let first: Vec<Claims> = tables.iter().cloned().chain([linux.clone()]).collect();
    let second: Vec<Claims> = [linux].into_iter().chain(tables).collect();
    (Machine::build(&first).unwrap(), Machine::build(&second).unwrap())
}

#[test]
fn linux_reads_the_tables_as_we_do() {
    for name in MACHINES {
        let (m, reverse) = both(name);
        assert_eq!(m.conflicts(), [], "{name}");
        assert_eq!(reverse.conflicts(), [], "{name}, sysfs first");
        assert_eq!(m.notes(), [], "{name}");
        // both told: CPUs carry the kernel's number and the APIC id
        assert!(m.cpus().iter().all(|c| c.os_id.is_some() && c.hardware_id.is_some()), "{name}");
        assert!(m.nodes().iter().all(|n| n.usable.is_some()), "{name}");
        // and the tables alone give the same nodes
        let alone = acpi_machine(name);
        for cpu in alone.cpus() {
            assert_eq!(m.node_of(cpu.id), alone.node_of(cpu.id), "{name} CPU {}", cpu.id);
        }
    }
}

#[test]
fn proximity_domains_keep_their_numbers_where_linux_counts_its_own() {
    let (m, reverse) = both("sparse");
    let ids = |m: &Machine| m.nodes().iter().map(|n| n.id.value.0).collect::<Vec<_>>();
    assert_eq!(ids(&m), [0, 3, 7]);
    assert_eq!(ids(&reverse), [0, 1, 2]); // who comes first names the nodes
    // memory of Linux's node 2 is found on proximity domain 7, by the CPU there
    assert_eq!(m.node(NodeId(7)).unwrap().usable.unwrap().value, 127988 * 1024);
    assert_eq!(m.node(NodeId(7)).unwrap().usable.unwrap().source, Source::Sysfs);
}

#[test]
fn memory_only_nodes_of_two_numberings_meet_by_address() {
    let (m, _) = both("memory-only");
    assert_eq!(m.node(NodeId(2)).unwrap().usable.unwrap().source, Source::Sysfs);
    assert!(m.cpus_of(NodeId(2)).unwrap().is_empty());
}

#[test]
fn linux_tells_the_latencies_that_the_hmat_has() {
    let linux = sysfs::read(&recorded("hmat")).unwrap();
    let hmat = acpi_machine("hmat");
    assert_eq!(linux.access.len(), 12); // three memories, their best initiator, four values
    for a in &linux.access {
        let told = hmat.access(a.initiator, a.target, 0, a.kind).unwrap();
        assert_eq!(told.value, a.value, "{a:?}");
    }
    let m = Machine::build(&[linux]).unwrap();
    let best = m.best_memory(NodeId(1), topology::Metric::Access(AccessKind::ReadLatency));
    assert_eq!(best.unwrap().source, Source::Sysfs);
    assert_eq!(m.memory_caches()[0].size, 10240);
}

#[test]
fn sysfs_of_a_virtual_machine() {
    let m = Machine::build(&[sysfs::read(&recorded("recorded-vm")).unwrap()]).unwrap();
    assert_eq!((m.nodes().len(), m.cpus().len()), (1, 2));
    let l3: Vec<_> = m.shared_caches(CpuId(0), CpuId(1)).collect();
    assert_eq!((l3.len(), l3[0].level, l3[0].size), (1, 3, Some(480 << 20)));
    assert_eq!(m.caches_of(CpuId(1)).map(|c| c.level).collect::<Vec<_>>(), [1, 1, 2, 3]);
    let threads = Machine::build(&[sysfs::read(&recorded("two-nodes")).unwrap()]).unwrap();
    let p = threads.cpu(CpuId(3)).unwrap().position.unwrap();
    assert_eq!((p.value.core, p.value.thread, p.source), (Some(1), Some(1), Source::Sysfs));
    assert_eq!(threads.core_siblings(CpuId(3)).unwrap().to_string(), "2,3");
}

#[test]
fn odd_files_leave_facts_unknown_and_break_nothing() {
    use topology::source::sysfs::{Recorded, SysfsError};
    let base = "sys/devices/system";
    let text = format!(
        "{base}/cpu/online\t0-1\n{base}/cpu/cpu0/topology/physical_package_id\t-1\n\
         {base}/node/online\t0-4294967295\n{base}/node/node0/cpulist\tnonsense\n"
    );
    let m = Machine::build(&[sysfs::read(&Recorded::parse(&text)).unwrap()]).unwrap();
    assert_eq!((m.cpus().len(), m.nodes().len()), (2, 0));
    assert_eq!(m.cpu(CpuId(0)).unwrap().position, None);
    for online in ["", "x", "5-2", "-1"] {
        let text = format!("{base}/cpu/online\t{online}\n");
        let result = sysfs::read(&Recorded::parse(&text));
        assert_eq!(result, Err(SysfsError::NoCpus), "{online:?}");
    }
}

fn claims(source: Source, nodes: &[u32]) -> Claims {
    let mut c = Claims::new(source, NodeIds::Proximity, KeyKind::Os);
    for (cpu, node) in nodes.iter().enumerate() {
        c.mention(NodeId(*node)).unwrap();
        let key = CpuKey::os(cpu as u32);
        c.cpus.push(CpuClaim { node: Some(NodeId(*node)), ..CpuClaim::new(key) });
    }
    c
}

fn conflicts(list: &[Claims]) -> Vec<Conflict> {
    Machine::build(list).unwrap().conflicts().to_vec()
}

/// A disagreement on four CPUs of two nodes that the SRAT won over a description.
fn told(subject: Subject, kept: u64, other: u64) -> Conflict {
    Conflict { subject, kept: (kept, Source::Srat), other: (other, Source::Description) }
}

fn subjects(list: &[Claims]) -> Vec<Subject> {
    conflicts(list).iter().map(|c| c.subject).collect()
}

#[test]
fn of_two_nodes_of_a_cpu_the_first_is_followed() {
    let a = claims(Source::Srat, &[0, 0, 1, 1]);
    let b = claims(Source::Description, &[0, 1, 1, 1]);
    let m = Machine::build(&[a.clone(), b.clone()]).unwrap();
    assert_eq!(m.conflicts(), [told(Subject::NodeOf(CpuId(1)), 0, 1)]);
    assert_eq!(m.node_of(CpuId(1)), Some(NodeId(0)));
    let m = Machine::build(&[b, a]).unwrap();
    assert_eq!(m.node_of(CpuId(1)), Some(NodeId(1)));
}

#[test]
fn distances_that_differ_are_told() {
    let with = |source, value| {
        let mut c = claims(source, &[0, 0, 1, 1]);
        c.distances = Some(DistanceClaim {
            nodes: vec![NodeId(0), NodeId(1)],
            values: vec![10, value, value, 10],
        });
        c
    };
    assert_eq!(
        conflicts(&[with(Source::Srat, 20), with(Source::Description, 21)]),
        [
            told(Subject::Distance(NodeId(0), NodeId(1)), 20, 21),
            told(Subject::Distance(NodeId(1), NodeId(0)), 20, 21)
        ]
    );
}

#[test]
fn memory_that_differs_is_told() {
    let with = |source, node| {
        let mut c = claims(source, &[0, 0, 1, 1]);
        let flags = RangeFlags::default();
        c.ranges.push(RangeClaim { node: NodeId(node), base: 0x1000, size: 0x2000, flags });
        c
    };
    assert_eq!(
        conflicts(&[with(Source::Srat, 0), with(Source::Description, 1)]),
        [told(Subject::MemoryAt(0x1000), 0, 1)]
    );
    let mut more = claims(Source::Description, &[0, 0, 1, 1]);
    more.mention(NodeId(0)).unwrap().usable = Some(0x2001);
    assert_eq!(
        conflicts(&[with(Source::Srat, 0), more]),
        [told(Subject::Usable(NodeId(0)), 0x2000, 0x2001)]
    );
}

/// Packages and cores differ by who is together, not by number.
#[test]
fn packages_and_cores_that_differ_are_told() {
    let with = |source, packages: [u32; 4], cores: [u32; 4]| {
        let mut c = claims(source, &[0, 0, 1, 1]);
        for (i, cpu) in c.cpus.iter_mut().enumerate() {
            cpu.position = Some(Position {
                package: Some(packages[i]),
                core: Some(cores[i]),
                ..Position::default()
            });
        }
        c
    };
    let base = with(Source::Srat, [0, 0, 1, 1], [0, 1, 2, 3]);
    assert_eq!(
        conflicts(&[base.clone(), with(Source::Description, [7, 7, 9, 9], [4, 5, 6, 8])]),
        []
    );
    let merged = with(Source::Description, [7, 7, 7, 7], [0, 1, 2, 3]);
    assert_eq!(
        subjects(&[base.clone(), merged]),
        [Subject::Package(CpuId(2)), Subject::Package(CpuId(3))]
    );
    let threads = with(Source::Description, [7, 7, 9, 9], [4, 4, 5, 5]);
    assert_eq!(subjects(&[base, threads]), [Subject::Core(CpuId(1)), Subject::Core(CpuId(3))]);
}

#[test]
fn caches_that_differ_are_told() {
    let with = |source, size, cpus: &[u32]| {
        let mut c = claims(source, &[0, 0, 1, 1]);
        c.caches.push(CacheClaim {
            level: 3,
            kind: CacheType::Unified,
            size: Some(size),
            line: None,
            ways: None,
            cpus: cpus.to_vec(),
        });
        c
    };
    assert_eq!(
        conflicts(&[with(Source::Srat, 100, &[0, 1]), with(Source::Description, 200, &[0])]),
        [
            told(Subject::CacheSize(CpuId(0), 3), 100, 200),
            told(Subject::CacheSharing(CpuId(0), 3), 2, 1)
        ]
    );
}

#[test]
fn cpus_that_only_one_source_knows_are_told() {
    let mut few = claims(Source::Description, &[0, 0]);
    few.all_cpus = true;
    let a = claims(Source::Srat, &[0, 0, 1, 1]);
    assert_eq!(subjects(&[a, few]), [Subject::Exists(CpuId(2)), Subject::Exists(CpuId(3))]);
}

#[test]
fn a_source_that_contradicts_itself_is_told() {
    let mut twice = claims(Source::Srat, &[0, 1]);
    let again = CpuClaim { node: Some(NodeId(1)), ..twice.cpus[0] };
    twice.cpus.push(again);
    assert_eq!(conflicts(&[twice])[0].subject, Subject::NodeOf(CpuId(0)));
}

#[test]
fn two_nodes_of_one_numbering_that_are_one_of_the_other_are_told() {
    let mut own = claims(Source::Sysfs, &[0, 1, 2, 2]);
    own.node_ids = NodeIds::Own;
    let a = claims(Source::Srat, &[0, 0, 1, 1]);
    assert_eq!(subjects(&[a, own]), [Subject::SameNode(NodeId(0))]);
}

#[test]
fn a_disagreement_reads_as_a_sentence() {
    let list = [claims(Source::Srat, &[0]), claims(Source::Tip, &[5])];
    let text = conflicts(&list)[0].to_string();
    assert_eq!(text, "node of CPU 0: SRAT says 0, TIP says 5");
}

#[test]
fn cpus_without_a_common_name_are_not_mixed_up() {
    // NOVA tells kernel numbers, the SRAT tells APIC ids: nobody says which is which
    let mut info = Claims::new(Source::PlatformInfo, NodeIds::Own, KeyKind::Os);
    info.cpus = (0..8).map(|n| CpuClaim::new(CpuKey::os(n))).collect();
    let srat = acpi_claims("two-nodes").remove(0);
    let m = Machine::build(&[info.clone(), srat.clone()]).unwrap();
    assert_eq!(m.cpus().len(), 8);
    assert_eq!(m.node_of(CpuId(0)), None);
    assert!(m.notes().iter().any(|n| matches!(n, Note::Missing(Source::Srat, _))));
    // the MADT's order, if the kernel is known to count by it, is the missing link
    let mut madt = acpi_claims("two-nodes").remove(1);
    acpi::number_in_order(&mut madt);
    let m = Machine::build(&[info, madt, srat]).unwrap();
    assert_eq!(m.node_of(CpuId(5)), Some(NodeId(1)));
    assert_eq!(m.conflicts(), []);
}

#[test]
fn too_much_is_refused() {
    let mut c = Claims::new(Source::Srat, NodeIds::Proximity, KeyKind::Os);
    c.cpus.push(CpuClaim::new(CpuKey::os(u32::MAX)));
    assert_eq!(Machine::build(&[c]).unwrap_err(), BuildError::TooManyCpus);
    let mut c = Claims::new(Source::Srat, NodeIds::Proximity, KeyKind::Hardware);
    c.cpus = (0..20_000).map(|n| CpuClaim::new(CpuKey::hardware(n))).collect();
    assert_eq!(Machine::build(&[c]).unwrap_err(), BuildError::TooManyCpus);
    let mut c = claims(Source::Srat, &[0, 1]);
    c.distances = Some(DistanceClaim { nodes: vec![NodeId(0)], values: vec![10; 4] });
    assert_eq!(Machine::build(&[c]).unwrap_err(), BuildError::BadMatrix);
    let overlap = "<machine><node id=\"0\"><range base=\"0\" size=\"4K\"/></node>\
                   <node id=\"1\"><range base=\"1K\" size=\"1K\"/></node></machine>";
    assert!(matches!(
        description::parse(overlap),
        Err(description::DescriptionError::Content(BuildError::OverlappingMemory { at: 1024, .. }))
    ));
    let empty = Machine::build(&[]).unwrap();
    assert_eq!((empty.node_of(CpuId(0)), empty.nodes().len()), (None, 0));
    assert!(empty.default_space().is_err());
}

#[test]
fn a_described_machine_is_followed_word_by_word() {
    let m = common::described(
        r#"<machine>
             <space width="2" height="2"/>
             <node id="3" memory="4G" attached="9">
               <range base="0x100000000" size="4G" nonvolatile="yes"/>
               <cpu id="0" package="0" core="0" thread="0" kind="P" hardware="16" uid="7" x="1" y="1"/>
               <cpu id="2" package="0" core="0" thread="1" kind="E" x="0" y="0"/>
             </node>
             <node id="9" initiator="yes"/>
             <cpu id="5" x="0" y="1"/>
             <cache level="2" size="1M" line="64" ways="8" cpus="0,2"/>
             <distance from="3" to="9" value="21" symmetric="yes"/>
             <access initiator="9" target="3" read_latency_ps="90000" write_bandwidth="1000"/>
             <memory-cache node="3" level="1" size="1G" line="64"/>
           </machine>"#,
    );
    assert_eq!(m.cpu_set().to_string(), "0,2,5");
    assert_eq!((m.node_of(CpuId(2)), m.node_of(CpuId(5))), (Some(NodeId(3)), None));
    let space = &m.space().unwrap().value;
    assert_eq!((space.cpu_at(1, 1), space.cpu_at(1, 0)), (Some(CpuId(0)), None));
    assert_eq!(m.node_of_location(space, 0, 0), Some(NodeId(3)));
    assert_eq!(m.distance(NodeId(9), NodeId(3)), Some(21));
    assert_eq!(m.distance(NodeId(9), NodeId(9)), Some(10));
    assert!(m.ranges()[0].flags.nonvolatile);
    let write = m.access(NodeId(9), NodeId(3), 0, AccessKind::WriteBandwidth).unwrap();
    assert_eq!((write.value, write.source), (1000, Source::Description));
    let same = synthetic("numa:2 core:2 pu:2");
    let short = common::described(r#"<machine synthetic="numa:2 core:2 pu:2"/>"#);
    assert_eq!(same.cpu_set(), short.cpu_set());
    assert_eq!(short.cpus()[0].node.unwrap().source, Source::Description);
}

#[test]
fn a_bad_description_is_refused_with_its_line() {
    use description::DescriptionError as E;
    let refused = |inner: &str| {
        description::parse(&format!("<machine>\n{inner}\n</machine>")).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused("<node id='0' memry='4G'/>"), E::UnknownAttribute(2));
    assert_eq!(refused("<nod id='0'/>"), E::Element(2));
    assert_eq!(refused("<node/>"), E::Missing(2, "id"));
    assert_eq!(refused("\n<node id='-1'/>"), E::Value(3, "id"));
    assert_eq!(refused("<node id='0'/><node id='0'/>"), E::Twice(2));
    assert_eq!(refused("<cpu id='1'/><cpus ids='0-3'/>"), E::Twice(2));
    assert_eq!(refused("<cpu id='99999'/>"), E::Value(2, "id"));
    assert_eq!(refused("<cpu id='1' x='3'/>"), E::Missing(2, "y"));
    assert_eq!(refused("<cpu id='1' kind='Q'/>"), E::Value(2, "kind"));
    assert_eq!(
        refused("<cpus ids='0-4294967295'/>").to_string(),
        "line 2: CPU 4294967295 is beyond the limit of 16384 CPUs"
    );
    assert_eq!(refused("<distance from='0' to='1' value='20'/>"), E::UnknownNode(NodeId(0)));
    assert_eq!(
        refused("<node id='0'/><distance from='0' to='0' value='9'/>"),
        E::Value(2, "value")
    );
    assert_eq!(refused("<node id='0'><range base='1' size='0'/></node>"), E::Value(2, "size"));
    assert_eq!(
        refused("<node id='0'><range base='0xffffffffffffffff' size='2'/></node>"),
        E::Value(2, "size")
    );
    assert!(matches!(description::parse("<machine>"), Err(E::Xml(_))));
    assert!(matches!(
        description::parse("<!DOCTYPE a [<!ENTITY b 'c'>]><machine/>"),
        Err(E::Xml(error)) if error.position.line == 1
    ));
    assert_eq!(description::parse("<other/>"), Err(E::NotMachine));
    assert!(matches!(description::parse("<machine synthetic='x'/>"), Err(E::Synthetic(_))));
    // an impossible space is found when the machine is built
    for space in ["width='0' height='1'", "width='65536' height='65536'", "width='1' height='1'"] {
        let text = format!("<machine><space {space}/><cpus ids='0-3'/></machine>");
        let claims = description::parse(&text).unwrap();
        assert!(matches!(Machine::build(&[claims]), Err(BuildError::Space(_))), "{space}");
    }
}

#[test]
fn nova_and_base_hw_platform_info() {
    use topology::source::platform_info;
    let nova = r#"<platform_info><kernel name="nova" acpi="true"/>
        <acpi revision="2" rsdt="0x1000" xsdt="0x2000"/><affinity-space width="2" height="2"/>
        <hardware><cpus>
          <cpu xpos="0" ypos="0" id="0" package="0" core="0" thread="0" family="0x6" cpu_type="P"/>
          <cpu xpos="0" ypos="1" id="2" package="0" core="0" thread="1" cpu_type="P"/>
          <cpu xpos="1" ypos="0" id="1" package="0" core="1" thread="0" cpu_type="E"/>
        </cpus></hardware></platform_info>"#;
    let info = platform_info::parse(nova).unwrap();
    assert_eq!(info.acpi, Some(acpi::Root::Xsdt(0x2000)));
    let m = Machine::build(&[info.claims]).unwrap();
    let space = &m.space().unwrap().value;
    assert_eq!((space.cpu_at(0, 1), space.cpu_at(1, 1)), (Some(CpuId(2)), None));
    assert_eq!(m.core_siblings(CpuId(0)).unwrap().to_string(), "0,2");
    let hw = r#"<platform_info><kernel name="hw"/><acpi revision="2" rsdt="0x0" xsdt="0x0"/>
        <affinity-space width="8" height="1"/></platform_info>"#;
    let info = platform_info::parse(hw).unwrap();
    assert_eq!(info.acpi, None);
    let m = Machine::build(&[info.claims]).unwrap();
    assert_eq!((m.cpus().len(), m.nodes().len()), (8, 0));
    for bad in [
        "<other/>",
        "<platform_info><hardware><cpus><cpu id='1' ypos='0'/></cpus></hardware></platform_info>",
    ] {
        assert!(platform_info::parse(bad).is_err(), "{bad}");
    }
}

//! What the process may use: CPUs and nodes that Linux allows it, CPUs that are offline.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{fixtures, table};
use topology::place::{PlaceError, Policy};
use topology::source::acpi::parse_madt;
use topology::source::sysfs::{self, Recorded};
use topology::{Claims, CpuId, Machine, NodeId, Note, Source};

fn sysfs_of(text: &str) -> Claims {
    sysfs::read(&Recorded::parse(text)).unwrap()
}

#[test]
fn what_a_process_may_not_use_is_not_placed() {
    let base = "sys/devices/system";
    let recorded = fixtures().join("cases/cpu-in-two-nodes.rec");
    let text = std::fs::read_to_string(recorded)
        .unwrap()
        .replace("cpu/online\t0-1", "cpu/online\t0-3")
        .replace("node1/cpulist\t0-1", "node1/cpulist\t2-3")
        + &format!(
            "{base}/cpu/present\t0-4\n\
             proc/self/status\tName:\tcat\\nCpus_allowed_list:\t1-2,9\\nMems_allowed_list:\t1,5\\n\n"
        );
    let m = Machine::build(&[sysfs_of(&text)]).unwrap();
    assert_eq!((m.cpus().len(), m.usable_cpus().to_string()), (5, "1,2".to_owned()));
    assert_eq!(m.allowed_cpus().unwrap().source, Source::Sysfs);
    assert_eq!(m.allowed_nodes().unwrap().0, [NodeId(1)]);
    assert_eq!(m.cpu(CpuId(4)).unwrap().offline, Some(Source::Sysfs));
    let placed = m.place(2, Policy::Spread, None, None).unwrap();
    assert_eq!(placed, [CpuId(1), CpuId(2)]);
    let too_many = m.place(3, Policy::Compact, None, None);
    assert_eq!(too_many, Err(PlaceError::TooFewCpus { have: 2 }));
    let best = m.best_memory(NodeId(0), topology::Metric::Distance).unwrap();
    assert_eq!(best.node, NodeId(1));
    let (mut tree, mut svg) = (String::new(), String::new());
    topology::render::text(&m, topology::render::TextOptions::default(), &mut tree).unwrap();
    topology::render::svg(&m, &mut svg).unwrap();
    for (picture, cpu) in [(&tree, "PU #"), (&svg, "PU ")] {
        for mark in ["4 offline", "0 not allowed", "3 not allowed"] {
            assert!(picture.contains(&format!("{cpu}{mark}")), "{mark}: {picture}");
        }
        assert!(!picture.contains(&format!("{cpu}1 not")), "{picture}");
        assert!(picture.contains("not allowed\n") || picture.contains("memory off"), "{picture}");
    }
    let mut xml = String::new();
    topology::render::hwloc_xml(&m, topology::render::HwlocVersion::V2, &mut xml).unwrap();
    assert!(xml.contains("allowed_cpuset=\"0x00000006\""), "{xml}");
    assert!(xml.contains("allowed_nodeset=\"0x00000002\""), "{xml}");
}

#[test]
fn offline_cpus_of_linux_and_of_firmware_are_the_same() {
    let (mut madt, base) = (vec![0; 8], "sys/devices/system");
    for n in 0..4u8 {
        madt.extend_from_slice(&[0, 8, n, n, 1, 0, 0, 0]);
    }
    let madt = parse_madt(&table(*b"APIC", 4, &madt)).unwrap();
    let text = format!(
        "{base}/cpu/online\t0,2\n{base}/cpu/present\t0-3\n\
         proc/cpuinfo\tprocessor : 0\\napicid : 0\\nprocessor : 2\\napicid : 2\\n\n"
    );
    let linux = sysfs_of(&text);
    for order in [[linux.clone(), madt.clone()], [madt, linux]] {
        let m = Machine::build(&order).unwrap();
        assert_eq!(
            (m.cpu_set().to_string(), m.usable_cpus().to_string()),
            ("0-3".into(), "0,2".into())
        );
        assert_eq!((m.conflicts(), m.notes()), ([].as_slice(), [Note::OfflineCpus(2)].as_slice()));
    }
}

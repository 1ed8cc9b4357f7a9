//! ACPI tables: real ones of emulated machines, ones compiled by iasl, ones made by `acpi_tables`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use acpi_tables::{Aml, hmat, slit, srat};
use common::{acpi_machine, bytes, sum, tables};
use proptest::prelude::*;
use topology::source::acpi::{
    self, AcpiError, PhysicalMemory, Root, collect, find_rsdp, parse_hmat, parse_madt, parse_rsdp,
    parse_rsdt, parse_slit, parse_srat, parse_xsdt,
};
use topology::{AccessKind, CpuId, Machine, Metric, NodeId, NodeKind, Note, Source};

const MIB: u64 = 1 << 20;

fn cpus(m: &Machine, node: u32) -> String {
    m.cpus_of(NodeId(node)).unwrap().to_string()
}

/// Memory of each node as the command lines in `fixtures/acpi/README.md` give it. The BIOS keeps the
/// hole from 640 KiB to 1 MiB out of the SRAT.
#[test]
fn emulated_machines_have_the_nodes_of_their_command_lines() {
    let hole = 384 * 1024;
    type Row = (&'static str, &'static [(u32, &'static str, u64)]);
    let machines: [Row; 8] = [
        ("one-node", &[(0, "0-3", 512)]),
        ("two-nodes", &[(0, "0-3", 256), (1, "4-7", 256)]),
        ("asymmetric", &[(0, "0", 384), (1, "1", 128)]),
        ("hmat", &[(0, "0,1", 256), (1, "2,3", 256), (2, "", 512)]),
        ("memory-only", &[(0, "0-3", 256), (1, "", 256), (2, "", 256)]),
        ("sparse", &[(0, "0", 384), (3, "1", 0), (7, "2", 128)]),
        ("split", &[(0, "0", 3072), (1, "1", 3072)]),
        (
            "eight-nodes",
            &[
                (0, "0,1", 128),
                (1, "2,3", 128),
                (2, "4,5", 128),
                (3, "6,7", 128),
                (4, "8,9", 128),
                (5, "10,11", 128),
                (6, "12,13", 128),
                (7, "14,15", 128),
            ],
        ),
    ];
    for (name, nodes) in machines {
        let m = acpi_machine(name);
        let found: Vec<(u32, String, u64)> = m
            .nodes()
            .iter()
            .map(|n| {
                let id = n.id.value;
                let size = m.ranges_of(id).map(|r| r.size).sum();
                (id.0, cpus(&m, id.0), size)
            })
            .collect();
        let expected: Vec<(u32, String, u64)> = nodes
            .iter()
            .enumerate()
            .map(|(i, (id, list, mib))| {
                (*id, (*list).to_string(), mib * MIB - if i == 0 { hole } else { 0 })
            })
            .collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(m.conflicts(), [], "{name}");
        for cpu in m.cpus() {
            assert_eq!(cpu.node.unwrap().source, Source::Srat, "{name}");
        }
    }
}

#[test]
fn sixty_four_nodes_with_two_cpus_each() {
    let m = acpi_machine("sixty-four-nodes");
    assert_eq!((m.nodes().len(), m.cpus().len()), (64, 128));
    for n in 0..64u32 {
        assert_eq!(cpus(&m, n), format!("{},{}", 2 * n, 2 * n + 1));
        for other in 0..64u32 {
            let around = n.abs_diff(other);
            let hops = around.min(64 - around) as u8;
            // 10 + 6 * 32 = 202 still fits a byte
            assert_eq!(m.distance(NodeId(n), NodeId(other)), Some(10 + 6 * hops));
        }
    }
    assert_eq!(m.neighbours(NodeId(0)), [NodeId(1), NodeId(63)]);
    assert_eq!(m.distance_source(), Some(Source::Slit));
}

#[test]
fn distances_of_emulated_machines() {
    let m = acpi_machine("asymmetric");
    assert_eq!(m.distance(NodeId(0), NodeId(1)), Some(17));
    assert_eq!(m.distance(NodeId(1), NodeId(0)), Some(28));
    let m = acpi_machine("memory-only");
    let near: Vec<u32> = m.nodes_by_distance(NodeId(0)).iter().map(|r| r.node.0).collect();
    assert_eq!(near, [0, 1, 2]);
    assert_eq!(m.kind_of(m.node(NodeId(2)).unwrap()), NodeKind::MemoryOnly);
    assert_eq!(m.best_memory(NodeId(2), Metric::Distance).unwrap().node, NodeId(2));
    // no SLIT, no distances: not even of a node to itself
    let m = acpi_machine("sparse");
    assert_eq!(m.distance(NodeId(0), NodeId(0)), None);
    assert!(m.nodes_by_distance(NodeId(0)).is_empty() && m.neighbours(NodeId(0)).is_empty());
    assert_eq!(m.kind_of(m.node(NodeId(3)).unwrap()), NodeKind::CpusOnly);
    assert_eq!((m.node(NodeId(1)), m.cpus_of(NodeId(1))), (None, None));
}

#[test]
fn latencies_and_bandwidths_of_an_emulated_machine() {
    let m = acpi_machine("hmat");
    let ns = [[5, 12, 30], [12, 6, 20]];
    let gib = [[200, 100, 20], [100, 180, 40]];
    for i in 0..2 {
        for t in 0..3 {
            let value = |kind| m.access(NodeId(i), NodeId(t), 0, kind).unwrap().value;
            let latency = ns[i as usize][t as usize] * 1000;
            assert_eq!(value(AccessKind::ReadLatency), latency);
            assert_eq!(value(AccessKind::WriteLatency), latency);
            // the emulator counts MB/s in units of 2^20
            assert_eq!(value(AccessKind::ReadBandwidth), gib[i as usize][t as usize] * 1024);
        }
    }
    assert_eq!(m.access(NodeId(2), NodeId(0), 0, AccessKind::ReadLatency), None);
    assert_eq!(m.node(NodeId(2)).unwrap().attached_to.unwrap().value, NodeId(1));
    let side = m.memory_caches()[0];
    assert_eq!((side.node, side.level, side.size, side.line), (NodeId(0), 1, 10240, 8));
    let best = |n| m.best_memory(NodeId(n), Metric::Access(AccessKind::ReadBandwidth)).unwrap();
    assert_eq!((best(0).node, best(1).node), (NodeId(0), NodeId(1)));
    let order: Vec<u32> = m
        .nodes_by(NodeId(1), Metric::Access(AccessKind::ReadLatency))
        .iter()
        .map(|r| r.node.0)
        .collect();
    assert_eq!(order, [1, 0, 2]);
}

#[test]
fn memory_around_the_pci_hole_is_two_ranges_and_hotplug_is_marked() {
    let m = acpi_machine("split");
    let first: Vec<(u64, u64)> = m.ranges_of(NodeId(0)).map(|r| (r.base, r.size)).collect();
    // the hole from 2 to 4 GiB splits node 0
    assert_eq!(first, [(0, 640 << 10), (1 << 20, (2 << 30) - (1 << 20)), (4 << 30, 1 << 30)]);
    // room for memory that may come later is not memory
    assert_eq!(m.hotplug_ranges().len(), 1);
    assert!(m.ranges().iter().all(|r| !r.flags.hotplug));
    assert_eq!(m.node_of_address(5 << 30), Some(NodeId(1)));
    assert_eq!(m.node_of_address(3 << 30), None);
    assert_eq!(m.node_of_address(u64::MAX), None);
}

#[test]
fn a_machine_without_srat_has_cpus_and_no_nodes() {
    let m = acpi_machine("no-numa");
    assert_eq!((m.cpus().len(), m.nodes().len()), (2, 0));
    assert_eq!(m.node_of(CpuId(0)), None);
    let claims = common::acpi_claims("no-numa").into_iter().map(topology::Claims::one_node);
    let m = Machine::build(&claims.collect::<Vec<_>>()).unwrap();
    assert_eq!(m.node_of(CpuId(1)), Some(NodeId(0)));
}

/// Guest memory, as far as it was recorded.
struct Dump(Vec<(u64, Vec<u8>)>);

impl PhysicalMemory for Dump {
    fn read(&mut self, address: u64, len: usize) -> Option<Vec<u8>> {
        let (base, bytes) =
            self.0.iter().find(|(b, d)| (*b..*b + d.len() as u64).contains(&address))?;
        let from = (address - base) as usize;
        bytes.get(from..from + len).map(<[u8]>::to_vec)
    }
}

fn dump(name: &str) -> Dump {
    let list = String::from_utf8(bytes(&format!("acpi/{name}/addresses.txt"))).unwrap();
    Dump(
        list.lines()
            .map(|l| {
                let (table, address) = l.split_once(" 0x").unwrap();
                let bytes = bytes(&format!("acpi/{name}/{table}.bin"));
                (u64::from_str_radix(address, 16).unwrap(), bytes)
            })
            .collect(),
    )
}

#[test]
fn tables_are_found_from_the_rsdp() {
    for name in ["no-numa", "two-nodes", "hmat", "sixty-four-nodes"] {
        let mut area = vec![0; 4096];
        let rsdp = bytes(&format!("acpi/{name}/rsdp.bin"));
        area[1040..1040 + rsdp.len()].copy_from_slice(&rsdp);
        let root = find_rsdp(&area).unwrap();
        assert_eq!(collect(&mut dump(name), root).unwrap(), tables(name), "{name}");
        // not on a boundary of 16: not an RSDP
        let mut area = vec![0; 4096];
        area[1041..1041 + rsdp.len()].copy_from_slice(&rsdp);
        assert_eq!(find_rsdp(&area), None);
    }
    assert!(matches!(
        collect(&mut dump("two-nodes"), Root::Xsdt(0x1000)),
        Err(acpi::CollectError::Unreadable(0x1000))
    ));
}

#[test]
fn xsdt_entries_are_read_unaligned_and_preferred() {
    let mut xsdt = acpi_tables::xsdt::XSDT::new(*b"TEST  ", *b"TOPOLOGY", 1);
    xsdt.add_entry(0x1234_5678_9abc_def0);
    xsdt.add_entry(7);
    let mut b = Vec::new();
    xsdt.to_aml_bytes(&mut b);
    assert_eq!(parse_xsdt(&b).unwrap(), [0x1234_5678_9abc_def0, 7]);
    let mut rsdp = Vec::new();
    acpi_tables::rsdp::Rsdp::new(*b"TEST  ", 0xfeed_0000_0000).to_aml_bytes(&mut rsdp);
    assert_eq!(parse_rsdp(&rsdp), Ok(Root::Xsdt(0xfeed_0000_0000)));
    rsdp[35] ^= 1;
    assert!(matches!(parse_rsdp(&rsdp), Err(AcpiError::Checksum(_))));
    assert!(matches!(parse_rsdp(&rsdp[..30]), Err(AcpiError::Truncated { .. })));
    assert_eq!(parse_rsdt(&b), Err(AcpiError::Signature(*b"XSDT")));
}

fn iasl(name: &str) -> Vec<u8> {
    bytes(&format!("acpi/iasl/{name}.bin"))
}

#[test]
fn wide_domains_x2apic_ids_and_flags_as_iasl_encodes_them() {
    let claims = ["srat-x86", "apic-x86", "slit", "hmat-x86"]
        .map(|t| acpi::parse_table(&iasl(t)).unwrap_or_else(|e| panic!("{t}: {e}")));
    let m = Machine::build(&claims).unwrap();
    let ids: Vec<u32> = m.nodes().iter().map(|n| n.id.value.0).collect();
    assert_eq!(ids, [9, 12, 0x0102_0304]); // 7 and 13 have disabled entries only
    let apic: Vec<(u32, u32)> =
        m.cpus().iter().map(|c| (c.hardware_id.unwrap().value, c.node.unwrap().value.0)).collect();
    assert_eq!(apic, [(0, 0x0102_0304), (2, 0x0102_0304), (300, 9), (0x10001, 9)]);
    assert!(m.cpus().iter().all(|c| c.os_id.is_none() && c.uid.is_some()));
    let flags: Vec<(bool, bool)> =
        m.ranges().iter().map(|r| (r.flags.hotplug, r.flags.nonvolatile)).collect();
    assert_eq!(flags, [(false, false), (false, false), (false, true)]);
    let later: Vec<bool> = m.hotplug_ranges().iter().map(|r| r.flags.nonvolatile).collect();
    assert_eq!(later, [false]);
    // the matrix is 2 initiators by 3 targets, one entry unreachable, one not told
    let read = |i, t| m.access(NodeId(i), NodeId(t), 0, AccessKind::ReadLatency).map(|a| a.value);
    assert_eq!(read(0x0102_0304, 9), Some(130_000));
    assert_eq!((read(0x0102_0304, 12), read(9, 12)), (None, Some(300_000)));
    let bandwidth =
        |t| m.access(NodeId(9), NodeId(t), 0, AccessKind::ReadBandwidth).map(|a| a.value);
    assert_eq!((bandwidth(0x0102_0304), bandwidth(9)), (None, Some(50_000)));
    let cached = m.access(NodeId(9), NodeId(12), 1, AccessKind::WriteLatency).unwrap().value;
    assert_eq!(cached, 46_600);
    let side = m.memory_caches()[0];
    assert_eq!((side.node, side.size, side.line, side.level), (NodeId(12), 1 << 34, 64, 1));
    assert_eq!(m.node(NodeId(12)).unwrap().attached_to.unwrap().value, NodeId(9));
    assert_eq!(m.node(NodeId(9)).unwrap().attached_to, None); // its flag says not valid
    // the 3 × 3 SLIT says nothing of nodes 9 and beyond
    assert_eq!(m.distance(NodeId(9), NodeId(9)), None);
    assert!(m.notes().contains(&Note::NoDistances(NodeId(9))));
}

#[test]
fn gic_entries_and_generic_initiators() {
    let srat = parse_srat(&iasl("srat-arm")).unwrap();
    let madt = parse_madt(&iasl("apic-arm")).unwrap();
    let m = Machine::build(&[srat, madt]).unwrap();
    let found: Vec<(u32, u32, u32)> = m
        .cpus()
        .iter()
        .map(|c| (c.uid.unwrap().value, c.hardware_id.unwrap().value, c.node.unwrap().value.0))
        .collect();
    assert_eq!(found, [(0, 0, 0), (1, 1, 0), (2, 0x0100_0003, 1)]);
    let kind = |n| m.kind_of(m.node(NodeId(n)).unwrap());
    assert_eq!((kind(2), kind(5)), (NodeKind::Empty, NodeKind::InitiatorOnly));
    assert_eq!(m.node(NodeId(6)), None); // its initiator is disabled
}

#[test]
fn distances_as_iasl_encodes_them() {
    let d = parse_slit(&iasl("slit")).unwrap().distances.unwrap();
    assert_eq!(d.values, [10, 17, 255, 21, 10, 30, 255, 30, 10]);
}

proptest! {
    #[test]
    fn srat_of_acpi_tables_reads_back(
        ranges in proptest::collection::vec((0u32..256, 1u64..1 << 40, 0u8..8), 0..40),
        initiators in proptest::collection::vec((0u32..256, any::<bool>()), 0..10),
    ) {
        let mut t = srat::SRAT::new(*b"TEST  ", *b"TOPOLOGY", 1);
        let mut base = 0;
        let mut expected = Vec::new();
        for (node, size, flags) in &ranges {
            let mut e = srat::MemoryAffinity::new(*node, base, *size);
            if flags & 1 != 0 { e = e.enabled(); }
            if flags & 2 != 0 { e = e.hotpluggable(); }
            if flags & 4 != 0 { e = e.nonvolatile(); }
            t.add_memory_affinity(e);
            if flags & 1 != 0 {
                expected.push((*node, base, *size, flags & 2 != 0, flags & 4 != 0));
            }
            base += size;
        }
        for (node, enabled) in &initiators {
            let e = srat::GenericInitiator::new(*node, srat::Handle::new_pci(0, 1, 2, 3));
            t.add_generic_initiator(if *enabled { e.enabled() } else { e });
        }
        let mut b = Vec::new();
        t.to_aml_bytes(&mut b);
        let claims = parse_srat(&b).unwrap();
        let found: Vec<_> = claims.ranges.iter()
            .map(|r| (r.node.0, r.base, r.size, r.flags.hotplug, r.flags.nonvolatile)).collect();
        prop_assert_eq!(found, expected);
        for (node, enabled) in &initiators {
            let said = claims.nodes.iter().any(|n| n.id.0 == *node && n.initiator);
            let other = initiators.iter().any(|(n, e)| n == node && *e);
            prop_assert_eq!(said, *enabled || other);
        }
    }

    #[test]
    fn slit_of_acpi_tables_reads_back(n in 1usize..40, seed in proptest::collection::vec(11u8..=255, 1600)) {
        let mut t = slit::SLIT::new(*b"TEST  ", *b"TOPOLOGY", 1, n as u32);
        for a in 0..n {
            for b in 0..a {
                t.set_distance(a, b, seed[a * 40 + b]);
            }
        }
        let mut bytes = Vec::new();
        t.to_aml_bytes(&mut bytes);
        let d = parse_slit(&bytes).unwrap().distances.unwrap();
        prop_assert_eq!(d.nodes.len(), n);
        for a in 0..n {
            for b in 0..n {
                let expected = match a.cmp(&b) {
                    std::cmp::Ordering::Equal => 10,
                    std::cmp::Ordering::Greater => seed[a * 40 + b],
                    std::cmp::Ordering::Less => seed[b * 40 + a],
                };
                prop_assert_eq!(d.values[a * n + b], expected);
            }
        }
    }

    #[test]
    fn hmat_of_acpi_tables_reads_back(
        n in 1usize..12,
        entries in proptest::collection::vec(any::<u16>(), 144),
        unit in 1u64..1_000_000,
        revision in 1u8..=2,
    ) {
        let mut t = hmat::HMAT::new(*b"TEST  ", *b"TOPOLOGY", 1);
        // square, since its `set_entry_value` steps by the number of initiators
        let mut l = hmat::SystemLocality::new(
            hmat::LocalityType::Memory, hmat::DataType::WriteBandwidth,
            hmat::MinTransferSize::Size64b, unit, n, n);
        for i in 0..n {
            l.set_initiator_value(i, 3 * i as u32);
            l.set_target_value(i, 5 * i as u32);
            for j in 0..n {
                l.set_entry_value(i, j, entries[i * 12 + j]);
            }
        }
        t.add_system_locality(l);
        t.add_memory_proximity(hmat::MemoryProximityDomain::new(3, 5));
        let mut b = Vec::new();
        t.to_aml_bytes(&mut b);
        // it writes revision 1 over structures of revision 2
        b[8] = revision;
        sum(&mut b);
        let claims = parse_hmat(&b).unwrap();
        if revision == 1 {
            prop_assert!(claims.attached.is_empty()); // the second flag is not set
        } else {
        prop_assert_eq!(&claims.attached, &[(NodeId(5), NodeId(3))]);
        }
        let expected: Vec<_> = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)))
            .filter(|(i, j)| !matches!(entries[i * 12 + j], 0 | 0xffff))
            .map(|(i, j)| (3 * i as u32, 5 * j as u32, u64::from(entries[i * 12 + j])))
            .map(|(i, t, e)| (i, t, if revision < 2 { e * unit / 10 } else { e * unit }))
            .filter(|(.., v)| *v != 0)
            .collect();
        let found: Vec<_> = claims.access.iter()
            .map(|a| (a.initiator.0, a.target.0, a.value)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_change_to_a_table_is_refused_or_read_without_harm(
        which in 0usize..6, at in any::<proptest::sample::Index>(), value in any::<u8>(), fix in any::<bool>(),
    ) {
        let names = ["two-nodes/srat", "memory-only/slit", "hmat/hmat", "hmat/apic", "iasl/srat-arm", "iasl/hmat-x86"];
        let mut b = bytes(&format!("acpi/{}.bin", names[which]));
        let at = at.index(b.len());
        let changed = b[at] != value;
        b[at] = value;
        if fix {
            sum(&mut b);
        }
        match acpi::parse_table(&b) {
            Ok(claims) => {
                prop_assert!(!changed || fix, "a changed byte went unseen");
                let _ = Machine::build(&[claims]);
            }
            Err(_) => prop_assert!(changed),
        }
    }

    #[test]
    fn a_truncated_table_is_refused(which in 0usize..4, keep in any::<proptest::sample::Index>()) {
        let names = ["srat", "slit", "apic", "hmat"];
        let machine = if which == 1 { "two-nodes" } else { "hmat" };
        let b = bytes(&format!("acpi/{machine}/{}.bin", names[which]));
        let short = &b[..keep.index(b.len())];
        prop_assert!(acpi::parse_table(short).is_err());
        // also with a length and sum that fit
        if short.len() > 48 {
            let mut short = short.to_vec();
            let len = (short.len() as u32).to_le_bytes();
            short[4..8].copy_from_slice(&len);
            sum(&mut short);
            let _ = acpi::parse_table(&short);
        }
    }
}

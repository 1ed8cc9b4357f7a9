//! CPUID: processors put together from their manuals' formulas, and the `raw-cpuid` crate as a second
//! reader of arbitrary leaves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use proptest::prelude::*;
use raw_cpuid::{CacheType as RawType, CpuId as Raw, CpuIdReader, CpuIdResult, TopologyType};
use std::collections::BTreeMap;
use topology::source::cpuid::{self, Cpuid, CpuidInfo};
use topology::{CacheType, CpuId, CpuKind, Machine, Position, Source};

/// Leaves of one CPU; what is not listed reads as zeros.
#[derive(Clone, Debug, Default)]
struct Leaves(BTreeMap<(u32, u32), [u32; 4]>);

impl Leaves {
    fn with(mut self, leaf: u32, subleaf: u32, registers: [u32; 4]) -> Self {
        self.0.insert((leaf, subleaf), registers);
        self
    }
}

impl Cpuid for Leaves {
    fn leaf(&self, leaf: u32, subleaf: u32) -> [u32; 4] {
        self.0.get(&(leaf, subleaf)).copied().unwrap_or_default()
    }
}

impl CpuIdReader for Leaves {
    fn cpuid2(&self, eax: u32, ecx: u32) -> CpuIdResult {
        let [eax, ebx, ecx, edx] = self.leaf(eax, ecx);
        CpuIdResult { eax, ebx, ecx, edx }
    }
}

/// EBX, EDX, ECX of a vendor's name in leaf 0.
fn vendor(max: u32, name: &[u8; 12]) -> [u32; 4] {
    let word = |i: usize| u32::from_le_bytes(name[i..i + 4].try_into().unwrap());
    [max, word(0), word(8), word(4)]
}

/// A cache as leaf 4 and 0x8000001D encode it.
fn cache(kind: u32, level: u32, sharing: u32, size: u32, ways: u32) -> [u32; 4] {
    let sets = size / 64 / ways;
    [kind | level << 5 | (sharing - 1) << 14, 63 | (ways - 1) << 22, sets - 1, 0]
}

/// An Intel package of 2 dies, 4 cores each, 2 threads each: bits 0, 1–2, 3 of the x2APIC id.
fn intel(apic: u32) -> Leaves {
    Leaves::default()
        .with(0, 0, vendor(0x1f, b"GenuineIntel"))
        .with(4, 0, cache(1, 1, 2, 48 << 10, 12))
        .with(4, 1, cache(2, 1, 2, 32 << 10, 8))
        .with(4, 2, cache(3, 2, 2, 2 << 20, 16))
        .with(4, 3, cache(3, 3, 8, 16 << 20, 16))
        .with(0xb, 0, [1, 2, 0x100, apic])
        .with(0xb, 1, [4, 16, 0x201, apic])
        .with(0x1f, 0, [1, 2, 0x100, apic])
        .with(0x1f, 1, [3, 8, 0x201, apic])
        .with(0x1f, 2, [4, 16, 0x502, apic])
}

#[test]
fn dies_and_sharing_of_an_intel_machine() {
    let readings: Vec<(Option<u32>, CpuidInfo)> =
        (0..32).map(|apic| (None, cpuid::read(&intel(apic)))).collect();
    let m = Machine::build(&[cpuid::claims(&readings)]).unwrap();
    assert_eq!(m.cpus().len(), 32);
    let p = m.cpus()[0b1_1011].position.unwrap();
    let expected = Position { package: Some(1), die: Some(1), core: Some(1), thread: Some(1) };
    assert_eq!((p.value, p.source), (expected, Source::Cpuid));
    let count =
        |level, kind| m.caches().iter().filter(|c| (c.level, c.kind) == (level, kind)).count();
    assert_eq!(count(3, CacheType::Unified), 4);
    assert_eq!(count(2, CacheType::Unified), 16);
    assert_eq!((count(1, CacheType::Data), count(1, CacheType::Instruction)), (16, 16));
    let shared: Vec<_> = m.shared_caches(CpuId(8), CpuId(15)).map(|c| (c.level, c.size)).collect();
    assert_eq!(shared, [(3, Some(16 << 20))]);
    assert_eq!(m.shared_caches(CpuId(7), CpuId(8)).count(), 0);
}

#[test]
fn one_reading_places_all_apic_ids_of_the_srat() {
    let info = cpuid::read(&intel(0));
    let at = |apic| info.position_of(apic);
    assert_eq!(at(0x1f).package, Some(1));
    assert_eq!((at(9).die, at(9).core, at(9).thread), (Some(1), Some(0), Some(1)));
}

#[test]
fn hybrid_kinds() {
    let kind = |kind: u32| {
        let leaves = intel(0).with(7, 0, [0, 0, 0, 1 << 15]).with(0x1a, 0, [kind << 24, 0, 0, 0]);
        cpuid::read(&leaves).kind
    };
    assert_eq!(kind(0x40), Some(CpuKind::Performance));
    assert_eq!(kind(0x20), Some(CpuKind::Efficiency));
    assert_eq!(kind(0x30), None);
    assert_eq!(cpuid::read(&intel(0)).kind, None);
}

/// An AMD processor of 2 threads a core, 8 cores to an L3, without leaf 0xB.
fn amd(apic: u32) -> Leaves {
    Leaves::default()
        .with(0, 0, vendor(7, b"AuthenticAMD"))
        .with(1, 0, [0x0080_0f12, apic << 24 | 32 << 16, 0, 1 << 28])
        .with(0x8000_0000, 0, vendor(0x8000_001e, b"AuthenticAMD"))
        .with(0x8000_0001, 0, [0, 0, 1 << 22, 0])
        .with(0x8000_0008, 0, [0, 0, 5 << 12 | 31, 0])
        .with(0x8000_001d, 0, cache(1, 1, 2, 32 << 10, 8))
        .with(0x8000_001d, 1, cache(3, 3, 16, 32 << 20, 16))
        .with(0x8000_001e, 0, [apic, 1 << 8 | apic >> 1, 0, 0])
}

#[test]
fn an_amd_processor_without_leaf_0xb() {
    let readings: Vec<_> = (0..64).map(|n| (Some(n), cpuid::read(&amd(n)))).collect();
    let m = Machine::build(&[cpuid::claims(&readings)]).unwrap();
    let p = m.cpu(CpuId(0b10_0101)).unwrap().position.unwrap().value;
    assert_eq!((p.package, p.die, p.core, p.thread), (Some(1), None, Some(2), Some(1)));
    assert_eq!(m.caches().iter().filter(|c| c.level == 3).count(), 4);
    assert_eq!(m.core_siblings(CpuId(3)).unwrap().to_string(), "2,3");
}

#[test]
fn an_old_processor_and_none_at_all() {
    let old = Leaves::default()
        .with(0, 0, vendor(4, b"GenuineIntel"))
        .with(1, 0, [0, 5 << 24 | 4 << 16, 0, 1 << 28])
        .with(4, 0, [1 | 1 << 5 | 1 << 26, 63, 63, 0]);
    let info = cpuid::read(&old);
    // four logical CPUs, two cores: one bit of thread, one of core
    let p = info.position_of(info.apic_id);
    assert_eq!((p.package, p.core, p.thread), (Some(1), Some(0), Some(1)));
    let none = cpuid::read(&Leaves::default());
    assert_eq!((none.apic_id, none.caches.len()), (0, 0));
    assert_eq!(none.position_of(3).package, Some(3));
}

/// An AMD K10 of 12 cores a package: no leaf 4, no topology extensions; APIC ids 0 to 11 and 16 to 27.
#[test]
fn an_amd_processor_of_the_tenth_family_has_cores_and_no_threads() {
    let k10 = |apic: u32| {
        Leaves::default()
            .with(0, 0, vendor(5, b"AuthenticAMD"))
            .with(1, 0, [0x0010_0f91, apic << 24 | 12 << 16, 0, 1 << 28])
            .with(0x8000_0000, 0, vendor(0x8000_001b, b"AuthenticAMD"))
            .with(0x8000_0001, 0, [0, 0, 2, 0])
            .with(0x8000_0008, 0, [0, 0, 4 << 12 | 0xb, 0])
    };
    let ids = (0..12).chain(16..28).zip(0u32..);
    let readings: Vec<_> = ids.map(|(apic, n)| (Some(n), cpuid::read(&k10(apic)))).collect();
    let m = Machine::build(&[cpuid::claims(&readings)]).unwrap();
    let cores: std::collections::BTreeSet<_> =
        m.cpus().iter().map(|c| m.core_siblings(c.id).unwrap().first()).collect();
    assert_eq!(cores.len(), 24);
    let packages: std::collections::BTreeSet<_> =
        m.cpus().iter().map(|c| c.position.unwrap().value.package).collect();
    assert_eq!(packages.len(), 2);
}

/// An AMD Piledriver of 12 cores a package: six share an L3, and their APIC ids have no gap.
#[test]
fn an_l3_of_six_is_found_by_the_id_within_the_package() {
    let piledriver = |apic: u32, family: u32| {
        Leaves::default()
            .with(0, 0, vendor(0xd, b"AuthenticAMD"))
            .with(1, 0, [(family - 15) << 20 | 0xf20, apic << 24 | 12 << 16, 0, 1 << 28])
            .with(0x8000_0000, 0, vendor(0x8000_001e, b"AuthenticAMD"))
            .with(0x8000_0001, 0, [0, 0, 1 << 22, 0])
            .with(0x8000_0008, 0, [0, 0, 4 << 12 | 0xb, 0])
            .with(0x8000_001d, 0, cache(1, 1, 1, 16 << 10, 4))
            .with(0x8000_001d, 1, cache(3, 3, 6, 6 << 20, 48))
            .with(0x8000_001e, 0, [apic, (1 << 8) | (apic / 2), 0, 0])
    };
    let sets = |family| -> Vec<String> {
        let ids = (0..12).chain(16..28).zip(0u32..);
        let readings: Vec<_> =
            ids.map(|(apic, n)| (Some(n), cpuid::read(&piledriver(apic, family)))).collect();
        let m = Machine::build(&[cpuid::claims(&readings)]).unwrap();
        m.caches().iter().filter(|c| c.level == 3).map(|c| c.cpus.to_string()).collect()
    };
    assert_eq!(sets(0x15), ["0-5", "6-11", "12-17", "18-23"]);
    // ids of later processors have gaps: the next power of two counts
    assert_eq!(sets(0x17), ["0-7", "8-11", "12-19", "20-23"]);
}

/// An AMD Zen 4 of two packages: threads, complexes of eight cores, a die each, twelve dies.
#[test]
fn complexes_and_dies_of_leaf_0x80000026() {
    let zen4 = |apic: u32| {
        amd(apic)
            .with(0, 0, vendor(0x10, b"AuthenticAMD"))
            .with(0xb, 0, [1, 2, 0x100, apic])
            .with(0xb, 1, [8, 192, 0x201, apic])
            .with(0x8000_0000, 0, vendor(0x8000_0028, b"AuthenticAMD"))
            .with(0x8000_0026, 0, [1, 2, 0x100, apic])
            .with(0x8000_0026, 1, [4, 16, 0x201, apic])
            .with(0x8000_0026, 2, [4, 16, 0x302, apic])
            .with(0x8000_0026, 3, [8, 192, 0x403, apic])
    };
    let info = cpuid::read(&zen4(0x1b7));
    assert_eq!((info.thread_bits, info.complex_bits, info.die_bits), (1, Some(4), Some(4)));
    let p = info.position_of(0x1b7);
    assert_eq!((p.package, p.die, p.core, p.thread), (Some(1), Some(11), Some(3), Some(1)));
    // a leaf of zeros is none
    let none = zen4(7).with(0x8000_0026, 0, [0; 4]);
    assert_eq!((cpuid::read(&none).die_bits, cpuid::read(&none).package_bits), (None, 8));
}

proptest! {
    /// Whatever the leaves hold: no panic, no endless list, and the same caches and levels as the
    /// other reader.
    #[test]
    fn raw_cpuid_reads_the_same(
        caches in proptest::collection::vec(
            (1u32..4, 1u32..5, 1u32..4096, 0u32..4096, 0u32..1024, 0u32..1024, any::<u32>(), any::<bool>()), 0..6),
        smt in 0u32..8, more in 0u32..8, apic in any::<u32>(), amd_caches in any::<bool>(),
    ) {
        let leaf = if amd_caches { 0x8000_001d } else { 4 };
        let name = if amd_caches { b"AuthenticAMD" } else { b"GenuineIntel" };
        let mut leaves = Leaves::default()
            .with(0, 0, vendor(0xb, name))
            .with(0x8000_0000, 0, vendor(0x8000_001e, name))
            .with(0x8000_0001, 0, [0, 0, u32::from(amd_caches) << 22, 0])
            .with(0xb, 0, [smt, 1 << smt, 0x100, apic])
            .with(0xb, 1, [smt + more, 1 << (smt + more), 0x201, apic]);
        for (i, (kind, level, sharing, line, partitions, ways, sets, full)) in caches.iter().enumerate() {
            leaves = leaves.with(leaf, i as u32, [
                kind | level << 5 | u32::from(*full) << 9 | (sharing - 1) << 14,
                line | partitions << 12 | ways << 22, *sets, 0,
            ]);
        }
        let info = cpuid::read(&leaves);
        let raw = Raw::with_cpuid_reader(leaves);
        let theirs: Vec<_> = raw.get_cache_parameters().into_iter().flatten().map(|c| {
            let kind = match c.cache_type() {
                RawType::Data => CacheType::Data,
                RawType::Instruction => CacheType::Instruction,
                _ => CacheType::Unified,
            };
            let product = [c.coherency_line_size(), c.physical_line_partitions(), c.associativity()];
            // its own sets() + 1 can overflow: start from the register
            let sets = c.sets() as u64;
            let sets = if sets == 0 { 1 << 32 } else { sets };
            let size = product.iter().fold(sets, |p, f| p.saturating_mul(*f as u64));
            (c.level(), kind, size, c.max_cores_for_cache().next_power_of_two().trailing_zeros())
        }).collect();
        let ours: Vec<_> =
            info.caches.iter().map(|c| (c.level, c.kind, c.size, c.shared_bits)).collect();
        prop_assert_eq!(ours, theirs);
        let levels: Vec<_> = raw.get_extended_topology_info().unwrap()
            .map(|l| (l.level_type(), l.shift_right_for_next_apic_id(), l.x2apic_id())).collect();
        prop_assert_eq!(&levels[0], &(TopologyType::SMT, info.thread_bits, info.apic_id));
        prop_assert_eq!(&levels[1], &(TopologyType::Core, info.package_bits, info.apic_id));
    }

    #[test]
    fn arbitrary_leaves_do_no_harm(seed in any::<[u32; 7]>()) {
        let noise = |leaf: u32, subleaf: u32| {
            let mut x = leaf ^ subleaf.rotate_left(9);
            seed.map(|s| {
                x = (x ^ s).wrapping_mul(0x9e37_79b9);
                x ^= x >> 15;
                x
            })[3..].try_into().unwrap()
        };
        let info = cpuid::read(&noise);
        prop_assert!(info.caches.len() <= 16);
        let m = Machine::build(&[cpuid::claims(&[(None, info.clone()), (None, info)])]).unwrap();
        prop_assert_eq!(m.cpus().len(), 1);
    }
}

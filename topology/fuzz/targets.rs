// What each fuzz target does with its bytes. This file is included by the targets, which need a nightly
// compiler, and by `tests/corpus.rs`, which replays the committed corpus on stable.

use topology::snapshot::{OwnedSnapshot, Snapshot};
use topology::source::snapshot as from_snapshot;
use topology::source::{acpi, cpuid, description, platform_info, synthetic, sysfs, tip, topo_session};
use topology::view::{View, ViewPolicy};
use topology::wire::{Call, NumaRegion};
use topology::{Affinity, Claims, CpuId, Location, Machine, Metric, NodeId, Space, place::Policy};

/// Build a machine from whatever was claimed and ask it everything.
fn exercise(claims: &[Claims]) {
    let Ok(m) = Machine::build(claims) else { return };
    let probes = [0, 1, 7, 63, 64, u32::MAX];
    for n in probes {
        if let Some(node) = m.node_of(CpuId(n)) {
            assert!(m.cpus_of(node).is_some_and(|c| c.contains(CpuId(n))));
        }
        for r in m.nodes_by_distance(NodeId(n)) {
            assert_eq!(m.distance(NodeId(n), r.node).map(u64::from), Some(r.value));
        }
        m.best_memory(NodeId(n), Metric::Distance);
        m.core_siblings(CpuId(n));
        m.node_of_address(u64::from(n) << 12);
    }
    let total: usize = m.nodes().iter().map(|n| n.cpus.count()).sum();
    assert!(total <= m.cpus().len());
    let usable = m.usable_cpus().count();
    let all = m.place(usable, Policy::Spread, None, None);
    assert_eq!(all.map(|p| p.len()), Ok(usable));
    // large machines are drawn, too; a description of them has more tags than its reader takes
    let mut text = String::new();
    topology::render::description(&m, &mut text).expect("a string takes all");
    if m.cpus().len() <= 256 && m.caches().len() <= 256 {
        let again = description::parse(&text).expect("what is written reads back");
        assert_eq!(Machine::build(&[again]).expect("and builds").nodes().len(), m.nodes().len());
    }
    let mut out = String::new();
    let options = topology::render::TextOptions { colour: true, sources: true };
    topology::render::text(&m, options, &mut out).expect("writes");
    topology::render::details(&m, &mut out).expect("writes");
    topology::render::hwloc_xml(&m, topology::render::HwlocVersion::V2, &mut out).expect("writes");
    topology::render::svg(&m, &mut out).expect("writes");
    topology::render::json(&m, &mut out).expect("writes");
    let Ok(space) = m.space_or_default() else { return };
    let policy = ViewPolicy { memory_only_nodes: true, physical_ranges: true };
    let view = View::new(&m, &space, Affinity::UNRESTRICTED, policy).expect("the whole fits");
    let snapshot = OwnedSnapshot::new(topology::snapshot::write(&m, &view, 1)).expect("reads back");
    for x in 0..space.width().min(100) as i32 {
        let told = view.node_affinity_of(Location::cpu(x, 0)).ok().map(|r| r.id.get());
        assert_eq!(snapshot.node_of(x, 0), told);
    }
}

pub fn acpi(data: &[u8]) {
    if let Ok(c) = acpi::parse_table(data) {
        exercise(&[c]);
    }
    // also past the checksum, which random bytes hardly ever get right
    let mut fixed = data.to_vec();
    if fixed.len() >= 36 {
        let len = (fixed.len() as u32).to_le_bytes();
        fixed[4..8].copy_from_slice(&len);
        fixed[9] = 0;
        fixed[9] = fixed.iter().fold(0u8, |s, b| s.wrapping_sub(*b));
        if let Ok(c) = acpi::parse_table(&fixed) {
            exercise(&[c]);
        }
        let _ = acpi::parse_rsdt(&fixed);
        let _ = acpi::parse_xsdt(&fixed);
    }
    let _ = acpi::parse_rsdp(data);
    let _ = acpi::find_rsdp(data);
}

pub fn tip(data: &[u8]) {
    if let Ok(c) = tip::parse(data) {
        exercise(&[c]);
    }
}

pub fn cpuid(data: &[u8]) {
    let words: Vec<u32> = data
        .chunks_exact(4)
        .take(1024)
        .map(|c| u32::from_le_bytes(c.try_into().expect("four bytes")))
        .collect();
    if words.is_empty() {
        return;
    }
    let leaf = |leaf: u32, subleaf: u32| -> [u32; 4] {
        let at = (leaf as usize ^ (leaf >> 24) as usize) * 32 + subleaf as usize * 4;
        std::array::from_fn(|i| words[(at + i) % words.len()])
    };
    let info = cpuid::read(&leaf);
    let readings = [(None, info.clone()), (Some(1), info)];
    exercise(&[cpuid::claims(&readings)]);
}

pub fn sysfs(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(c) = sysfs::read(&sysfs::Recorded::parse(&text)) {
        exercise(&[c]);
    }
}

pub fn description(data: &[u8]) {
    if let Ok(c) = description::parse(&String::from_utf8_lossy(data)) {
        exercise(&[c]);
    }
}

pub fn synthetic(data: &[u8]) {
    if let Ok(c) = synthetic::parse(&String::from_utf8_lossy(data)) {
        exercise(&[c]);
    }
}

pub fn platform_info(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(info) = platform_info::parse(&text) {
        // a MADT behind the text: eight local APICs in an order that the text chooses
        let mut madt = b"APIC\0\0\0\0\x04".to_vec();
        madt.resize(44, 0);
        for n in 0..8u8 {
            madt.extend_from_slice(&[0, 8, n, n.wrapping_mul(data[data.len() / 2] | 1) & 127, 1, 0, 0, 0]);
        }
        let len = (madt.len() as u32).to_le_bytes();
        madt[4..8].copy_from_slice(&len);
        madt[9] = madt.iter().fold(0u8, |s, b| s.wrapping_sub(*b));
        let (numbered, _) = info.number(&madt).expect("this MADT is right");
        let mut numbers: Vec<u32> = numbered.cpus.iter().filter_map(|c| c.key.os).collect();
        numbers.sort_unstable();
        assert!(numbers.is_sorted_by(|a, b| a < b) || numbers.is_empty());
        exercise(&[numbered, info.claims]);
    }
}

pub fn snapshot(data: &[u8]) {
    let mut fixed = data.to_vec();
    if fixed.len() >= 112 {
        let len = (fixed.len() as u32).to_le_bytes();
        fixed[..8].copy_from_slice(b"TOPOSNAP");
        fixed[8] &= !1;
        fixed[16..20].copy_from_slice(&1u32.to_le_bytes());
        fixed[20..24].copy_from_slice(&len);
        let sum = fixed[32..]
            .iter()
            .fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
        fixed[28..32].copy_from_slice(&sum.to_le_bytes());
    }
    for bytes in [data, &fixed] {
        let Ok(s) = Snapshot::parse(bytes) else { continue };
        if let Ok(c) = from_snapshot::claims(&s) {
            exercise(&[c]);
        }
        let (w, h) = s.size();
        let n = s.nodes().len() as u32;
        for (x, y) in [(0, 0), (w as i32 - 1, h as i32 - 1), (w as i32, 0), (-1, 0), (1, 0)] {
            assert!(s.node_of(x, y).is_none_or(|id| id < n));
            s.shared_caches((0, 0), (x, y));
        }
        for id in [0, n.wrapping_sub(1), n, u32::MAX] {
            assert!(s.neighbours(id).iter().all(|(other, _)| *other < n));
            s.memory_of(id);
        }
    }
}

/// A session that answers with the fuzzer's bytes.
struct Noise<'a>(&'a [u8]);

impl topo_session::TopoSession for Noise<'_> {
    type Error = ();

    fn node_affinity_of(&mut self, x: i32, y: i32) -> Result<NumaRegion, ()> {
        let n = *self.0.get((x as usize * 7 + y as usize) % self.0.len()).ok_or(())?;
        Ok(if n == 255 { NumaRegion::INVALID } else { NumaRegion::new(0, 0, u32::from(n)) })
    }

    fn phys_id(&mut self, x: i32, y: i32) -> Result<u32, ()> {
        let n = *self.0.get((x as usize * 3 + y as usize) % self.0.len()).ok_or(())?;
        Ok(u32::from(n) * (1 + x as u32))
    }

    fn global_affinity_space(&mut self) -> Result<Space, ()> {
        Ok(Space::new(u32::from(self.0[0]), u32::from(self.0[self.0.len() / 2]) % 8))
    }
}

pub fn wire(data: &[u8]) {
    let machine = Machine::build(&[synthetic::parse("numa:3 core:2 pu:2").expect("is right")]);
    let machine = machine.expect("builds");
    let space = machine.default_space().expect("has CPUs");
    let view = View::new(&machine, &space, Affinity::UNRESTRICTED, ViewPolicy::default());
    let mut view = view.expect("the whole fits");
    for body in data.chunks(32) {
        if let Ok(call) = Call::decode(body) {
            let (_, len) = view.answer(&machine, &space, call).encode();
            assert!(len <= 32 && len % 8 == 0);
        }
    }
    if !data.is_empty() {
        let (w, h) = (u32::from(data[0]), u32::from(data[data.len() / 2]) % 8);
        if let Ok(c) = topo_session::read(&mut Noise(data), w, h) {
            exercise(&[c]);
        }
    }
}

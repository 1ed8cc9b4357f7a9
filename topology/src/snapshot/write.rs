//! From a view to bytes.

use super::*;
use crate::view::View;
use crate::{CacheType, Machine, NodeId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The snapshot of `view`, whole 64-bit words, sequence 0. `generation` counts the changes of the
/// machine.
pub fn write(machine: &Machine, view: &View, generation: u32) -> Vec<u64> {
    let rect = view.rect();
    let ids = Ids(view.nodes().iter().map(|n| n.native).zip(0..).collect());
    let mut out = Writer {
        bytes: alloc::vec![0; size_of::<Header>()],
        sections: [Section::default(); SECTIONS],
    };
    out.section(NODES, &nodes(machine, view, &ids));
    out.section(LOCATIONS, &locations(machine, view));
    let has_distances = machine.distance_source().is_some();
    let distances = if has_distances { distances(machine, view) } else { Vec::new() };
    out.section(DISTANCES, &distances);
    out.section(ACCESS, &access(machine, &ids));
    let (caches, members) = caches(machine, view);
    out.section(CACHES, &caches);
    out.section(MEMBERS, &members);
    let shows_ranges = view.policy().physical_ranges;
    let ranges = if shows_ranges { ranges(machine, &ids) } else { Vec::new() };
    out.section(RANGES, &ranges);

    let global = view.global_affinity_space();
    let header = Header {
        magic: MAGIC,
        sequence: U64::ZERO,
        version: VERSION.into(),
        length: (out.bytes.len() as u32).into(),
        generation: generation.into(),
        checksum: U32::ZERO,
        global_width: global.width.into(),
        global_height: global.height.into(),
        width: rect.width.into(),
        height: rect.height.into(),
        cpu_nodes: view.node_count().into(),
        flags: if has_distances { HAS_DISTANCES } else { 0 }.into(),
        sections: out.sections,
    };
    out.finish(header)
}

/// The ids that a view gives nodes, by their native ones.
struct Ids(BTreeMap<NodeId, u32>);

impl Ids {
    fn virtual_id(&self, native: NodeId) -> Option<u32> {
        self.0.get(&native).copied()
    }
}

fn nodes(machine: &Machine, view: &View, ids: &Ids) -> Vec<NodeRecord> {
    view.nodes()
        .iter()
        .map(|v| {
            let attached = machine.node(v.native).and_then(|n| n.attached_to);
            NodeRecord {
                native: v.native.0.into(),
                cpus: v.cpus.into(),
                first: v.first.unwrap_or(NONE).into(),
                attached_to: attached.and_then(|a| ids.virtual_id(a.value)).unwrap_or(NONE).into(),
                memory: machine.memory_of(v.native).unwrap_or(u64::MAX).into(),
            }
        })
        .collect()
}

fn locations(machine: &Machine, view: &View) -> Vec<LocationRecord> {
    view.locations()
        .iter()
        .map(|l| {
            let cpu = l.cpu.and_then(|c| machine.cpu(c));
            let p = cpu.and_then(|c| c.position).map(|p| p.value).unwrap_or_default();
            let thread = p.thread.and_then(|t| u16::try_from(t).ok());
            LocationRecord {
                node: l.node.unwrap_or(NONE).into(),
                physical: l.physical.unwrap_or(NONE).into(),
                package: p.package.unwrap_or(NONE).into(),
                die: p.die.unwrap_or(NONE).into(),
                core: p.core.unwrap_or(NONE).into(),
                thread: thread.unwrap_or(u16::MAX).into(),
                kind: cpu.and_then(|c| c.kind).map_or(0, |k| k.value.letter() as u8),
                present: u8::from(cpu.is_some()),
            }
        })
        .collect()
}

fn distances(machine: &Machine, view: &View) -> Vec<u8> {
    let mut distances = Vec::new();
    for a in view.nodes() {
        let row = view.nodes().iter().map(|b| machine.distance(a.native, b.native).unwrap_or(0));
        distances.extend(row);
    }
    distances
}

fn access(machine: &Machine, ids: &Ids) -> Vec<AccessRecord> {
    let mut access: Vec<AccessRecord> = Vec::new();
    for a in machine.access_values() {
        let (Some(i), Some(t)) = (ids.virtual_id(a.initiator), ids.virtual_id(a.target)) else {
            continue;
        };
        access.push(AccessRecord {
            initiator: (i as u16).into(),
            target: (t as u16).into(),
            level: a.level,
            kind: a.kind as u8,
            source: a.source as u8,
            reserved: 0,
            value: a.value.into(),
        });
    }
    // the model's order is by native ids; readers look up by virtual ones
    access.sort_by_key(|a| (a.initiator.get(), a.target.get(), a.level, a.kind));
    access
}

fn ranges(machine: &Machine, ids: &Ids) -> Vec<RangeRecord> {
    let mut ranges = Vec::new();
    let mut all: Vec<_> = machine.ranges().iter().chain(machine.hotplug_ranges()).collect();
    all.sort_by_key(|r| (r.base, r.size));
    for r in all {
        let Some(node) = ids.virtual_id(r.node) else { continue };
        let flags = u32::from(r.flags.hotplug) | u32::from(r.flags.nonvolatile) << 1;
        ranges.push(RangeRecord {
            base: r.base.into(),
            size: r.size.into(),
            node: node.into(),
            flags: flags.into(),
        });
    }
    ranges
}

/// Caches that CPUs inside the rectangle have, and the bits of those CPUs' locations.
fn caches(machine: &Machine, view: &View) -> (Vec<CacheRecord>, Vec<U64>) {
    let mut at = alloc::vec![NONE; machine.cpus().last().map_or(0, |c| c.id.0 as usize + 1)];
    for (i, l) in view.locations().iter().enumerate() {
        if let Some(slot) = l.cpu.and_then(|c| at.get_mut(c.0 as usize)) {
            *slot = i as u32;
        }
    }
    let mut records = Vec::new();
    let mut members: Vec<U64> = Vec::new();
    for cache in machine.caches() {
        let mut words: Vec<u64> = Vec::new();
        for cpu in cache.cpus.iter() {
            let Some(bit) = at.get(cpu.0 as usize).filter(|b| **b != NONE) else { continue };
            let word = *bit as usize / 64;
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            if let Some(w) = words.get_mut(word) {
                *w |= 1 << (bit % 64);
            }
        }
        if words.is_empty() {
            continue;
        }
        records.push(CacheRecord {
            size: cache.size.unwrap_or(0).into(),
            line: cache.line.unwrap_or(0).into(),
            first_word: (members.len() as u32).into(),
            words: (words.len() as u32).into(),
            level: cache.level,
            kind: match cache.kind {
                CacheType::Data => 0,
                CacheType::Instruction => 1,
                CacheType::Unified => 2,
            },
            reserved: U16::ZERO,
        });
        members.extend(words.into_iter().map(U64::new));
    }
    (records, members)
}

struct Writer {
    bytes: Vec<u8>,
    sections: [Section; SECTIONS],
}

impl Writer {
    fn section<T: IntoBytes + Immutable>(&mut self, which: usize, records: &[T]) {
        if let Some(s) = self.sections.get_mut(which) {
            s.offset = (self.bytes.len() as u32).into();
            s.count = (records.len() as u32).into();
        }
        self.bytes.extend_from_slice(records.as_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn finish(mut self, mut header: Header) -> Vec<u64> {
        self.put(&header);
        let sum = checksum(self.bytes.get(CHECKED_FROM..).unwrap_or(&[]));
        header.checksum = sum.into();
        self.put(&header);
        // the bytes are little endian already; the words only carry them
        self.bytes
            .chunks_exact(8)
            .filter_map(|c| c.first_chunk::<8>())
            .map(|c| u64::from_ne_bytes(*c))
            .collect()
    }
    fn put(&mut self, header: &Header) {
        for (to, from) in self.bytes.iter_mut().zip(header.as_bytes()) {
            *to = *from;
        }
    }
}

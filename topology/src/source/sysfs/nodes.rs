//! The nodes of sysfs: their CPUs, memory, distances, latencies and bandwidths.

use super::{Files, Ranges, Reader, list, mask, members};
use crate::NodeId;
use crate::claims::{
    AccessClaim, Claims, CpuClaim, CpuKey, DistanceClaim, MemoryCacheClaim, RangeClaim,
};
use crate::model::{AccessKind, MAX_CPUS, MAX_NODES, MAX_RANGES, RangeFlags};
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::format;
use alloc::vec::Vec;
use genode_args::number::{size, unsigned};

/// More CPUs than these in two nodes tell nothing new.
const MAX_TWICE: usize = 1024;

/// Reads the nodes that are online; CPUs in two of them are claimed twice, which is a conflict.
pub(super) fn read<F: Files>(r: &Reader<'_, F>, claims: &mut Claims) {
    let Some(ids) = r.set("node/online", list, MAX_NODES, ("list of online nodes, of", 0)) else {
        return;
    };
    let ids: Vec<u32> = members(&ids).collect();
    let mut home = BTreeMap::new();
    let mut twice = Vec::new();
    let mut values = Vec::with_capacity(ids.len() * ids.len());
    let block = r.text("memory/block_size_bytes");
    let block = block.and_then(|t| u64::from_str_radix(t.trim().trim_start_matches("0x"), 16).ok());
    for id in &ids {
        let Some(node) = claims.mention(NodeId(*id)) else { break };
        let meminfo = r.text(&format!("node/node{id}/meminfo")).unwrap_or_default();
        node.usable = meminfo.lines().find_map(|l| {
            let (_, value) = l.split_once("MemTotal:")?;
            size(value.trim().strip_suffix("kB")?).and_then(|k| k.checked_mul(1024))
        });
        let cpus = cpus_of(r, *id);
        for cpu in members(&cpus) {
            match home.entry(cpu) {
                Entry::Vacant(slot) => {
                    slot.insert(NodeId(*id));
                }
                Entry::Occupied(_) if twice.len() < MAX_TWICE => twice.push((cpu, NodeId(*id))),
                Entry::Occupied(_) => {}
            }
        }
        values.extend(distances(r, *id, ids.len()));
        ranges(r, *id, block, claims);
        access(r, *id, &ids, cpus.is_empty(), claims);
    }
    for cpu in &mut claims.cpus {
        cpu.node = cpu.key.os.and_then(|n| home.get(&n).copied());
    }
    let again = twice
        .into_iter()
        .map(|(cpu, node)| CpuClaim { node: Some(node), ..CpuClaim::new(CpuKey::os(cpu)) });
    let known = |c: &CpuClaim| claims.cpus.iter().any(|x| x.key.os == c.key.os);
    let again: Vec<CpuClaim> = again.filter(known).collect();
    claims.cpus.extend(again);
    if values.iter().any(|v| *v != 0) {
        let nodes = ids.iter().map(|n| NodeId(*n)).collect();
        claims.distances = Some(DistanceClaim { nodes, values });
    }
}

fn cpus_of<F: Files>(r: &Reader<'_, F>, id: u32) -> Ranges {
    let path = |name: &str| format!("node/node{id}/{name}");
    let set = r.set(&path("cpulist"), list, MAX_CPUS, ("cpulist of node", id));
    let set = set.or_else(|| r.set(&path("cpumap"), mask, MAX_CPUS, ("cpumap of node", id)));
    set.unwrap_or_default()
}

/// A row of the matrix, 0 where a value is not known.
fn distances<F: Files>(r: &Reader<'_, F>, id: u32, nodes: usize) -> Vec<u8> {
    let row = r.text(&format!("node/node{id}/distance")).unwrap_or_default();
    let mut odd = false;
    let mut row: Vec<u8> = row
        .split_ascii_whitespace()
        .take(nodes)
        .map(|d| {
            let value = unsigned(d).filter(|d| (10..=255).contains(d));
            odd |= value.is_none();
            value.unwrap_or(0) as u8
        })
        .collect();
    if odd {
        r.odd("distance row of node", id);
    }
    row.resize(nodes, 0);
    row
}

/// Memory blocks of a node, adjacent ones as one range.
fn ranges<F: Files>(r: &Reader<'_, F>, node: u32, block: Option<u64>, claims: &mut Claims) {
    let Some(block) = block.filter(|b| *b > 0) else { return };
    let names = r.names(&format!("node/node{node}"));
    let mut blocks: Vec<u64> =
        names.iter().filter_map(|n| unsigned(n.strip_prefix("memory")?)).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for b in blocks {
        match runs.last_mut() {
            Some((_, end)) if *end == b => *end += 1,
            _ => runs.push((b, b.saturating_add(1))),
        }
    }
    for (first, end) in runs {
        let (Some(base), Some(last)) = (first.checked_mul(block), end.checked_mul(block)) else {
            continue;
        };
        if claims.ranges.len() < MAX_RANGES {
            claims.ranges.push(RangeClaim {
                node: NodeId(node),
                base,
                size: last - base,
                flags: RangeFlags::default(),
            });
        }
    }
}

/// Latencies in ns and bandwidths in MB/s of a node's memory, for its best initiators; CPUs among
/// all initiators (`access1`) where the kernel tells them apart. A node without CPUs is attached to
/// its best initiator if there is one such.
fn access<F: Files>(
    r: &Reader<'_, F>,
    node: u32,
    ids: &[u32],
    memory_only: bool,
    claims: &mut Claims,
) {
    let class = ["access1", "access0"]
        .map(|c| format!("node/node{node}/{c}/initiators"))
        .into_iter()
        .find(|dir| !r.names(dir).is_empty());
    if let Some(dir) = class {
        let names = r.names(&dir);
        let initiators: Vec<u32> = names
            .iter()
            .filter_map(|n| unsigned(n.strip_prefix("node")?)?.try_into().ok())
            .filter(|n| ids.contains(n))
            .collect();
        if let ([one], true) = (initiators.as_slice(), memory_only) {
            claims.attached.push((NodeId(node), NodeId(*one)));
        }
        for (name, kind) in [
            ("read_latency", AccessKind::ReadLatency),
            ("write_latency", AccessKind::WriteLatency),
            ("read_bandwidth", AccessKind::ReadBandwidth),
            ("write_bandwidth", AccessKind::WriteBandwidth),
        ] {
            let value = r.number(&format!("{dir}/{name}")).filter(|v| *v > 0);
            let unit = if kind.is_latency() { 1000 } else { 1 };
            let Some(value) = value.and_then(|v| v.checked_mul(unit)) else { continue };
            claims.access.extend(initiators.iter().map(|i| AccessClaim {
                initiator: NodeId(*i),
                target: NodeId(node),
                level: 0,
                kind,
                value,
            }));
        }
    }
    for level in 1..=3u8 {
        let dir = format!("node/node{node}/memory_side_cache/index{level}");
        let Some(size) = r.text(&format!("{dir}/size")).and_then(|t| size(&t)) else { continue };
        let line = r.number(&format!("{dir}/line_size")).unwrap_or(0).min(0xffff) as u16;
        let node = NodeId(node);
        claims.memory_caches.push(MemoryCacheClaim { node, level, size, line });
    }
}

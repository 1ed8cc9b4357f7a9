//! What one source says about a machine, before anybody else was asked.
//!
//! Every parser ends here. A claim names CPUs in the source's own terms ([`KeyKind`]) and nodes in
//! the source's own numbering ([`NodeIds`]); [`Machine::build`](crate::Machine::build) finds out
//! which of them are the same thing.

use crate::conflict::Note;
use crate::model::{AccessKind, CacheType, CpuKind, MAX_NODES, Position, RangeFlags};
use crate::{NodeId, Source};
use alloc::vec::Vec;

/// How a source numbers nodes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum NodeIds {
    /// ACPI proximity domains.
    Proximity,
    /// Numbers of the source's own; they are matched to others by the CPUs inside.
    Own,
}

/// Which of a CPU's names a source uses where it lists CPUs (in caches).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The kernel's number.
    Os,
    /// The APIC id, or the hardware id that plays its part.
    Hardware,
    /// The ACPI processor UID.
    Uid,
}

/// The names of one CPU; at least one should be known.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuKey {
    /// The kernel's number.
    pub os: Option<u32>,
    /// The APIC id, or the hardware id that plays its part.
    pub hardware: Option<u32>,
    /// The ACPI processor UID.
    pub uid: Option<u32>,
}

impl CpuKey {
    /// A CPU known by its kernel number.
    pub fn os(n: u32) -> Self {
        CpuKey { os: Some(n), ..CpuKey::default() }
    }

    /// A CPU known by its hardware id.
    pub fn hardware(n: u32) -> Self {
        CpuKey { hardware: Some(n), ..CpuKey::default() }
    }

    /// A CPU known by its ACPI processor UID.
    pub fn uid(n: u32) -> Self {
        CpuKey { uid: Some(n), ..CpuKey::default() }
    }
}

/// A CPU and what the source knows of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CpuClaim {
    /// Its names.
    pub key: CpuKey,
    /// Its node.
    pub node: Option<NodeId>,
    /// Its place among packages, dies, cores and threads.
    pub position: Option<Position>,
    /// What kind of core it is.
    pub kind: Option<CpuKind>,
    /// Set for a CPU that exists and that the kernel has switched off.
    pub offline: bool,
}

impl CpuClaim {
    /// A CPU of which only the names are known.
    pub fn new(key: CpuKey) -> Self {
        CpuClaim { key, node: None, position: None, kind: None, offline: false }
    }
}

/// A node and what the source knows of it beyond its CPUs and ranges.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NodeClaim {
    /// Its number.
    pub id: NodeId,
    /// Memory that software can use, in bytes, where the source counts it.
    pub usable: Option<u64>,
    /// Whether a device there starts memory accesses (ACPI generic initiator).
    pub initiator: bool,
}

/// A physical memory range of a node.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RangeClaim {
    /// Its node.
    pub node: NodeId,
    /// First address.
    pub base: u64,
    /// Bytes; `base + size` does not overflow.
    pub size: u64,
    /// What kind of memory.
    pub flags: RangeFlags,
}

/// A cache and who shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheClaim {
    /// 1 is nearest to the CPU.
    pub level: u8,
    /// What it holds.
    pub kind: CacheType,
    /// Bytes, where known.
    pub size: Option<u64>,
    /// Line size in bytes, where known.
    pub line: Option<u32>,
    /// Ways of associativity, where known; 0 means fully associative.
    pub ways: Option<u32>,
    /// The CPUs that share it, in the source's [`KeyKind`].
    pub cpus: Vec<u32>,
}

/// A matrix of relative distances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistanceClaim {
    /// Who rows and columns are.
    pub nodes: Vec<NodeId>,
    /// Row by row, `nodes.len()` squared values; 0 where unknown, 255 where unreachable.
    pub values: Vec<u8>,
}

/// Latency or bandwidth from an initiator to a memory.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AccessClaim {
    /// The node that accesses.
    pub initiator: NodeId,
    /// The node that holds the memory.
    pub target: NodeId,
    /// 0 for the memory itself, 1 to 3 for its memory-side caches.
    pub level: u8,
    /// Which value this is.
    pub kind: AccessKind,
    /// Picoseconds, or MB/s (see [`AccessKind`]).
    pub value: u64,
}

/// A cache on the memory's side.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MemoryCacheClaim {
    /// The node whose memory it fronts.
    pub node: NodeId,
    /// 1 is nearest to the memory's users.
    pub level: u8,
    /// Bytes.
    pub size: u64,
    /// Line size in bytes; 0 where not told.
    pub line: u16,
}

/// An affinity space and the CPU at each location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceClaim {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `(x, y, CPU)`, the CPU in the source's [`KeyKind`].
    pub cpus: Vec<(u32, u32, u32)>,
}

/// What a process may use: its affinity mask and its cpuset, cut to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedClaim {
    /// CPUs, in the source's [`KeyKind`]; `None` where it does not say.
    pub cpus: Option<Vec<u32>>,
    /// Nodes that memory may be allocated on; `None` where the source does not say.
    pub nodes: Option<Vec<NodeId>>,
}

/// All that one source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who speaks.
    pub source: Source,
    /// How it numbers nodes.
    pub node_ids: NodeIds,
    /// How it names CPUs in `caches` and `space`.
    pub keys: KeyKind,
    /// Whether it knows every CPU, so that an unlisted one is a disagreement.
    pub all_cpus: bool,
    /// Set where the source lists CPUs that need not exist, as the SRAT does: what others list as
    /// all CPUs decides, and without such a source all are taken.
    pub possible_cpus: bool,
    /// What the process that asked may use; `None` where the source does not say.
    pub allowed: Option<AllowedClaim>,
    /// Nodes.
    pub nodes: Vec<NodeClaim>,
    /// CPUs.
    pub cpus: Vec<CpuClaim>,
    /// Memory ranges.
    pub ranges: Vec<RangeClaim>,
    /// Caches.
    pub caches: Vec<CacheClaim>,
    /// Distances.
    pub distances: Option<DistanceClaim>,
    /// Latencies and bandwidths.
    pub access: Vec<AccessClaim>,
    /// Memory-side caches.
    pub memory_caches: Vec<MemoryCacheClaim>,
    /// `(memory node, its nearest initiator)`.
    pub attached: Vec<(NodeId, NodeId)>,
    /// The affinity space.
    pub space: Option<SpaceClaim>,
    /// Oddities that the source's parser stepped over.
    pub notes: Vec<Note>,
}

impl Claims {
    /// No claims yet, from `source`.
    pub fn new(source: Source, node_ids: NodeIds, keys: KeyKind) -> Self {
        Claims {
            source,
            node_ids,
            keys,
            all_cpus: false,
            possible_cpus: false,
            allowed: None,
            nodes: Vec::new(),
            cpus: Vec::new(),
            ranges: Vec::new(),
            caches: Vec::new(),
            distances: None,
            access: Vec::new(),
            memory_caches: Vec::new(),
            attached: Vec::new(),
            space: None,
            notes: Vec::new(),
        }
    }

    /// The entry of node `id`, made if need be; `None` where there are too many nodes already.
    pub fn mention(&mut self, id: NodeId) -> Option<&mut NodeClaim> {
        // sources name nodes in runs: look from the end
        let at = match self.nodes.iter().rposition(|n| n.id == id) {
            Some(at) => at,
            None if self.nodes.len() >= MAX_NODES => return None,
            None => {
                self.nodes.push(NodeClaim { id, usable: None, initiator: false });
                self.nodes.len() - 1
            }
        };
        self.nodes.get_mut(at)
    }

    /// Put every CPU that has no node on node 0.
    ///
    /// Do this only where it is known that the machine is uniform, as one is whose firmware has no
    /// SRAT: it turns that knowledge into a claim.
    #[must_use]
    pub fn one_node(mut self) -> Self {
        for cpu in &mut self.cpus {
            cpu.node.get_or_insert(NodeId(0));
        }
        self
    }
}

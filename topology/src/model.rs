//! The machine as facts: nodes, CPUs, caches, memory, distances, latencies and bandwidths.
//!
//! A [`Machine`] is only made by [`Machine::build`], is immutable afterwards, and holds nothing that
//! no source said: what is not known is `None` or absent.

use crate::conflict::{Conflict, Note};
use crate::{CpuGrid, CpuId, CpuSet, Fact, NodeId, Source};
use alloc::vec::Vec;
use core::fmt;

/// Largest number of CPUs, and one more than the largest CPU number.
pub const MAX_CPUS: usize = 16384;
/// Largest number of nodes.
pub const MAX_NODES: usize = 1024;
/// Largest number of memory ranges.
pub const MAX_RANGES: usize = 16384;

/// Place of a CPU in its machine. Numbers are the source's; equal numbers mean the same thing, and
/// nothing else follows from them. A die is numbered within its package, a core within its die, a
/// thread within its core.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Package (socket).
    pub package: Option<u32>,
    /// Die within the package.
    pub die: Option<u32>,
    /// Core within the die.
    pub core: Option<u32>,
    /// Hardware thread within the core.
    pub thread: Option<u32>,
}

/// Kind of a core on machines that mix them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CpuKind {
    /// Built for speed.
    Performance,
    /// Built for thrift.
    Efficiency,
}

impl CpuKind {
    /// The letter by which people call it.
    pub fn letter(self) -> char {
        match self {
            CpuKind::Performance => 'P',
            CpuKind::Efficiency => 'E',
        }
    }
}

/// One CPU: a hardware thread that a thread can run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Its number in this model.
    pub id: CpuId,
    /// The kernel's number, where a source knows it; then it equals `id`.
    pub os_id: Option<Fact<u32>>,
    /// APIC id, or the hardware id that plays its part.
    pub hardware_id: Option<Fact<u32>>,
    /// ACPI processor UID.
    pub uid: Option<Fact<u32>>,
    /// Its node.
    pub node: Option<Fact<NodeId>>,
    /// Its place among packages, dies, cores and threads.
    pub position: Option<Fact<Position>>,
    /// Its kind.
    pub kind: Option<Fact<CpuKind>>,
    /// The source that says that the kernel has switched it off.
    pub offline: Option<Source>,
}

/// What a node has.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeKind {
    /// CPUs and memory.
    CpusAndMemory,
    /// CPUs only.
    CpusOnly,
    /// Memory only.
    MemoryOnly,
    /// Neither, but a device that starts accesses.
    InitiatorOnly,
    /// Nothing that any source knows of.
    Empty,
}

/// One NUMA node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its native id, and who mentioned it first.
    pub id: Fact<NodeId>,
    /// Its CPUs.
    pub cpus: CpuSet,
    /// Usable memory in bytes, where a source counts it. It is less than the ranges hold, since
    /// firmware and kernel take their share.
    pub usable: Option<Fact<u64>>,
    /// A device here starts memory accesses.
    pub initiator: Option<Source>,
    /// The initiator that is nearest to this memory.
    pub attached_to: Option<Fact<NodeId>>,
}

/// What kind of memory a range is.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeFlags {
    /// May come and go. In a claim, what is there now need not fill the range; in the model, the
    /// range has no memory yet and stands in [`Machine::hotplug_ranges`].
    pub hotplug: bool,
    /// Keeps its content without power.
    pub nonvolatile: bool,
}

/// A physical memory range.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MemoryRange {
    /// Its node.
    pub node: NodeId,
    /// First address.
    pub base: u64,
    /// Bytes, more than 0; `base + size` does not overflow.
    pub size: u64,
    /// What kind of memory.
    pub flags: RangeFlags,
    /// Who said so.
    pub source: Source,
}

impl MemoryRange {
    /// The first address behind the range.
    pub fn end(&self) -> u64 {
        self.base.saturating_add(self.size)
    }
}

/// What a cache holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CacheType {
    /// Data.
    Data,
    /// Instructions.
    Instruction,
    /// Both.
    Unified,
}

/// A CPU cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
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
    /// The CPUs that share it.
    pub cpus: CpuSet,
    /// Who said so.
    pub source: Source,
}

/// A cache on the memory's side.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MemoryCache {
    /// The node whose memory it fronts.
    pub node: NodeId,
    /// 1 is nearest to the memory's users.
    pub level: u8,
    /// Bytes.
    pub size: u64,
    /// Line size in bytes; 0 where not told.
    pub line: u16,
    /// Who said so.
    pub source: Source,
}

/// A property of accesses from an initiator to a memory.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum AccessKind {
    /// Latency of a read, in picoseconds.
    ReadLatency = 0,
    /// Latency of a write, in picoseconds.
    WriteLatency = 1,
    /// Bandwidth of reads, in MB/s (ACPI's unit).
    ReadBandwidth = 2,
    /// Bandwidth of writes, in MB/s.
    WriteBandwidth = 3,
}

impl AccessKind {
    /// All four.
    pub const ALL: [AccessKind; 4] = [
        AccessKind::ReadLatency,
        AccessKind::WriteLatency,
        AccessKind::ReadBandwidth,
        AccessKind::WriteBandwidth,
    ];

    /// Whether less is better.
    pub fn is_latency(self) -> bool {
        matches!(self, AccessKind::ReadLatency | AccessKind::WriteLatency)
    }

    /// Name, as printed and written to JSON.
    pub fn name(self) -> &'static str {
        match self {
            AccessKind::ReadLatency => "read latency",
            AccessKind::WriteLatency => "write latency",
            AccessKind::ReadBandwidth => "read bandwidth",
            AccessKind::WriteBandwidth => "write bandwidth",
        }
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Latency or bandwidth from an initiator to a memory.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The node that accesses.
    pub initiator: NodeId,
    /// The node that holds the memory.
    pub target: NodeId,
    /// 0 for the memory itself, 1 to 3 for its memory-side caches.
    pub level: u8,
    /// Which value this is.
    pub kind: AccessKind,
    /// Picoseconds or MB/s.
    pub value: u64,
    /// Who said so.
    pub source: Source,
}

/// A machine: facts with provenance, and every query on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// By id.
    pub(crate) nodes: Vec<Node>,
    /// By id.
    pub(crate) cpus: Vec<Cpu>,
    /// By CPU number: index into `nodes`, `NO_NODE` for none. This is the fast path of `node_of`.
    pub(crate) node_of: Vec<u16>,
    /// By CPU number: index into `cpus`, `NO_NODE` for none.
    pub(crate) cpu_at: Vec<u16>,
    /// By base.
    pub(crate) ranges: Vec<MemoryRange>,
    /// By base.
    pub(crate) hotplug: Vec<MemoryRange>,
    pub(crate) allowed_cpus: Option<Fact<CpuSet>>,
    /// Sorted.
    pub(crate) allowed_nodes: Option<(Vec<NodeId>, Source)>,
    /// By level, then first CPU.
    pub(crate) caches: Vec<Cache>,
    /// `nodes.len()` squared; 0 where unknown. Empty where no source knows distances.
    pub(crate) distances: Vec<u8>,
    pub(crate) distance_source: Option<Source>,
    /// By (initiator, target, level, kind).
    pub(crate) access: Vec<Access>,
    pub(crate) memory_caches: Vec<MemoryCache>,
    pub(crate) space: Option<Fact<CpuGrid>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) notes: Vec<Note>,
}

pub(crate) const NO_NODE: u16 = u16::MAX;

impl Machine {
    /// The nodes, by id.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The CPUs, by number.
    pub fn cpus(&self) -> &[Cpu] {
        &self.cpus
    }

    /// The ranges of memory that is there, by address.
    pub fn ranges(&self) -> &[MemoryRange] {
        &self.ranges
    }

    /// Ranges for memory that may come, by address. They are not memory: no query counts them, and
    /// they make no node a memory node.
    ///
    /// Firmware marks a range as hot-pluggable; what another source (sysfs memory blocks, the
    /// kernel's usable memory) shows to be there counts as memory. Where nobody else tells, a
    /// marked range is taken for empty, or for filled if firmware marks all memory so; a note says
    /// which.
    pub fn hotplug_ranges(&self) -> &[MemoryRange] {
        &self.hotplug
    }

    /// The CPUs that the asking process may use by its affinity mask and cpuset; `None` where no
    /// source says, as for a machine that is not this one.
    pub fn allowed_cpus(&self) -> Option<&Fact<CpuSet>> {
        self.allowed_cpus.as_ref()
    }

    /// The nodes on which the asking process may allocate memory, sorted, and the source that says
    /// so; `None` where no source says.
    pub fn allowed_nodes(&self) -> Option<(&[NodeId], Source)> {
        self.allowed_nodes.as_ref().map(|(nodes, source)| (nodes.as_slice(), *source))
    }

    /// The CPU caches, by level.
    pub fn caches(&self) -> &[Cache] {
        &self.caches
    }

    /// The memory-side caches.
    pub fn memory_caches(&self) -> &[MemoryCache] {
        &self.memory_caches
    }

    /// The memory-side caches of a node, the one nearest to the memory's users first.
    pub fn memory_caches_of(&self, node: NodeId) -> impl Iterator<Item = &MemoryCache> {
        let from = self.memory_caches.partition_point(|c| c.node < node);
        self.memory_caches.get(from..).unwrap_or(&[]).iter().take_while(move |c| c.node == node)
    }

    /// All latencies and bandwidths, by (initiator, target, level, kind).
    pub fn access_values(&self) -> &[Access] {
        &self.access
    }

    /// Who told the distances.
    pub fn distance_source(&self) -> Option<Source> {
        self.distance_source
    }

    /// The affinity space that a source told. Where there is none, [`Machine::default_space`] makes
    /// one.
    pub fn space(&self) -> Option<&Fact<CpuGrid>> {
        self.space.as_ref()
    }

    /// Who was asked, in order of precedence.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Every disagreement between sources.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Every oddity within a source.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

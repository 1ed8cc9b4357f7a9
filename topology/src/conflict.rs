//! Disagreement between sources, and oddities within one: told to whoever asks, never settled in
//! silence.

use crate::{AccessKind, CpuId, NodeId, Source};
use core::fmt;

/// What two sources disagree about.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// The node of a CPU.
    NodeOf(CpuId),
    /// The hardware id of a CPU.
    HardwareId(CpuId),
    /// The ACPI processor UID of a CPU.
    Uid(CpuId),
    /// Which CPUs share a package with this one.
    Package(CpuId),
    /// Which CPUs share a core with this one; package, die and core in one number, at bits 40, 28 and 0.
    Core(CpuId),
    /// The kind of a CPU.
    Kind(CpuId),
    /// Whether a CPU exists: 1 said the first source, 0 the other.
    Exists(CpuId),
    /// The size of a level of cache above a CPU.
    CacheSize(CpuId, u8),
    /// How many CPUs share a level of cache with this one.
    CacheSharing(CpuId, u8),
    /// The distance between two nodes.
    Distance(NodeId, NodeId),
    /// The node of the memory at this address.
    MemoryAt(u64),
    /// Usable memory of a node, which is more than its ranges hold.
    Usable(NodeId),
    /// A latency or bandwidth from the first node to the second.
    Access(NodeId, NodeId, AccessKind),
    /// Which node a node of another numbering is: it matches two.
    SameNode(NodeId),
    /// The affinity space: width times height.
    Space,
}

/// Two sources that do not say the same. The first, which came earlier in the list given to
/// [`Machine::build`](crate::Machine::build), is the one the model follows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// About what.
    pub subject: Subject,
    /// The value the model holds, and whose it is.
    pub kept: (u64, Source),
    /// The value it does not hold, and whose that is.
    pub other: (u64, Source),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::NodeOf(c) => write!(f, "node of CPU {c}"),
            Subject::HardwareId(c) => write!(f, "hardware id of CPU {c}"),
            Subject::Uid(c) => write!(f, "ACPI UID of CPU {c}"),
            Subject::Package(c) => write!(f, "package of CPU {c}"),
            Subject::Core(c) => write!(f, "core of CPU {c}"),
            Subject::Kind(c) => write!(f, "kind of CPU {c}"),
            Subject::Exists(c) => write!(f, "existence of CPU {c}"),
            Subject::CacheSize(c, l) => write!(f, "size of the L{l} cache of CPU {c}"),
            Subject::CacheSharing(c, l) => write!(f, "CPUs that share the L{l} cache of CPU {c}"),
            Subject::Distance(a, b) => write!(f, "distance from node {a} to node {b}"),
            Subject::MemoryAt(a) => write!(f, "node of the memory at {a:#x}"),
            Subject::Usable(n) => write!(f, "memory of node {n}"),
            Subject::Access(a, b, k) => write!(f, "{k} from node {a} to node {b}"),
            Subject::SameNode(n) => write!(f, "identity of node {n}"),
            Subject::Space => f.write_str("number of locations in the affinity space"),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((a, x), (b, y)) = (self.kept, self.other);
        if matches!(self.subject, Subject::Core(_)) {
            let place = |n: u64| (n >> 40, n >> 28 & 0xfff, n & 0xfff_ffff);
            let ((p, d, c), (q, e, g)) = (place(a), place(b));
            return write!(f, "{}: {x} says {p}:{d}:{c}, {y} says {q}:{e}:{g}", self.subject);
        }
        write!(f, "{}: {x} says {a}, {y} says {b}", self.subject)
    }
}

/// Something a parser stepped over without harm.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// An enabled memory range of no bytes.
    EmptyRange(NodeId),
    /// Two ranges of one node overlap at this address.
    RepeatedMemory(u64),
    /// Structures of a type that this crate does not read.
    UnknownStructures {
        /// Whose.
        source: Source,
        /// Their type number.
        kind: u16,
        /// How many.
        count: u32,
    },
    /// A revision 1 SRAT has bits in the upper three bytes of a proximity domain, which are reserved
    /// there and were dropped.
    WideDomain(u32),
    /// A node without a row in the distance matrix.
    NoDistances(NodeId),
    /// A distance of a node to itself that is not 10.
    LocalDistance(NodeId, u8),
    /// A distance below 10, which ACPI reserves; dropped.
    ReservedDistance(NodeId, NodeId, u8),
    /// An entry that names a node nobody else has ever mentioned; dropped.
    UnknownNode(Source, NodeId),
    /// An entry that names a CPU nobody else has ever mentioned; dropped.
    UnknownCpu(Source, u32),
    /// A CPU whose position comes from a source that numbers packages differently; left unknown.
    PositionLeftOut(CpuId),
    /// Something a source would normally tell and did not.
    Missing(Source, &'static str),
    /// CPUs that the source lists as possible and that do not exist, by others that list all CPUs.
    PossibleCpus(Source, u32),
    /// CPUs that are offline and whose firmware names nobody ties to the kernel's numbers.
    OfflineCpus(u32),
    /// CPUs of different hardware ids that have this ACPI UID in common.
    RepeatedUid(u32),
    /// Bytes in ranges for memory that may come; no source says what is there, so they are taken for
    /// empty.
    HotplugEmpty(u64),
    /// Bytes in ranges for memory that may come; firmware marks all memory so, and no source says
    /// what is there, so they are taken for filled.
    HotplugFilled(u64),
    /// Values that overflow 64 bits in their unit; dropped.
    Overflow(Source, u32),
    /// A file or entry that is there and not understood: what it is, and whose.
    NotUnderstood(Source, &'static str, u32),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::EmptyRange(n) => write!(f, "node {n} has an enabled memory range of no bytes"),
            Note::RepeatedMemory(a) => write!(f, "memory at {a:#x} is listed twice for one node"),
            Note::UnknownStructures { source, kind, count } => {
                write!(f, "{source}: {count} structures of type {kind} are not read")
            }
            Note::WideDomain(d) => {
                write!(
                    f,
                    "SRAT of revision 1 with domain {d:#x}: the reserved upper bits are dropped"
                )
            }
            Note::NoDistances(n) => write!(f, "node {n} has no row in the distance matrix"),
            Note::LocalDistance(n, d) => write!(f, "node {n} is {d} away from itself, not 10"),
            Note::ReservedDistance(a, b, d) => {
                write!(f, "distance {d} from node {a} to node {b} is a reserved value")
            }
            Note::UnknownNode(s, n) => write!(f, "{s} speaks of node {n}, which nobody describes"),
            Note::UnknownCpu(s, c) => write!(f, "{s} speaks of CPU {c}, which nobody describes"),
            Note::PositionLeftOut(c) => {
                write!(f, "the package and core of CPU {c} are known to a second source only")
            }
            Note::Missing(s, what) => write!(f, "{s} does not tell {what}"),
            Note::PossibleCpus(s, n) => {
                write!(f, "{s} lists {n} CPUs that do not exist and may come: they are left out")
            }
            Note::OfflineCpus(n) => {
                write!(f, "{n} CPUs are offline, and nobody ties them to firmware's names")
            }
            Note::RepeatedUid(u) => write!(f, "several CPUs have the ACPI UID {u}"),
            Note::HotplugEmpty(n) => write!(
                f,
                "{} in ranges for memory that may come are not counted: no source says what is there",
                crate::render::Bytes(*n)
            ),
            Note::HotplugFilled(n) => write!(
                f,
                "firmware marks all memory as hot-pluggable: {} are taken to be there",
                crate::render::Bytes(*n)
            ),
            Note::Overflow(s, n) => {
                write!(f, "{s}: {n} values overflow in their unit and are left out")
            }
            Note::NotUnderstood(s, what, of) => {
                write!(f, "{s}: the {what} {of} is not understood")
            }
        }
    }
}

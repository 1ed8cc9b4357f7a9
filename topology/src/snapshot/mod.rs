//! A view of the machine as bytes that need no server: what a TOPO server puts into a read-only
//! dataspace, so that its clients ask without a call.
//!
//! The format is little endian, holds offsets and no addresses, and carries a version. A reader
//! copies the shared memory first ([`Shared::load`] takes care of a writer in the middle of an
//! update) and then checks every byte that it will ever use: the memory may come from anybody.
//!
//! ```text
//! 0   magic "TOPOSNAP"          8   sequence: odd while the writer is at work
//! 16  format version (1)        20  length in bytes
//! 24  generation of the machine 28  check sum of bytes 32.. (FNV-1a)
//! 32  global space: width, height       40  rectangle: width, height
//! 48  nodes with CPUs           52  flags (bit 0: distances are known)
//! 56  sections: {offset, count} of nodes, locations, distances, access values, caches,
//!     words of cache members, memory ranges
//! 112 the sections, each on a multiple of 8
//! ```

mod read;
mod shared;
mod write;

use core::fmt;
pub use read::{OwnedSnapshot, Snapshot, SnapshotCache};
pub use shared::{Shared, Words, WordsMut, publish};
pub use write::write;
use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    little_endian::{U16, U32, U64},
};

/// First bytes of every snapshot.
pub const MAGIC: [u8; 8] = *b"TOPOSNAP";
/// The version that this crate writes and reads.
pub const VERSION: u32 = 1;
/// Snapshots beyond this size are refused.
pub const MAX_SIZE: usize = 64 << 20;
/// In the place of an id or number that is not known.
pub const NONE: u32 = u32::MAX;

/// Why bytes are no snapshot.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Shorter than it says, or than a header.
    Truncated,
    /// Not a snapshot.
    Magic,
    /// A version that this crate does not read.
    Version(u32),
    /// The writer is at work, or left in the middle of it.
    Busy,
    /// The sum over the bytes is wrong.
    Checksum,
    /// A section reaches beyond the end, or lies on no multiple of 8, or has an impossible count.
    Section(usize),
    /// A record refers to something that is not there, or contradicts another.
    Record(usize),
    /// Larger than [`MAX_SIZE`], or than the memory it should go to.
    TooLarge,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Truncated => f.write_str("the snapshot is cut short"),
            SnapshotError::Magic => f.write_str("this is no topology snapshot"),
            SnapshotError::Version(v) => {
                write!(f, "snapshot version {v} is not known, this side reads {VERSION}")
            }
            SnapshotError::Busy => f.write_str("the snapshot is being written: try again"),
            SnapshotError::Checksum => f.write_str("the snapshot's check sum is wrong"),
            SnapshotError::Section(n) => write!(f, "section {n} of the snapshot does not fit"),
            SnapshotError::Record(n) => write!(f, "a record in section {n} makes no sense"),
            SnapshotError::TooLarge => f.write_str("the snapshot is too large for its memory"),
        }
    }
}

impl core::error::Error for SnapshotError {}

#[derive(Copy, Clone, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Section {
    offset: U32,
    count: U32,
}

const NODES: usize = 0;
const LOCATIONS: usize = 1;
const DISTANCES: usize = 2;
const ACCESS: usize = 3;
const CACHES: usize = 4;
const MEMBERS: usize = 5;
const RANGES: usize = 6;
const SECTIONS: usize = 7;

#[derive(Copy, Clone, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    sequence: U64,
    version: U32,
    length: U32,
    generation: U32,
    checksum: U32,
    global_width: U32,
    global_height: U32,
    width: U32,
    height: U32,
    cpu_nodes: U32,
    flags: U32,
    sections: [Section; SECTIONS],
}

/// The check sum covers everything from here on.
const CHECKED_FROM: usize = 32;
const HAS_DISTANCES: u32 = 1;

const _: () = assert!(size_of::<Header>() == 112);

/// A node; its virtual id is its index.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct NodeRecord {
    /// Native id.
    pub native: U32,
    /// CPUs inside the rectangle.
    pub cpus: U32,
    /// Index of the location at which it was first met; [`NONE`] for a memory-only node.
    pub first: U32,
    /// Virtual id of the nearest initiator, where told; else [`NONE`].
    pub attached_to: U32,
    /// Memory in bytes; all ones where not known.
    pub memory: U64,
}

/// A location, `x * height + y`.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct LocationRecord {
    /// Virtual id of the node; [`NONE`] where no CPU is or its node is not known.
    pub node: U32,
    /// The kernel's number of the CPU, or [`NONE`].
    pub physical: U32,
    /// Package, or [`NONE`].
    pub package: U32,
    /// Die, or [`NONE`].
    pub die: U32,
    /// Core, or [`NONE`].
    pub core: U32,
    /// Thread, or all ones.
    pub thread: U16,
    /// `P`, `E` or 0.
    pub kind: u8,
    /// 1 where a CPU is.
    pub present: u8,
}

/// A latency or bandwidth between visible nodes.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct AccessRecord {
    /// Virtual id of the initiator.
    pub initiator: U16,
    /// Virtual id of the memory.
    pub target: U16,
    /// 0 for the memory, 1 to 3 for its caches.
    pub level: u8,
    /// [`AccessKind`](crate::AccessKind) by number.
    pub kind: u8,
    /// [`Source`](crate::Source) by number.
    pub source: u8,
    /// 0.
    pub reserved: u8,
    /// Picoseconds or MB/s.
    pub value: U64,
}

/// A CPU cache with at least one CPU inside the rectangle.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct CacheRecord {
    /// Bytes; 0 where not known.
    pub size: U64,
    /// Line size; 0 where not known.
    pub line: U32,
    /// First of its words in the members section; each has a bit a location.
    pub first_word: U32,
    /// Number of those words.
    pub words: U32,
    /// 1 is nearest to the CPU.
    pub level: u8,
    /// 0 data, 1 instructions, 2 unified.
    pub kind: u8,
    /// 0.
    pub reserved: U16,
}

/// A physical memory range of a visible node.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct RangeRecord {
    /// First address.
    pub base: U64,
    /// Bytes.
    pub size: U64,
    /// Virtual id of the node.
    pub node: U32,
    /// Bit 0 hotplug, bit 1 non-volatile.
    pub flags: U32,
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |h: u32, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

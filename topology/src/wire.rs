//! The structures that the fork's TOPO session carries, byte for byte (x86_64, little endian).

use crate::{Affinity, Location, Space};
use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    little_endian::{I32, U32, U64},
};

/// `Topology::Numa_region`. Both pointers are 0 on the wire: they mean nothing to the other side.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct NumaRegion {
    /// List link: 0.
    pub next: U64,
    /// Virtual id: the session's own count of nodes.
    pub id: U32,
    /// CPUs of the node inside the session's rectangle.
    pub core_count: U32,
    /// Head of a list: 0.
    pub neighbours: U64,
    /// Proximity domain.
    pub native_id: U32,
    /// Padding: 0.
    pub reserved: U32,
}

impl NumaRegion {
    /// What a location or id out of bounds is answered with, since the session's functions declare
    /// no errors: no CPUs, and ids that no node has. (The fork reads beyond its arrays there.)
    pub const INVALID: NumaRegion = NumaRegion {
        next: U64::ZERO,
        id: U32::MAX_VALUE,
        core_count: U32::ZERO,
        neighbours: U64::ZERO,
        native_id: U32::MAX_VALUE,
        reserved: U32::ZERO,
    };

    /// A node as a reply.
    pub fn new(id: u32, core_count: u32, native_id: u32) -> Self {
        NumaRegion {
            id: id.into(),
            core_count: core_count.into(),
            native_id: native_id.into(),
            ..NumaRegion::INVALID
        }
    }
}

/// `Affinity::Space`.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct WireSpace {
    /// Columns.
    pub width: U32,
    /// Rows.
    pub height: U32,
}

/// `Affinity::Location`.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct WireLocation {
    /// Column.
    pub x: I32,
    /// Row.
    pub y: I32,
    /// Columns.
    pub width: U32,
    /// Rows.
    pub height: U32,
}

/// `Affinity`.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct WireAffinity {
    /// The space.
    pub space: WireSpace,
    /// The rectangle.
    pub location: WireLocation,
}

const _: () = assert!(size_of::<NumaRegion>() == 32);
const _: () = assert!(size_of::<WireSpace>() == 8);
const _: () = assert!(size_of::<WireLocation>() == 16);
const _: () = assert!(size_of::<WireAffinity>() == 24);

impl From<WireSpace> for Space {
    fn from(s: WireSpace) -> Self {
        Space::new(s.width.get(), s.height.get())
    }
}

impl From<Space> for WireSpace {
    fn from(s: Space) -> Self {
        WireSpace { width: s.width.into(), height: s.height.into() }
    }
}

impl From<WireLocation> for Location {
    fn from(l: WireLocation) -> Self {
        Location::new(l.x.get(), l.y.get(), l.width.get(), l.height.get())
    }
}

impl From<Location> for WireLocation {
    fn from(l: Location) -> Self {
        WireLocation {
            x: l.x.into(),
            y: l.y.into(),
            width: l.width.into(),
            height: l.height.into(),
        }
    }
}

impl From<WireAffinity> for Affinity {
    fn from(a: WireAffinity) -> Self {
        Affinity::new(a.space.into(), a.location.into())
    }
}

impl From<Affinity> for WireAffinity {
    fn from(a: Affinity) -> Self {
        WireAffinity { space: a.space.into(), location: a.location.into() }
    }
}

/// A call to a TOPO session, taken from its message body: opcode (i64), then the arguments, each
/// padded to 8 bytes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Opcode 0: the node of a session-local location.
    NodeAffinityOf(Location),
    /// Opcode 1: the node with a virtual id.
    NodeAtId(u32),
    /// Opcode 2: how many nodes the session sees.
    NodeCount,
    /// Opcode 3: replace the session's affinity.
    Reconstruct(Affinity),
    /// Opcode 4: the kernel's number of the CPU at a session-local location.
    PhysId(Location),
    /// Opcode 5: the size of the whole affinity space.
    GlobalAffinitySpace,
}

/// Why a message body is no call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Shorter than opcode and arguments.
    Short,
    /// No function has this opcode.
    Opcode(i64),
}

impl Call {
    /// Decode a message body. Bytes behind the arguments are left alone: not every kernel tells the
    /// length of a message.
    pub fn decode(body: &[u8]) -> Result<Call, CallError> {
        let (opcode, rest) = body.split_first_chunk::<8>().ok_or(CallError::Short)?;
        fn argument<T: FromBytes>(rest: &[u8]) -> Result<T, CallError> {
            T::read_from_prefix(rest).map(|(v, _)| v).map_err(|_| CallError::Short)
        }
        Ok(match i64::from_le_bytes(*opcode) {
            0 => Call::NodeAffinityOf(argument::<WireLocation>(rest)?.into()),
            1 => Call::NodeAtId(argument::<U32>(rest)?.get()),
            2 => Call::NodeCount,
            3 => Call::Reconstruct(argument::<WireAffinity>(rest)?.into()),
            4 => Call::PhysId(argument::<WireLocation>(rest)?.into()),
            5 => Call::GlobalAffinitySpace,
            n => return Err(CallError::Opcode(n)),
        })
    }
}

/// A TOPO session's answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To opcodes 0 and 1.
    Region(NumaRegion),
    /// To opcodes 2 and 4.
    Number(u32),
    /// To opcode 3.
    Done,
    /// To opcode 5.
    Space(WireSpace),
}

impl Reply {
    /// The message body: the return value, padded with zeros to 8 bytes. A function that returns
    /// nothing sends one word.
    pub fn encode(&self) -> ([u8; 32], usize) {
        let mut body = [0u8; 32];
        let mut put = |bytes: &[u8]| {
            for (to, from) in body.iter_mut().zip(bytes) {
                *to = *from;
            }
            bytes.len().next_multiple_of(8)
        };
        let len = match self {
            Reply::Region(r) => put(r.as_bytes()),
            Reply::Number(n) => put(&n.to_le_bytes()),
            Reply::Done => put(&[0; 8]),
            Reply::Space(s) => put(s.as_bytes()),
        };
        (body, len)
    }
}

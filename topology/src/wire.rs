//! The structures that the fork's TOPO session carries, byte for byte (x86_64, little endian).

use crate::{Affinity, Location};
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
        Affinity::new(a.space.width.get(), a.space.height.get(), a.location.into())
    }
}

impl From<Affinity> for WireAffinity {
    fn from(a: Affinity) -> Self {
        let space = WireSpace { width: a.width.into(), height: a.height.into() };
        WireAffinity { space, location: a.location.into() }
    }
}

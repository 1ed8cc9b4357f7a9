//! What is attached where, and what is behind an address.
pub(crate) use genode_host_proto::control::Rights;

use crate::nucleus::ids::ObjId;

/// Names a region map; never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct MapId(pub(crate) u64);

/// Names an RM session, which pays for its maps and regions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct OwnerId(pub(crate) u64);

/// How memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
    Execute,
}

impl Access {
    pub(super) fn permitted(self, rights: Rights) -> bool {
        match self {
            Self::Read => true,
            Self::Write => rights.contains(Rights::WRITE),
            Self::Execute => rights.contains(Rights::EXECUTE),
        }
    }
}

/// A dataspace attached to a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    /// The dataspace, and the map it stands for if it is a managed one.
    pub(crate) object: ObjId,
    pub(crate) inner: Option<MapId>,
    /// First byte of the dataspace, and number of bytes.
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) rights: Rights,
}

/// Why a dataspace is not attached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AttachError {
    OutOfRam,
    Conflict,
    /// The map, or the nesting that would come of it, is not possible.
    Invalid,
}

/// What is behind an address of a map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// Memory: the range around the address in the map, where it starts in `object`, and what is permitted.
    Memory { object: ObjId, offset: u64, start: u64, size: u64, rights: Rights },
    /// Nothing, in this map at this address.
    Hole { map: MapId, at: u64 },
    /// Whatever is attached, this access will not be permitted.
    Never,
}

//! Views: mappings of managed dataspaces in processes, and threads that wait at one.
use super::region::{Access, MapId, Rights};
use crate::nucleus::ids::{ObjId, ProcId, ViewId};

/// A mapping of a managed dataspace in a process.
pub(crate) struct View {
    pub(crate) process: ProcId,
    /// `None` when the map is gone.
    pub(super) map: Option<MapId>,
    /// The part of the map.
    pub(super) offset: u64,
    pub(crate) size: u64,
    pub(super) rights: Rights,
    /// What the process is to unmap, an offset in the view and an end.
    pub(super) stale: Option<(u64, u64)>,
}

/// A thread that waits for something to be attached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Faulter {
    pub(super) process: ProcId,
    pub(super) view: ViewId,
    pub(super) access: Access,
    /// The page in the map.
    pub(super) at: u64,
}

/// Answer to a thread's access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// Map this: offset in the view, size, the memory with the offset in it, rights.
    Map { start: u64, size: u64, object: ObjId, offset: u64, rights: Rights },
    /// Wait; the handler to signal, if the fault is a new one, and whether there is one at all.
    Wait { signal: Option<ObjId> },
    /// It will never be possible.
    Never,
}

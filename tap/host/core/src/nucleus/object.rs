//! Objects: what capabilities name.
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use super::ids::{ChanId, EpId, ProcId};
use super::map::{MapId, OwnerId};
use crate::account::AccountId;

/// An object that core itself serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CoreObject {
    Parent,
    Pd(u64),
    NativePd(u64),
    Cpu(u64),
    NativeCpu(u64),
    Thread(u64),
    Rom(u64),
    Log(u64),
    /// A session of the TRACE service.
    Trace(u64),
    /// A session of the RM service.
    Rm(OwnerId),
    /// A region map of an RM session.
    RegionMap(OwnerId, MapId),
    /// A region map as a dataspace.
    Managed(MapId),
    /// A dataspace, writeable or not, of a size.
    Dataspace {
        size: u64,
        writeable: bool,
    },
}

/// What a capability names.
pub(crate) struct Object {
    pub(crate) ep: EpId,
    pub(crate) owner: ProcId,
    pub(super) inode: u64,
    /// The account that pays for the capability.
    pub(super) account: Option<AccountId>,
    /// Channels in which the object has an index, and the index.
    pub(crate) granted: BTreeSet<(ChanId, u32)>,
    /// Core's copy of the capability, for objects that core hands out more than once.
    pub(crate) fd: Option<Rc<OwnedFd>>,
    pub(crate) core: Option<CoreObject>,
    /// Tells whether it is a signal context, as its owner says.
    pub(super) signal: bool,
}

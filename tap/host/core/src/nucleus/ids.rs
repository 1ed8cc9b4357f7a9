//! Names of what the nucleus keeps.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) u64);
    )*};
}
ids! {
    /// A component's process.
    ProcId,
    /// An entrypoint.
    EpId,
    /// An object that can be called or signalled.
    ObjId,
    /// A client component's way to an entrypoint.
    ChanId,
    /// A message slot on a channel.
    SlotId,
    /// A mapping of a managed dataspace in a process.
    ViewId
}

/// Core as the owner of objects and the client of signal contexts.
pub(crate) const CORE: ProcId = ProcId(0);
/// Core's only entrypoint.
pub(crate) const CORE_EP: EpId = EpId(0);

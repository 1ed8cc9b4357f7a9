//! Calls as they come, and replies as they go.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_host_proto::MAX_BODY;
use genode_host_proto::interface::AllocError;
use genode_wire::{Cap, Caps, Encode, ExceptionCode, Writer};

use crate::nucleus::{ChanId, CoreObject, Nucleus, ObjId, Refusal};

/// A capability that came with a call: a descriptor, if it is valid.
pub(super) type Came<'a> = Option<&'a OwnedFd>;

/// A capability that goes with a reply.
pub(crate) type Goes = Option<Rc<OwnedFd>>;

/// A call to one of core's objects.
pub(crate) struct Request<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) caps: &'a [Option<OwnedFd>],
    /// Where the call came from.
    pub(crate) channel: ChanId,
}

impl Nucleus {
    /// Object that a capability names.
    pub(super) fn named(&self, cap: Cap<Came<'_>>) -> Option<ObjId> {
        self.lookup(cap.0?)
    }

    /// Signal context that a capability names. None of core's own objects is one: core would signal itself, and have a channel
    /// to itself that nobody pays for.
    pub(super) fn context_named(&self, cap: Cap<Came<'_>>) -> Option<ObjId> {
        self.named(cap).filter(|id| self.objects.get(id).is_some_and(|o| o.core.is_none()))
    }

    /// Object of core's that a capability names.
    pub(super) fn core_named(&self, cap: Cap<Came<'_>>) -> Option<(ObjId, CoreObject)> {
        self.lookup_core(cap.0?)
    }

    /// PD session that a capability names.
    pub(super) fn pd_named(&self, cap: Cap<Came<'_>>) -> Option<u64> {
        match self.core_named(cap)? {
            (_, CoreObject::Pd(id)) => Some(id),
            _ => None,
        }
    }

    /// Object of core's that may be called by `index` through a channel.
    pub(super) fn granted(&self, channel: ChanId, index: u64) -> Option<CoreObject> {
        let object = self.channels.get(&channel)?.object(u32::try_from(index).ok()?)?;
        self.objects.get(&object)?.core
    }
}

/// The reply to a call: body and capabilities.
pub(crate) struct Response {
    pub(crate) body: [u8; MAX_BODY],
    pub(crate) len: usize,
    pub(crate) caps: Caps<Goes>,
    /// Whether the reply comes later.
    pub(crate) later: bool,
}

impl Response {
    pub(crate) fn new() -> Self {
        Self { body: [0; MAX_BODY], len: 0, caps: Caps::new(), later: false }
    }

    /// Answer with a result.
    pub(super) fn put<T: Encode<Goes>>(&mut self, result: &T) -> Served {
        let mut message = Writer::new(&mut self.body, &mut self.caps);
        message.put(result)?;
        self.len = message.len();
        Ok(())
    }

    /// Answer with the capability of a new object, or why there is none.
    pub(super) fn put_made(
        &mut self,
        nucleus: &Nucleus,
        made: Result<ObjId, AllocError>,
    ) -> Served {
        self.put(&made.map(|object| Cap(nucleus.capability(object))))
    }
}

impl From<Refusal> for AllocError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfRam => Self::OutOfRam,
            Refusal::OutOfCaps | Refusal::Limit => Self::OutOfCaps,
            Refusal::Invalid | Refusal::Gone => Self::Denied,
        }
    }
}

/// Result of serving a call: an exception code if it is not served.
pub(crate) type Served = Result<(), ExceptionCode>;

//! What an entrypoint serves: its objects, and which of them run right now.
use std::collections::HashMap;
use std::ffi::c_void;

use genode_abi::*;
use genode_host_proto::numbered::BySpread;
use genode_host_proto::signal::News;

/// What an object does when it is reached.
pub(crate) enum Kind {
    Rpc { function: rs_dispatch_fn },
    Signal { function: rs_signal_fn, io: bool, news: News },
}

/// An object of an entrypoint.
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) ctx: *mut c_void,
}

// SAFETY: `ctx` is only handed to the object's own function, on the thread of its entrypoint.
unsafe impl Send for Object {}

/// The objects of an entrypoint, and which ones are being served right now.
#[derive(Default)]
pub(crate) struct Objects {
    pub(super) map: HashMap<u64, Object, BySpread>,
    pub(super) running: Vec<u64>,
    /// Threads that wait until an object does not run any more.
    pub(super) waiting: usize,
}

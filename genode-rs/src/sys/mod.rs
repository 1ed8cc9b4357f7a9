//! The safe side of the seam: one module per area of `rs_genode.h`, each function a checked call.
//!
//! What is here may know the seam and the crate's plain types ([`Error`](crate::Error),
//! [`affinity`](crate::affinity), [`quota`](crate::quota)), nothing above. The rest of the crate builds on it
//! without `unsafe`.
#![allow(unsafe_code, reason = "the safe side of the seam")]

pub(crate) mod affinity;
pub(crate) mod at_end;
mod callback;
pub(crate) mod cap;
pub(crate) mod entrypoint;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod parent;
pub(crate) mod region_map;
pub(crate) mod rpc;
pub(crate) mod scope;
pub(crate) mod thread;

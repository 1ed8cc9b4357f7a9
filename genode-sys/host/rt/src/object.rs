//! RPC objects.
use std::ffi::c_void;

use genode_abi::*;
use genode_host_proto::control::Request;

use crate::entrypoint::{self, Entrypoint};
pub(crate) use crate::entrypoint::{Kind, Object};
use crate::{caps, control};

/// What the seam's handle points to.
pub(crate) struct Handle {
    ep: *const Entrypoint,
    id: u64,
}

/// Create an object at `ep`; returns its handle and capability.
pub(crate) fn manage(
    ep: *mut rs_ep_t,
    object: Object,
) -> Result<(*mut Handle, rs_cap_t), rs_err_t> {
    if ep.is_null() {
        return Err(RS_INVALID);
    }
    // SAFETY: a live entrypoint, by the seam's contract.
    let entrypoint = unsafe { entrypoint::get(ep) };
    let signal = matches!(object.kind, Kind::Signal { .. });
    let args = [entrypoint.id, u64::from(signal)];
    let mut reply = control::request(Request::ObjectCreate, &args, None)?;
    let id = reply.arg(0);
    let cap = reply.fd(0).and_then(|fd| match caps::adopt(fd) {
        0 => Err(RS_OUT_OF_CAPS),
        cap => Ok(cap),
    });
    let cap = cap.inspect_err(|_| {
        let _ = control::request(Request::ObjectDestroy, &[id], None);
    })?;
    let handle = Box::new(Handle { ep: entrypoint, id });
    entrypoint.insert(id, object);
    Ok((Box::into_raw(handle), cap))
}

/// Remove an object and wait until its function does not run, unless it runs on the calling thread.
///
/// # Safety
/// `handle` came from [`manage`] and was not dissolved before; its entrypoint lives.
pub(crate) unsafe fn dissolve(handle: *mut Handle) {
    // SAFETY: by the caller's promise.
    let handle = unsafe { Box::from_raw(handle) };
    // SAFETY: entrypoints outlive their objects, by the seam's contract.
    let ep = unsafe { &*handle.ep };
    ep.remove(handle.id);
    control::gone(handle.id);
    if !ep.served_here() {
        control::flush();
    }
}

/// Signal an object at `deadline`, in place of the time that was set before.
///
/// # Safety
/// `handle` came from [`manage`] and was not dissolved; its entrypoint lives.
pub(crate) unsafe fn signal_at(handle: *const Handle, deadline: u64) {
    // SAFETY: by the caller's promise.
    let handle = unsafe { &*handle };
    // SAFETY: entrypoints outlive their objects, by the seam's contract.
    let ep = unsafe { &*handle.ep };
    ep.signal_at(handle.id, deadline);
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_object_manage(
    ep: *mut rs_ep_t,
    fn_: rs_dispatch_fn,
    ctx: *mut c_void,
    object: *mut *mut rs_object_t,
    cap: *mut rs_cap_t,
) -> rs_err_t {
    match manage(ep, Object { kind: Kind::Rpc { function: fn_ }, ctx }) {
        Ok((handle, c)) => {
            // SAFETY: valid pointers, by the contract.
            unsafe {
                *object = handle.cast();
                *cap = c;
            }
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_object_dissolve(object: *mut rs_object_t) {
    if !object.is_null() {
        // SAFETY: made by rs_object_manage and dissolved once, by the contract.
        unsafe { dissolve(object.cast()) };
    }
}

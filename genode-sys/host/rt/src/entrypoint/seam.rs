//! The seam's functions on entrypoints.
use std::ffi::c_char;
use std::sync::atomic::Ordering;

use genode_abi::*;
use genode_host_proto::control::Request;

use super::state::{Entrypoint, MAIN, get};
use crate::sync::lock;
use crate::{control, thread};

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_main() -> *mut rs_ep_t {
    MAIN.load(Ordering::Acquire).cast()
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_create(
    name: *const c_char,
    name_len: usize,
    stack_size: usize,
    location: rs_location_t,
    ep: *mut *mut rs_ep_t,
) -> rs_err_t {
    // SAFETY: a valid string, by the contract.
    let name = unsafe { thread::name(name, name_len) };
    let create = || {
        let mut reply = control::request(Request::EpCreate, &[], None)?;
        let new: &'static Entrypoint = Box::leak(Box::new(Entrypoint::new(&mut reply)?));
        let started = thread::spawn(name, stack_size, location, move || {
            new.adopt();
            new.serve();
        });
        match started {
            Ok(started) => {
                *lock(&new.thread) = Some(started.handle);
                Ok(new)
            }
            Err(e) => {
                let _ = control::request(Request::EpDestroy, &[new.id], None);
                // SAFETY: leaked above, and nobody else saw it.
                drop(unsafe { Box::from_raw(std::ptr::from_ref(new).cast_mut()) });
                Err(e)
            }
        }
    };
    match create() {
        Ok(new) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *ep = std::ptr::from_ref(new).cast_mut().cast() };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_destroy(ep: *mut rs_ep_t) {
    if ep.is_null() || ep.cast() == MAIN.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: made by rs_ep_create, not destroyed before, by the contract.
    let entrypoint = unsafe { Box::from_raw(ep.cast::<Entrypoint>()) };
    entrypoint.stop();
    let _ = control::request(Request::EpDestroy, &[entrypoint.id], None);
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_wait_io_signal(ep: *mut rs_ep_t) {
    // SAFETY: a live entrypoint, by the contract.
    let ep = unsafe { get(ep) };
    if ep.served_here() {
        ep.wait_io_signal();
    }
}

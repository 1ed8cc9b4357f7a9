//! Signals: counters in a page shared with the receiver, and its doorbell.
use std::ffi::c_void;
use std::slice;

use genode_abi::*;
use genode_host_proto::GRANTS;
use genode_host_proto::bell::Hint;
use genode_host_proto::signal::{News, Signals};

use crate::call::{claim_in, ring};
use crate::caps::state;
use crate::control;
use crate::object::{self, Kind, Object};

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_signal_create(
    ep: *mut rs_ep_t,
    io: bool,
    fn_: rs_signal_fn,
    ctx: *mut c_void,
    signal: *mut *mut rs_signal_t,
    cap: *mut rs_cap_t,
) -> rs_err_t {
    let kind = Kind::Signal { function: fn_, io, news: News::default() };
    match object::manage(ep, Object { kind, ctx }) {
        Ok((handle, c)) => {
            // SAFETY: valid pointers, by the contract.
            unsafe {
                *signal = handle.cast();
                *cap = c;
            }
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_signal_destroy(signal: *mut rs_signal_t) {
    if !signal.is_null() {
        // SAFETY: made by rs_signal_create and destroyed once, by the contract.
        unsafe { object::dissolve(signal.cast()) };
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_signal_at(signal: *mut rs_signal_t, deadline: u64) -> rs_err_t {
    if signal.is_null() {
        return RS_INVALID;
    }
    // SAFETY: made by rs_signal_create and not destroyed, by the contract.
    unsafe { object::signal_at(signal.cast(), deadline) };
    RS_OK
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_signal_submit(context: rs_cap_t, count: u32) {
    if context == 0 {
        return;
    }
    control::flush();
    let mut state = state();
    let Ok(claim) = claim_in(&mut state, context) else { return };
    let Some(wire) = state.channels.wire(claim) else { return };
    // Now core knows that this component may submit: that was asked for.
    if count == 0 {
        return;
    }
    // SAFETY: GRANTS counters, mapped as long as the channel, which cannot close while the lock is held.
    let signals = Signals::new(unsafe { slice::from_raw_parts(wire.signals, GRANTS) });
    signals.submit(wire.index, count);
    ring(wire.bell, wire.doorbell, Hint::Signals(wire.number));
}

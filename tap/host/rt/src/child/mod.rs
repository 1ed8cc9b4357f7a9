//! Children: the Parent interface for a child, its sessions and their routes. Not implemented yet.
#![allow(clippy::todo, clippy::must_use_candidate, unused_variables)]
use genode_abi::*;

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_create(
    ep: *mut rs_ep_t,
    attr: *const rs_child_attr_t,
    policy: *const rs_child_policy_t,
    child: *mut *mut rs_child_t,
) -> rs_err_t {
    RS_UNSUPPORTED
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_start(child: *mut rs_child_t) -> rs_err_t {
    RS_UNSUPPORTED
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_destroy(child: *mut rs_child_t) {}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_transfer(
    child: *mut rs_child_t,
    ram: i64,
    caps: i64,
) -> rs_err_t {
    RS_UNSUPPORTED
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_quota(
    child: *mut rs_child_t,
    quota: *mut rs_quota_t,
) -> rs_err_t {
    RS_UNSUPPORTED
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_notify(
    child: *mut rs_child_t,
    which: rs_parent_signal_t,
    args: *const core::ffi::c_char,
    args_len: usize,
) {
}

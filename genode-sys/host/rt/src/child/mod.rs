//! Children: the Parent interface for a child, its sessions and their routes, its life.
//!
//! What Genode's `Child` class does, with the policy in the caller's callbacks. It is a parent like core: a
//! child cannot tell whether its session comes from core, from a sibling, or from its parent. Every string
//! and number that a child sends is checked before it counts; labels and donations are read by the same code that
//! servers read them with.
mod answer;
mod at_parent;
mod close;
mod environment;
mod forward;
mod listing;
mod quota;
mod reply;
mod requests;
mod route;
mod serve;
mod served;
mod served_core;
mod session;
mod sessions;
mod shown;
mod upgrade;
mod world;

use std::ffi::c_char;

use genode_abi::*;

use self::environment::Attr;
use self::quota::{Amount, own_pd, pd_quotas, transfer};
use self::served::{ChildId, Ep};
use self::world::{Policy, world};
use crate::slices::{self, bytes};
use std::ffi::c_void;

use crate::session as seam;

/// Longest name of a child or a module with its NUL (Genode's `Child_policy::Name`).
const MAX_NAME: usize = 64;

/// The number of a child is its handle: a stale one names nothing.
fn id_of(child: *mut rs_child_t) -> ChildId {
    child.addr() as ChildId
}

fn result(result: Result<(), rs_err_t>) -> rs_err_t {
    result.err().unwrap_or(RS_OK)
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_create(
    ep: *mut rs_ep_t,
    attr: *const rs_child_attr_t,
    policy: *const rs_child_policy_t,
    child: *mut *mut rs_child_t,
) -> rs_err_t {
    // SAFETY: valid pointers, by the contract.
    let (attr, policy) = unsafe { (&*attr, *policy) };
    // SAFETY: valid strings, by the contract.
    let (name, binary) =
        unsafe { (bytes(attr.name, attr.name_len), bytes(attr.binary, attr.binary_len)) };
    let text = |s: &[u8]| {
        let fits = !s.is_empty() && s.len() < MAX_NAME;
        String::from_utf8(s.to_vec()).ok().filter(|_| fits)
    };
    let (Some(name), Some(binary)) = (text(name), text(binary)) else { return RS_INVALID };
    let attr = Attr {
        name,
        binary,
        quota: Amount::new(attr.ram, attr.caps),
        affinity: seam::affinity(&attr.affinity),
    };
    crate::log::prepare();
    match environment::create(Ep(ep), &attr, Policy(policy)) {
        Ok(id) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *child = std::ptr::without_provenance_mut(id as usize) };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_start(child: *mut rs_child_t) -> rs_err_t {
    result(environment::start(id_of(child)))
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_destroy(child: *mut rs_child_t) {
    environment::destroy(id_of(child));
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_transfer(
    child: *mut rs_child_t,
    ram: i64,
    caps: i64,
) -> rs_err_t {
    let Some(pd) = world().pd(id_of(child)) else { return RS_INVALID };
    let own = own_pd();
    let one = |ram: i64, caps: i64| {
        let amount = Amount::new(ram.unsigned_abs(), caps.unsigned_abs());
        if ram < 0 || caps < 0 { transfer(&pd, &own, amount) } else { transfer(&own, &pd, amount) }
    };
    // the two may go in different directions; what fails leaves both as they were
    result(one(ram, 0).and_then(|()| {
        one(0, caps).inspect_err(|_| {
            let _ = one(ram.saturating_neg(), 0);
        })
    }))
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_quotas(
    children: *const *mut rs_child_t,
    count: usize,
    quotas: *mut rs_quota_t,
) -> rs_err_t {
    // SAFETY: `count` children, and room for as many quotas, by the contract.
    let (children, quotas) =
        unsafe { (slices::shared(children, count), slices::exclusive(quotas, count)) };
    let pds: Option<Vec<_>> = {
        let world = world();
        children.iter().map(|child| world.pd(id_of(*child))).collect()
    };
    pds.map_or(RS_INVALID, |pds| result(pd_quotas(&pds, quotas)))
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_notify(
    child: *mut rs_child_t,
    which: rs_parent_signal_t,
    args: *const c_char,
    args_len: usize,
) {
    if args_len >= RS_MAX_ARGS as usize {
        return;
    }
    // SAFETY: a valid string, by the contract.
    let args = unsafe { bytes(args, args_len) };
    environment::notify(id_of(child), which, std::str::from_utf8(args).unwrap_or_default());
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_sessions(
    child: *mut rs_child_t,
    provided: bool,
    ctx: *mut c_void,
    each: Option<unsafe extern "C" fn(ctx: *mut c_void, session: *const rs_child_session_t)>,
) {
    let Some(each) = each else { return };
    for session in listing::sessions(id_of(child), provided) {
        let told = session.told();
        // SAFETY: the caller's function with its context, a session that lives during the call.
        unsafe { each(ctx, &raw const told) };
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_forward(
    server: *mut rs_child_t,
    id: u64,
    request: *const rs_request_t,
) -> rs_err_t {
    // SAFETY: valid pointers, by the contract.
    let request = unsafe { &*request };
    // SAFETY: valid strings, by the contract.
    let (service, label, args) = unsafe {
        (
            bytes(request.service, request.service_len),
            bytes(request.label, request.label_len),
            bytes(request.args, request.args_len),
        )
    };
    let text = |s| std::str::from_utf8(s).map_err(|_| RS_INVALID);
    let affinity = seam::affinity(&request.affinity);
    result(text(service).and_then(|service| {
        forward::open(id_of(server), id, service, text(label)?, text(args)?, affinity)
    }))
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_forward_upgrade(id: u64, ram: u64, caps: u64) -> rs_err_t {
    result(forward::upgrade(id, Amount::new(ram, caps)))
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_child_forward_close(id: u64) {
    forward::close(id);
}

//! Objects of ours that a child calls.
use std::ffi::c_void;

use genode_abi::*;

use crate::handle::Owned;
use crate::object::{self, Handle, Kind, Object};

/// Number of a child.
pub(super) type ChildId = u64;
/// An entrypoint of the seam.
#[derive(Clone, Copy)]
pub(super) struct Ep(pub(super) *mut rs_ep_t);

// SAFETY: passed to the seam only.
unsafe impl Send for Ep {}

/// An object of ours, dissolved by whoever destroys the child.
pub(super) struct Served {
    pub(super) handle: *mut Handle,
    pub(super) cap: Owned,
}

// SAFETY: the handle is passed to `object::dissolve` only, once.
unsafe impl Send for Served {}

/// Serve an object on the entrypoint of a child; its context is the child's number.
pub(super) fn serve(ep: Ep, child: ChildId, kind: Kind) -> Result<Served, rs_err_t> {
    let ctx = std::ptr::without_provenance_mut::<c_void>(child as usize);
    let (handle, cap) = object::manage(ep.0, Object { kind, ctx })?;
    Ok(Served { handle, cap: Owned::new(cap) })
}

/// Serve an object no more.
pub(super) fn dissolve(served: &Served) {
    if !served.handle.is_null() {
        // SAFETY: made by `object::manage`; the child it belongs to was taken out of the world, so nobody else
        // does this again.
        unsafe { object::dissolve(served.handle) };
    }
}

//! Counts references by the seam.

use genode_sys as seam;

/// Takes one more reference to what `handle` names.
///
/// # Safety
/// `handle` is 0 or a live handle of the seam's.
pub(super) unsafe fn dup(handle: u64) -> u64 {
    // SAFETY: passed on to the caller.
    unsafe { seam::rs_cap_dup(handle) }
}

/// Gives one reference back.
///
/// # Safety
/// `handle` is a live handle of the seam's, and the reference is the caller's to give back.
pub(super) unsafe fn drop(handle: u64) {
    // SAFETY: passed on to the caller.
    unsafe { seam::rs_cap_drop(handle) }
}

/// Tells whether both name the same object.
///
/// # Safety
/// Both are 0 or live handles of the seam's.
pub(super) unsafe fn same(a: u64, b: u64) -> bool {
    // SAFETY: passed on to the caller.
    unsafe { seam::rs_cap_same(a, b) }
}

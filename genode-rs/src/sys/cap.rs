//! Counting capability references.

use genode_sys as seam;

/// One more reference to what `handle` names.
pub(crate) fn dup(handle: u64) -> u64 {
    // SAFETY: handles come from the seam only (`RawCap` has no public constructor from a number) and are live.
    unsafe { seam::rs_cap_dup(handle) }
}

/// Gives one reference back.
pub(crate) fn drop(handle: u64) {
    // SAFETY: as in `dup`; the caller owns the reference and does not use it again.
    unsafe { seam::rs_cap_drop(handle) }
}

/// Whether both name the same object.
pub(crate) fn same(a: u64, b: u64) -> bool {
    // SAFETY: as in `dup`.
    unsafe { seam::rs_cap_same(a, b) }
}

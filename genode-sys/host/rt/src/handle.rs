//! What this side of the seam holds capabilities by.
use genode_abi::*;
use genode_wire::Handle;

use crate::caps::{rs_cap_drop, rs_cap_dup};

/// An owned reference; 0 is the invalid capability.
#[derive(Debug, Default)]
pub(crate) struct Owned(rs_cap_t);

impl Owned {
    /// Take over a reference.
    pub(crate) const fn new(cap: rs_cap_t) -> Self {
        Self(cap)
    }

    /// One more reference to a borrowed capability.
    pub(crate) fn dup(cap: rs_cap_t) -> Self {
        // SAFETY: the caller holds a reference; the new one is ours.
        Self(unsafe { rs_cap_dup(cap) })
    }

    /// The handle, still owned by `self`.
    pub(crate) const fn get(&self) -> rs_cap_t {
        self.0
    }

    /// The handle, given away.
    pub(crate) fn release(mut self) -> rs_cap_t {
        std::mem::take(&mut self.0)
    }

    /// The handle as an argument of a call.
    pub(crate) const fn lend(&self) -> Lent {
        Lent(self.0)
    }
}

impl Handle for Owned {
    const INVALID: Self = Self(0);

    fn is_valid(&self) -> bool {
        self.0 != 0
    }
}

impl Clone for Owned {
    fn clone(&self) -> Self {
        Self::dup(self.0)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rs_cap_drop(self.0) };
    }
}

/// A capability that somebody else holds a reference to, at least as long as the call it is passed by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lent(pub(crate) rs_cap_t);

impl Handle for Lent {
    const INVALID: Self = Self(0);

    fn is_valid(&self) -> bool {
        self.0 != 0
    }
}

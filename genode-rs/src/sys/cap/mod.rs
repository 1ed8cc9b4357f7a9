//! Capabilities as owned references of the seam.

use core::fmt;

#[cfg(not(test))]
mod count;
/// Stands in for the seam in unit tests: a ledger that notices what is given back twice.
#[cfg(test)]
#[path = "ledger.rs"]
mod count;

#[cfg(test)]
pub(crate) use count::{all_references, mint, references};

/// A capability whose interface is not known to the type system. A clone counts up, a drop gives the
/// reference back.
///
/// Two raw capabilities are equal when they name the same object. They come from the system only:
///
/// ```compile_fail,E0423
/// let forged = genode::RawCap(5);
/// ```
pub struct RawCap(u64);

impl RawCap {
    /// The capability that names nothing.
    pub const INVALID: Self = Self(0);

    /// Takes over a reference of the seam.
    ///
    /// # Safety
    /// `handle` is 0, or a reference that the seam gave out and nobody else gives back.
    #[inline]
    pub(crate) const unsafe fn from_handle(handle: u64) -> Self {
        Self(handle)
    }

    /// Takes a reference of its own to what a borrowed handle names.
    ///
    /// # Safety
    /// `handle` is 0, or a live handle of the seam's.
    #[inline]
    pub(crate) unsafe fn of_borrowed(handle: u64) -> Self {
        // SAFETY: the reference is new; the handle is the caller's promise.
        if handle == 0 { Self::INVALID } else { Self(unsafe { count::dup(handle) }) }
    }

    /// Shows the seam's handle, still owned by `self`.
    #[inline]
    pub(crate) const fn handle(&self) -> u64 {
        self.0
    }

    /// Hands the reference to the seam.
    #[inline]
    pub(crate) fn into_handle(self) -> u64 {
        let handle = self.0;
        core::mem::forget(self);
        handle
    }

    /// Tells whether the capability names something, which may be gone by now.
    #[inline]
    pub const fn is_valid(&self) -> bool {
        self.0 != 0
    }
}

impl genode_wire::Handle for RawCap {
    const INVALID: Self = Self::INVALID;

    #[inline]
    fn is_valid(&self) -> bool {
        self.is_valid()
    }
}

impl Default for RawCap {
    fn default() -> Self {
        Self::INVALID
    }
}

impl Clone for RawCap {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference, so the handle is live.
        Self(unsafe { count::dup(self.0) })
    }
}

impl Drop for RawCap {
    #[inline]
    fn drop(&mut self) {
        if self.0 != 0 {
            // SAFETY: the reference is `self`'s, which ends here.
            unsafe { count::drop(self.0) };
        }
    }
}

impl PartialEq for RawCap {
    fn eq(&self, other: &Self) -> bool {
        // SAFETY: both hold references, so the handles are live.
        self.0 == other.0 || unsafe { count::same(self.0, other.0) }
    }
}

impl Eq for RawCap {}

impl fmt::Debug for RawCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_valid() { write!(f, "cap<{:#x}>", self.0) } else { f.write_str("cap<invalid>") }
    }
}

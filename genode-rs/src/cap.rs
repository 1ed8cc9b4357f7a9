//! Capabilities as owned values: a clone counts up, a drop gives the reference back.

use core::{fmt, marker::PhantomData};

use genode_wire::Handle;

use crate::sys;

/// A capability whose interface is not known to the type system.
///
/// Two raw capabilities are equal when they name the same object.
pub struct RawCap(u64);

impl RawCap {
    /// The capability that names nothing.
    pub const INVALID: Self = Self(0);

    /// Takes over a reference of the seam.
    #[inline]
    pub(crate) const fn from_handle(handle: u64) -> Self {
        Self(handle)
    }

    /// The seam's handle, still owned by `self`.
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

    /// Whether the capability names something, which may be gone by now.
    #[inline]
    pub const fn is_valid(&self) -> bool {
        self.0 != 0
    }
}

impl Handle for RawCap {
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
        Self(sys::cap::dup(self.0))
    }
}

impl Drop for RawCap {
    #[inline]
    fn drop(&mut self) {
        if self.0 != 0 {
            sys::cap::drop(self.0);
        }
    }
}

impl PartialEq for RawCap {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || sys::cap::same(self.0, other.0)
    }
}

impl Eq for RawCap {}

impl fmt::Debug for RawCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_valid() { write!(f, "cap<{:#x}>", self.0) } else { f.write_str("cap<invalid>") }
    }
}

/// A capability to an object with interface `I`, a trait object type such as `dyn Hello`.
///
/// The type is the holder's belief: what the object answers is checked with every call.
pub struct Capability<I: ?Sized> {
    raw: RawCap,
    interface: PhantomData<fn() -> *const I>,
}

impl<I: ?Sized> Capability<I> {
    /// The capability that names nothing.
    pub const INVALID: Self = Self::new(RawCap::INVALID);

    /// Believes that `raw` names an object with interface `I`.
    pub const fn new(raw: RawCap) -> Self {
        Self { raw, interface: PhantomData }
    }

    /// The capability without its interface.
    pub const fn raw(&self) -> &RawCap {
        &self.raw
    }

    /// The capability without its interface.
    pub fn into_raw(self) -> RawCap {
        self.raw
    }

    /// Whether the capability names something, which may be gone by now.
    pub const fn is_valid(&self) -> bool {
        self.raw.is_valid()
    }

    /// The same capability, believed to have interface `J`.
    pub fn cast<J: ?Sized>(self) -> Capability<J> {
        Capability::new(self.raw)
    }
}

impl<I: ?Sized> Default for Capability<I> {
    fn default() -> Self {
        Self::INVALID
    }
}

impl<I: ?Sized> Clone for Capability<I> {
    fn clone(&self) -> Self {
        Self::new(self.raw.clone())
    }
}

impl<I: ?Sized> PartialEq for Capability<I> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<I: ?Sized> Eq for Capability<I> {}

impl<I: ?Sized> fmt::Debug for Capability<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

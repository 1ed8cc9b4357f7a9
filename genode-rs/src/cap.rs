//! Capabilities with their interface. A clone counts up, a drop gives the reference back.

use core::{any::type_name, fmt, marker::PhantomData};

pub use crate::sys::cap::RawCap;

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

/// Shows the interface's name, and what the handle shows: `Hello(cap<0x5>)`.
impl<I: ?Sized> fmt::Debug for Capability<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(interface_name(type_name::<I>())).field(&self.raw).finish()
    }
}

/// Shortens the name of a type, such as `dyn hello::Hello`, to its last element.
fn interface_name(full: &str) -> &str {
    let path = full.strip_prefix("dyn ").unwrap_or(full);
    let path = path.split([' ', '<', '+']).next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_capability_shows_its_interface() {
        trait Hello {}
        assert_eq!(format!("{:?}", Capability::<dyn Hello>::INVALID), "Hello(cap<invalid>)");
        assert_eq!(interface_name("dyn a::b::Hello + Send"), "Hello");
        assert_eq!(interface_name("genode::dataspace::Dataspace"), "Dataspace");
        assert_eq!(interface_name("a::Generic<b::Of>"), "Generic");
    }
}

//! Capabilities, which travel beside a message's body.

use crate::error::WireError;

/// Capabilities that one message can carry (`Msgbuf_base::MAX_CAPS_PER_MSG`).
pub const MAX_CAPS: usize = 4;

/// Holds a capability on one side of a call.
///
/// An owned reference gives its capability back when it is dropped; a borrowed handle is just copied. `Option` is a handle
/// of whatever it may contain.
pub trait Handle: Sized {
    /// The capability that names nothing.
    const INVALID: Self;

    /// Tells whether the capability names something, which may be gone by now.
    fn is_valid(&self) -> bool;
}

impl<T> Handle for Option<T> {
    const INVALID: Self = None;

    #[inline]
    fn is_valid(&self) -> bool {
        self.is_some()
    }
}

/// The capabilities of one message, in order. Those that nobody takes are dropped with it.
#[derive(Debug)]
pub struct Caps<H> {
    slots: [H; MAX_CAPS],
    len: usize,
}

impl<H: Handle> Caps<H> {
    /// No capabilities.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: [const { H::INVALID }; MAX_CAPS], len: 0 }
    }

    /// Appends a capability, valid or not.
    ///
    /// # Errors
    /// [`WireError::TooManyCaps`] if there are four already.
    #[inline]
    pub fn push(&mut self, cap: H) -> Result<(), WireError> {
        *self.slots.get_mut(self.len).ok_or(WireError::TooManyCaps)? = cap;
        self.len += 1;
        Ok(())
    }

    /// Lends the capabilities in order.
    #[inline]
    pub fn as_slice(&self) -> &[H] {
        &self.slots[..self.len]
    }

    /// Drops all capabilities.
    #[inline]
    pub fn clear(&mut self) {
        for slot in &mut self.slots[..self.len] {
            *slot = H::INVALID;
        }
        self.len = 0;
    }

    /// Hands all capabilities out, invalid ones behind the last.
    #[inline]
    pub fn into_array(self) -> [H; MAX_CAPS] {
        self.slots
    }

    /// Takes the capability at `index` out, `None` if the message has none there.
    #[inline]
    pub(crate) fn take(&mut self, index: usize) -> Option<H> {
        let slot = self.slots[..self.len].get_mut(index)?;
        Some(core::mem::replace(slot, H::INVALID))
    }
}

impl<H: Handle> Default for Caps<H> {
    fn default() -> Self {
        Self::new()
    }
}

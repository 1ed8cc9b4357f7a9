//! The platform of a descriptor queue: atomics, and the orderings that its correctness rests on.

use core::sync::atomic::Ordering;
pub(super) use core::sync::atomic::{AtomicU32, AtomicU64 as Word, fence};

/// Loads a word of a descriptor. The indices order access to it; relaxed, since a peer may write at
/// any time.
#[inline]
pub(super) fn load(word: &Word) -> u64 {
    word.load(Ordering::Relaxed)
}

/// Stores a word of a descriptor.
#[inline]
pub(super) fn store(word: &Word, value: u64) {
    word.store(value, Ordering::Relaxed);
}

/// The orderings. The model checker's version can weaken each.
pub(super) mod order {
    use super::Ordering;

    /// Moving the head: shows the descriptor, and the payload that was written before.
    #[inline]
    pub(in super::super) const fn publish() -> Ordering {
        Ordering::Release
    }

    /// Looking at the head: pairs with it.
    #[inline]
    pub(in super::super) const fn see() -> Ordering {
        Ordering::Acquire
    }

    /// Moving the tail: the descriptor has been read.
    #[inline]
    pub(in super::super) const fn release() -> Ordering {
        Ordering::Release
    }

    /// Looking at the tail: pairs with it, before the slot is written again.
    #[inline]
    pub(in super::super) const fn reuse() -> Ordering {
        Ordering::Acquire
    }

    /// Between what this side published and its last look before it sleeps.
    #[inline]
    pub(in super::super) const fn before_sleep() -> Ordering {
        Ordering::SeqCst
    }

    /// Between what this side published and its look at whether the other one sleeps.
    #[inline]
    pub(in super::super) const fn before_wake() -> Ordering {
        Ordering::SeqCst
    }
}

//! The platform of a descriptor queue while it is model-checked: loom's atomics, and words that
//! report a race.

use loom::cell::Cell;
pub use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering;
pub(super) use loom::sync::atomic::fence;

/// A word of a descriptor: plain memory, so that an access that the indices do not order is
/// reported.
#[derive(Debug)]
pub struct Word(Cell<u64>);

// SAFETY: that the indices make this true is what is checked; loom's cell reports a violation.
unsafe impl Sync for Word {}

impl Default for Word {
    fn default() -> Self {
        Self(Cell::new(0))
    }
}

pub(super) fn load(word: &Word) -> u64 {
    word.0.get()
}

pub(super) fn store(word: &Word, value: u64) {
    word.0.set(value);
}

/// The orderings of the shipped source, or a weakened one, by which the tests show that the model
/// notices.
pub(crate) mod order {
    use std::sync::atomic::{AtomicUsize, Ordering as StdOrdering};

    use super::Ordering;

    /// The ordering that is weakened; 0 is none.
    static MUTANT: AtomicUsize = AtomicUsize::new(0);

    /// Chooses the ordering to weaken; 0 is none.
    pub fn mutate(which: usize) {
        MUTANT.store(which, StdOrdering::Relaxed);
    }

    fn weakened(mutant: usize, ordering: Ordering, to: Ordering) -> Ordering {
        if MUTANT.load(StdOrdering::Relaxed) == mutant { to } else { ordering }
    }

    pub(in super::super) fn publish() -> Ordering {
        weakened(1, Ordering::Release, Ordering::Relaxed)
    }

    pub(in super::super) fn see() -> Ordering {
        weakened(2, Ordering::Acquire, Ordering::Relaxed)
    }

    pub(in super::super) fn release() -> Ordering {
        weakened(3, Ordering::Release, Ordering::Relaxed)
    }

    pub(in super::super) fn reuse() -> Ordering {
        weakened(4, Ordering::Acquire, Ordering::Relaxed)
    }

    pub(in super::super) fn before_sleep() -> Ordering {
        weakened(5, Ordering::SeqCst, Ordering::AcqRel)
    }

    pub(in super::super) fn before_wake() -> Ordering {
        weakened(6, Ordering::SeqCst, Ordering::AcqRel)
    }
}

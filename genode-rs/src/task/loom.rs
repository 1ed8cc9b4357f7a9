//! The platform of the tasks' wakers while they are model-checked.

pub(super) use loom::sync::atomic::AtomicBool;

/// The orderings of the shipped source, or a weakened one, by which the tests show that the model
/// notices.
pub(crate) mod order {
    use std::sync::atomic::{AtomicUsize, Ordering as StdOrdering};

    use loom::sync::atomic::Ordering;

    /// The ordering that is weakened; 0 is none.
    static MUTANT: AtomicUsize = AtomicUsize::new(0);

    /// Chooses the ordering to weaken; 0 is none.
    pub(crate) fn mutate(which: usize) {
        MUTANT.store(which, StdOrdering::Relaxed);
    }

    fn unless(mutant: usize, ordering: Ordering) -> Ordering {
        if MUTANT.load(StdOrdering::Relaxed) == mutant { Ordering::Relaxed } else { ordering }
    }

    pub(in super::super) fn raise() -> Ordering {
        unless(1, Ordering::Release)
    }

    pub(in super::super) fn lower() -> Ordering {
        unless(2, Ordering::Acquire)
    }
}

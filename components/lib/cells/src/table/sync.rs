//! The table's atomics and orderings, so that a model checker can put its own in their place.

#[cfg(not(loom))]
pub(super) use core::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(loom)]
pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64};

/// The orderings, and steps that a model drops to see that it would notice.
pub(super) mod order {
    #[cfg(not(loom))]
    use core::sync::atomic::Ordering;
    #[cfg(loom)]
    use loom::sync::atomic::Ordering;

    #[cfg(loom)]
    static MUTANT: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0);

    /// Weakens or drops one step; 0 for none.
    #[cfg(loom)]
    pub(in super::super) fn mutate(which: u32) {
        MUTANT.store(which, core::sync::atomic::Ordering::SeqCst);
    }

    /// Tells if a step is dropped: never, but in a model.
    #[inline]
    pub(in super::super) fn dropped(which: u32) -> bool {
        #[cfg(loom)]
        return MUTANT.load(core::sync::atomic::Ordering::SeqCst) == which;
        #[cfg(not(loom))]
        {
            let _ = which;
            false
        }
    }

    #[inline]
    fn weakened(which: u32, ordering: Ordering) -> Ordering {
        if dropped(which) { Ordering::Relaxed } else { ordering }
    }

    /// Taking an idle core: what its last user did there has happened.
    #[inline]
    pub(in super::super) fn take() -> Ordering {
        weakened(1, Ordering::Acquire)
    }

    /// Letting a core go: shows what was done there, to whoever takes it or is handed it.
    #[inline]
    pub(in super::super) fn release() -> Ordering {
        weakened(2, Ordering::Release)
    }

    /// Looking at a core: whoever finds itself on it sees that the last user is off.
    #[inline]
    pub(in super::super) fn see() -> Ordering {
        weakened(3, Ordering::Acquire)
    }

    /// Where a word says nothing about memory beside it.
    #[inline]
    pub(in super::super) fn word() -> Ordering {
        Ordering::Relaxed
    }
}

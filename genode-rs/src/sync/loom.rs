//! What the mutex stands on while it is model-checked: loom's atomics, and a blockade made of them.

use core::pin::Pin;

pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify, atomic::AtomicBool};

/// As the seam's blockade: one sleeper, one wake-up, which carries what happened before it.
pub(super) struct Blockade(Arc<Inner>);

/// Shared, because the sleeper may be gone as soon as the flag is set. Loom's `Notify` also wakes without
/// reason, hence the flag.
struct Inner {
    woken: AtomicBool,
    notify: Notify,
}

impl Blockade {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner { woken: AtomicBool::new(false), notify: Notify::new() }))
    }

    #[allow(clippy::unused_self)] // the seam's signature
    pub(super) fn init(self: Pin<&Self>) {}

    pub(super) fn block(self: Pin<&Self>) {
        while !self.0.woken.load(Ordering::Acquire) {
            self.0.notify.wait();
        }
    }

    pub(super) unsafe fn wakeup(this: *const Self) {
        // SAFETY: passed on to the caller.
        let inner = unsafe { (*this).0.clone() };
        inner.woken.store(true, Ordering::Release);
        inner.notify.notify();
    }
}

/// The orderings of the shipped source, or a weakened one, by which the tests show that the model notices.
pub(crate) mod order {
    use std::sync::atomic::{AtomicUsize, Ordering as StdOrdering};

    use super::Ordering;

    /// Which ordering is weakened; 0 is none.
    pub(crate) static MUTANT: AtomicUsize = AtomicUsize::new(0);

    fn unless(mutant: usize, ordering: Ordering) -> Ordering {
        if MUTANT.load(StdOrdering::Relaxed) == mutant { Ordering::Relaxed } else { ordering }
    }

    pub(in super::super) fn take() -> Ordering {
        unless(1, Ordering::Acquire)
    }

    pub(in super::super) fn free() -> Ordering {
        unless(2, Ordering::Release)
    }

    pub(in super::super) fn push() -> Ordering {
        unless(3, Ordering::Release)
    }

    pub(in super::super) fn find() -> Ordering {
        unless(4, Ordering::Acquire)
    }
}

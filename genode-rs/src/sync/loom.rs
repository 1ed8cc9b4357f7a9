//! What the mutex stands on while it is model-checked: loom's atomics, and a blockade made of them.

use core::pin::Pin;

pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::{
    cell::UnsafeCell,
    sync::{Arc, Notify, atomic::AtomicBool},
};

/// As the seam's blockade: one sleeper, one wake-up, which carries what happened before it. It must be initialised,
/// which the model notices as an access to the cell.
pub(super) struct Blockade(UnsafeCell<Option<Arc<Inner>>>);

/// Shared, because the sleeper may be gone as soon as the flag is set. Loom's `Notify` also wakes without
/// reason, hence the flag.
struct Inner {
    woken: AtomicBool,
    notify: Notify,
}

impl Blockade {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    pub(super) unsafe fn init(self: Pin<&Self>) {
        let inner = Inner { woken: AtomicBool::new(false), notify: Notify::new() };
        // SAFETY: nobody knows of the blockade yet; loom reports it when somebody does.
        self.0.with_mut(|place| unsafe { *place = Some(Arc::new(inner)) });
    }

    fn inner(&self) -> Arc<Inner> {
        // SAFETY: no longer written; loom reports it otherwise.
        let inner = self.0.with(|place| unsafe { (*place).clone() });
        inner.expect("an initialised blockade")
    }

    pub(super) unsafe fn block(self: Pin<&Self>) {
        let inner = self.inner();
        while !inner.woken.load(Ordering::Acquire) {
            inner.notify.wait();
        }
    }

    pub(super) unsafe fn wakeup(this: *const Self) {
        // SAFETY: passed on to the caller.
        let inner = unsafe { (*this).inner() };
        inner.woken.store(true, Ordering::Release);
        inner.notify.notify();
    }
}

/// One look more: both ways to go on after a spin are in the model.
pub(super) struct Spin(bool);

impl Spin {
    pub(super) const NONE: Self = Self(false);

    pub(super) fn new() -> Self {
        Self(true)
    }

    pub(super) fn again(&mut self) -> bool {
        if self.0 {
            loom::thread::yield_now();
        }
        core::mem::replace(&mut self.0, false)
    }
}

/// The orderings of the shipped source, or a weakened one, by which the tests show that the model notices.
pub(crate) mod order {
    use std::sync::atomic::{AtomicUsize, Ordering as StdOrdering};

    use super::Ordering;

    /// Which ordering is weakened; 0 is none.
    static MUTANT: AtomicUsize = AtomicUsize::new(0);

    /// Chooses the ordering to weaken; 0 is none.
    pub fn mutate(which: usize) {
        MUTANT.store(which, StdOrdering::Relaxed);
    }

    fn unless(mutant: usize, ordering: Ordering) -> Ordering {
        weakened(mutant, ordering, Ordering::Relaxed)
    }

    fn weakened(mutant: usize, ordering: Ordering, to: Ordering) -> Ordering {
        if MUTANT.load(StdOrdering::Relaxed) == mutant { to } else { ordering }
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

    pub(in super::super) fn sleep() -> Ordering {
        unless(5, Ordering::Release)
    }

    pub(in super::super) fn token() -> Ordering {
        weakened(6, weakened(7, Ordering::AcqRel, Ordering::Acquire), Ordering::Release)
    }

    pub(in super::super) fn receive() -> Ordering {
        unless(8, Ordering::Acquire)
    }
}

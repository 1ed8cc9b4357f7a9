//! What the mutex stands on while it is model-checked: loom's atomics, and a blockade made of them.

use core::pin::Pin;

use loom::sync::Notify;
pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};

/// As the seam's blockade: one sleeper, one wake-up, which carries what happened before it.
pub(super) struct Blockade(Notify);

impl Blockade {
    pub(super) fn new() -> Self {
        Self(Notify::new())
    }

    #[allow(clippy::unused_self)] // the seam's signature
    pub(super) fn init(self: Pin<&Self>) {}

    pub(super) fn block(self: Pin<&Self>) {
        self.0.wait();
    }

    pub(super) unsafe fn wakeup(this: *const Self) {
        // SAFETY: passed on to the caller.
        unsafe { (*this).0.notify() }
    }
}

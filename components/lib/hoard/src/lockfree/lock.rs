//! A lock for the slow paths: bounded spinning, then the platform's yield.
//!
//! No queue and no futex: sections are tens of nanoseconds long, and a lock that needs nothing of
//! the system can be taken in the parent and released in the child of a fork.

use super::remote::ordering;
use super::sync::{AtomicBool, Ordering, pause};

/// A spin lock that guards data kept elsewhere.
#[derive(Debug)]
pub struct Lock {
    held: AtomicBool,
}

impl Default for Lock {
    fn default() -> Self {
        Self { held: AtomicBool::new(false) }
    }
}

impl Lock {
    /// An open lock.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { held: AtomicBool::new(false) }
    }

    /// Waits until the lock is this thread's; `yield_now` runs once spinning has not helped.
    pub fn acquire(&self, yield_now: impl Fn()) {
        let mut spins = 0u32;
        while self
            .held
            .compare_exchange_weak(false, true, ordering::lock(), Ordering::Relaxed)
            .is_err()
        {
            while self.held.load(Ordering::Relaxed) {
                spins += 1;
                if spins.is_multiple_of(64) {
                    yield_now();
                } else {
                    pause();
                }
            }
        }
    }

    /// Opens the lock.
    ///
    /// # Safety
    /// The caller holds the lock, and touches nothing that it guards from now on. After a fork the
    /// child holds what the thread that forked held.
    pub unsafe fn release(&self) {
        self.held.store(false, ordering::unlock());
    }
}

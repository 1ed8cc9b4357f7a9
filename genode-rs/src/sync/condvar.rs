//! Waiting for a condition under a [`Mutex`](super::Mutex).

use alloc::sync::Arc;
use core::{fmt, pin::Pin};

use alloc::collections::VecDeque;

use super::mutex::{Mutex, MutexGuard};
use crate::{error::Error, sys::thread::Blockade, time::Instant};

/// A place to wait until another thread says that a condition may have changed.
///
/// First come, first woken. There are no spurious wake-ups, but the condition may have changed again by the
/// time the waiter holds the mutex: wait in a loop.
#[derive(Default)]
pub struct Condvar {
    waiters: Mutex<VecDeque<Pin<Arc<Blockade>>>>,
}

impl Condvar {
    /// A condition variable without waiters.
    pub const fn new() -> Self {
        Self { waiters: Mutex::new(VecDeque::new()) }
    }

    /// Puts the calling thread at the end of the queue. It is to block on what is returned.
    fn queue_up(&self) -> Pin<Arc<Blockade>> {
        let blockade = Arc::pin(Blockade::new());
        // SAFETY: nobody knows it yet.
        unsafe { blockade.as_ref().init() };
        self.waiters.lock().push_back(blockade.clone());
        blockade
    }

    /// Releases the mutex, sleeps until notified, and takes the mutex again.
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        let blockade = self.queue_up();
        // SAFETY: this thread queued up with it, and blocks on it once.
        MutexGuard::unlocked(guard, || unsafe { blockade.as_ref().block() });
    }

    /// As [`wait`](Self::wait), but until `deadline` at the latest. Whether it was notified.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the system has no clock of its own.
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> Result<bool, Error> {
        let blockade = self.queue_up();
        // SAFETY: this thread queued up with it, and blocks on it once.
        let woken = MutexGuard::unlocked(guard, || unsafe {
            blockade.as_ref().block_until(deadline.as_micros())
        });
        if woken != Ok(true) {
            // Whoever took the entry off the queue wakes us; the Arc keeps the blockade for that.
            self.waiters
                .lock()
                .retain(|waiter| !core::ptr::eq(&raw const **waiter, &raw const *blockade));
        }
        woken
    }

    /// Wakes the one that waits longest.
    pub fn notify_one(&self) {
        let waiter = self.waiters.lock().pop_front();
        waiter.iter().for_each(wake);
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        let waiters = core::mem::take(&mut *self.waiters.lock());
        waiters.iter().for_each(wake);
    }
}

fn wake(waiter: &Pin<Arc<Blockade>>) {
    let blockade: &Blockade = waiter;
    // SAFETY: initialised before it was queued, taken off the queue (so woken once), and kept alive by the Arc.
    unsafe { Blockade::wakeup(blockade) }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

//! What the mutex stands on: atomics, the seam's blockade, and spinning.

pub(super) use core::sync::atomic::{AtomicUsize, Ordering};

pub(super) use crate::sys::thread::Blockade;

/// Looks that a thread takes before it gives up waiting awake. The pauses between them double up to [`LONGEST`]: about 200
/// pause instructions in sum, 4 us where one takes 20 ns, as on the CPU that this was tuned on. To sleep and to be woken costs
/// no less.
const LOOKS: u32 = 8;
/// The longest pause between two looks, in the CPU's pause instructions. With longer ones the holder takes the lock several
/// times in a row, while its data is in its cache, which more than doubles what two threads get out of the heap.
const LONGEST: u32 = 64;

/// Waiting awake, for a bounded time, if there is a CPU on which what is waited for can happen meanwhile.
pub(super) struct Spin {
    looks: u32,
    pauses: u32,
}

impl Spin {
    /// Not at all.
    pub(super) const NONE: Self = Self { looks: 0, pauses: 0 };

    pub(super) fn new() -> Self {
        Self { looks: if crate::sys::thread::single_cpu() { 0 } else { LOOKS }, pauses: 1 }
    }

    /// Pauses before the next look, or says that it is time to sleep.
    pub(super) fn again(&mut self) -> bool {
        if self.looks == 0 {
            return false;
        }
        self.looks -= 1;
        for _ in 0..self.pauses {
            core::hint::spin_loop();
        }
        self.pauses = (self.pauses * 2).min(LONGEST);
        true
    }
}

/// The orderings that correctness rests on. The model checker's version can weaken each.
pub(super) mod order {
    use super::Ordering;

    /// Taking the lock: sees what the previous holder did, and which waiters are in the queue.
    pub(in super::super) const fn take() -> Ordering {
        Ordering::Acquire
    }

    /// Freeing the lock: shows what this holder did.
    pub(in super::super) const fn free() -> Ordering {
        Ordering::Release
    }

    /// Pushing a node: the holder that finds it must see it initialised.
    pub(in super::super) const fn push() -> Ordering {
        Ordering::Release
    }

    /// Finding the nodes: pairs with the push.
    pub(in super::super) const fn find() -> Ordering {
        Ordering::Acquire
    }

    /// Saying that one sleeps: shows the blockade initialised.
    pub(in super::super) const fn sleep() -> Ordering {
        Ordering::Release
    }

    /// Giving the token: shows what the holder did, sees the blockade.
    pub(in super::super) const fn token() -> Ordering {
        Ordering::AcqRel
    }

    /// Getting the token without sleep: sees what the holder did.
    pub(in super::super) const fn receive() -> Ordering {
        Ordering::Acquire
    }
}

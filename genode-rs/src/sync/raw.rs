//! A fair mutex in one word, whose waiters sleep.
//!
//! The word holds the lock bit and the address of the newest waiter. A waiter pushes a node that lives on its
//! own stack, and sleeps. The holder, when it unlocks and finds waiters, hands the lock to the oldest one
//! directly, without clearing the bit. So only the holder ever takes nodes out or follows their links
//! (no ABA), and a waiter's node stays where it is until the lock was handed to it.

use core::{pin::pin, ptr};

use platform::{AtomicUsize, Blockade, Ordering, order};

#[cfg(not(loom))]
mod platform {
    pub(super) use core::sync::atomic::{AtomicUsize, Ordering};

    pub(super) use crate::sys::thread::Blockade;

    /// The orderings that correctness rests on. The model checker's version can weaken each.
    pub(super) mod order {
        use super::Ordering;

        /// Taking the lock: sees what the previous holder did.
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
    }
}

#[cfg(loom)]
#[path = "loom.rs"]
mod platform;

/// Weakens one ordering by number, for the model checker's test of itself; 0 weakens none.
#[cfg(loom)]
pub fn mutate(which: usize) {
    order::MUTANT.store(which, std::sync::atomic::Ordering::Relaxed);
}

const UNLOCKED: usize = 0;
const LOCKED: usize = 1;

/// A waiter, on the waiting thread's stack. Aligned so that the word's lowest bit is free for the lock.
#[repr(align(8))]
struct Waiter {
    blockade: Blockade,
    /// The next older waiter or null. Read and written by the lock's holder only, once the node is pushed.
    older: AtomicUsize,
}

/// The raw mutex behind [`Mutex`](super::Mutex), for use with `lock_api`.
#[derive(Debug)]
pub struct RawMutex {
    word: AtomicUsize,
}

impl RawMutex {
    /// An unlocked mutex.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { word: AtomicUsize::new(UNLOCKED) }
    }

    /// An unlocked mutex.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { word: AtomicUsize::new(UNLOCKED) }
    }

    /// Takes the lock if it is free.
    pub fn try_acquire(&self) -> bool {
        self.word.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock, sleeping until it is handed over if it is not free.
    pub fn acquire(&self) {
        if !self.try_acquire() {
            self.acquire_contended();
        }
    }

    #[cold]
    fn acquire_contended(&self) {
        let waiter = pin!(Waiter { blockade: Blockade::new(), older: AtomicUsize::new(0) });
        let waiter = waiter.as_ref();
        // SAFETY: structural pinning: the blockade is a field of the pinned node and never moved out.
        let blockade = unsafe { waiter.map_unchecked(|w| &w.blockade) };
        blockade.init();

        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word == UNLOCKED {
                match self.word.compare_exchange_weak(
                    UNLOCKED,
                    LOCKED,
                    order::take(),
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return,
                    Err(now) => word = now,
                }
                continue;
            }
            waiter.older.store(word & !LOCKED, Ordering::Relaxed);
            let address = ptr::from_ref::<Waiter>(waiter.get_ref()) as usize;
            match self.word.compare_exchange_weak(
                word,
                address | LOCKED,
                order::push(),
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // The wake-up is the hand-over; the blockade orders what the previous holder did before it.
        blockade.block();
    }

    /// Releases the lock, or hands it to the oldest waiter.
    ///
    /// # Safety
    /// The calling context holds the lock.
    pub unsafe fn release(&self) {
        if self.word.compare_exchange(LOCKED, UNLOCKED, order::free(), Ordering::Relaxed).is_err() {
            self.hand_over();
        }
    }

    #[cold]
    fn hand_over(&self) {
        loop {
            let word = self.word.load(order::find());
            let newest = (word & !LOCKED) as *const Waiter;
            // SAFETY: the lock is held and the word had a waiter when `release` failed. Waiters leave only by
            // being handed the lock, which only the holder does, so all nodes of the list are alive; their
            // links are written by their owners before the push and by the holder after it.
            unsafe {
                let (mut before, mut oldest) = (ptr::null::<Waiter>(), newest);
                loop {
                    let older = (*oldest).older.load(Ordering::Relaxed) as *const Waiter;
                    if older.is_null() {
                        break;
                    }
                    (before, oldest) = (oldest, older);
                }
                if before.is_null() {
                    // The only waiter: take it off the word, unless another arrived meanwhile.
                    // AcqRel is not needed: the node's content was acquired above, our critical section is
                    // released through the blockade.
                    if self
                        .word
                        .compare_exchange(word, LOCKED, Ordering::Relaxed, Ordering::Relaxed)
                        .is_err()
                    {
                        continue;
                    }
                } else {
                    (*before).older.store(0, Ordering::Relaxed);
                }
                Blockade::wakeup(&raw const (*oldest).blockade);
                return;
            }
        }
    }
}

impl Default for RawMutex {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: at most one context holds the lock: it is taken by the CAS from UNLOCKED, or handed over while the
// bit stays set, to one waiter that was taken off the list.
#[cfg(not(loom))]
unsafe impl lock_api::RawMutex for RawMutex {
    #[allow(clippy::declare_interior_mutable_const)] // what lock_api asks for
    const INIT: Self = Self::new();

    type GuardMarker = lock_api::GuardSend;

    fn lock(&self) {
        self.acquire();
    }

    fn try_lock(&self) -> bool {
        self.try_acquire()
    }

    unsafe fn unlock(&self) {
        // SAFETY: passed on to the caller.
        unsafe { self.release() }
    }

    fn is_locked(&self) -> bool {
        self.word.load(Ordering::Relaxed) != UNLOCKED
    }
}

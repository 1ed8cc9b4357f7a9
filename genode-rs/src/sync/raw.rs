//! The mutex below [`Mutex`](super::Mutex): quick when nobody waits, without convoys when many do, and nobody starves.
//!
//! # Why it is as it is
//!
//! Its predecessor handed the lock to the oldest waiter at each release. That is fair, but a lock that
//! is taken again and again, as a heap's is, ends in a convoy: each critical section of 50 ns waits until the
//! system has woken the next thread, which takes 50 us on another CPU. The locks of others let a running thread
//! take a free lock although others queue for it (*barging*), and differ in what keeps those from starving:
//!
//! | | waits by | starvation |
//! |---|---|---|
//! | Rust's `std` on Linux, Zircon's `sync_mutex` | spinning 100 times (`std`), then a futex | not bounded; Zircon lends the holder the waiters' priority instead |
//! | `parking_lot`, WebKit's `WTF::Lock` | spinning until there is a queue, then a table of parked threads | at a release every 0.5 or 1 ms, by the clock, the lock is handed over |
//! | Linux's kernel mutex | spinning while the holder runs, then a queue in the mutex | the oldest waiter that was woken in vain asks for a hand-over |
//! | Genode's `Mutex` | a queue in the mutex | always handed over: the convoy |
//!
//! A component on Genode has neither futexes nor a clock of its own, and priorities there are strict: to hand the lock
//! by a count or a clock to a waiter that cannot run, for a busier thread has its CPU, would make everybody wait for
//! that thread. So this is the kernel mutex's way: who ran and found the lock taken, asks. What sleeps, sleeps on
//! Genode's Blockade.
//!
//! # How it works
//!
//! The word holds the lock's bit, what the oldest waiter asks for, and the address of the newest waiter; a waiter is a
//! node on its thread's own stack. A thread takes the lock if it is free, whoever waits. If it is not, and
//! nobody waits yet, it spins for some microseconds, given a second CPU; then it queues up and sleeps. The release
//! wakes the oldest waiter (it asks to be *woken*), but leaves the lock free. That thread stays the oldest, and is
//! awake now. If it finds the lock taken, and still so after the spinning, it asks for the lock *itself*: then the next
//! release hands it over, without clearing the bit.
//!
//! # What is promised
//!
//! Waiters get the lock in the order in which they queued up. The oldest is overtaken only in the time that the system
//! takes to let it run after its wake-up, and while it spins; then at most the present holder is before it.
//! So with n waiters before it a thread waits for n + 1 wake-ups and critical sections, and what overtook them in these.
//!
//! # Why it is sound
//!
//! Only the lock's holder takes nodes out and follows or changes their links (no ABA), but for the link to the next
//! older node, which its owner writes before it pushes the node. A node stays where it is until its thread has the
//! lock: it took it, or was handed it. Each request of the oldest is answered by one token, by whoever removed the
//! request from the word; until then its thread waits in [`Gate::wait`]. Once the lock is released, the mutex may be
//! gone, unless someone waits; so then only a node is touched, one that waits for its token.

use core::{pin::Pin, pin::pin, ptr};

use platform::{AtomicUsize, Blockade, Ordering, Spin, order};

#[cfg(not(loom))]
#[path = "platform.rs"]
mod platform;

#[cfg(loom)]
#[path = "loom.rs"]
mod platform;

/// Weakens one ordering by number, for the model checker's test of itself; 0 weakens none.
#[cfg(loom)]
pub use order::mutate;

const UNLOCKED: usize = 0;
const LOCKED: usize = 1;
/// The oldest waiter sleeps until the lock is free.
const WAKE: usize = 2;
/// The oldest waiter wants the lock handed over.
const GIVE: usize = 4;
const REQUEST: usize = WAKE | GIVE;
/// The address of the newest waiter.
const NEWEST: usize = !(LOCKED | REQUEST);

/// Where a thread waits once, for one token.
struct Gate {
    state: AtomicUsize,
    blockade: Blockade,
}

/// No token yet, and the thread is awake.
const AWAKE: usize = 0;
/// No token yet, and the thread sleeps on its blockade, or is about to.
const ASLEEP: usize = 1;
/// What the thread asked for has happened.
const TOKEN: usize = 2;

impl Gate {
    fn new() -> Self {
        Self { state: AtomicUsize::new(AWAKE), blockade: Blockade::new() }
    }

    /// Waits for the token: awake for as long as `spin` has it, then asleep.
    fn wait(self: Pin<&Self>, mut spin: Spin) {
        while spin.again() {
            if self.state.load(order::receive()) == TOKEN {
                return;
            }
        }
        // SAFETY: structural pinning: the blockade is a field of the pinned gate and never moved out.
        let blockade = unsafe { self.map_unchecked(|gate| &gate.blockade) };
        // SAFETY: a waker looks at the blockade once the state says that this thread sleeps.
        unsafe { blockade.init() };
        let asleep =
            self.state.compare_exchange(AWAKE, ASLEEP, order::sleep(), order::receive()).is_ok();
        if asleep {
            // The blockade orders what the waker did before.
            // SAFETY: initialised above; this is the one time.
            unsafe { blockade.block() };
        }
    }

    /// Gives the token, once.
    ///
    /// # Safety
    /// The thread of the gate waits, or is about to.
    unsafe fn open(this: *const Self) {
        // SAFETY: the thread does not leave `wait` before it has the token, so the gate lives until the swap; if the
        // thread sleeps, it initialised its blockade, and the gate lives until the wake-up.
        unsafe {
            if (*this).state.swap(TOKEN, order::token()) == ASLEEP {
                Blockade::wakeup(&raw const (*this).blockade);
            }
        }
    }
}

/// A waiter, on the waiting thread's stack. Aligned so that the word's lowest bits are free.
#[repr(align(8))]
struct Waiter {
    /// Opened when the thread is the oldest and the lock free.
    woken: Gate,
    /// Opened when the lock was handed over.
    given: Gate,
    /// The next older waiter or null. Its owner's until the push, then the holder's.
    older: AtomicUsize,
    /// The next newer waiter, or null if not known yet. The holder's.
    newer: AtomicUsize,
}

impl Waiter {
    fn new() -> Self {
        Self {
            woken: Gate::new(),
            given: Gate::new(),
            older: AtomicUsize::new(0),
            newer: AtomicUsize::new(0),
        }
    }

    fn woken(self: Pin<&Self>) -> Pin<&Gate> {
        // SAFETY: structural pinning: the gate is never moved out.
        unsafe { self.map_unchecked(|waiter| &waiter.woken) }
    }

    fn given(self: Pin<&Self>) -> Pin<&Gate> {
        // SAFETY: as above.
        unsafe { self.map_unchecked(|waiter| &waiter.given) }
    }
}

/// The raw mutex behind [`Mutex`](super::Mutex), for use with `lock_api`.
///
/// ```compile_fail,E0133
/// genode::sync::RawMutex::new().release(); // nobody holds it
/// ```
#[derive(Debug)]
pub struct RawMutex {
    word: AtomicUsize,
    /// The oldest waiter, or null if not known. The holder's.
    oldest: AtomicUsize,
}

impl RawMutex {
    /// An unlocked mutex.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { word: AtomicUsize::new(UNLOCKED), oldest: AtomicUsize::new(0) }
    }

    /// An unlocked mutex.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { word: AtomicUsize::new(UNLOCKED), oldest: AtomicUsize::new(0) }
    }

    /// Takes the lock if it is free, even if others wait for it.
    #[inline]
    pub fn try_acquire(&self) -> bool {
        let mut word = UNLOCKED;
        while word & LOCKED == 0 {
            match self.word.compare_exchange(word, word | LOCKED, order::take(), Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes the lock, sleeping until it is free or handed over.
    #[inline]
    pub fn acquire(&self) {
        let free =
            self.word.compare_exchange(UNLOCKED, LOCKED, order::take(), Ordering::Relaxed).is_ok();
        if !free {
            self.acquire_contended();
        }
    }

    #[cold]
    fn acquire_contended(&self) {
        let waiter = pin!(Waiter::new());
        let waiter = waiter.as_ref();
        let mut spin = Spin::new();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (next, order) = if word & LOCKED == 0 {
                (word | LOCKED, order::take())
            } else if word & NEWEST == 0 && spin.again() {
                word = self.word.load(Ordering::Relaxed);
                continue;
            } else {
                let older = word & NEWEST;
                waiter.older.store(older, Ordering::Relaxed);
                let request = if older == 0 { WAKE } else { word & REQUEST };
                (address(&waiter) | LOCKED | request, order::push())
            };
            match self.word.compare_exchange_weak(word, next, order, Ordering::Relaxed) {
                Ok(_) if word & LOCKED == 0 => return,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        waiter.woken().wait(Spin::NONE);
        self.acquire_as_oldest(waiter);
    }

    /// Takes the lock for the oldest waiter, which was woken and is in the queue still.
    fn acquire_as_oldest(&self, waiter: Pin<&Waiter>) {
        let me = address(&waiter);
        let mut spin = Spin::new();
        loop {
            let word = self.word.load(Ordering::Relaxed);
            let newest = word & NEWEST;
            if word & LOCKED == 0 {
                let taken = self
                    .word
                    .compare_exchange_weak(
                        word,
                        without(newest, me),
                        order::take(),
                        Ordering::Relaxed,
                    )
                    .is_ok();
                if taken {
                    // SAFETY: the lock is held, and the queue was as `newest` says.
                    unsafe { self.forget_oldest(newest, me) };
                    return;
                }
            } else if !spin.again() {
                let asked = self
                    .word
                    .compare_exchange_weak(word, word | GIVE, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
                if asked {
                    waiter.given().wait(Spin::new());
                    return;
                }
            }
        }
    }

    /// Releases the lock, and does what the oldest waiter asks for.
    ///
    /// # Safety
    /// The calling context holds the lock.
    #[inline]
    pub unsafe fn release(&self) {
        let alone =
            self.word.compare_exchange(LOCKED, UNLOCKED, order::free(), Ordering::Relaxed).is_ok();
        if !alone {
            self.release_contended();
        }
    }

    #[cold]
    fn release_contended(&self) {
        loop {
            let word = self.word.load(order::find());
            let newest = word & NEWEST;
            if word & REQUEST == 0 {
                // The oldest is awake and looks for itself, or there was no waiter at all.
                let free = self
                    .word
                    .compare_exchange_weak(word, newest, order::free(), Ordering::Relaxed)
                    .is_ok();
                if free {
                    return;
                }
                continue;
            }
            // SAFETY: the lock is held, and a request is a waiter's.
            let oldest = unsafe { self.oldest(newest) };
            let node = oldest as *const Waiter;
            let give = word & GIVE != 0;
            // When handed over, what this holder did is shown by the token.
            let (next, order) = if give {
                (without(newest, oldest), Ordering::Relaxed)
            } else {
                (newest, order::free())
            };
            if self.word.compare_exchange_weak(word, next, order, Ordering::Relaxed).is_ok() {
                // SAFETY: who asked waits for this, and nobody else answers, since the exchange removed the request.
                // When handed over, the lock is held until the gate opens, and the queue was as `newest` says.
                unsafe {
                    if give {
                        self.forget_oldest(newest, oldest);
                        Gate::open(&raw const (*node).given);
                    } else {
                        Gate::open(&raw const (*node).woken);
                    }
                }
                return;
            }
        }
    }

    /// The oldest waiter.
    ///
    /// # Safety
    /// The lock is held, and `newest` is the word's.
    unsafe fn oldest(&self, newest: usize) -> usize {
        let known = self.oldest.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        // SAFETY: the caller's.
        let oldest = unsafe { link(newest) };
        self.oldest.store(oldest, Ordering::Relaxed);
        oldest
    }

    /// Takes the oldest waiter, `oldest`, out of the list.
    ///
    /// # Safety
    /// The lock is held, and `newest` was the word's newest waiter when [`without`] made the present word.
    unsafe fn forget_oldest(&self, newest: usize, oldest: usize) {
        let mut next = 0;
        if newest != oldest {
            // SAFETY: the caller's; nodes from the newest to the oldest are in place, and theirs is the holder.
            unsafe {
                let node = oldest as *const Waiter;
                if (*node).newer.load(Ordering::Relaxed) == 0 {
                    link(newest);
                }
                next = (*node).newer.load(Ordering::Relaxed);
                (*(next as *const Waiter)).older.store(0, Ordering::Relaxed);
            }
        }
        self.oldest.store(next, Ordering::Relaxed);
    }
}

/// Where a waiter is, as in the word.
fn address(waiter: &Waiter) -> usize {
    ptr::from_ref(waiter).expose_provenance()
}

/// The word once `oldest` has the lock. The next one sleeps still.
fn without(newest: usize, oldest: usize) -> usize {
    if newest == oldest { LOCKED } else { newest | LOCKED | WAKE }
}

/// Links nodes to their newer ones, from `newest` on to the first that knows. Each is visited once in its life, but
/// for the last. The end of the way: the oldest one, if none knew.
///
/// # Safety
/// The lock is held, and `newest` is a node of its queue.
unsafe fn link(newest: usize) -> usize {
    let mut at = newest;
    loop {
        // SAFETY: nodes leave only by the holder's hand, so all of the list are in place; `older` is what the owner
        // wrote before the push, or null since a holder took the older one out.
        unsafe {
            let older = (*(at as *const Waiter)).older.load(Ordering::Relaxed);
            if older == 0 {
                return at;
            }
            let node = older as *const Waiter;
            if (*node).newer.load(Ordering::Relaxed) != 0 {
                return older;
            }
            (*node).newer.store(at, Ordering::Relaxed);
            at = older;
        }
    }
}

impl Default for RawMutex {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: at most one context holds the lock: it is taken by setting the bit when it is clear, or handed over while
// it stays set, to one waiter that was taken off the list.
#[cfg(not(loom))]
unsafe impl lock_api::RawMutex for RawMutex {
    #[allow(clippy::declare_interior_mutable_const)] // what lock_api asks for
    const INIT: Self = Self::new();

    type GuardMarker = lock_api::GuardSend;

    #[inline]
    fn lock(&self) {
        self.acquire();
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.try_acquire()
    }

    #[inline]
    unsafe fn unlock(&self) {
        // SAFETY: passed on to the caller.
        unsafe { self.release() }
    }

    fn is_locked(&self) -> bool {
        self.word.load(Ordering::Relaxed) & LOCKED != 0
    }
}

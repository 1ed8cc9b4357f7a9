//! The one word per superblock through which threads that do not own it speak to it.
//!
//! Everything that threads settle without a lock is in this file: a list of blocks that came back from
//! other threads, its length, and who may touch the superblock's private fields. Keeping the three in
//! one word makes each transition a single compare-and-swap, so there is no state in which a
//! preempted thread leaves a superblock half handed over.
//!
//! | state | who may touch the private fields | leaves it by |
//! |---|---|---|
//! | `Owned` | the owner heap's thread (or the taker, until it publishes) | [`Remote::float`], [`Remote::publish`] |
//! | `Floating` | nobody: the superblock was full and is on no list | [`Remote::claim`], a [`Remote::push`] that takes it |
//! | `Global` | the holder of the node's lock | [`Remote::adopt`], [`Remote::retire`] |

use super::sync::{AtomicU64, Ordering};

/// The state of a superblock: who may touch its private fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
enum State {
    /// One heap's thread.
    Owned = 0,
    /// Nobody; it was full when its owner let go of it.
    Floating = 1,
    /// The holder of the lock of the node's global heap.
    Global = 2,
}

/// A chain of blocks of one superblock, linked through [`Links`]; offsets count from its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Offset of the first block.
    pub head: u32,
    /// Offset of the last block; meaningless in batches that were taken out of a word.
    pub tail: u32,
    /// Number of blocks.
    pub count: u32,
}

/// How blocks are chained: the allocator writes into the blocks, a model into its own cells.
pub trait Links {
    /// Makes `to` the successor of `from`; `None` ends the chain.
    ///
    /// # Safety
    /// `from` is the offset of a block that is the caller's to free and that nobody uses any more.
    unsafe fn link(&self, from: u32, to: Option<u32>);
}

/// The result of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The blocks wait for whoever owns the superblock.
    Queued,
    /// The superblock floated and has `Batch` free blocks now; the caller owns it.
    Taken(Batch),
    /// The superblock is global and the word holds this many blocks.
    Global(u32),
}

const STATE: u64 = 0b11;
const COUNT_SHIFT: u32 = 2;
const COUNT: u64 = 0xffff;
const HEAD_SHIFT: u32 = 18;
const UNIT: u32 = 3; // blocks are at least 8-byte aligned

/// The orderings, by the step that needs them; a test build replaces one to show that the models
/// notice.
pub mod ordering {
    use super::Ordering;

    macro_rules! steps {
        ($($(#[$doc:meta])* $name:ident = $strong:ident, $($code:literal: $weak:ident),+;)*) => {$(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name() -> Ordering {
                #[cfg(loom)]
                match mutant() {
                    $($code => return Ordering::$weak,)+
                    _ => {}
                }
                Ordering::$strong
            }
        )*};
    }
    // After each ordering, the mutants that weaken it.
    steps! {
        /// A push publishes the links it wrote, and sees those of others if it takes the
        /// superblock, and `used` if it is global.
        push = AcqRel, 1: Relaxed, 11: Acquire, 12: Release;
        /// A collector sees the links and the last use of every block.
        collect = Acquire, 2: Relaxed;
        /// Letting go publishes the private fields to whoever takes the superblock up.
        float = Release, 3: Relaxed;
        /// Taking up sees the private fields and the links.
        claim = Acquire, 4: Relaxed;
        /// Publishing makes the private fields visible to pushers.
        publish = Release, 5: Relaxed;
        /// Retiring sees the last use of every block before the memory is used again.
        retire = Acquire, 6: Relaxed;
        /// A lock's holder sees what the one before it wrote.
        lock = Acquire, 7: Relaxed;
        /// Unlocking publishes what its holder wrote.
        unlock = Release, 8: Relaxed;
    }

    #[cfg(loom)]
    static MUTANT: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0);

    /// Returns the number of the step that is weakened or dropped; 0 for none.
    #[cfg(loom)]
    pub fn mutant() -> u32 {
        MUTANT.load(core::sync::atomic::Ordering::SeqCst)
    }

    /// Weakens or drops one step.
    #[cfg(loom)]
    pub fn set_mutant(code: u32) {
        MUTANT.store(code, core::sync::atomic::Ordering::SeqCst);
    }

    /// Tells if a step is dropped; constant in every build but the models'.
    #[inline(always)]
    pub fn dropped(code: u32) -> bool {
        #[cfg(loom)]
        return mutant() == code;
        #[cfg(not(loom))]
        {
            let _ = code;
            false
        }
    }
}

#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    const fn new(state: State, head: u32, count: u32) -> Self {
        let head = (head >> UNIT) as u64;
        Self(state as u64 | (count as u64) << COUNT_SHIFT | head << HEAD_SHIFT)
    }

    const fn state(self) -> State {
        match self.0 & STATE {
            0 => State::Owned,
            1 => State::Floating,
            _ => State::Global,
        }
    }

    const fn count(self) -> u32 {
        (self.0 >> COUNT_SHIFT & COUNT) as u32
    }

    const fn head(self) -> u32 {
        ((self.0 >> HEAD_SHIFT) << UNIT) as u32
    }

    const fn batch(self) -> Batch {
        Batch { head: self.head(), tail: 0, count: self.count() }
    }
}

/// The word itself.
#[derive(Debug)]
pub struct Remote {
    word: AtomicU64,
}

impl Default for Remote {
    fn default() -> Self {
        Self { word: AtomicU64::new(0) }
    }
}

impl Remote {
    /// The word of an owned superblock for which nothing waits.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    /// How many blocks wait, as of some moment not long ago.
    #[inline]
    pub fn waiting(&self) -> u32 {
        Word(self.word.load(Ordering::Relaxed)).count()
    }

    /// Gives `batch` back. Any thread may call it for blocks that are its to free; once
    /// `take_at` blocks wait in a floating superblock the caller becomes its owner.
    ///
    /// # Safety
    /// The blocks of `batch` are chained by `links`, the caller's to free, and used by nobody any more.
    pub unsafe fn push(&self, links: &impl Links, batch: Batch, take_at: u32) -> Pushed {
        let mut old = Word(self.word.load(Ordering::Relaxed));
        loop {
            let waiting = old.count();
            if !ordering::dropped(20) {
                // SAFETY: the last block of the batch, which the caller gives up.
                unsafe { links.link(batch.tail, (waiting > 0).then(|| old.head())) };
            }
            let count = waiting + batch.count;
            let state = old.state();
            let take = state == State::Floating && count >= take_at && !ordering::dropped(23);
            let new = if take {
                Word::new(State::Owned, 0, 0)
            } else {
                Word::new(state, batch.head, count)
            };
            match self.word.compare_exchange_weak(old.0, new.0, ordering::push(), Ordering::Relaxed)
            {
                Ok(_) if take => {
                    return Pushed::Taken(Batch { head: batch.head, tail: 0, count });
                }
                Ok(_) if state == State::Global => return Pushed::Global(count),
                Ok(_) => return Pushed::Queued,
                Err(now) => old = Word(now),
            }
        }
    }

    /// Takes all waiting blocks.
    ///
    /// # Safety
    /// The caller may touch the private fields.
    pub unsafe fn collect(&self) -> Option<Batch> {
        let mut old = Word(self.word.load(Ordering::Relaxed));
        loop {
            if old.count() == 0 {
                return None;
            }
            let new = Word::new(old.state(), 0, 0);
            if ordering::dropped(24) {
                self.word.store(new.0, Ordering::Release);
                return Some(old.batch());
            }
            match self.word.compare_exchange_weak(
                old.0,
                new.0,
                ordering::collect(),
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(old.batch()),
                Err(now) => old = Word(now),
            }
        }
    }

    /// Lets go of a full superblock. False if blocks wait: it is not full then, and stays the
    /// caller's.
    ///
    /// # Safety
    /// The caller owns the superblock, and touches its private fields no more if the result is true.
    pub unsafe fn float(&self) -> bool {
        let empty = Word::new(State::Owned, 0, 0).0;
        let new = Word::new(State::Floating, 0, 0).0;
        if ordering::dropped(25) {
            self.word.store(new, ordering::float());
            return true;
        }
        self.word.compare_exchange(empty, new, ordering::float(), Ordering::Relaxed).is_ok()
    }

    /// Takes a floating superblock, with the blocks that wait: the caller owns it then. `None` if it
    /// does not float.
    pub fn claim(&self) -> Option<Batch> {
        let mut old = Word(self.word.load(Ordering::Relaxed));
        loop {
            if old.state() != State::Floating && !ordering::dropped(22) {
                return None;
            }
            let new = Word::new(State::Owned, 0, 0);
            match self.word.compare_exchange_weak(
                old.0,
                new.0,
                ordering::claim(),
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(old.batch()),
                Err(now) => old = Word(now),
            }
        }
    }

    /// Hands the superblock to the global heap, and returns how many blocks waited.
    ///
    /// # Safety
    /// The caller owns the superblock and holds its node's lock.
    pub unsafe fn publish(&self) -> u32 {
        Word(self.word.fetch_add(State::Global as u64, ordering::publish())).count()
    }

    /// Takes a global superblock for a heap; what waits, waits on.
    ///
    /// # Safety
    /// The superblock is global, and the caller holds its node's lock.
    pub unsafe fn adopt(&self) {
        self.word.fetch_sub(State::Global as u64, Ordering::Relaxed);
    }

    /// Takes a global superblock out of use, all of whose `used` blocks wait. False if some are
    /// still out, or if it is not global.
    ///
    /// # Safety
    /// The caller holds the lock of the superblock's node, and `used` is the number of blocks that
    /// are out or wait.
    pub unsafe fn retire(&self, used: u32) -> bool {
        let mut old = Word(self.word.load(Ordering::Relaxed));
        while old.state() == State::Global && (old.count() == used || ordering::dropped(21)) {
            let new = Word::new(State::Owned, 0, 0);
            match self.word.compare_exchange_weak(
                old.0,
                new.0,
                ordering::retire(),
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => old = Word(now),
            }
        }
        false
    }
}

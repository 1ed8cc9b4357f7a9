//! A snapshot in memory that two protection domains share: one writer, any number of readers, a
//! sequence lock in between. Words are atomic, so that a reader that meets a writer reads stale or
//! torn data, which the lock and the check sum refuse, and never undefined behaviour.

use super::*;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering, fence};

/// Which word of a snapshot is its sequence.
const SEQUENCE: usize = 1;
/// Which word has the length in its upper half (the lower has the version).
const LENGTH: usize = 2;
/// A reader gives up after this many updates came between.
const TRIES: usize = 64;

/// Shared memory, word by word: a slice of atomics, or what reaches a mapping of another kind.
pub trait Words {
    /// Number of words.
    fn count(&self) -> usize;
    /// Load a word; `None` beyond the end.
    fn load(&self, index: usize, order: Ordering) -> Option<u64>;
}

/// Shared memory that may be written.
pub trait WordsMut: Words {
    /// Store a word; `None` beyond the end.
    fn store(&self, index: usize, word: u64, order: Ordering) -> Option<()>;
}

impl Words for [AtomicU64] {
    fn count(&self) -> usize {
        self.len()
    }

    fn load(&self, index: usize, order: Ordering) -> Option<u64> {
        self.get(index).map(|word| word.load(order))
    }
}

impl WordsMut for [AtomicU64] {
    fn store(&self, index: usize, word: u64, order: Ordering) -> Option<()> {
        self.get(index).map(|slot| slot.store(word, order))
    }
}

/// Put a snapshot made by [`write()`] into shared memory. Only one thread may publish to it.
pub fn publish<W: WordsMut + ?Sized>(shared: &W, words: &[u64]) -> Result<(), SnapshotError> {
    let before = shared.load(SEQUENCE, Ordering::Relaxed).ok_or(SnapshotError::TooLarge)?;
    let before = u64::from_le(before) & !1;
    if words.len() > shared.count() {
        return Err(SnapshotError::TooLarge);
    }
    let store =
        |index, word: u64, order| shared.store(index, word, order).ok_or(SnapshotError::TooLarge);
    store(SEQUENCE, (before + 1).to_le(), Ordering::Relaxed)?;
    // the odd number is seen by everybody who sees one of the new words
    fence(Ordering::Release);
    for (i, word) in words.iter().enumerate() {
        if i != SEQUENCE {
            store(i, *word, Ordering::Relaxed)?;
        }
    }
    // the new words are seen by everybody who sees the even number
    store(SEQUENCE, before.wrapping_add(2).to_le(), Ordering::Release)
}

/// A client's side of the shared memory.
#[derive(Copy, Clone, Debug)]
pub struct Shared<'a, W: Words + ?Sized = [AtomicU64]> {
    words: &'a W,
}

impl<'a, W: Words + ?Sized> Shared<'a, W> {
    /// Shared memory that holds, or will hold, a snapshot.
    pub fn new(words: &'a W) -> Self {
        Shared { words }
    }

    /// Copy the snapshot and check the copy.
    pub fn load(&self) -> Result<OwnedSnapshot, SnapshotError> {
        let mut error = SnapshotError::Busy;
        for _ in 0..TRIES {
            match self.try_load() {
                Ok(snapshot) => return Ok(snapshot),
                Err(e) => error = e,
            }
            if error != SnapshotError::Busy {
                break;
            }
            core::hint::spin_loop();
        }
        Err(error)
    }

    fn try_load(&self) -> Result<OwnedSnapshot, SnapshotError> {
        let at = |i, order| self.words.load(i, order).ok_or(SnapshotError::Truncated);
        let before = at(SEQUENCE, Ordering::Acquire)?;
        if u64::from_le(before) % 2 != 0 {
            return Err(SnapshotError::Busy);
        }
        let length = (u64::from_le(at(LENGTH, Ordering::Relaxed)?) >> 32) as usize;
        if length > MAX_SIZE {
            return Err(SnapshotError::TooLarge);
        }
        let count = length.div_ceil(8);
        if count > self.words.count() {
            return Err(SnapshotError::Truncated);
        }
        let words = (0..count).map(|i| at(i, Ordering::Relaxed));
        let mut copy = words.collect::<Result<Vec<u64>, _>>()?;
        // the words above were read before the number below
        fence(Ordering::Acquire);
        if at(SEQUENCE, Ordering::Relaxed)? != before {
            return Err(SnapshotError::Busy);
        }
        if let Some(s) = copy.get_mut(SEQUENCE) {
            *s = before;
        }
        OwnedSnapshot::new(copy)
    }

    /// Whether `snapshot` is still the published one: one load.
    pub fn is_current(&self, snapshot: &OwnedSnapshot) -> bool {
        let now = self.words.load(SEQUENCE, Ordering::Acquire).map(u64::from_le);
        now == Some(snapshot.sequence())
    }
}

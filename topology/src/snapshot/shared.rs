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

/// Put a snapshot made by [`write`] into shared memory. Only one thread may publish to it.
pub fn publish(shared: &[AtomicU64], words: &[u64]) -> Result<(), SnapshotError> {
    let sequence = shared.get(SEQUENCE).ok_or(SnapshotError::TooLarge)?;
    if words.len() > shared.len() {
        return Err(SnapshotError::TooLarge);
    }
    let before = u64::from_le(sequence.load(Ordering::Relaxed)) & !1;
    sequence.store((before + 1).to_le(), Ordering::Relaxed);
    // the odd number is seen by everybody who sees one of the new words
    fence(Ordering::Release);
    for (i, (slot, word)) in shared.iter().zip(words).enumerate() {
        if i != SEQUENCE {
            slot.store(*word, Ordering::Relaxed);
        }
    }
    // the new words are seen by everybody who sees the even number
    sequence.store(before.wrapping_add(2).to_le(), Ordering::Release);
    Ok(())
}

/// A client's side of the shared memory.
#[derive(Copy, Clone, Debug)]
pub struct Shared<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Shared<'a> {
    /// Shared memory that holds, or will hold, a snapshot.
    pub fn new(words: &'a [AtomicU64]) -> Self {
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
        let at = |i: usize| self.words.get(i).ok_or(SnapshotError::Truncated);
        let before = at(SEQUENCE)?.load(Ordering::Acquire);
        if u64::from_le(before) % 2 != 0 {
            return Err(SnapshotError::Busy);
        }
        let length = (u64::from_le(at(LENGTH)?.load(Ordering::Relaxed)) >> 32) as usize;
        if length > MAX_SIZE {
            return Err(SnapshotError::TooLarge);
        }
        let words = self.words.get(..length.div_ceil(8)).ok_or(SnapshotError::Truncated)?;
        let mut copy: Vec<u64> = words.iter().map(|w| w.load(Ordering::Relaxed)).collect();
        // the words above were read before the number below
        fence(Ordering::Acquire);
        if at(SEQUENCE)?.load(Ordering::Relaxed) != before {
            return Err(SnapshotError::Busy);
        }
        if let Some(s) = copy.get_mut(SEQUENCE) {
            *s = before;
        }
        OwnedSnapshot::new(copy)
    }

    /// Whether `snapshot` is still the published one: one load.
    pub fn is_current(&self, snapshot: &OwnedSnapshot) -> bool {
        let now = self.words.get(SEQUENCE).map(|w| u64::from_le(w.load(Ordering::Acquire)));
        now == Some(snapshot.sequence())
    }
}

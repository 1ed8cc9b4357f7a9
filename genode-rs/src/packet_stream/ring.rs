//! One descriptor queue: a ring of Genode's layout, with the state that each side keeps for itself.
//!
//! # Layout
//! A 32-bit head (the next slot that the producer fills), a 32-bit tail (the next one that the
//! consumer empties), then the slots. Both count modulo the number of slots, and one slot stays
//! empty, so that head = tail means an empty queue.
//!
//! # What is private
//! Each side keeps its own index for itself and only publishes it. The other side's index is loaded
//! once per look, and must lie where an honest peer can have moved it to since the last look: then
//! whatever a peer writes changes which slots of its own are used next, and nothing else.
//!
//! # Wake-ups
//! A side that finds nothing to do looks again behind a fence before it sleeps; a side that is
//! about to decide whether it wakes the other one fences between what it published and that look.
//! So at least one of the two sees what the other did (the pattern of Dekker's mutual exclusion).
//! Genode's C++ code has the same fences, as each of its looks takes a mutex.
//!
//! The edges are Genode's: "one element" for the consumer, "one slot free" for the producer. With
//! `added` elements since the last decision and `queued` in the queue, the consumer has emptied the
//! queue in between, and may sleep, if `queued <= added`: for one element at a time, that is
//! Genode's condition.

use platform::{AtomicU32, Word, fence, load, order, store};

#[cfg(not(loom))]
#[path = "platform.rs"]
mod platform;

#[cfg(loom)]
#[path = "loom.rs"]
mod platform;

/// Weakens one ordering by number, for the model checker's test of itself; 0 weakens none.
#[cfg(loom)]
pub use platform::{AtomicU32 as Index, Word as Slot, order::mutate};

/// A queue in shared memory, as it is looked at once.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    /// Moved by the producer.
    pub(crate) head: &'a AtomicU32,
    /// Moved by the consumer.
    pub(crate) tail: &'a AtomicU32,
    /// The descriptors, `words` after `words`.
    pub(crate) slots: &'a [Word],
}

/// An index of the peer's that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadIndex {
    /// The index that was read.
    pub(crate) index: u32,
}

/// Counts from `from` up to `to` in a ring of `slots`.
#[inline]
const fn distance(slots: u32, from: u32, to: u32) -> u32 {
    if to >= from { to - from } else { slots - from + to }
}

#[inline]
const fn next(slots: u32, at: u32) -> u32 {
    if at + 1 == slots { 0 } else { at + 1 }
}

/// The words of slot `at`.
#[inline]
fn slot(slots: &[Word], at: u32, words: usize) -> &[Word] {
    let start = at as usize * words;
    slots.get(start..start + words).unwrap_or_default()
}

/// The side that adds elements.
#[derive(Debug)]
pub(crate) struct Producer {
    slots: u32,
    head: u32,
    /// Elements in the queue when it was last looked at, and those added since.
    queued: u32,
    /// Added since the last decision about a wake-up.
    added: u32,
}

impl Producer {
    /// Prepares the producer's part of an empty queue of `slots`, 2 at least.
    pub(crate) fn new(queue: Shared<'_>, slots: u32) -> Self {
        queue.slots.iter().for_each(|word| store(word, 0));
        queue.head.store(0, order::publish());
        Self { slots, head: 0, queued: 0, added: 0 }
    }

    /// Looks at the consumer's index.
    #[inline]
    fn look(&mut self, queue: Shared<'_>) -> Result<(), BadIndex> {
        let tail = queue.tail.load(order::reuse());
        if tail >= self.slots {
            return Err(BadIndex { index: tail });
        }
        let queued = distance(self.slots, tail, self.head);
        if queued > self.queued {
            return Err(BadIndex { index: tail }); // moved back, or beyond the head
        }
        self.queued = queued;
        Ok(())
    }

    #[inline]
    const fn free_seen(&self) -> u32 {
        self.slots - 1 - self.queued
    }

    /// Returns the number of free slots, at least `wanted` if they are there.
    #[inline]
    pub(crate) fn free(&mut self, queue: Shared<'_>, wanted: u32) -> Result<u32, BadIndex> {
        if self.free_seen() < wanted {
            self.look(queue)?;
        }
        if self.free_seen() < wanted {
            fence(order::before_sleep());
            self.look(queue)?;
        }
        Ok(self.free_seen())
    }

    /// Adds an element of `words`; false if the queue is full.
    #[inline]
    pub(crate) fn add(&mut self, queue: Shared<'_>, words: &[u64]) -> Result<bool, BadIndex> {
        if self.free(queue, 1)? == 0 {
            return Ok(false);
        }
        for (word, value) in slot(queue.slots, self.head, words.len()).iter().zip(words) {
            store(word, *value);
        }
        self.head = next(self.slots, self.head);
        queue.head.store(self.head, order::publish());
        self.queued += 1;
        self.added = self.added.saturating_add(1);
        Ok(true)
    }

    /// Returns whether the consumer may have found the queue empty since the last decision, and
    /// must be woken.
    pub(crate) fn must_wake(&mut self, queue: Shared<'_>) -> Result<bool, BadIndex> {
        if self.added == 0 {
            return Ok(false);
        }
        fence(order::before_wake());
        self.look(queue)?;
        let added = core::mem::take(&mut self.added);
        Ok(self.queued > 0 && self.queued <= added)
    }

    /// Returns whether the consumer has not taken all.
    pub(crate) fn has_elements(&mut self, queue: Shared<'_>) -> Result<bool, BadIndex> {
        self.look(queue)?;
        Ok(self.queued > 0)
    }
}

/// The side that takes elements.
#[derive(Debug)]
pub(crate) struct Consumer {
    slots: u32,
    tail: u32,
    /// Elements in the queue when it was last looked at, less those taken since.
    queued: u32,
    /// Taken since the last decision about a wake-up.
    taken: u32,
}

impl Consumer {
    /// Prepares the consumer's part of an empty queue of `slots`, 2 at least.
    pub(crate) fn new(queue: Shared<'_>, slots: u32) -> Self {
        queue.tail.store(0, order::release());
        Self { slots, tail: 0, queued: 0, taken: 0 }
    }

    /// Looks at the producer's index.
    #[inline]
    fn look(&mut self, queue: Shared<'_>) -> Result<(), BadIndex> {
        let head = queue.head.load(order::see());
        if head >= self.slots {
            return Err(BadIndex { index: head });
        }
        let queued = distance(self.slots, self.tail, head);
        if queued < self.queued {
            return Err(BadIndex { index: head }); // moved back
        }
        self.queued = queued;
        Ok(())
    }

    /// Returns the number of elements to be had, at least 1 if there is any.
    #[inline]
    pub(crate) fn available(&mut self, queue: Shared<'_>) -> Result<u32, BadIndex> {
        if self.queued == 0 {
            self.look(queue)?;
        }
        if self.queued == 0 {
            fence(order::before_sleep());
            self.look(queue)?;
        }
        Ok(self.queued)
    }

    /// Takes an element into `words`; false if the queue is empty.
    #[inline]
    pub(crate) fn take(&mut self, queue: Shared<'_>, words: &mut [u64]) -> Result<bool, BadIndex> {
        if self.available(queue)? == 0 {
            return Ok(false);
        }
        let taken = slot(queue.slots, self.tail, words.len());
        for (value, word) in words.iter_mut().zip(taken) {
            *value = load(word);
        }
        self.tail = next(self.slots, self.tail);
        queue.tail.store(self.tail, order::release());
        self.queued -= 1;
        self.taken = self.taken.saturating_add(1);
        Ok(true)
    }

    /// Returns whether the producer may have found the queue full since the last decision, and must
    /// be woken.
    pub(crate) fn must_wake(&mut self, queue: Shared<'_>) -> Result<bool, BadIndex> {
        if self.taken == 0 {
            return Ok(false);
        }
        fence(order::before_wake());
        self.look(queue)?;
        let taken = core::mem::take(&mut self.taken);
        let free = self.slots - 1 - self.queued;
        Ok(free <= taken)
    }
}

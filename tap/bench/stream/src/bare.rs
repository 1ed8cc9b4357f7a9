//! The baseline: a ring of indices over shared memory as one writes it by hand, without sessions,
//! allocation or checks.
//!
//! Slots of the buffer belong to slots of the ring, an index is believed as it is read, and nobody
//! is woken. Content is copied by the same functions as the stream's, since any two components
//! share memory by these.

use std::sync::atomic::{AtomicU32, Ordering};

use genode::dataspace::LocalRam;

/// One direction.
#[derive(Default)]
struct Ring {
    head: AtomicU32,
    tail: AtomicU32,
}

impl Ring {
    fn push(&self) {
        self.head.store(self.head.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// Takes a slot, if one is full.
    fn pop(&self, slots: u32) -> Option<u32> {
        let tail = self.tail.load(Ordering::Relaxed);
        if self.head.load(Ordering::Acquire) == tail {
            return None;
        }
        self.tail.store(tail.wrapping_add(1), Ordering::Release);
        Some(tail % slots)
    }

    fn next(&self, slots: u32) -> u32 {
        self.head.load(Ordering::Relaxed) % slots
    }
}

/// Both directions, with a buffer of `slots` slots.
pub(crate) struct Bare {
    pub(crate) memory: LocalRam,
    submit: Ring,
    acks: Ring,
    slots: u32,
    size: usize,
}

impl Bare {
    pub(crate) fn new(slots: u32, size: usize) -> Result<Self, genode::Error> {
        let memory = LocalRam::new(slots as usize * size)?;
        Ok(Self { memory, submit: Ring::default(), acks: Ring::default(), slots, size })
    }

    /// Returns where the next packet's content is.
    pub(crate) fn place(&self) -> usize {
        self.submit.next(self.slots) as usize * self.size
    }

    pub(crate) fn submit(&self) {
        self.submit.push();
    }

    pub(crate) fn take(&self) -> Option<usize> {
        self.submit.pop(self.slots).map(|slot| slot as usize * self.size)
    }

    pub(crate) fn ack(&self) {
        self.acks.push();
    }

    pub(crate) fn acked(&self) -> Option<usize> {
        self.acks.pop(self.slots).map(|slot| slot as usize * self.size)
    }
}

//! A ring where it lies in the shared memory.

use super::{
    protocol::{Layout, Protocol, Queue, StreamError},
    ring::{BadIndex, Consumer, Producer, Shared},
};
use crate::{dataspace::Area, error::Error};

/// A packet that was not taken, and why.
#[derive(Debug)]
pub struct Refused<T> {
    /// The packet, as it was.
    pub packet: T,
    /// Why it was not taken.
    pub why: StreamError,
}

/// One of a stream's queues: its place, and how its descriptors look.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoundQueue {
    which: Queue,
    at: usize,
    slots: u32,
    words: usize,
}

impl BoundQueue {
    pub(super) const fn submit<P: Protocol>(_layout: &Layout) -> Self {
        let words = Layout::descriptor_words::<P>();
        Self { which: Queue::Submit, at: 0, slots: P::SUBMIT_QUEUE, words }
    }

    pub(super) const fn acks<P: Protocol>(layout: &Layout) -> Self {
        let words = Layout::descriptor_words::<P>();
        Self { which: Queue::Ack, at: layout.ack_queue, slots: P::ACK_QUEUE, words }
    }

    #[inline]
    fn shared(self, memory: &Area) -> Result<Shared<'_>, Error> {
        let words = self.slots as usize * self.words;
        let (head, tail, slots) = memory.queue(self.at, words)?;
        Ok(Shared { head, tail, slots })
    }

    #[cold]
    const fn bad(self, index: BadIndex) -> StreamError {
        StreamError::Index { queue: self.which, index: index.index, slots: self.slots }
    }

    pub(super) fn producer(self, memory: &Area) -> Result<Producer, StreamError> {
        Ok(Producer::new(self.shared(memory)?, self.slots))
    }

    pub(super) fn consumer(self, memory: &Area) -> Result<Consumer, StreamError> {
        Ok(Consumer::new(self.shared(memory)?, self.slots))
    }

    #[inline]
    pub(super) fn add(
        self,
        memory: &Area,
        producer: &mut Producer,
        words: &[u64],
    ) -> Result<(), StreamError> {
        match producer.add(self.shared(memory)?, words) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StreamError::Full(self.which)),
            Err(index) => Err(self.bad(index)),
        }
    }

    #[inline]
    pub(super) fn take(
        self,
        memory: &Area,
        consumer: &mut Consumer,
        words: &mut [u64],
    ) -> Result<bool, StreamError> {
        consumer.take(self.shared(memory)?, words).map_err(|index| self.bad(index))
    }

    #[inline]
    pub(super) fn free(
        self,
        memory: &Area,
        producer: &mut Producer,
        wanted: u32,
    ) -> Result<u32, StreamError> {
        producer.free(self.shared(memory)?, wanted).map_err(|index| self.bad(index))
    }

    #[inline]
    pub(super) fn available(
        self,
        memory: &Area,
        consumer: &mut Consumer,
    ) -> Result<u32, StreamError> {
        consumer.available(self.shared(memory)?).map_err(|index| self.bad(index))
    }

    pub(super) fn has_elements(
        self,
        memory: &Area,
        producer: &mut Producer,
    ) -> Result<bool, StreamError> {
        producer.has_elements(self.shared(memory)?).map_err(|index| self.bad(index))
    }

    pub(super) fn must_wake_consumer(
        self,
        memory: &Area,
        producer: &mut Producer,
    ) -> Result<bool, StreamError> {
        producer.must_wake(self.shared(memory)?).map_err(|index| self.bad(index))
    }

    pub(super) fn must_wake_producer(
        self,
        memory: &Area,
        consumer: &mut Consumer,
    ) -> Result<bool, StreamError> {
        consumer.must_wake(self.shared(memory)?).map_err(|index| self.bad(index))
    }
}

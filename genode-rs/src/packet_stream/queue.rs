//! A ring where it lies in the shared memory.

use core::marker::PhantomData;

use super::{
    protocol::{Layout, MAX_WORDS, Protocol, Queue, StreamError},
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

/// Words of a descriptor: offset, size, and the protocol's; those behind are zero.
pub(super) type Descriptor = [u64; 2 + MAX_WORDS];

/// One of a protocol's queues: its place, and how its descriptors look. All of that is known when
/// it is compiled, so that an access is one check of the memory and as many moves as words.
pub(super) struct BoundQueue<P, const ACKS: bool>(PhantomData<P>);

/// From source to sink.
pub(super) type SubmitQueue<P> = BoundQueue<P, false>;
/// From sink to source.
pub(super) type AckQueue<P> = BoundQueue<P, true>;

impl<P: Protocol, const ACKS: bool> BoundQueue<P, ACKS> {
    const WHICH: Queue = if ACKS { Queue::Ack } else { Queue::Submit };
    const AT: usize = if ACKS { Layout::ack_queue_of::<P>() } else { 0 };
    const SLOTS: u32 = if ACKS { P::ACK_QUEUE } else { P::SUBMIT_QUEUE };
    const WORDS: usize = Layout::descriptor_words::<P>();

    #[inline]
    fn shared(memory: &Area) -> Result<Shared<'_>, Error> {
        let words = Self::SLOTS as usize * Self::WORDS;
        let (head, tail, slots) = memory.queue(Self::AT, words)?;
        Ok(Shared { head, tail, slots })
    }

    #[cold]
    const fn bad(index: BadIndex) -> StreamError {
        StreamError::Index { queue: Self::WHICH, index: index.index, slots: Self::SLOTS }
    }

    pub(super) fn producer(memory: &Area) -> Result<Producer, StreamError> {
        Ok(Producer::new(Self::shared(memory)?, Self::SLOTS))
    }

    pub(super) fn consumer(memory: &Area) -> Result<Consumer, StreamError> {
        Ok(Consumer::new(Self::shared(memory)?, Self::SLOTS))
    }

    #[inline]
    pub(super) fn add(
        memory: &Area,
        producer: &mut Producer,
        descriptor: &Descriptor,
    ) -> Result<(), StreamError> {
        match producer.add(Self::shared(memory)?, &descriptor[..Self::WORDS]) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StreamError::Full(Self::WHICH)),
            Err(index) => Err(Self::bad(index)),
        }
    }

    #[inline]
    pub(super) fn take(
        memory: &Area,
        consumer: &mut Consumer,
    ) -> Result<Option<Descriptor>, StreamError> {
        let mut words = [0; 2 + MAX_WORDS];
        match consumer.take(Self::shared(memory)?, &mut words[..Self::WORDS]) {
            Ok(true) => Ok(Some(words)),
            Ok(false) => Ok(None),
            Err(index) => Err(Self::bad(index)),
        }
    }

    #[inline]
    pub(super) fn free(
        memory: &Area,
        producer: &mut Producer,
        wanted: u32,
    ) -> Result<u32, StreamError> {
        producer.free(Self::shared(memory)?, wanted).map_err(Self::bad)
    }

    #[inline]
    pub(super) fn available(memory: &Area, consumer: &mut Consumer) -> Result<u32, StreamError> {
        consumer.available(Self::shared(memory)?).map_err(Self::bad)
    }

    pub(super) fn has_elements(
        memory: &Area,
        producer: &mut Producer,
    ) -> Result<bool, StreamError> {
        producer.has_elements(Self::shared(memory)?).map_err(Self::bad)
    }

    pub(super) fn must_wake_consumer(
        memory: &Area,
        producer: &mut Producer,
    ) -> Result<bool, StreamError> {
        producer.must_wake(Self::shared(memory)?).map_err(Self::bad)
    }

    pub(super) fn must_wake_producer(
        memory: &Area,
        consumer: &mut Consumer,
    ) -> Result<bool, StreamError> {
        consumer.must_wake(Self::shared(memory)?).map_err(Self::bad)
    }
}

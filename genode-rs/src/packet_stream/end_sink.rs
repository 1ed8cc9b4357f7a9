//! The receiver of packets, without the signals around it.

use alloc::rc::Rc;
use core::{fmt, marker::PhantomData, ops::Deref};

use super::{
    end_source::Wake,
    packet::Received,
    protocol::{Layout, Protocol, StreamError},
    queue::{AckQueue, Descriptor, Refused, SubmitQueue},
    ring::{Consumer, Producer},
};
use crate::dataspace::Area;

/// A sink over `memory`, for those who handle signals by themselves; [`Sink`](super::Sink) is the
/// complete one.
pub struct SinkEnd<P: Protocol, M: Deref<Target = Area>> {
    memory: Rc<M>,
    layout: Layout,
    submit: Consumer,
    acks: Producer,
    protocol: PhantomData<fn() -> P>,
}

impl<P: Protocol, M: Deref<Target = Area>> SinkEnd<P, M> {
    /// Prepares the sink's part of `memory`.
    ///
    /// # Errors
    /// [`StreamError::TooSmall`] when there is no room for a packet; [`StreamError::System`] for
    /// read-only memory.
    pub fn new(memory: M) -> Result<Self, StreamError> {
        let layout = Layout::new::<P>(memory.size())?;
        let submit = SubmitQueue::<P>::consumer(&memory)?;
        let acks = AckQueue::<P>::producer(&memory)?;
        Ok(Self { memory: Rc::new(memory), layout, submit, acks, protocol: PhantomData })
    }

    /// Returns the memory.
    pub fn memory(&self) -> &M {
        &self.memory
    }

    /// Returns whether there is a packet.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub fn packet_avail(&mut self) -> Result<bool, StreamError> {
        Ok(SubmitQueue::<P>::available(&self.memory, &mut self.submit)? > 0)
    }

    /// Takes the next packet, if there is one.
    ///
    /// # Errors
    /// [`StreamError::Index`]. A packet whose descriptor is wrong is taken, as it wants an
    /// acknowledgement too.
    pub fn try_next(&mut self) -> Result<Option<Received<P::Header, M>>, StreamError> {
        let Some(words) = SubmitQueue::<P>::take(&self.memory, &mut self.submit)? else {
            return Ok(None);
        };
        let ([offset, size, ..], header) = (words, P::decode(&words[2..2 + P::WORDS]));
        // A packet of size 0 has no place, whatever its offset.
        let content =
            if size == 0 { Ok(self.layout.bulk) } else { self.layout.check(offset, size) };
        Ok(Some(Received { memory: self.memory.clone(), offset, size, content, header }))
    }

    /// Acknowledges a packet, with what is to be said of it. The source learns of it by
    /// [`wakeup`](Self::wakeup), unless it looks by itself.
    ///
    /// # Errors
    /// [`StreamError::Full`] when the queue is full, [`StreamError::Foreign`] for a packet of
    /// another stream, [`StreamError::Index`]; the packet comes back.
    pub fn try_ack(
        &mut self,
        packet: Received<P::Header, M>,
        header: &P::Header,
    ) -> Result<(), Refused<Received<P::Header, M>>> {
        if !Rc::ptr_eq(&packet.memory, &self.memory) {
            return Err(Refused { packet, why: StreamError::Foreign });
        }
        self.put(packet.offset, packet.size, header).map_err(|why| Refused { packet, why })
    }

    /// Tells the source something by a descriptor without a packet, of a protocol that has such
    /// ([`Kind::Notice`](super::Kind::Notice)).
    ///
    /// # Errors
    /// [`StreamError::Full`] when the queue is full, [`StreamError::Index`].
    pub fn try_notify(&mut self, header: &P::Header) -> Result<(), StreamError> {
        self.put(0, 0, header)
    }

    fn put(&mut self, offset: u64, size: u64, header: &P::Header) -> Result<(), StreamError> {
        let mut words = Descriptor::default();
        let (place, rest) = words.split_at_mut(2);
        place.copy_from_slice(&[offset, size]);
        P::encode(header, &mut rest[..P::WORDS]);
        AckQueue::<P>::add(&self.memory, &mut self.acks, &words)
    }

    /// Returns the number of acknowledgements that the queue has room for, at least `wanted` if it
    /// has.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub fn ready_to_ack(&mut self, wanted: u32) -> Result<u32, StreamError> {
        AckQueue::<P>::free(&self.memory, &mut self.acks, wanted)
    }

    /// Decides what the source must be told since the last time. Call it after a batch, and before
    /// going to sleep.
    ///
    /// # Errors
    /// [`StreamError::Index`]; the decision is made up for later.
    pub fn wakeup(&mut self) -> Result<Wake, StreamError> {
        let memory: &Area = &self.memory;
        let elements = AckQueue::<P>::must_wake_consumer(memory, &mut self.acks)?;
        let space = SubmitQueue::<P>::must_wake_producer(memory, &mut self.submit)?;
        Ok(Wake { elements, space })
    }

    /// Tells which handlers of the source's are due when they are registered: that of
    /// acknowledgements if some are in the queue, that of space if there are packets.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub fn due(&mut self) -> Result<Wake, StreamError> {
        let elements = AckQueue::<P>::has_elements(&self.memory, &mut self.acks)?;
        Ok(Wake { elements, space: self.packet_avail()? })
    }
}

impl<P: Protocol, M: Deref<Target = Area>> fmt::Debug for SinkEnd<P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkEnd")
            .field("submit", &self.submit)
            .field("acks", &self.acks)
            .finish_non_exhaustive()
    }
}

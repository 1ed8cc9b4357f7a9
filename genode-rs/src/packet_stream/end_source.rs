//! The originator of packets, without the signals around it.

use alloc::rc::Rc;
use core::{cell::RefCell, fmt, marker::PhantomData, ops::Deref};

use super::{
    packet::{Bulk, Packet},
    pool::Pool,
    protocol::{Kind, Layout, Protocol, StreamError},
    queue::{AckQueue, Descriptor, Refused, SubmitQueue},
    ring::{Consumer, Producer},
};
use crate::{
    dataspace::{Area, Attached},
    task::waiters::Waiters,
};

/// News that the peer must be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// There is an element where the peer may have found none: `packet_avail` from a source,
    /// `ack_avail` from a sink.
    pub elements: bool,
    /// There is space where the peer may have found none: `ready_to_ack` from a source,
    /// `ready_to_submit` from a sink.
    pub space: bool,
}

/// A packet that came back, and what the sink says of it.
#[derive(Debug)]
pub struct Acked<H, M: Deref<Target = Area> = Attached> {
    /// The packet; `None` for a request without a range, and for a notice.
    pub packet: Option<Packet<M>>,
    /// The acknowledgement's meaning. The sink chose it: check before use.
    pub header: H,
}

/// A source over `memory`, for those who handle signals by themselves; [`Source`](super::Source) is
/// the complete one.
pub struct SourceEnd<P: Protocol, M: Deref<Target = Area>> {
    bulk: Rc<Bulk<M>>,
    submit: Producer,
    acks: Consumer,
    /// Requests without a range that are outstanding.
    bare: u32,
    protocol: PhantomData<fn() -> P>,
}

impl<P: Protocol, M: Deref<Target = Area>> SourceEnd<P, M> {
    /// Prepares the source's part of `memory`. Packets begin at multiples of 2 to the power of
    /// `align_log2`, or of what the protocol says if that is more.
    ///
    /// # Errors
    /// [`StreamError::TooSmall`] when there is no room for a packet; [`StreamError::System`] for
    /// read-only memory.
    pub fn new(memory: M, align_log2: u8) -> Result<Self, StreamError> {
        let layout = Layout::new::<P>(memory.size())?;
        let pool = RefCell::new(Pool::new(&layout, align_log2.max(P::ALIGN_LOG2))?);
        let submit = SubmitQueue::<P>::producer(&memory)?;
        let acks = AckQueue::<P>::consumer(&memory)?;
        let bulk = Rc::new(Bulk { memory, pool, freed: Waiters::default() });
        Ok(Self { bulk, submit, acks, bare: 0, protocol: PhantomData })
    }

    /// Returns the memory.
    pub fn memory(&self) -> &M {
        &self.bulk.memory
    }

    pub(super) fn bulk(&self) -> &Rc<Bulk<M>> {
        &self.bulk
    }

    /// Returns the size of the largest packet that an empty buffer has room for, in bytes.
    pub fn largest(&self) -> usize {
        self.bulk.pool.borrow().largest()
    }

    /// Allocates a packet of `size` bytes; `None` while the buffer is full. Its content is what was
    /// there before.
    ///
    /// # Errors
    /// [`StreamError::PacketSize`] for 0 bytes, and for more than the buffer ever has.
    pub fn try_alloc(&self, size: usize) -> Result<Option<Packet<M>>, StreamError> {
        let span = self.bulk.pool.borrow_mut().alloc(size)?;
        Ok(span.map(|span| Packet::new(&self.bulk, Some(span))))
    }

    /// Makes a request without a range of the buffer.
    pub fn bare(&self) -> Packet<M> {
        Packet::new(&self.bulk, None)
    }

    /// Submits a packet with its header. The sink learns of it by [`wakeup`](Self::wakeup), unless
    /// it looks by itself.
    ///
    /// # Errors
    /// [`StreamError::Full`] when the queue is full, [`StreamError::Foreign`] for a packet of
    /// another stream, [`StreamError::Index`]; the packet comes back.
    pub fn try_submit(
        &mut self,
        packet: Packet<M>,
        header: &P::Header,
    ) -> Result<(), Refused<Packet<M>>> {
        let result = self.put(&packet, header);
        if let Err(why) = result {
            return Err(Refused { packet, why });
        }
        packet.leave();
        Ok(())
    }

    fn put(&mut self, packet: &Packet<M>, header: &P::Header) -> Result<(), StreamError> {
        if !packet.is_of(&self.bulk) {
            return Err(StreamError::Foreign);
        }
        let mut words = Descriptor::default();
        let (place, rest) = words.split_at_mut(2);
        place.copy_from_slice(&[packet.offset() as u64, packet.size() as u64]);
        P::encode(header, &mut rest[..P::WORDS]);
        SubmitQueue::<P>::add(&self.bulk.memory, &mut self.submit, &words)?;
        match packet.span() {
            Some(span) => self.bulk.pool.borrow_mut().submitted(span),
            None if P::kind(header) == Kind::Notice => (),
            None => self.bare += 1,
        }
        Ok(())
    }

    /// Returns the number of packets that the submit queue has room for, at least `wanted` if it
    /// has.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub fn ready_to_submit(&mut self, wanted: u32) -> Result<u32, StreamError> {
        SubmitQueue::<P>::free(&self.bulk.memory, &mut self.submit, wanted)
    }

    /// Returns whether there is an acknowledgement.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub fn ack_avail(&mut self) -> Result<bool, StreamError> {
        Ok(AckQueue::<P>::available(&self.bulk.memory, &mut self.acks)? > 0)
    }

    /// Takes the next acknowledgement, if there is one.
    ///
    /// # Errors
    /// [`StreamError::Unknown`] for one that names no outstanding packet: it is dropped, the next
    /// call goes on. [`StreamError::Index`].
    pub fn try_acked(&mut self) -> Result<Option<Acked<P::Header, M>>, StreamError> {
        let Some(words) = AckQueue::<P>::take(&self.bulk.memory, &mut self.acks)? else {
            return Ok(None);
        };
        let ([offset, size, ..], header) = (words, P::decode(&words[2..2 + P::WORDS]));
        let unknown = StreamError::Unknown { offset, size };
        let packet = match P::kind(&header) {
            Kind::Notice => None,
            Kind::Packet if size > 0 => {
                let span = self.bulk.pool.borrow_mut().acked(offset, size).ok_or(unknown)?;
                Some(Packet::new(&self.bulk, Some(span)))
            }
            Kind::Packet | Kind::Bare => {
                self.bare = self.bare.checked_sub(1).ok_or(unknown)?;
                None
            }
        };
        Ok(Some(Acked { packet, header }))
    }

    /// Decides what the sink must be told since the last time. Call it after a batch, and before
    /// going to sleep.
    ///
    /// # Errors
    /// [`StreamError::Index`]; the decision is made up for later.
    pub fn wakeup(&mut self) -> Result<Wake, StreamError> {
        let memory: &Area = &self.bulk.memory;
        let elements = SubmitQueue::<P>::must_wake_consumer(memory, &mut self.submit)?;
        let space = AckQueue::<P>::must_wake_producer(memory, &mut self.acks)?;
        Ok(Wake { elements, space })
    }

    /// Tells which handlers of the sink's are due when they are registered: that of new packets if
    /// some are in the queue, that of space if there are acknowledgements.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub fn due(&mut self) -> Result<Wake, StreamError> {
        let elements = SubmitQueue::<P>::has_elements(&self.bulk.memory, &mut self.submit)?;
        Ok(Wake { elements, space: self.ack_avail()? })
    }

    /// Returns the number of requests without a range that are outstanding.
    pub fn bare_outstanding(&self) -> u32 {
        self.bare
    }
}

impl<P: Protocol, M: Deref<Target = Area>> fmt::Debug for SourceEnd<P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceEnd")
            .field("submit", &self.submit)
            .field("acks", &self.acks)
            .finish_non_exhaustive()
    }
}

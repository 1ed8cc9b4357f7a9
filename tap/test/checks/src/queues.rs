//! Both queues of a packet stream as words: for servers that answer what no honest one does.

use alloc::{rc::Rc, vec::Vec};
use core::{cell::RefCell, marker::PhantomData, sync::atomic::Ordering};

use genode::{
    cap::Capability,
    dataspace::{Dataspace, SharedRam},
    packet_stream::{Layout, MAX_WORDS, Protocol, TxChannel},
    prelude::*,
    signal::{SignalContext, Transmitter},
};

/// Words of the longest descriptor: offset, size, and a header.
const WORDS: usize = 2 + MAX_WORDS;

/// A descriptor: offset, size, and the header's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raw(pub [u64; WORDS]);

impl Raw {
    /// Makes the descriptor of `header` at a place of the memory: offset and size in bytes.
    pub fn new<P: Protocol>(place: [u64; 2], header: &P::Header) -> Self {
        let mut words = [0; WORDS];
        words[..2].copy_from_slice(&place);
        P::encode(header, &mut words[2..2 + P::WORDS]);
        Self(words)
    }

    /// Returns offset and size in bytes.
    pub const fn place(&self) -> [u64; 2] {
        [self.0[0], self.0[1]]
    }

    /// Reads the header.
    pub fn header<P: Protocol>(&self) -> P::Header {
        P::decode(&self.0[2..2 + P::WORDS])
    }

    /// Changes the header of each.
    pub fn changed<P: Protocol>(all: &[Self], change: fn(&mut P::Header)) -> Vec<Self> {
        let change = |raw: &Self| {
            let mut header = raw.header::<P>();
            change(&mut header);
            Self::new::<P>(raw.place(), &header)
        };
        all.iter().map(change).collect()
    }

    /// Answers the first of `honest` and keeps the others, of which the next one fails; if some were
    /// kept, answers those and all of `honest`.
    pub fn late<P: Protocol>(
        honest: &[Self],
        kept: &mut Vec<Self>,
        fail: fn(&mut P::Header),
    ) -> Vec<Self> {
        if !kept.is_empty() {
            return [core::mem::take(kept), honest.to_vec()].concat();
        }
        let (now, later) = honest.split_at(honest.len().min(1));
        let (next, rest) = later.split_at(later.len().min(1));
        *kept = [Self::changed::<P>(next, fail), rest.to_vec()].concat();
        now.to_vec()
    }

    /// Gives each place the header of the one as far from the other end.
    pub fn swapped<P: Protocol>(all: &[Self]) -> Vec<Self> {
        let pairs = all.iter().zip(all.iter().rev());
        pairs.map(|(one, other)| Self::new::<P>(one.place(), &other.header::<P>())).collect()
    }
}

/// The server's side of a stream, of which nothing is checked.
#[derive(Debug)]
pub(crate) struct Queues<P> {
    memory: SharedRam,
    acks: usize,
    taken: u32,
    told: u32,
    protocol: PhantomData<fn() -> P>,
}

impl<P: Protocol> Queues<P> {
    /// Makes a stream of `size` bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a size that holds no stream, [`Error::OutOfRam`].
    pub(crate) fn new(size: usize) -> Result<Self, Error> {
        let acks = Layout::new::<P>(size).map_err(|_| Error::Invalid)?.ack_queue;
        let memory = SharedRam::new(size)?;
        Ok(Self { memory, acks, taken: 0, told: 0, protocol: PhantomData })
    }

    /// Returns the memory.
    pub(crate) const fn memory(&self) -> &SharedRam {
        &self.memory
    }

    fn slot(queue: usize, index: u32) -> usize {
        queue + 8 + index as usize * Layout::descriptor::<P>()
    }

    /// Takes the next request, if there is one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the client's index leads out of the queue.
    pub(crate) fn take(&mut self) -> Result<Option<Raw>, Error> {
        if self.memory.atomic_u32(0)?.load(Ordering::Acquire) == self.taken {
            return Ok(None);
        }
        let mut words = [0; WORDS];
        for (number, word) in words[..2 + P::WORDS].iter_mut().enumerate() {
            let place = Self::slot(0, self.taken) + 8 * number;
            *word = self.memory.atomic_u64(place)?.load(Ordering::Relaxed);
        }
        self.taken = (self.taken + 1) % P::SUBMIT_QUEUE;
        self.memory.atomic_u32(4)?.store(self.taken, Ordering::Release);
        Ok(Some(Raw(words)))
    }

    /// Shows answers to the client, all at once: there are fewer than the queue has slots.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a memory without queues.
    pub(crate) fn answer(&mut self, answers: &[Raw]) -> Result<(), Error> {
        for raw in answers {
            for (number, &word) in raw.0[..2 + P::WORDS].iter().enumerate() {
                let place = Self::slot(self.acks, self.told) + 8 * number;
                self.memory.atomic_u64(place)?.store(word, Ordering::Relaxed);
            }
            self.told = (self.told + 1) % P::ACK_QUEUE;
        }
        self.memory.atomic_u32(self.acks)?.store(self.told, Ordering::Release);
        Ok(())
    }

    /// Moves the index of the answers to where it cannot be.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub(crate) fn break_index(&self) -> Result<(), Error> {
        self.memory.atomic_u32(self.acks)?.store(P::ACK_QUEUE, Ordering::Release);
        Ok(())
    }
}

/// Handlers of the client, to be told of answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bells(Rc<RefCell<Vec<Transmitter>>>);

impl Bells {
    /// Signals all of them.
    pub(crate) fn ring(&self) {
        self.0.borrow().iter().for_each(Transmitter::submit);
    }

    fn add(&self, sigh: Capability<SignalContext>) {
        self.0.borrow_mut().push(Transmitter::new(sigh));
    }
}

/// The channel of such a stream.
#[derive(Debug)]
pub(crate) struct Rings {
    memory: Capability<Dataspace>,
    server: Capability<SignalContext>,
    bells: Bells,
}

impl Rings {
    /// Makes the channel to a memory, whose client signals `server` and is told by `bells`.
    pub(crate) fn new(
        memory: &SharedRam,
        server: &Capability<SignalContext>,
        bells: &Bells,
    ) -> Self {
        Self { memory: memory.cap().clone(), server: server.clone(), bells: bells.clone() }
    }
}

impl TxChannel for Rings {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.memory.clone()
    }
    fn ack_avail(&mut self, sigh: Capability<SignalContext>) {
        self.bells.add(sigh);
    }
    fn ready_to_submit(&mut self, sigh: Capability<SignalContext>) {
        self.bells.add(sigh);
    }
    fn ready_to_ack(&mut self) -> Capability<SignalContext> {
        self.server.clone()
    }
    fn packet_avail(&mut self) -> Capability<SignalContext> {
        self.server.clone()
    }
}

//! A server's side of a packet stream that lies: it waits for as many requests as the lie is about
//! and then answers all of them, so that a client sees the same whichever side is faster.

use alloc::{rc::Rc, vec::Vec};
use core::cell::RefCell;

use genode::{
    cap::Capability,
    dataspace::SharedRam,
    entrypoint::Entrypoint,
    packet_stream::{Protocol, TxChannel},
    prelude::*,
    rpc::Object,
};

use crate::queues::{Bells, Queues, Raw, Rings};

/// A lie about the packets of a protocol.
pub trait Lies<P: Protocol>: Copy + 'static {
    /// Returns the number of requests that the lie is about, where answers are kept back or not: no
    /// more may be on their way.
    fn requests(self, kept: bool) -> usize;

    /// Tells whether the index of the answers is to lead out of the queue.
    fn breaks_index(self) -> bool;

    /// Does what an honest server does, and returns its answer.
    ///
    /// # Errors
    /// Those of the memory.
    fn honest(raw: Raw, memory: &SharedRam) -> Result<Raw, Error>;

    /// Makes the answers to requests of honest ones; `kept` has those that the lie kept back.
    ///
    /// # Errors
    /// Those of the memory, into which it writes what the packets contain.
    fn answers(
        self,
        honest: &[Raw],
        kept: &mut Vec<Raw>,
        memory: &SharedRam,
    ) -> Result<Vec<Raw>, Error>;
}

/// State of a stream between its requests.
struct Stream<P, L> {
    queues: Queues<P>,
    lie: L,
    asked: Vec<Raw>,
    /// Answers that the lie keeps back.
    kept: Vec<Raw>,
}

impl<P: Protocol, L: Lies<P>> Stream<P, L> {
    /// Takes requests, and answers them once there are enough. Returns whether it did.
    fn act(&mut self) -> Result<bool, Error> {
        let mut told = false;
        while let Some(raw) = self.queues.take()? {
            self.asked.push(L::honest(raw, self.queues.memory())?);
            if self.asked.len() == self.lie.requests(!self.kept.is_empty()) {
                let asked = core::mem::take(&mut self.asked);
                if self.lie.breaks_index() {
                    self.queues.break_index()?;
                } else {
                    let memory = self.queues.memory();
                    let answers = self.lie.answers(&asked, &mut self.kept, memory)?;
                    self.queues.answer(&answers)?;
                }
                told = true;
            }
        }
        Ok(told)
    }
}

/// A stream that lies, for as long as it lives.
#[must_use = "dropping it ends the stream"]
pub struct Liar {
    channel: Object<dyn TxChannel, Rings>,
    _handler: SignalHandler,
}

impl Liar {
    /// Makes a stream of `size` bytes at an entrypoint.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a size that holds no stream, [`Error::OutOfRam`], and what the
    /// handler and the object say.
    pub fn new<P: Protocol + 'static, L: Lies<P>>(
        ep: Entrypoint,
        size: usize,
        lie: L,
    ) -> Result<Self, Error> {
        let queues = Queues::<P>::new(size)?;
        let stream =
            Rc::new(RefCell::new(Stream { queues, lie, asked: Vec::new(), kept: Vec::new() }));
        let (bells, acting) = (Bells::default(), stream.clone());
        let ring = bells.clone();
        let handler = SignalHandler::new(ep, move |_| match acting.borrow_mut().act() {
            Ok(true) => ring.ring(),
            Ok(false) => (),
            Err(error) => error!("a lie failed: {error}"),
        })?;
        let rings = Rings::new(stream.borrow().queues.memory(), handler.cap(), &bells);
        Ok(Self { channel: Object::new(ep, rings)?, _handler: handler })
    }

    /// Returns the channel for the client.
    pub fn cap(&self) -> Capability<dyn TxChannel> {
        self.channel.cap().clone()
    }
}

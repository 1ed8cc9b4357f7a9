//! A source with its signals: for tasks, and for handlers.

use alloc::rc::Rc;
use core::fmt;

use super::{
    channel::{Buffer, Peer, Place, RxChannel, TxChannel, TxChannelClient, attach},
    end_source::{Acked, SourceEnd, Wake},
    packet::Packet,
    protocol::{Protocol, StreamError},
    queue::Refused,
    stream::{End, Served, Stream},
};
use crate::{
    cap::Capability,
    dataspace::{Attached, Dataspace},
    rpc::Object,
    signal::{SignalContext, SignalHandler},
};

type Inner<P> = Stream<SourceEnd<P, Attached>>;

/// Serves the channel.
type RxServer<P> = Served<SourceEnd<P, Attached>>;

impl<P: Protocol> End for SourceEnd<P, Attached> {
    fn wakeup(&mut self) -> Result<Wake, StreamError> {
        self.wakeup()
    }

    fn due(&mut self) -> Result<Wake, StreamError> {
        self.due()
    }
}

/// Sends packets to a sink, and gets them back.
///
/// A client of a Tx channel [`open`](Self::open)s it, a server of an Rx channel
/// [`offer`](Self::offer)s it. All use is on the thread of its entrypoint. Futures that have to
/// wait wake the sink before; whoever does something else after submitting, and handlers, call
/// [`wakeup`](Self::wakeup) themselves. Of several tasks that wait, each finds what it waits for,
/// in any order.
#[must_use = "dropping it ends the stream"]
pub struct Source<P: Protocol> {
    inner: Rc<Inner<P>>,
    channel: Option<Object<dyn RxChannel, RxServer<P>>>,
    handler: SignalHandler,
    /// The server's memory, freed when nothing is mapped any more.
    _buffer: Option<Buffer>,
}

impl<P: Protocol> Source<P> {
    /// Opens a channel as its client. Packets begin at multiples of 2 to the power of `align_log2`,
    /// or of what the protocol says if that is more.
    ///
    /// # Errors
    /// What the calls, the mapping and the handler say; [`StreamError::TooSmall`].
    pub fn open(
        place: impl Into<Place>,
        channel: &Capability<dyn TxChannel>,
        align_log2: u8,
    ) -> Result<Self, StreamError> {
        let channel = TxChannelClient::new(channel.clone());
        let memory = attach(&channel.dataspace()?)?;
        let peer = Peer::new(channel.packet_avail()?, channel.ready_to_ack()?);
        let (inner, handler) =
            Stream::new(SourceEnd::new(memory, align_log2)?, peer, place.into())?;
        channel.ack_avail(handler.cap().clone())?;
        channel.ready_to_submit(handler.cap().clone())?;
        Ok(Self { inner, channel: None, handler, _buffer: None })
    }

    /// Offers a channel as its server, over `buffer`.
    ///
    /// # Errors
    /// What the mapping, the handler and the object say; [`StreamError::TooSmall`].
    pub fn offer(
        place: impl Into<Place>,
        buffer: Buffer,
        align_log2: u8,
    ) -> Result<Self, StreamError> {
        let place = place.into();
        let memory = attach(&buffer.cap())?;
        let (inner, handler) =
            Stream::new(SourceEnd::new(memory, align_log2)?, Peer::default(), place)?;
        let server = Served::new(&inner, buffer.cap(), &handler);
        let channel = Some(Object::new(place.ep, server)?);
        Ok(Self { inner, channel, handler, _buffer: Some(buffer) })
    }

    /// Returns the channel for the client; invalid unless it was [`offer`](Self::offer)ed.
    pub fn cap(&self) -> Capability<dyn RxChannel> {
        self.channel.as_ref().map_or(Capability::INVALID, |channel| channel.cap().clone())
    }

    /// Returns where the stream works.
    pub fn place(&self) -> Place {
        self.inner.place
    }

    /// Calls `handle` at each signal of the sink's, on the stream's entrypoint. It replaces the one
    /// before. Let it hold the stream by a weak reference.
    pub fn on_signal(&self, handle: impl FnMut() + 'static) {
        self.inner.bell.set(handle);
    }

    /// Returns the size of the largest packet that an empty buffer has room for, in bytes.
    pub fn largest(&self) -> usize {
        self.inner.end().largest()
    }

    /// As [`SourceEnd::try_alloc`].
    ///
    /// # Errors
    /// As there.
    pub fn try_alloc(&self, size: usize) -> Result<Option<Packet>, StreamError> {
        self.inner.end().try_alloc(size)
    }

    /// As [`SourceEnd::bare`].
    pub fn bare(&self) -> Packet {
        self.inner.end().bare()
    }

    /// As [`SourceEnd::try_submit`].
    ///
    /// # Errors
    /// As there.
    pub fn try_submit(&self, packet: Packet, header: &P::Header) -> Result<(), Refused<Packet>> {
        self.inner.end().try_submit(packet, header)
    }

    /// As [`SourceEnd::ready_to_submit`].
    ///
    /// # Errors
    /// As there.
    pub fn ready_to_submit(&self, wanted: u32) -> Result<u32, StreamError> {
        self.inner.end().ready_to_submit(wanted)
    }

    /// As [`SourceEnd::try_acked`].
    ///
    /// # Errors
    /// As there.
    pub fn try_acked(&self) -> Result<Option<Acked<P::Header>>, StreamError> {
        self.inner.end().try_acked()
    }

    /// Wakes the sink if it may sleep although there is something to do for it: once for a batch.
    pub fn wakeup(&self) {
        self.inner.wakeup();
    }

    /// Signals the stream's own handler and wakes its tasks, for a handler that stops before the
    /// queue is empty: others of the entrypoint get their turn first.
    pub fn remind(&self) {
        self.handler.submit();
    }

    /// Calls `find` now and after each signal until it finds something; wakes the sink before it
    /// waits. For protocols that look for more than an acknowledgement.
    pub async fn look<T, E>(
        &self,
        find: impl FnMut() -> Result<Option<T>, E> + Unpin,
    ) -> Result<T, E> {
        self.inner.look(&self.inner.bell.waiters, find).await
    }

    /// Allocates a packet of `size` bytes, and waits while the buffer is full: until a packet is
    /// dropped, which another task gets back by [`acked`](Self::acked).
    ///
    /// # Errors
    /// [`StreamError::PacketSize`].
    pub async fn alloc(&self, size: usize) -> Result<Packet, StreamError> {
        let bulk = self.inner.end().bulk().clone();
        self.inner.look(&bulk.freed, || self.try_alloc(size)).await
    }

    /// Submits a packet, and waits while the queue is full. The sink is woken by the next wait, or
    /// [`wakeup`](Self::wakeup).
    ///
    /// # Errors
    /// [`StreamError::Index`] and [`StreamError::Foreign`]; the packet is freed.
    pub async fn submit(&self, packet: Packet, header: &P::Header) -> Result<(), StreamError> {
        self.inner.put(packet, |end, packet| end.try_submit(packet, header)).await
    }

    /// Waits for the next acknowledgement.
    ///
    /// # Errors
    /// As [`SourceEnd::try_acked`].
    pub async fn acked(&self) -> Result<Acked<P::Header>, StreamError> {
        self.inner.until(SourceEnd::try_acked).await
    }
}

impl<P: Protocol> fmt::Debug for Source<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("end", self.inner.shown()).finish_non_exhaustive()
    }
}

impl<P: Protocol> RxChannel for RxServer<P> {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.dataspace.clone()
    }

    fn packet_avail(&mut self, sigh: Capability<SignalContext>) {
        self.elements_sigh(sigh);
    }

    fn ready_to_ack(&mut self, sigh: Capability<SignalContext>) {
        self.space_sigh(sigh);
    }

    fn ready_to_submit(&mut self) -> Capability<SignalContext> {
        self.sigh.clone()
    }

    fn ack_avail(&mut self) -> Capability<SignalContext> {
        self.sigh.clone()
    }
}

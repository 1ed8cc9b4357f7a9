//! A sink with its signals: for tasks, and for handlers.

use alloc::rc::Rc;
use core::fmt;

use super::{
    channel::{Buffer, Peer, Place, RxChannel, RxChannelClient, TxChannel, attach},
    end_sink::SinkEnd,
    end_source::Wake,
    packet::Received,
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

type Inner<P> = Stream<SinkEnd<P, Attached>>;

/// Serves the channel.
type TxServer<P> = Served<SinkEnd<P, Attached>>;

impl<P: Protocol> End for SinkEnd<P, Attached> {
    fn wakeup(&mut self) -> Result<Wake, StreamError> {
        self.wakeup()
    }

    fn due(&mut self) -> Result<Wake, StreamError> {
        self.due()
    }
}

/// Takes packets from a source, and acknowledges them.
///
/// A server of a Tx channel [`offer`](Self::offer)s it, a client of an Rx channel
/// [`open`](Self::open)s it. All use is on the thread of its entrypoint. Futures that have to wait
/// wake the source before; whoever does something else after acknowledging, and handlers, call
/// [`wakeup`](Self::wakeup) themselves.
///
/// A source may submit more than it gets acknowledged: take a packet only while
/// [`ready_to_ack`](Self::ready_to_ack) has room for it and for those that are being worked on, and
/// a source that takes no acknowledgements stops itself alone.
#[must_use = "dropping it ends the stream"]
pub struct Sink<P: Protocol> {
    inner: Rc<Inner<P>>,
    channel: Option<Object<dyn TxChannel, TxServer<P>>>,
    handler: SignalHandler,
    /// The server's memory, freed when nothing is mapped any more.
    _buffer: Option<Buffer>,
}

impl<P: Protocol> Sink<P> {
    /// Opens a channel as its client.
    ///
    /// # Errors
    /// What the calls, the mapping and the handler say; [`StreamError::TooSmall`].
    pub fn open(
        place: impl Into<Place>,
        channel: &Capability<dyn RxChannel>,
    ) -> Result<Self, StreamError> {
        let channel = RxChannelClient::new(channel.clone());
        let memory = attach(&channel.dataspace()?)?;
        let peer = Peer::new(channel.ack_avail()?, channel.ready_to_submit()?);
        let (inner, handler) = Stream::new(SinkEnd::new(memory)?, peer, place.into())?;
        channel.packet_avail(handler.cap().clone())?;
        channel.ready_to_ack(handler.cap().clone())?;
        Ok(Self { inner, channel: None, handler, _buffer: None })
    }

    /// Offers a channel as its server, over `buffer`.
    ///
    /// # Errors
    /// What the mapping, the handler and the object say; [`StreamError::TooSmall`].
    pub fn offer(place: impl Into<Place>, buffer: Buffer) -> Result<Self, StreamError> {
        let place = place.into();
        let memory = attach(&buffer.cap())?;
        let (inner, handler) = Stream::new(SinkEnd::new(memory)?, Peer::default(), place)?;
        let server = Served::new(&inner, buffer.cap(), &handler);
        let channel = Some(Object::new(place.ep, server)?);
        Ok(Self { inner, channel, handler, _buffer: Some(buffer) })
    }

    /// Returns the channel for the client; invalid unless it was [`offer`](Self::offer)ed.
    pub fn cap(&self) -> Capability<dyn TxChannel> {
        self.channel.as_ref().map_or(Capability::INVALID, |channel| channel.cap().clone())
    }

    /// Returns where the stream works.
    pub fn place(&self) -> Place {
        self.inner.place
    }

    /// Calls `handle` at each signal of the source's, on the stream's entrypoint. It replaces the
    /// one before. Let it hold the stream by a weak reference.
    pub fn on_signal(&self, handle: impl FnMut() + 'static) {
        self.inner.bell.set(handle);
    }

    /// As [`SinkEnd::try_next`].
    ///
    /// # Errors
    /// As there.
    pub fn try_next(&self) -> Result<Option<Received<P::Header>>, StreamError> {
        self.inner.end().try_next()
    }

    /// As [`SinkEnd::try_ack`].
    ///
    /// # Errors
    /// As there.
    pub fn try_ack(
        &self,
        packet: Received<P::Header>,
        header: &P::Header,
    ) -> Result<(), Refused<Received<P::Header>>> {
        self.inner.end().try_ack(packet, header)
    }

    /// As [`SinkEnd::try_notify`].
    ///
    /// # Errors
    /// As there.
    pub fn try_notify(&self, header: &P::Header) -> Result<(), StreamError> {
        self.inner.end().try_notify(header)
    }

    /// As [`SinkEnd::ready_to_ack`].
    ///
    /// # Errors
    /// As there.
    pub fn ready_to_ack(&self, wanted: u32) -> Result<u32, StreamError> {
        self.inner.end().ready_to_ack(wanted)
    }

    /// Wakes the source if it may sleep although there is something to do for it: once for a batch.
    pub fn wakeup(&self) {
        self.inner.wakeup();
    }

    /// Signals the stream's own handler and wakes its tasks, for a handler that stops before the
    /// queue is empty: others of the entrypoint get their turn first.
    pub fn remind(&self) {
        self.handler.submit();
    }

    /// Calls `find` now and after each signal until it finds something; wakes the source before it
    /// waits. For protocols that look for more than a packet.
    pub async fn look<T, E>(
        &self,
        find: impl FnMut() -> Result<Option<T>, E> + Unpin,
    ) -> Result<T, E> {
        self.inner.look(&self.inner.bell.waiters, find).await
    }

    /// Waits for the next packet.
    ///
    /// # Errors
    /// As [`SinkEnd::try_next`].
    pub async fn next(&self) -> Result<Received<P::Header>, StreamError> {
        self.inner.until(SinkEnd::try_next).await
    }

    /// Waits until the acknowledgement queue has room for `wanted`.
    ///
    /// # Errors
    /// [`StreamError::Index`].
    pub async fn acks_free(&self, wanted: u32) -> Result<u32, StreamError> {
        self.inner
            .until(|end| Ok(Some(end.ready_to_ack(wanted)?).filter(|free| *free >= wanted)))
            .await
    }

    /// Acknowledges a packet, and waits while the queue is full. The source is woken by the next
    /// wait, or [`wakeup`](Self::wakeup).
    ///
    /// # Errors
    /// [`StreamError::Index`] and [`StreamError::Foreign`]; the source gets no acknowledgement.
    pub async fn ack(
        &self,
        packet: Received<P::Header>,
        header: &P::Header,
    ) -> Result<(), StreamError> {
        self.inner.put(packet, |end, packet| end.try_ack(packet, header)).await
    }
}

impl<P: Protocol> fmt::Debug for Sink<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("end", self.inner.shown()).finish_non_exhaustive()
    }
}

impl<P: Protocol> TxChannel for TxServer<P> {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.dataspace.clone()
    }

    fn ack_avail(&mut self, sigh: Capability<SignalContext>) {
        self.elements_sigh(sigh);
    }

    fn ready_to_submit(&mut self, sigh: Capability<SignalContext>) {
        self.space_sigh(sigh);
    }

    fn ready_to_ack(&mut self) -> Capability<SignalContext> {
        self.sigh.clone()
    }

    fn packet_avail(&mut self) -> Capability<SignalContext> {
        self.sigh.clone()
    }
}

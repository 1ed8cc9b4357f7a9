//! One end of a session: frames out by one stream, frames in by the other.

use alloc::rc::Rc;
use core::{
    cell::{Cell, RefCell},
    fmt,
};

use crate::{
    cap::Capability,
    packet_stream::{
        Buffer, Place, Plain, Received, RxChannel, Sink, Source, StreamError, TxChannel, View,
    },
};

/// Slots of each queue of a Nic or Uplink session, which hold one packet less.
pub const QUEUE: u32 = 1024;

/// The packet streams of Nic and Uplink: descriptors of offset and size, no more.
pub type Frames = Plain<QUEUE>;

/// Bytes of the largest frame: what Genode's allocator of packets has room for.
pub const MAX_FRAME: usize = 1598;

/// Packets begin at multiples of 2 to this power.
const ALIGN_LOG2: u8 = 3;

/// Acknowledgements that are looked at in a row, so that a peer that goes on does not hold the
/// entrypoint.
const LOOKS: u32 = QUEUE;

/// Why a frame was not sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortError {
    /// A frame has no bytes, or more than [`MAX_FRAME`].
    Size(usize),
    /// A received frame has more bytes than there is room for; it was dropped.
    Room {
        /// Bytes of the frame.
        size: usize,
        /// Bytes there are.
        room: usize,
    },
    /// The stream did not work.
    Stream(StreamError),
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Size(size) => {
                write!(f, "a frame of {size} bytes: send 1 to {MAX_FRAME}")
            }
            Self::Room { size, room } => write!(
                f,
                "a frame of {size} bytes was dropped, where {room} fit: receive into {MAX_FRAME}"
            ),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PortError {}

impl<E: Into<StreamError>> From<E> for PortError {
    fn from(error: E) -> Self {
        Self::Stream(error.into())
    }
}

/// A frame that was received and is not acknowledged yet. Hand it to [`Port::release`].
#[must_use = "the peer waits for its acknowledgement: Port::release"]
#[derive(Debug)]
pub struct Frame(Received<()>);

impl Frame {
    /// Returns the content, of 1 to [`MAX_FRAME`] bytes, which the peer may change at any time.
    ///
    /// # Errors
    /// None in practice: [`Port::try_next`] looked.
    pub fn view(&self) -> Result<View<'_>, StreamError> {
        self.0.view()
    }

    /// Returns the number of bytes.
    pub fn size(&self) -> usize {
        self.0.view().map_or(0, |view| view.len())
    }
}

/// One end of a Nic or Uplink session, of its client or its server.
///
/// Frames that make no sense (empty, larger than [`MAX_FRAME`], outside of the buffer) are
/// acknowledged and [counted](Self::dropped), and nobody else sees them. A frame is taken only
/// while its acknowledgement has room.
#[must_use = "dropping it ends both streams"]
pub struct Port {
    out: Source<Frames>,
    input: Sink<Frames>,
    /// Frames that were taken and are not released.
    held: Cell<u32>,
    dropped: Cell<u64>,
    /// A frame's acknowledgement found no room, which a peer causes that writes the queue's index.
    broken: Cell<Option<StreamError>>,
}

impl Port {
    /// Opens the end of a client, from the channels that its server gave.
    ///
    /// # Errors
    /// As [`Source::open`] and [`Sink::open`].
    pub fn open(
        place: impl Into<Place>,
        tx: &Capability<dyn TxChannel>,
        rx: &Capability<dyn RxChannel>,
    ) -> Result<Self, StreamError> {
        let place = place.into();
        Ok(Self::new(Source::open(place, tx, ALIGN_LOG2)?, Sink::open(place, rx)?))
    }

    /// Offers the end of a server, over the buffers of the client's `tx` and `rx`.
    ///
    /// # Errors
    /// As [`Source::offer`] and [`Sink::offer`].
    pub fn offer(place: impl Into<Place>, tx: Buffer, rx: Buffer) -> Result<Self, StreamError> {
        let place = place.into();
        Ok(Self::new(Source::offer(place, rx, ALIGN_LOG2)?, Sink::offer(place, tx)?))
    }

    fn new(out: Source<Frames>, input: Sink<Frames>) -> Self {
        let (held, dropped, broken) = (Cell::new(0), Cell::new(0), Cell::new(None));
        Self { out, input, held, dropped, broken }
    }

    /// Returns a server's channels for its client: `tx` and `rx`, as the client sees them.
    pub fn channels(&self) -> (Capability<dyn TxChannel>, Capability<dyn RxChannel>) {
        (self.input.cap(), self.out.cap())
    }

    /// Calls `handle` at each signal of the peer's, of both streams. It replaces the one before.
    /// Let it hold the port by a weak reference.
    pub fn on_signal(&self, handle: impl FnMut() + 'static) {
        let handle = Rc::new(RefCell::new(handle));
        let call = move |handle: &RefCell<dyn FnMut()>| {
            // In use only where it waits for signals: it looks by itself then.
            if let Ok(mut handle) = handle.try_borrow_mut() {
                handle();
            }
        };
        let same = handle.clone();
        self.out.on_signal(move || call(&*same));
        self.input.on_signal(move || call(&*handle));
    }

    /// Returns the number of received frames that made no sense and were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    fn drop_one(&self) {
        self.dropped.set(self.dropped.get().saturating_add(1));
    }

    /// Frees the packets that the peer acknowledged.
    fn collect(&self) -> Result<(), StreamError> {
        for _ in 0..LOOKS {
            match self.out.try_acked() {
                Ok(Some(acked)) => drop(acked),
                Ok(None) => break,
                Err(StreamError::Unknown { .. }) => (), // dropped; nobody's
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Submits a frame that `fill` writes into its packet of `size` bytes, if there is room for it.
    /// The peer learns of it by [`wakeup`](Self::wakeup).
    ///
    /// # Errors
    /// [`PortError::Size`]; what `fill` and the stream say.
    pub fn try_send_with(
        &self,
        size: usize,
        fill: impl FnOnce(View<'_>) -> Result<(), StreamError>,
    ) -> Result<bool, PortError> {
        if !(1..=MAX_FRAME).contains(&size) {
            return Err(PortError::Size(size));
        }
        self.collect()?;
        if self.out.ready_to_submit(1)? < 1 {
            return Ok(false);
        }
        let Some(packet) = self.out.try_alloc(size)? else { return Ok(false) };
        fill(packet.view())?;
        self.out.try_submit(packet, &()).map_err(|refused| refused.why)?;
        Ok(true)
    }

    /// Submits a frame, if there is room for it. The peer learns of it by [`wakeup`](Self::wakeup).
    ///
    /// # Errors
    /// [`PortError::Size`]; what the stream says.
    pub fn try_send(&self, frame: &[u8]) -> Result<bool, PortError> {
        self.try_send_with(frame.len(), |view| view.write(0, frame))
    }

    /// Takes the next frame, if there is one, and room for its acknowledgement. Stops after some
    /// that make no sense, and goes on by a signal.
    ///
    /// # Errors
    /// [`StreamError::Index`]: the peer destroyed its queues; close the session or leave it.
    pub fn try_next(&self) -> Result<Option<Frame>, PortError> {
        if let Some(error) = self.broken.get() {
            return Err(error.into());
        }
        for _ in 0..BURST {
            let wanted = self.held.get() + 1;
            if self.input.ready_to_ack(wanted)? < wanted {
                return Ok(None);
            }
            let Some(packet) = self.input.try_next()? else { return Ok(None) };
            self.held.set(wanted);
            let frame = Frame(packet);
            if (1..=MAX_FRAME).contains(&frame.size()) {
                return Ok(Some(frame));
            }
            self.drop_one();
            self.release(frame);
        }
        self.input.remind();
        Ok(None)
    }

    /// Acknowledges a frame. The peer learns of it by [`wakeup`](Self::wakeup).
    pub fn release(&self, frame: Frame) {
        self.held.set(self.held.get().saturating_sub(1));
        if let Err(refused) = self.input.try_ack(frame.0, &()) {
            self.broken.set(Some(refused.why));
        }
    }

    /// Receives a frame, if there is one; returns its size.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next); [`PortError::Room`].
    pub fn try_receive(&self, into: &mut [u8]) -> Result<Option<usize>, PortError> {
        let Some(frame) = self.try_next()? else { return Ok(None) };
        let (size, room) = (frame.size(), into.len());
        let copied = if let Some(bytes) = into.get_mut(..size) {
            frame.view().and_then(|view| view.read(0, bytes)).map_err(Into::into)
        } else {
            self.drop_one();
            Err(PortError::Room { size, room })
        };
        self.release(frame);
        copied.map(|()| Some(size))
    }

    /// Wakes the peer if it may sleep although there is something to do for it: once for a batch.
    pub fn wakeup(&self) {
        self.out.wakeup();
        self.input.wakeup();
    }

    /// Signals the port's own handler and wakes its tasks, for a handler that stops before
    /// everything is done: others of the entrypoint get their turn first.
    pub fn remind(&self) {
        self.input.remind();
    }

    /// Sends a frame, and waits while there is no room for it. The peer is woken by the next wait,
    /// or [`wakeup`](Self::wakeup).
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub async fn send(&self, frame: &[u8]) -> Result<(), PortError> {
        let find = || {
            let sent = self.try_send(frame)?;
            // Before it waits: of what was received, a peer may need the packets.
            if !sent {
                self.input.wakeup();
            }
            Ok(sent.then_some(()))
        };
        self.out.look(find).await
    }

    /// Waits for a frame; returns its size.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub async fn receive(&self, into: &mut [u8]) -> Result<usize, PortError> {
        let find = || {
            let received = self.try_receive(into)?;
            if received.is_none() {
                self.out.wakeup();
            }
            Ok(received)
        };
        self.input.look(find).await
    }

    /// Waits for a frame, to look at it where it is.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub async fn next(&self) -> Result<Frame, PortError> {
        let find = || {
            let next = self.try_next()?;
            if next.is_none() {
                self.out.wakeup();
            }
            Ok(next)
        };
        self.input.look(find).await
    }
}

/// Frames of one peer in a row that make no sense.
const BURST: u32 = 32;

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("out", &self.out)
            .field("input", &self.input)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

//! The channels by which the two sides of a stream find each other, and what a stream stands on.

use alloc::rc::Rc;
use core::{cell::RefCell, fmt};

use super::{end_source::Wake, protocol::StreamError};
use crate::{
    affinity::Location,
    cap::Capability,
    dataspace::{Attached, Cache, Dataspace, RamDataspace},
    entrypoint::Entrypoint,
    error::Error,
    root::Account,
    signal::{SignalContext, SignalHandler, Transmitter},
    task::waiters::Waiters,
};

/// A channel to a sink (`packet_stream_tx/packet_stream_tx.h`): the client is the source.
#[genode::rpc]
pub trait TxChannel {
    /// Returns the dataspace that both sides share.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Sets the source's handler for new acknowledgements.
    fn ack_avail(&mut self, sigh: Capability<SignalContext>);
    /// Sets the source's handler for space in the submit queue.
    fn ready_to_submit(&mut self, sigh: Capability<SignalContext>);
    /// Returns the sink's handler for space in the acknowledgement queue; invalid if it needs none.
    fn ready_to_ack(&mut self) -> Capability<SignalContext>;
    /// Returns the sink's handler for new packets.
    fn packet_avail(&mut self) -> Capability<SignalContext>;
}

/// A channel to a source (`packet_stream_rx/packet_stream_rx.h`): the client is the sink.
#[genode::rpc]
pub trait RxChannel {
    /// Returns the dataspace that both sides share.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Sets the sink's handler for new packets.
    fn packet_avail(&mut self, sigh: Capability<SignalContext>);
    /// Sets the sink's handler for space in the acknowledgement queue.
    fn ready_to_ack(&mut self, sigh: Capability<SignalContext>);
    /// Returns the source's handler for space in the submit queue; invalid if it needs none.
    fn ready_to_submit(&mut self) -> Capability<SignalContext>;
    /// Returns the source's handler for new acknowledgements.
    fn ack_avail(&mut self) -> Capability<SignalContext>;
}

/// The place where a stream works. A session may hold several, each at a place of its own; Genode's
/// peers have one each way.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Handles the stream's signals; all use of the stream is on its thread.
    pub ep: Entrypoint,
    /// Location of that thread, if the component knows: for those who divide work among streams.
    pub location: Option<Location>,
    /// NUMA node of a buffer that is allocated for the stream, by its native number; anywhere if
    /// `None`.
    pub node: Option<u32>,
    /// Tells whether the peer's signals are handled also while the entrypoint waits in
    /// [`Entrypoint::wait_io_signal`]: for streams that are used without tasks.
    pub io: bool,
}

impl From<Entrypoint> for Place {
    fn from(ep: Entrypoint) -> Self {
        Self { ep, location: None, node: None, io: false }
    }
}

/// A stream's dataspace as a server allocates it: what the client donated pays for it, and gets it
/// back.
#[must_use = "dropping it frees the memory"]
#[derive(Debug)]
pub struct Buffer {
    // Freed before it is refunded.
    ram: Option<RamDataspace>,
    account: Account,
    bytes: usize,
}

impl Buffer {
    /// Allocates `size` bytes, rounded up to pages, at the place's node, on `account`.
    ///
    /// # Errors
    /// [`Error::InsufficientRam`] when the client donated less; else what the allocation says.
    pub fn new(place: Place, account: &Account, size: usize) -> Result<Self, Error> {
        let bytes = size
            .max(1)
            .checked_next_multiple_of(crate::dataspace::PAGE_SIZE)
            .ok_or(Error::InsufficientRam)?;
        account.charge(bytes).map_err(|_| Error::InsufficientRam)?;
        let mut buffer = Self { ram: None, account: account.clone(), bytes };
        buffer.ram = Some(RamDataspace::with(bytes, Cache::Cached, place.node)?);
        Ok(buffer)
    }

    pub(crate) fn cap(&self) -> Capability<Dataspace> {
        self.ram.as_ref().map_or(Capability::INVALID, |ram| ram.cap().clone())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        drop(self.ram.take());
        self.account.refund(self.bytes);
    }
}

/// Maps a dataspace that a peer handed over, in full.
pub(super) fn attach(ds: &Capability<Dataspace>) -> Result<Attached, StreamError> {
    if !ds.is_valid() {
        return Err(StreamError::System(Error::Gone));
    }
    Ok(Attached::writeable(ds)?)
}

/// Callback of a stream's owner, at a signal.
type Callback = Rc<RefCell<dyn FnMut()>>;

/// The handler that the peer's signals reach.
#[derive(Default)]
pub(super) struct Bell {
    pub(super) waiters: Waiters,
    callback: RefCell<Option<Callback>>,
}

impl Bell {
    /// Makes the one handler of a stream: whatever the peer did, all is looked at again. Genode's
    /// peers merge signals.
    pub(super) fn handler(self: &Rc<Self>, place: Place) -> Result<SignalHandler, Error> {
        let bell = self.clone();
        if place.io {
            SignalHandler::io(place.ep, move |_| bell.ring())
        } else {
            SignalHandler::new(place.ep, move |_| bell.ring())
        }
    }

    fn ring(&self) {
        self.waiters.notify();
        let callback = self.callback.borrow().clone();
        if let Some(callback) = callback {
            // In use only if the callback waits for signals, or replaces itself: it looks by itself
            // then.
            if let Ok(mut callback) = callback.try_borrow_mut() {
                callback();
            }
        }
    }

    pub(super) fn set(&self, callback: impl FnMut() + 'static) {
        let before = self.callback.replace(Some(Rc::new(RefCell::new(callback))));
        drop(before);
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

/// The peer's handlers.
#[derive(Debug, Default)]
pub(super) struct Peer {
    elements: RefCell<Transmitter>,
    space: RefCell<Transmitter>,
}

impl Peer {
    pub(super) fn new(
        elements: Capability<SignalContext>,
        space: Capability<SignalContext>,
    ) -> Self {
        let (elements, space) = (Transmitter::new(elements), Transmitter::new(space));
        Self { elements: RefCell::new(elements), space: RefCell::new(space) }
    }

    pub(super) fn elements_sigh(&self, sigh: Capability<SignalContext>) {
        let before = self.elements.replace(Transmitter::new(sigh));
        drop(before);
    }

    pub(super) fn space_sigh(&self, sigh: Capability<SignalContext>) {
        let before = self.space.replace(Transmitter::new(sigh));
        drop(before);
    }

    /// Submits what is due: one signal where one handler has both.
    pub(super) fn submit(&self, wake: Wake) {
        if !(wake.elements || wake.space) {
            return;
        }
        let (elements, space) = (self.elements.borrow(), self.space.borrow());
        if wake.elements {
            elements.submit();
        }
        if wake.space && !(wake.elements && *space == *elements) {
            space.submit();
        }
    }
}

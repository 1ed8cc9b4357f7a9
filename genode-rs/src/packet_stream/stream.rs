//! An end with its signals: what sources and sinks have in common.

use alloc::rc::{Rc, Weak};
use core::cell::{RefCell, RefMut};

use super::{
    channel::{Bell, Peer, Place},
    end_source::Wake,
    protocol::StreamError,
    queue::Refused,
};
use crate::{
    cap::Capability,
    dataspace::Dataspace,
    signal::{SignalContext, SignalHandler},
    task::waiters::Waiters,
};

/// One of the two ends.
pub(super) trait End {
    /// Decides what the peer must be told since the last time.
    fn wakeup(&mut self) -> Result<Wake, StreamError>;
    /// Tells which of the peer's handlers are due when they are registered.
    fn due(&mut self) -> Result<Wake, StreamError>;
}

/// An end, whom it signals, and who waits for it.
pub(super) struct Stream<E> {
    end: RefCell<E>,
    peer: Peer,
    pub(super) bell: Rc<Bell>,
    pub(super) place: Place,
}

impl<E: End> Stream<E> {
    /// Makes the stream of an end, and the handler of its peer's signals.
    pub(super) fn new(
        end: E,
        peer: Peer,
        place: Place,
    ) -> Result<(Rc<Self>, SignalHandler), StreamError> {
        let bell = Rc::new(Bell::default());
        let handler = bell.handler(place)?;
        Ok((Rc::new(Self { end: RefCell::new(end), peer, bell, place }), handler))
    }

    pub(super) fn end(&self) -> RefMut<'_, E> {
        self.end.borrow_mut()
    }

    /// Returns the end as it is shown by `Debug`, also while it is in use.
    pub(super) const fn shown(&self) -> &RefCell<E> {
        &self.end
    }

    /// Wakes the peer if it may sleep although there is something to do for it.
    pub(super) fn wakeup(&self) {
        // A bad index is told by whoever uses the queue next.
        let wake = self.end().wakeup().unwrap_or_default();
        self.peer.submit(wake);
    }

    /// Calls `find` now and after each notification of `waiters` until it finds something, and
    /// wakes the peer before it waits.
    pub(super) async fn look<T, X>(
        &self,
        waiters: &Waiters,
        mut find: impl FnMut() -> Result<Option<T>, X> + Unpin,
    ) -> Result<T, X> {
        let look = || {
            let found = find().transpose();
            if found.is_none() {
                self.wakeup();
            }
            found
        };
        waiters.until(look).await
    }

    /// Looks at the end now and after each signal, as [`look`](Self::look) does.
    pub(super) async fn until<T>(
        &self,
        mut find: impl FnMut(&mut E) -> Result<Option<T>, StreamError> + Unpin,
    ) -> Result<T, StreamError> {
        self.look(&self.bell.waiters, || find(&mut self.end())).await
    }

    /// Gives a packet to `put` now and after each signal until its queue has room.
    pub(super) async fn put<T>(
        &self,
        packet: T,
        mut put: impl FnMut(&mut E, T) -> Result<(), Refused<T>> + Unpin,
    ) -> Result<(), StreamError> {
        let mut left = Some(packet);
        self.until(|end| {
            let Some(packet) = left.take() else { return Ok(Some(())) };
            match put(end, packet) {
                Ok(()) => Ok(Some(())),
                Err(Refused { packet, why: StreamError::Full(_) }) => {
                    left = Some(packet);
                    Ok(None)
                }
                Err(refused) => Err(refused.why),
            }
        })
        .await
    }
}

/// A stream as its channel's client reaches it.
pub(super) struct Served<E> {
    stream: Weak<Stream<E>>,
    pub(super) dataspace: Capability<Dataspace>,
    /// The handler of the client's signals.
    pub(super) sigh: Capability<SignalContext>,
}

impl<E: End> Served<E> {
    pub(super) fn new(
        stream: &Rc<Stream<E>>,
        dataspace: Capability<Dataspace>,
        handler: &SignalHandler,
    ) -> Self {
        Self { stream: Rc::downgrade(stream), dataspace, sigh: handler.cap().clone() }
    }

    /// Sets the client's handler for elements, and signals it at once if there are some.
    pub(super) fn elements_sigh(&self, sigh: Capability<SignalContext>) {
        let Some(stream) = self.stream.upgrade() else { return };
        stream.peer.elements_sigh(sigh);
        let due = stream.end().due().unwrap_or_default();
        stream.peer.submit(Wake { space: false, ..due });
    }

    /// Sets the client's handler for space, and signals it at once if there is reason to.
    pub(super) fn space_sigh(&self, sigh: Capability<SignalContext>) {
        let Some(stream) = self.stream.upgrade() else { return };
        stream.peer.space_sigh(sigh);
        let due = stream.end().due().unwrap_or_default();
        stream.peer.submit(Wake { elements: false, ..due });
    }
}

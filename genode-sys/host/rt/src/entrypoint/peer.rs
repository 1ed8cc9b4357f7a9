//! The server's side of channels and slots: mappings of what core tells an entrypoint about.
use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use std::rc::Rc;

use genode_host_proto::grant::Grants;
use genode_host_proto::signal::{News, Signals};
use genode_host_proto::slot::Slot;
use genode_host_proto::sync::{AtomicU32, AtomicU64};
use genode_host_proto::{GRANTS, GRANTS_SIZE, PAGE, SIGNALS_SIZE, sys};

/// A client's slot.
pub(super) struct ClientSlot {
    page: *const Slot,
    socket: OwnedFd,
    /// The channel it belongs to. Not its number: that may be another client's by the time of a call.
    pub(super) channel: Rc<PeerChannel>,
    /// The serial of its call that waits for a late reply, 0 for none.
    pub(super) held: Cell<u64>,
}

impl ClientSlot {
    pub(super) fn new(memory: &OwnedFd, socket: OwnedFd, channel: Rc<PeerChannel>) -> Option<Self> {
        let page = sys::map(memory, PAGE, true).ok()?;
        Some(Self { page: page.cast(), socket, channel, held: Cell::new(0) })
    }

    pub(super) fn page(&self) -> &Slot {
        // SAFETY: a slot is atomics, valid for any bits; mapped until drop.
        unsafe { &*self.page }
    }

    /// Whether its call waits for a late reply.
    pub(super) fn is_held(&self) -> bool {
        self.held.get() != 0
    }

    /// Whether there is something to serve; cheap enough to poll.
    pub(super) fn pending(&self) -> bool {
        self.page().pending() && (!self.is_held() || self.page().is_dead())
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        // SAFETY: `page` borrows from self, so no reference is left.
        unsafe { sys::unmap(self.page.cast_mut().cast(), PAGE) };
    }
}

/// A client's channel: what core lets it name, and its signal counters.
pub(super) struct PeerChannel {
    grants: *const AtomicU64,
    signals: *const AtomicU32,
}

impl PeerChannel {
    pub(super) fn new(grants: &OwnedFd, signals: &OwnedFd) -> Option<Self> {
        let grants = sys::map(grants, GRANTS_SIZE, false).ok()?;
        match sys::map(signals, SIGNALS_SIZE, true) {
            Ok(signals) => Some(Self { grants: grants.cast(), signals: signals.cast() }),
            Err(_) => {
                // SAFETY: just mapped, nobody refers to it.
                unsafe { sys::unmap(grants, GRANTS_SIZE) };
                None
            }
        }
    }

    fn grants(&self) -> Grants<'_> {
        // SAFETY: GRANTS words of atomics, mapped until drop.
        Grants::new(unsafe { std::slice::from_raw_parts(self.grants, GRANTS) })
    }

    fn signals(&self) -> Signals<'_> {
        // SAFETY: as above.
        Signals::new(unsafe { std::slice::from_raw_parts(self.signals, GRANTS) })
    }

    /// Id of the object that the client names by `index`, 0 if it may not.
    pub(super) fn object(&self, index: u32) -> u64 {
        self.grants().object(index)
    }

    /// Whether the client is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.grants().is_closed()
    }

    /// Whether signals were submitted since the last look.
    pub(super) fn has_signals(&self) -> bool {
        self.signals().pending()
    }

    /// Take pending signals off, with the objects that they are for. True if the client is gone.
    pub(super) fn drain(&self, each: impl FnMut(u64, News)) -> bool {
        self.signals().drain(self.grants(), each)
    }
}

impl Drop for PeerChannel {
    fn drop(&mut self) {
        // SAFETY: references are tied to self.
        unsafe {
            sys::unmap(self.grants.cast_mut().cast(), GRANTS_SIZE);
            sys::unmap(self.signals.cast_mut().cast(), SIGNALS_SIZE);
        }
    }
}

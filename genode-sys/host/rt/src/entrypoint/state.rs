//! An entrypoint, and what only the thread that serves it touches.
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;

use genode_abi::*;
use genode_host_proto::bell::{Bell, Hint};
use genode_host_proto::spin::Adaptive;
use genode_host_proto::{MAX_BODY, PAGE, sys};

use super::alarms::Alarms;
use super::held::{Held, Holding, Late};
use super::objects::Objects;
use super::peer::{ClientSlot, PeerChannel};
use crate::{control, serving, thread};

/// An entrypoint. Lives until it is destroyed; the main one for ever.
pub(crate) struct Entrypoint {
    pub(crate) id: u64,
    pub(super) doorbell: OwnedFd,
    pub(super) own_end: OwnedFd,
    pub(super) event: OwnedFd,
    pub(super) bell: *const Bell,
    pub(super) objects: Mutex<Objects>,
    /// Tells those who dissolve an object that its function is over.
    pub(super) idle: Condvar,
    pub(super) stop: AtomicBool,
    /// Kernel id of the thread that serves.
    pub(super) server: AtomicU64,
    pub(super) inner: UnsafeCell<Inner>,
    pub(super) buffers: UnsafeCell<Buffers>,
    pub(super) alarms: Alarms,
    /// Replies to held calls that other threads gave.
    pub(super) late: Mutex<Vec<(Held, Late)>>,
    pub(super) thread: Mutex<Option<JoinHandle<()>>>,
}

/// Memory of the serving thread that needs no clearing for each call.
pub(super) struct Buffers {
    pub(super) hints: [u8; PAGE],
    pub(super) call: [u8; MAX_BODY],
    pub(super) reply: [u8; MAX_BODY],
}

// SAFETY: `inner` is used by the serving thread only (see `inner`), `bell` points to atomics, everything else is
// behind locks or atomic.
unsafe impl Sync for Entrypoint {}
// SAFETY: as above.
unsafe impl Send for Entrypoint {}

/// What only the serving thread touches.
pub(super) struct Inner {
    pub(super) slots: Vec<Option<Rc<ClientSlot>>>,
    pub(super) channels: Vec<Option<Rc<PeerChannel>>>,
    /// Slots that rang and were not served yet.
    pub(super) rang: VecDeque<u16>,
    /// Signal contexts with pending signals, in order of arrival.
    pub(super) ready: VecDeque<u64>,
    /// Whether polling pays, and the CPU that the last call came from.
    pub(super) adaptive: Adaptive,
    pub(super) caller: u32,
    /// Times that polling brought something.
    pub(super) polled: u32,
    pub(super) holding: Holding,
}

/// What a pass of the serving loop may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Calls and signals.
    All,
    /// Signals of I/O handlers only.
    IoSignals,
}

pub(super) static MAIN: AtomicPtr<Entrypoint> = AtomicPtr::new(std::ptr::null_mut());

/// The entrypoint behind a pointer of the seam.
///
/// # Safety
/// `ep` came from `rs_ep_main` or `rs_ep_create` and was not destroyed.
pub(crate) unsafe fn get<'a>(ep: *mut rs_ep_t) -> &'a Entrypoint {
    // SAFETY: by the caller's promise.
    unsafe { &*ep.cast::<Entrypoint>() }
}

impl Entrypoint {
    /// Entrypoint out of core's answer to HELLO or EP_CREATE.
    pub(crate) fn new(reply: &mut control::Reply) -> Result<Self, rs_err_t> {
        let (doorbell, bell) = (reply.fd(0)?, reply.fd(1)?);
        let (event, own_end) = (reply.fd(2)?, reply.fd(3)?);
        let bell = sys::map(&bell, PAGE, true).map_err(|_| RS_OUT_OF_RAM)?;
        Ok(Self {
            id: reply.arg(0),
            doorbell,
            own_end,
            event,
            bell: bell.cast(),
            objects: Mutex::default(),
            idle: Condvar::new(),
            stop: AtomicBool::new(false),
            server: AtomicU64::new(0),
            inner: UnsafeCell::new(Inner {
                slots: Vec::new(),
                channels: Vec::new(),
                rang: VecDeque::new(),
                ready: VecDeque::new(),
                adaptive: Adaptive::new(),
                caller: 0,
                polled: 0,
                holding: Holding::default(),
            }),
            buffers: UnsafeCell::new(Buffers {
                hints: [0; PAGE],
                call: [0; MAX_BODY],
                reply: [0; MAX_BODY],
            }),
            alarms: Alarms::default(),
            late: Mutex::new(Vec::new()),
            thread: Mutex::new(None),
        })
    }

    /// Make this the main entrypoint, for ever, served by the calling thread.
    pub(crate) fn into_main(self) -> &'static Entrypoint {
        let ep: &'static Entrypoint = Box::leak(Box::new(self));
        MAIN.store(std::ptr::from_ref(ep).cast_mut(), Ordering::Release);
        ep.adopt();
        ep
    }

    /// The calling thread serves this entrypoint from now on.
    pub(crate) fn adopt(&self) {
        serving::set(self.id);
        self.server.store(thread::id(), Ordering::Relaxed);
    }

    /// Whether the calling thread serves this entrypoint.
    pub(crate) fn served_here(&self) -> bool {
        self.server.load(Ordering::Relaxed) == thread::id()
    }

    /// Wake the serving thread.
    pub(crate) fn ring(&self, hint: Hint) {
        let _ = rustix::io::write(&self.own_end, &hint.to_bytes());
    }

    /// State of the serving thread.
    ///
    /// # Safety
    /// The calling thread serves the entrypoint, and the reference ends before any callback runs.
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn inner(&self) -> &mut Inner {
        // SAFETY: by the caller's promise there is no other reference.
        unsafe { &mut *self.inner.get() }
    }
}

impl Inner {
    /// Whether any slot or channel has something.
    pub(super) fn look(&self) -> bool {
        self.slots.iter().flatten().any(|s| s.pending())
            || self.channels.iter().flatten().any(|c| c.has_signals())
    }
}

impl Drop for Entrypoint {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`, used by this entrypoint only.
        unsafe { sys::unmap(self.bell.cast_mut().cast(), PAGE) };
    }
}

//! Entrypoints: the thread that serves this component's objects and signal handlers in turn.
use std::cell::{Cell, UnsafeCell};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;

use genode_abi::*;
use genode_host_proto::bell::{Bell, HINT_EVENT, HINT_SIGNAL, only_hint};
use genode_host_proto::control::event;
use genode_host_proto::spin::{self, Adaptive};
use genode_host_proto::sys::{self, Fds};
use genode_host_proto::{MAX_BODY, MAX_SLOTS, PAGE};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::RecvFlags;

use crate::object::{Kind, Object};
use crate::sync::lock;
use crate::{control, thread};

mod calls;
mod late;
mod objects;
mod peer;
mod seam;

use late::Holding;
pub(crate) use late::{Held, Late};
use objects::Objects;
use peer::{ClientSlot, PeerChannel};
pub use seam::{rs_ep_create, rs_ep_destroy, rs_ep_main, rs_ep_wait_io_signal};

/// An entrypoint. Lives until it is destroyed; the main one for ever.
pub(crate) struct Entrypoint {
    pub(crate) id: u64,
    doorbell: OwnedFd,
    own_end: OwnedFd,
    event: OwnedFd,
    bell: *const Bell,
    objects: Mutex<Objects>,
    /// Tells those who dissolve an object that its function is over.
    idle: Condvar,
    stop: AtomicBool,
    /// Kernel id of the thread that serves.
    server: AtomicU64,
    inner: UnsafeCell<Inner>,
    buffers: UnsafeCell<Buffers>,
    /// Replies to held calls that other threads gave.
    late: Mutex<Vec<(Held, Late)>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Memory of the serving thread that needs no clearing for each call.
struct Buffers {
    hints: [u8; PAGE],
    call: [u8; MAX_BODY],
    reply: [u8; MAX_BODY],
}

// SAFETY: `inner` is used by the serving thread only (see `inner`), `bell` points to atomics, everything else is
// behind locks or atomic.
unsafe impl Sync for Entrypoint {}
// SAFETY: as above.
unsafe impl Send for Entrypoint {}

/// What only the serving thread touches.
struct Inner {
    slots: Vec<Option<Rc<ClientSlot>>>,
    channels: Vec<Option<Rc<PeerChannel>>>,
    /// Slots that rang and were not served yet.
    rang: VecDeque<u16>,
    /// Signal contexts with pending signals, in order of arrival.
    ready: VecDeque<u64>,
    /// Whether polling pays, and the CPU that the last call came from.
    adaptive: Adaptive,
    caller: u32,
    /// Times that polling brought something.
    polled: u32,
    holding: Holding,
}

/// An entrypoint with more slots than this does not poll: looking at all would take too long.
const MAX_POLLED: usize = 256;
/// Times that polling may bring something before one looks whether the doorbell rings.
const POLLED_IN_A_ROW: u32 = 16;

/// What a pass of the serving loop may do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Calls and signals.
    All,
    /// Signals of I/O handlers only.
    IoSignals,
}

static MAIN: AtomicPtr<Entrypoint> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// Entrypoint that the thread serves, 0 for none.
    static CURRENT: Cell<u64> = const { Cell::new(0) };
}

/// Whether the calling thread serves the entrypoint `id`.
pub(crate) fn is_current(id: u64) -> bool {
    CURRENT.get() == id && id != 0
}

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
        CURRENT.set(self.id);
        self.server.store(thread::id(), Ordering::Relaxed);
    }

    /// Whether the calling thread serves this entrypoint.
    pub(crate) fn served_here(&self) -> bool {
        self.server.load(Ordering::Relaxed) == thread::id()
    }

    /// Wake the serving thread.
    pub(crate) fn ring(&self, hint: u16) {
        let _ = rustix::io::write(&self.own_end, &hint.to_ne_bytes());
    }

    /// State of the serving thread.
    ///
    /// # Safety
    /// The calling thread serves the entrypoint, and the reference ends before any callback runs.
    #[allow(clippy::mut_from_ref)]
    unsafe fn inner(&self) -> &mut Inner {
        // SAFETY: by the caller's promise there is no other reference.
        unsafe { &mut *self.inner.get() }
    }

    /// Serve until told to stop.
    pub(crate) fn serve(&self) {
        while !self.stopped() {
            self.listen();
            while self.step(Mode::All) {}
            while !self.stopped() && self.poll() {
                while self.step(Mode::All) {}
            }
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Block until one I/O signal was handled.
    pub(crate) fn wait_io_signal(&self) {
        while !self.step(Mode::IoSignals) {
            self.listen();
        }
    }

    /// As [`Self::wait_io_signal`], for an entrypoint without a thread, by whoever holds its lock.
    pub(crate) fn wait_io_signal_here(&self) {
        self.server.store(thread::id(), Ordering::Relaxed);
        self.wait_io_signal();
    }

    /// Do one thing that is ready; false if there was none.
    fn step(&self, mode: Mode) -> bool {
        if let Some(id) = self.next_signal(mode) {
            self.deliver(id);
            return true;
        }
        if mode == Mode::All {
            // SAFETY: the reference ends with the statement.
            let rang = unsafe { self.inner() }.rang.pop_front();
            if let Some(number) = rang {
                self.serve_slot(number);
                return true;
            }
        }
        false
    }

    fn bell(&self) -> &Bell {
        // SAFETY: a bell is atomics; mapped as long as the entrypoint.
        unsafe { &*self.bell }
    }

    /// Poll for a while if that may pay; clients need not ring meanwhile. True if something came.
    fn poll(&self) -> bool {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        let here = spin::here();
        self.bell().runs_on(here);
        if inner.slots.len() > MAX_POLLED {
            return false;
        }
        let mut polling = inner.adaptive.polling(here, inner.caller);
        if !polling.allowed() {
            return false;
        }
        let found = self.bell().poll(&mut polling, || inner.look());
        inner.adaptive.learn(polling.outcome(!found));
        if !found {
            return false;
        }
        self.gather();
        // Core rings with news even while clients need not: look at times, or they wait as long as calls pour in.
        inner.polled += 1;
        if inner.polled.is_multiple_of(POLLED_IN_A_ROW) && self.rings() {
            self.hints();
        }
        true
    }

    /// Note everything that the clients' memory says is pending.
    fn gather(&self) {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        for (number, slot) in inner.slots.iter().enumerate() {
            if slot.as_ref().is_some_and(|s| s.pending()) {
                inner.rang.push_back(number as u16);
            }
        }
        for number in 0..inner.channels.len() {
            // SAFETY: the reference ends with the statement.
            let channel = unsafe { self.inner() }.channels.get(number);
            if channel.and_then(Option::as_ref).is_some_and(|c| c.has_signals() || c.is_closed()) {
                self.collect(number);
            }
        }
    }

    /// Block until something rings, unless something came while nobody needed to ring.
    fn listen(&self) {
        control::flush();
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        if self.bell().sleeps(|| inner.look()) {
            self.gather();
        } else {
            self.hints();
        }
    }

    /// Whether reading the doorbell would not block.
    fn rings(&self) -> bool {
        let mut doorbell = [PollFd::new(&self.doorbell, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut doorbell, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// Block on the doorbell and note what rang.
    fn hints(&self) {
        // SAFETY: used by the serving thread only, in this function only, which runs no callback.
        let hints = unsafe { &mut (*self.buffers.get()).hints };
        let n = match rustix::io::read(&self.doorbell, &mut *hints) {
            Ok(n) => n,
            Err(rustix::io::Errno::INTR) => return,
            // Without a doorbell nobody can reach this component any more.
            Err(_) => std::process::abort(),
        };
        // SAFETY: the reference ends with the statement.
        let waiting = unsafe { self.inner() }.rang.len();
        match only_hint(hints.get(..n).unwrap_or_default()) {
            Some(HINT_EVENT) => self.events(),
            Some(hint) if hint & HINT_SIGNAL != 0 => self.collect((hint & !HINT_SIGNAL) as usize),
            // SAFETY: the reference ends with the statement.
            Some(hint) if waiting < MAX_SLOTS => unsafe { self.inner() }.rang.push_back(hint),
            // Or clients ring again and again while a function waits for signals, and more hints would not tell more.
            _ => {
                self.events();
                // SAFETY: the reference ends with the statement.
                unsafe { self.inner() }.rang.clear();
                self.gather();
            }
        }
    }

    /// Take in new channels and slots.
    fn events(&self) {
        self.answer_late();
        loop {
            let mut fds = Fds::default();
            let Ok(Some(packet)) = sys::recv_packet(&self.event, &mut fds, RecvFlags::DONTWAIT)
            else {
                return;
            };
            let [Some(first), Some(second), ..] = fds else { continue };
            let number = packet.arg(0) as usize;
            // SAFETY: no callback runs while the reference lives.
            let inner = unsafe { self.inner() };
            match packet.op() {
                event::CHANNEL_NEW => {
                    let channel = PeerChannel::new(&first, &second).map(Rc::new);
                    put(&mut inner.channels, number, channel);
                    // Its first signals did not ring if the entrypoint was awake, and it did not know where to look.
                    self.collect(number);
                }
                event::SLOT_NEW => {
                    let channel = inner.channels.get(packet.arg(1) as usize).cloned().flatten();
                    let slot =
                        channel.and_then(|c| ClientSlot::new(&first, second, c)).map(Rc::new);
                    put(&mut inner.slots, number, slot);
                    // Its first call may have rung before the slot was known.
                    inner.rang.push_back(number as u16);
                }
                _ => {}
            }
        }
    }

    /// Move pending signals of a channel to their contexts; drop the channel if its client is gone.
    fn collect(&self, number: usize) {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        let Some(Some(channel)) = inner.channels.get(number) else { return };
        let mut objects = lock(&self.objects);
        let closed = channel.drain(|id, count| {
            if let Some(Object { kind: Kind::Signal { pending, .. }, .. }) =
                objects.map.get_mut(&id)
            {
                if *pending == 0 {
                    inner.ready.push_back(id);
                }
                *pending = pending.saturating_add(count);
            }
        });
        drop(objects);
        if closed {
            let closed = inner.channels[number].take();
            // Whatever the client, which may live, wrote into them.
            for place in &mut inner.slots {
                let of = |slot: &mut Rc<ClientSlot>| {
                    closed.as_ref().is_some_and(|c| Rc::ptr_eq(&slot.channel, c))
                };
                place.take_if(of);
            }
        }
    }

    /// Stop serving and wait for the thread.
    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.ring(HINT_EVENT);
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Inner {
    /// Whether any slot or channel has something.
    fn look(&self) -> bool {
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

/// Put something at a number that core chose, within the bounds that core keeps.
fn put<T>(table: &mut Vec<Option<T>>, number: usize, value: Option<T>) {
    if number >= genode_host_proto::MAX_SLOTS {
        return;
    }
    if table.len() <= number {
        table.resize_with(number + 1, || None);
    }
    table[number] = value;
}

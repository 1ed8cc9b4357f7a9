//! Entrypoints: the thread that serves this component's objects and signal handlers in turn.
use std::cell::{Cell, UnsafeCell};
use std::collections::{HashMap, VecDeque};
use std::ffi::c_char;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;

use genode_abi::*;
use rs_host_proto::bell::{Bell, HINT_EVENT, HINT_SIGNAL};
use rs_host_proto::control::{event, request as op};
use rs_host_proto::slot::Found;
use rs_host_proto::sync::spin_hint;
use rs_host_proto::sys::{self, Fds, Futex};
use rs_host_proto::{INVALID_OBJECT, MAX_BODY, MAX_CAPS, PAGE};
use rustix::net::{RecvFlags, SendFlags};

use crate::caps::rs_cap_drop;
use crate::object::{Kind, Object};
use crate::spin::{self, Adaptive};
use crate::sync::lock;
use crate::{call, control, thread};

mod late;
mod peer;

use late::Holding;
pub(crate) use late::{Held, Late};
use peer::{ClientSlot, PeerChannel};

/// An entrypoint. Lives until it is destroyed; the main one for ever.
pub(crate) struct Entrypoint {
    pub(crate) id: u64,
    doorbell: OwnedFd,
    own_end: OwnedFd,
    event: OwnedFd,
    bell: *const Bell,
    pub(crate) objects: Mutex<Objects>,
    /// Tells those who dissolve an object that its dispatch is over.
    pub(crate) idle: Condvar,
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

/// The objects of an entrypoint, and which ones are being served right now.
pub(crate) struct Objects {
    pub(crate) map: HashMap<u64, Object>,
    pub(crate) running: Vec<u64>,
}

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
    holding: Holding,
}

/// An entrypoint with more slots than this does not poll: looking at all would take too long.
const MAX_POLLED: usize = 32;

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
            objects: Mutex::new(Objects { map: HashMap::new(), running: Vec::new() }),
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
        while !self.stop.load(Ordering::Acquire) {
            self.listen();
            while self.step(Mode::All) {}
            while self.poll() {
                while self.step(Mode::All) {}
            }
        }
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

    /// Poll for a while, telling clients that they need not ring. True if something came.
    fn poll(&self) -> bool {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        // SAFETY: mapped as long as the entrypoint.
        let bell = unsafe { &*self.bell };
        let here = spin::here();
        bell.runs_on(here);
        if inner.slots.len() > MAX_POLLED {
            return false;
        }
        let budget = inner.adaptive.budget(here, inner.caller);
        if budget.0 == 0 {
            return false;
        }
        bell.awake();
        let mut found = (0..budget.0).any(|_| {
            spin_hint();
            inner.look()
        });
        bell.asleep();
        inner.adaptive.learn(budget, found);
        // What came while nobody needed to ring.
        found |= inner.look();
        if found {
            for (number, slot) in inner.slots.iter().enumerate() {
                if slot.as_ref().is_some_and(|s| s.pending()) {
                    inner.rang.push_back(number as u16);
                }
            }
            for number in 0..inner.channels.len() {
                self.collect(number);
            }
        }
        found
    }

    /// Block on the doorbell and note what rang.
    fn listen(&self) {
        // SAFETY: used by the serving thread only, in this function only, which runs no callback.
        let hints = unsafe { &mut (*self.buffers.get()).hints };
        let n = match rustix::io::read(&self.doorbell, &mut *hints) {
            Ok(n) => n,
            Err(rustix::io::Errno::INTR) => return,
            // Without a doorbell nobody can reach this component any more.
            Err(_) => std::process::abort(),
        };
        if n == hints.len() {
            // The pipe was full: hints may be missing.
            self.events();
            // SAFETY: no callback runs while the reference lives.
            let inner = unsafe { self.inner() };
            let rang = inner.slots.iter().enumerate().filter(|(_, s)| s.is_some());
            inner.rang = rang.map(|(i, _)| i as u16).collect();
            let bound = inner.channels.len();
            for number in 0..bound {
                self.collect(number);
            }
            return;
        }
        for hint in hints[..n].as_chunks::<2>().0 {
            match u16::from_ne_bytes(*hint) {
                HINT_EVENT => self.events(),
                hint if hint & HINT_SIGNAL != 0 => self.collect((hint & !HINT_SIGNAL) as usize),
                // SAFETY: the reference ends with the statement.
                hint => unsafe { self.inner() }.rang.push_back(hint),
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
            inner.channels[number] = None;
        }
    }

    /// Next signal context whose handler may run now.
    fn next_signal(&self, mode: Mode) -> Option<u64> {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        let objects = lock(&self.objects);
        let at = inner.ready.iter().position(|id| match objects.map.get(id) {
            Some(Object { kind: Kind::Signal { io, .. }, .. }) => mode == Mode::All || *io,
            // Gone meanwhile: `deliver` finds nothing.
            _ => mode == Mode::All,
        })?;
        inner.ready.remove(at)
    }

    fn deliver(&self, id: u64) {
        let mut objects = lock(&self.objects);
        let Some(object) = objects.map.get_mut(&id) else { return };
        let Kind::Signal { function, pending, .. } = &mut object.kind else { return };
        let (function, count) = (*function, std::mem::take(pending));
        let ctx = object.ctx;
        objects.running.push(id);
        drop(objects);
        if let Some(function) = function
            && count > 0
        {
            // SAFETY: the handler and its context are valid until the signal is destroyed, which waits for this.
            unsafe { function(ctx, count) };
        }
        self.done(id);
    }

    fn done(&self, id: u64) {
        let mut objects = lock(&self.objects);
        if let Some(at) = objects.running.iter().rposition(|r| *r == id) {
            objects.running.remove(at);
        }
        drop(objects);
        self.idle.notify_all();
    }

    fn serve_slot(&self, number: u16) {
        // SAFETY: used by the serving thread only, and calls do not nest.
        let body = unsafe { &mut (*self.buffers.get()).call };
        // SAFETY: the reference ends before the callback; the slot's mapping stays, see below.
        let inner = unsafe { self.inner() };
        // Kept by this call: while its function waits for I/O signals, the number may go to another client.
        let Some(slot) = inner.slots.get(number as usize).cloned().flatten() else { return };
        // Core's word, which the client cannot change: it may write into the slot even after it closed it.
        if slot.channel.is_closed() {
            inner.slots[number as usize] = None;
            return;
        }
        if slot.is_held() && !slot.page().is_dead() {
            return; // it rang for the call that it waits for
        }
        let found = match slot.page().take(body) {
            Found::Nothing => return,
            Found::Dead => {
                inner.slots[number as usize] = None;
                return;
            }
            Found::Call(call) => call,
        };
        let mut caps = [0; MAX_CAPS];
        if found.caps > 0 {
            call::receive_caps(slot.socket(), &mut caps);
        }
        inner.caller = found.cpu;
        inner.holding.begin(number, &slot);
        let object = slot.channel.object(found.index);
        let call = rs_msg_t {
            data: body.as_mut_ptr(),
            len: found.len,
            capacity: MAX_BODY,
            caps,
            num_caps: found.caps as u32,
        };
        // SAFETY: as for `body`.
        let out = unsafe { &mut (*self.buffers.get()).reply };
        let mut reply = rs_msg_t {
            data: out.as_mut_ptr(),
            len: 0,
            capacity: MAX_BODY,
            caps: [0; MAX_CAPS],
            num_caps: 0,
        };
        let protocol = self.dispatch(object, &call, &mut reply);
        // SAFETY: the reference ends with the statement.
        unsafe { self.inner() }.holding.end();
        for cap in caps {
            // SAFETY: received above, owned here, borrowed by the callback only.
            unsafe { rs_cap_drop(cap) };
        }
        if !slot.is_held() {
            self.reply(&slot, number, protocol, out, &reply);
        }
        for cap in reply.caps {
            // SAFETY: the callback handed them over.
            unsafe { rs_cap_drop(cap) };
        }
    }

    fn dispatch(&self, id: u64, call: &rs_msg_t, reply: &mut rs_msg_t) -> i64 {
        let mut objects = lock(&self.objects);
        let Some(Object { kind: Kind::Rpc { function }, ctx, .. }) = objects.map.get(&id) else {
            return INVALID_OBJECT;
        };
        let (function, ctx) = (*function, *ctx);
        objects.running.push(id);
        drop(objects);
        let protocol = match function {
            // SAFETY: the function and its context are valid until the object is dissolved, which waits for
            // this; the messages are valid for the call.
            Some(function) => unsafe { function(ctx, call, reply) },
            None => INVALID_OBJECT,
        };
        self.done(id);
        protocol
    }

    fn reply(
        &self,
        slot: &Rc<ClientSlot>,
        number: u16,
        protocol: i64,
        out: &[u8],
        reply: &rs_msg_t,
    ) {
        let mut caps = (reply.num_caps as usize).min(MAX_CAPS);
        if caps > 0
            && call::send_caps(slot.socket(), &reply.caps[..caps], SendFlags::DONTWAIT).is_err()
        {
            // The client does not read what it is sent: its loss.
            caps = 0;
        }
        let body = out.get(..reply.len).unwrap_or_default();
        if slot.page().reply(&Futex, protocol, body, caps).is_err() && slot.page().is_dead() {
            // SAFETY: no callback runs while the reference lives.
            let inner = unsafe { self.inner() };
            let place = inner.slots.get_mut(number as usize);
            if let Some(place) = place
                && place.as_ref().is_some_and(|s| Rc::ptr_eq(s, slot))
            {
                *place = None;
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
    if number >= rs_host_proto::MAX_SLOTS {
        return;
    }
    if table.len() <= number {
        table.resize_with(number + 1, || None);
    }
    table[number] = value;
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_main() -> *mut rs_ep_t {
    MAIN.load(Ordering::Acquire).cast()
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_create(
    name: *const c_char,
    name_len: usize,
    stack_size: usize,
    location: rs_location_t,
    ep: *mut *mut rs_ep_t,
) -> rs_err_t {
    // SAFETY: a valid string, by the contract.
    let name = unsafe { thread::name(name, name_len) };
    let create = || {
        let mut reply = control::request(op::EP_CREATE, &[], None)?;
        let new: &'static Entrypoint = Box::leak(Box::new(Entrypoint::new(&mut reply)?));
        let started = thread::spawn(name, stack_size, location, move || {
            new.adopt();
            new.serve();
        });
        match started {
            Ok(handle) => {
                *lock(&new.thread) = Some(handle);
                Ok(new)
            }
            Err(e) => {
                let _ = control::request(op::EP_DESTROY, &[new.id], None);
                // SAFETY: leaked above, and nobody else saw it.
                drop(unsafe { Box::from_raw(std::ptr::from_ref(new).cast_mut()) });
                Err(e)
            }
        }
    };
    match create() {
        Ok(new) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *ep = std::ptr::from_ref(new).cast_mut().cast() };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_destroy(ep: *mut rs_ep_t) {
    if ep.is_null() || ep.cast() == MAIN.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: made by rs_ep_create, not destroyed before, by the contract.
    let entrypoint = unsafe { Box::from_raw(ep.cast::<Entrypoint>()) };
    entrypoint.stop();
    let _ = control::request(op::EP_DESTROY, &[entrypoint.id], None);
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_ep_wait_io_signal(ep: *mut rs_ep_t) {
    // SAFETY: a live entrypoint, by the contract.
    let ep = unsafe { get(ep) };
    if ep.served_here() {
        ep.wait_io_signal();
    }
}

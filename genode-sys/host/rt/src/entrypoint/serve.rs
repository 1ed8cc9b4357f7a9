//! The loop of an entrypoint: polls and listens, notes what rang, and does one thing after the other.
use std::rc::Rc;
use std::sync::atomic::Ordering;

use genode_host_proto::bell::{self, Bell, Hint};
use genode_host_proto::control::Event;
use genode_host_proto::sys::{self, Fds};
use genode_host_proto::{MAX_SLOTS, spin};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::RecvFlags;

use super::alarms::NEVER;
use super::objects::{Kind, Object};
use super::peer::{ClientSlot, PeerChannel};
use super::state::{Entrypoint, Mode};
use crate::sync::{LONGEST_US, lock, time_us};
use crate::{control, descriptors, thread};

/// An entrypoint with more slots than this does not poll: looking at all would take too long.
const MAX_POLLED: usize = 256;
/// Times that polling may bring something before one looks whether the doorbell rings.
const POLLED_IN_A_ROW: u32 = 16;

impl Entrypoint {
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
        if self.alarms.next() != NEVER {
            self.expire();
        }
        // Core rings with news even while clients need not: look at times, or they wait as long as calls pour in.
        inner.polled += 1;
        if inner.polled.is_multiple_of(POLLED_IN_A_ROW) && self.rings_within(0) {
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

    /// Block until something rings or a time has come, unless something came while nobody needed to
    /// ring.
    fn listen(&self) {
        control::flush();
        if self.alarms.next() != NEVER {
            return self.listen_for_a_time();
        }
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        if self.bell().sleeps(|| inner.look()) {
            self.gather();
        } else {
            self.hints();
        }
    }

    /// As [`Self::listen`], with a time that may come first. Apart, so that calls do not pay for
    /// it.
    #[inline(never)]
    fn listen_for_a_time(&self) {
        let due = self.expire();
        // SAFETY: the reference ends with the statement, in which no callback runs.
        if self.bell().sleeps(|| unsafe { self.inner() }.look()) {
            return self.gather();
        }
        // Those that ring are served between signals that are always due.
        if due && !self.rings_within(0) {
            return;
        }
        while !due && self.alarms.next() != NEVER {
            let left = self.alarms.next().saturating_sub(time_us());
            if self.rings_within(left.min(LONGEST_US)) {
                break;
            }
            if self.expire() {
                // Signals to the component itself, as tasks submit them, need no doorbell.
                // SAFETY: the reference ends with the statement.
                if unsafe { self.inner() }.slots.len() <= MAX_POLLED {
                    self.bell().wakes();
                }
                return;
            }
        }
        self.hints();
    }

    /// Wait until reading the doorbell would not block, for `us` microseconds at most; false if
    /// they are over.
    fn rings_within(&self, us: u64) -> bool {
        let mut doorbell = [PollFd::new(&self.doorbell, PollFlags::IN)];
        let time = Timespec {
            tv_sec: (us / 1_000_000).cast_signed(),
            tv_nsec: (us % 1_000_000 * 1000).cast_signed(),
        };
        match rustix::event::poll(&mut doorbell, Some(&time)) {
            Ok(ready) => ready > 0,
            Err(error) => error != rustix::io::Errno::INTR, // reading it tells
        }
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
        let read = hints.get(..n).unwrap_or_default();
        match bell::only_hint(read) {
            Some(Hint::Event) => return self.events(),
            Some(Hint::Signals(channel)) => return self.collect(channel as usize),
            Some(Hint::Slot(slot)) if waiting < MAX_SLOTS => {
                // SAFETY: the reference ends with the statement.
                return unsafe { self.inner() }.rang.push_back(slot);
            }
            _ => {}
        }
        self.several(read, waiting);
    }

    /// Note what rang, of which there is more than one hint, or none.
    #[cold]
    #[inline(never)]
    fn several(&self, read: &[u8], waiting: usize) {
        match bell::hints(read) {
            Some(hints) if waiting < MAX_SLOTS => self.note(hints),
            // Or clients ring again and again while a function waits for signals, and more hints would not tell more.
            _ => {
                self.events();
                // SAFETY: the reference ends with the statement.
                unsafe { self.inner() }.rang.clear();
                self.gather();
            }
        }
    }

    /// Note what may have rung.
    fn note(&self, hints: impl Iterator<Item = Hint>) {
        let mut events = false;
        for hint in hints {
            match hint {
                Hint::Event => events = true,
                Hint::Signals(channel) => self.collect(channel as usize),
                // SAFETY: the reference ends with the statement.
                Hint::Slot(slot) => unsafe { self.inner() }.rang.push_back(slot),
            }
        }
        if events {
            self.events();
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
            let [Some(first), Some(second), ..] = fds else {
                // Its client waits for ever: core says why.
                descriptors::are_full();
                continue;
            };
            let number = packet.arg(0) as usize;
            // SAFETY: no callback runs while the reference lives.
            let inner = unsafe { self.inner() };
            match Event::of(packet.op()) {
                Some(Event::ChannelNew) => {
                    let channel = PeerChannel::new(&first, &second).map(Rc::new);
                    put(&mut inner.channels, number, channel);
                    // Its first signals did not ring if the entrypoint was awake, and it did not know where to look.
                    self.collect(number);
                }
                Some(Event::SlotNew) => {
                    let channel = inner.channels.get(packet.arg(1) as usize).cloned().flatten();
                    let slot =
                        channel.and_then(|c| ClientSlot::new(&first, second, c)).map(Rc::new);
                    put(&mut inner.slots, number, slot);
                    // Its first call may have rung before the slot was known.
                    inner.rang.push_back(number as u16);
                }
                None => {}
            }
        }
    }

    /// Move pending signals of a channel to their contexts; drop the channel if its client is gone.
    fn collect(&self, number: usize) {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        let Some(Some(channel)) = inner.channels.get(number) else { return };
        let mut objects = lock(&self.objects);
        let closed = channel.drain(|id, more| {
            if let Some(Object { kind: Kind::Signal { news, .. }, .. }) = objects.map.get_mut(&id) {
                if news.is_empty() {
                    inner.ready.push_back(id);
                }
                news.add(more);
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
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.ring(Hint::Event);
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
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

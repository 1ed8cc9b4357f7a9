//! Channels to other components' entrypoints: what this component may name there, and its free slots.
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::slice;

use genode_abi::*;
use genode_host_proto::bell::Bell;
use genode_host_proto::control::Request;
use genode_host_proto::signal::Signals;
use genode_host_proto::slot::Slot;
use genode_host_proto::spin::{self, Adaptive, Outcome, Polling};
use genode_host_proto::sync::AtomicU32;
use genode_host_proto::{GRANTS, PAGE, SIGNALS_SIZE, sys};

use crate::control;

/// Core's own entrypoint, which has no signals.
const CORE: u64 = 0;
/// Entrypoints that a component can have channels to at a time.
const MAX: usize = 1024;
/// Slots of a channel, as many as core gives.
const MAX_SLOTS: usize = 64;
/// Channels without any capability that are kept for the next one.
const MAX_IDLE: usize = 8;
/// Releases that wait for their receiver to take the last signals.
const MAX_DEFERRED: usize = 256;

/// Where an object is called: index of a channel here, index of the object there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    pub(crate) channel: u16,
    pub(crate) index: u32,
}

/// A slot that a thread uses for a call.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) slot: *const Slot,
    pub(crate) socket: RawFd,
    pub(crate) number: u16,
    /// Whether the reply to a call that nobody waited for comes first.
    pub(crate) posted: bool,
    pub(crate) bell: *const Bell,
    pub(crate) doorbell: RawFd,
    /// Ids of the channel and of the entrypoint.
    pub(crate) id: u64,
    pub(crate) ep: u64,
    /// CPU of the caller, and how it polls for the reply.
    pub(crate) cpu: u32,
    pub(crate) polling: Polling,
}

// SAFETY: the pointers are to shared memory made of atomics, mapped until the channel closes.
unsafe impl Send for Line {}

#[derive(Clone, Copy)]
struct FreeSlot {
    slot: *const Slot,
    socket: RawFd,
    number: u16,
    posted: bool,
}

/// In this order: what a call needs lies together.
#[repr(C)]
struct Channel {
    /// Core's id, 0 for an unused entry.
    id: u64,
    ep: u64,
    number: u16,
    /// Capabilities that are called through this channel.
    refs: u32,
    /// Slots in use by calls.
    busy: u32,
    dead: bool,
    adaptive: Adaptive,
    /// Null where core serves.
    signals: *const AtomicU32,
    bell: *const Bell,
    doorbell: RawFd,
    num_free: usize,
    free: [FreeSlot; MAX_SLOTS],
}

/// All channels.
#[repr(C)]
pub(crate) struct Channels {
    table: [Channel; MAX],
    /// Entries that were ever used.
    bound: usize,
    deferred: [Claim; MAX_DEFERRED],
    num_deferred: usize,
}

// SAFETY: as for `Line`; the table itself is behind a lock.
unsafe impl Send for Channels {}

/// A way to submit signals to a context.
pub(crate) struct Wire {
    pub(crate) signals: *const AtomicU32,
    pub(crate) index: u32,
    pub(crate) bell: *const Bell,
    pub(crate) doorbell: RawFd,
    pub(crate) number: u16,
}

impl Channels {
    pub(crate) const fn new() -> Self {
        const NO_SLOT: FreeSlot =
            FreeSlot { slot: std::ptr::null(), socket: 0, number: 0, posted: false };
        const UNUSED: Channel = Channel {
            id: 0,
            ep: 0,
            number: 0,
            refs: 0,
            busy: 0,
            dead: false,
            adaptive: Adaptive::new(),
            signals: std::ptr::null(),
            bell: std::ptr::null(),
            doorbell: 0,
            free: [NO_SLOT; MAX_SLOTS],
            num_free: 0,
        };
        let no_claim = Claim { channel: 0, index: 0 };
        Self { table: [UNUSED; MAX], bound: 0, deferred: [no_claim; MAX_DEFERRED], num_deferred: 0 }
    }

    /// Ask core where the object behind `cap` is called.
    pub(crate) fn claim(&mut self, cap: std::os::fd::BorrowedFd<'_>) -> Result<Claim, rs_err_t> {
        let mut reply = control::request(Request::Claim, &[], Some(cap))?;
        let (id, index, new) = (reply.arg(0), reply.arg(1) as u32, reply.arg(2) != 0);
        if index as usize >= GRANTS {
            return Err(RS_GONE);
        }
        if !new {
            let at = self.table.iter().position(|c| c.id == id).ok_or(RS_GONE)?;
            self.table[at].refs += 1;
            return Ok(Claim { channel: at as u16, index });
        }
        self.retry();
        self.sweep();
        let Some(at) = self.table.iter().position(|c| c.id == 0) else {
            control::tell(Request::ChannelClose, &[id]);
            return Err(RS_OUT_OF_CAPS);
        };
        let (doorbell, bell) = (reply.fd(0)?, reply.fd(1)?);
        let (slot, socket) = (reply.fd(2)?, reply.fd(3)?);
        let out_of_ram = |_| RS_OUT_OF_RAM;
        let signals = match reply.arg(6) {
            CORE => std::ptr::null_mut(),
            _ => sys::map(&reply.fd(4)?, SIGNALS_SIZE, true).map_err(out_of_ram)?,
        };
        let bell = sys::map(&bell, PAGE, false).map_err(out_of_ram)?;
        let slot = sys::map(&slot, PAGE, true).map_err(out_of_ram)?;
        let channel = &mut self.table[at];
        channel.id = id;
        channel.ep = reply.arg(6);
        channel.number = reply.arg(4) as u16;
        channel.refs = 1;
        channel.busy = 0;
        channel.dead = false;
        channel.signals = signals.cast();
        channel.bell = bell.cast();
        channel.doorbell = doorbell.into_raw_fd();
        channel.num_free = 0;
        channel.put(FreeSlot {
            slot: slot.cast(),
            socket: socket.into_raw_fd(),
            number: reply.arg(5) as u16,
            posted: false,
        });
        self.bound = self.bound.max(at + 1);
        Ok(Claim { channel: at as u16, index })
    }

    /// Tells whether core itself serves what a claim names.
    pub(crate) fn is_core(&self, claim: Claim) -> bool {
        self.table.get(claim.channel as usize).is_some_and(|c| c.id != 0 && c.ep == CORE)
    }

    /// A slot for a call, or `None` if all are in use for now.
    pub(crate) fn take(&mut self, claim: Claim) -> Result<Option<Line>, rs_err_t> {
        let channel = self.table.get_mut(claim.channel as usize).ok_or(RS_GONE)?;
        if channel.dead {
            return Err(RS_GONE);
        }
        let free = match channel.pop(false) {
            Some(slot) => slot,
            None => match channel.open() {
                Ok(slot) => slot,
                Err(RS_OUT_OF_CAPS) if channel.busy > 0 => return Ok(None),
                Err(e) => return Err(e),
            },
        };
        Ok(Some(channel.line(free)))
    }

    /// A slot whose last call nobody waited for, if there is one.
    pub(crate) fn take_posted(&mut self, claim: Claim) -> Option<Line> {
        let channel = self.table.get_mut(claim.channel as usize)?;
        let free = channel.pop(true)?;
        Some(channel.line(free))
    }

    /// Give a slot back; one that found its server gone takes the channel along.
    pub(crate) fn give(&mut self, claim: Claim, line: &Line, gone: bool, polled: Outcome) {
        let Some(channel) = self.table.get_mut(claim.channel as usize) else { return };
        channel.busy -= 1;
        channel.dead |= gone;
        channel.adaptive.learn(polled);
        let (slot, socket, number) = (line.slot, line.socket, line.number);
        channel.put(FreeSlot { slot, socket, number, posted: line.posted });
    }

    /// What it takes to signal through a claim.
    pub(crate) fn wire(&self, claim: Claim) -> Option<Wire> {
        let channel = self.table.get(claim.channel as usize)?;
        if channel.dead || channel.signals.is_null() || claim.index as usize >= GRANTS {
            return None;
        }
        Some(Wire {
            signals: channel.signals,
            index: claim.index,
            bell: channel.bell,
            doorbell: channel.doorbell,
            number: channel.number,
        })
    }

    /// A capability that was called through the channel is gone. Signals submitted before still
    /// arrive: core is told of it, and once more when the receiver has taken them.
    pub(crate) fn release(&mut self, claim: Claim) {
        self.retry();
        if self.undelivered(claim)
            && let Some(place) = self.deferred.get_mut(self.num_deferred)
        {
            *place = claim;
            self.num_deferred += 1;
            if let Some(channel) = self.table.get(claim.channel as usize) {
                let (index, submitted) = (u64::from(claim.index), 1);
                control::tell(Request::Release, &[channel.id, index, submitted]);
            }
        } else {
            self.release_now(claim);
        }
    }

    /// Release what waited and need not wait any more.
    fn retry(&mut self) {
        let mut i = 0;
        while i < self.num_deferred {
            let claim = self.deferred[i];
            if self.undelivered(claim) {
                i += 1;
            } else {
                self.num_deferred -= 1;
                self.deferred[i] = self.deferred[self.num_deferred];
                self.release_now(claim);
            }
        }
    }

    fn undelivered(&self, claim: Claim) -> bool {
        self.table.get(claim.channel as usize).is_some_and(|channel| {
            if channel.signals.is_null() {
                return false;
            }
            // SAFETY: GRANTS counters, mapped until the channel closes.
            let signals = Signals::new(unsafe { slice::from_raw_parts(channel.signals, GRANTS) });
            !signals.taken(claim.index) && !channel.is_dead()
        })
    }

    fn release_now(&mut self, claim: Claim) {
        let Some(channel) = self.table.get_mut(claim.channel as usize) else { return };
        control::tell(Request::Release, &[channel.id, u64::from(claim.index)]);
        channel.refs -= 1;
        if channel.refs == 0 {
            self.sweep();
        }
    }

    /// Close channels that nothing uses: those whose server is gone, and idle ones beyond a few.
    fn sweep(&mut self) {
        let mut idle = 0;
        for channel in self.table.iter_mut().take(self.bound) {
            if channel.id == 0 || channel.refs > 0 || channel.busy > 0 {
                continue;
            }
            idle += 1;
            if idle > MAX_IDLE || channel.is_dead() {
                channel.close();
            }
        }
    }
}

impl Channel {
    /// A free slot, for a call that is to come after those that nobody waited for: the slot of one of these if there
    /// is one. None but such a slot if only `posted` will do.
    fn pop(&mut self, posted: bool) -> Option<FreeSlot> {
        let free = self.free.get(..self.num_free)?;
        let at = match free.iter().rposition(|slot| slot.posted) {
            Some(at) => at,
            None if posted => return None,
            None => self.num_free.checked_sub(1)?,
        };
        let slot = self.free[at];
        self.num_free -= 1;
        self.free[at] = self.free[self.num_free];
        Some(slot)
    }

    /// A slot in use, for a call from here and now.
    fn line(&mut self, free: FreeSlot) -> Line {
        self.busy += 1;
        let cpu = spin::here();
        // SAFETY: mapped until the channel closes.
        let there = unsafe { (*self.bell).cpu() };
        let polling = self.adaptive.polling(cpu, there);
        Line {
            slot: free.slot,
            socket: free.socket,
            number: free.number,
            posted: free.posted,
            bell: self.bell,
            doorbell: self.doorbell,
            id: self.id,
            ep: self.ep,
            cpu,
            polling,
        }
    }

    fn put(&mut self, slot: FreeSlot) {
        if let Some(place) = self.free.get_mut(self.num_free) {
            *place = slot;
            self.num_free += 1;
        }
    }

    fn open(&self) -> Result<FreeSlot, rs_err_t> {
        let mut reply = control::request(Request::SlotOpen, &[self.id], None)?;
        let (memory, socket) = (reply.fd(0)?, reply.fd(1)?);
        let slot = sys::map(&memory, PAGE, true).map_err(|_| RS_OUT_OF_RAM)?;
        Ok(FreeSlot {
            slot: slot.cast(),
            socket: socket.into_raw_fd(),
            number: reply.arg(1) as u16,
            posted: false,
        })
    }

    fn is_dead(&self) -> bool {
        self.dead
            || self.free.iter().take(self.num_free).any(|f| {
                // SAFETY: mapped until the channel closes.
                unsafe { (*f.slot).is_dead() }
            })
    }

    fn close(&mut self) {
        control::tell(Request::ChannelClose, &[self.id]);
        for free in self.free.iter().take(self.num_free) {
            // SAFETY: no call uses the channel (busy is 0), so nobody refers to the slot or its socket.
            unsafe {
                sys::unmap(free.slot.cast_mut().cast(), PAGE);
                drop(OwnedFd::from_raw_fd(free.socket));
            }
        }
        // SAFETY: neither calls nor claims refer to the channel any more.
        unsafe {
            if !self.signals.is_null() {
                sys::unmap(self.signals.cast_mut().cast(), SIGNALS_SIZE);
            }
            sys::unmap(self.bell.cast_mut().cast(), PAGE);
            drop(OwnedFd::from_raw_fd(self.doorbell));
        }
        self.id = 0;
        self.num_free = 0;
    }
}

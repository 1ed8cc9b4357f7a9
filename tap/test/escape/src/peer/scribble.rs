//! Writes whatever it likes into what it shares with the server and with core: slots while they are served, after it
//! closed them, and signal counters; sends capabilities that no call announces, and too few of those that one does;
//! closes channels, and has the server's numbers used anew.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use genode::{connection::Connection, prelude::*};
use genode_host_proto::bell::Hint;
use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::sync::{AtomicU32, Ordering};
use genode_host_proto::sys::{self, Fds};
use genode_host_proto::{CONTROL_FD, PAGE, SIGNALS_SIZE};
use rustix::net::{RecvFlags, SendFlags};

use crate::honest::Shared;
use fastrand::Rng;

/// Things done to a channel before it is closed, and after that.
const OPEN: u32 = 400;
const CLOSED: u32 = 100;
/// Descriptors among which there are capabilities.
const DESCRIPTORS: i32 = 64;

/// A descriptor by its number.
fn descriptor(number: i32) -> BorrowedFd<'static> {
    // SAFETY: the kernel refuses a number that is not open, and what it is used for is this component's own harm.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Asks core past the seam, which nobody uses meanwhile.
fn ask(op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) -> Option<(Packet, Fds)> {
    tell(op, args, cap);
    let mut fds = Fds::default();
    let answer = sys::recv_packet(descriptor(CONTROL_FD), &mut fds, RecvFlags::empty());
    answer.ok()?.filter(|a| a.op() == Status::Ok.into()).map(|a| (a, fds))
}

fn tell(op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) {
    let packet = Packet::new(op, args);
    let control = descriptor(CONTROL_FD);
    let _ = sys::send_packet(control, &packet, cap.as_slice(), SendFlags::empty());
}

/// Words that are shared with somebody.
struct Words {
    start: *mut u8,
    len: usize,
}

impl Words {
    fn new(memory: &OwnedFd, len: usize) -> Option<Self> {
        Some(Self { start: sys::map(memory, len, true).ok()?, len })
    }

    /// Puts something into one of them, mostly one of the first.
    fn spoil(&self, random: &mut Rng) {
        let words = if random.u64(..4) > 0 { 8 } else { self.len as u64 / 4 };
        let value = match random.u64(..4) {
            0 => random.u32(..),
            1 => u32::MAX,
            _ => random.u64(..6) as u32,
        };
        let at = random.u64(..words) as usize * 4;
        // SAFETY: a word of the mapping, aligned; whoever shares it uses atomics too.
        unsafe { &*self.start.add(at).cast::<AtomicU32>() }.store(value, Ordering::Relaxed);
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: `spoil` keeps no reference.
        unsafe { sys::unmap(self.start, self.len) };
    }
}

/// A channel that nobody but this module knows of.
struct Channel {
    id: u64,
    index: u64,
    number: u16,
    slots: Vec<(Words, OwnedFd, u16)>,
    signals: Words,
    doorbell: OwnedFd,
}

impl Channel {
    /// A new channel to where the object behind `cap` lives, if that is not core.
    fn open(cap: BorrowedFd<'_>) -> Option<Self> {
        let (known, _) = ask(Request::Claim, &[], Some(cap))?;
        if known.arg(6) == 0 {
            return None;
        }
        // The one that the seam uses. From here on it cannot call the server any more.
        tell(Request::ChannelClose, &[known.arg(0)], None);
        let (claim, fds) = ask(Request::Claim, &[], Some(cap))?;
        let [Some(doorbell), _, Some(slot), Some(socket), Some(signals), ..] = fds else {
            return None;
        };
        Some(Self {
            id: claim.arg(0),
            index: claim.arg(1),
            number: claim.arg(4) as u16,
            slots: vec![(Words::new(&slot, PAGE)?, socket, claim.arg(5) as u16)],
            signals: Words::new(&signals, SIGNALS_SIZE)?,
            doorbell,
        })
    }

    fn slot(&mut self) {
        let Some((made, fds)) = ask(Request::SlotOpen, &[self.id], None) else { return };
        if let [Some(slot), Some(socket), ..] = fds
            && let Some(words) = Words::new(&slot, PAGE)
        {
            self.slots.push((words, socket, made.arg(1) as u16));
        }
    }

    fn ring(&self, hint: Hint) {
        let _ = rustix::io::write(&self.doorbell, &hint.to_bytes());
    }

    fn harm(&self, random: &mut Rng) {
        for (words, socket, number) in &self.slots {
            words.spoil(random);
            match random.u64(..8) {
                0 => capabilities(socket, random),
                1..4 => self.ring(Hint::Slot(*number)),
                _ => {}
            }
        }
        if random.u64(..4) == 0 {
            self.signals.spoil(random);
            self.ring(Hint::Signals(self.number));
        }
    }
}

/// Sends some descriptors, and bytes that say what they are or not, and takes what came.
fn capabilities(socket: &OwnedFd, random: &mut Rng) {
    let fds: Vec<_> = (0..random.u64(..9)).map(|_| descriptor(random.i32(..DESCRIPTORS))).collect();
    let valid = [random.u64(..2) as u8; 6];
    let len = 1 + random.u64(..5) as usize;
    let _ = sys::send(socket, &valid[..len], &fds, SendFlags::DONTWAIT);
    let mut got = Fds::default();
    while let Ok((1.., _)) = sys::recv(socket, &mut [0; 8], &mut got, RecvFlags::DONTWAIT) {
        got = Fds::default();
    }
}

pub(crate) fn write(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Shared>::open(env, "scribble")?;
    let _ = session.next(0)?;
    log!("scribbles");
    let mut random = Rng::with_seed(7);
    let mut first = None;
    loop {
        let of_server =
            (4..DESCRIPTORS).map(descriptor).filter_map(|cap| Channel::open(cap.as_fd()));
        for mut channel in of_server {
            for _ in 0..random.u64(..4) {
                channel.slot();
            }
            for _ in 0..OPEN {
                channel.harm(&mut random);
            }
            tell(Request::Release, &[channel.id, channel.index + random.u64(..3)], None);
            tell(Request::ChannelClose, &[channel.id], None);
            for _ in 0..CLOSED {
                channel.harm(&mut random);
            }
            first.get_or_insert_with(|| log!("and goes on"));
        }
    }
}

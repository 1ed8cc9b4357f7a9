//! Past the runtime: requests to core on the control socket, and slots that are written as one likes.
#![allow(unsafe_code, reason = "the seam as it is, for tests below the SDK")]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::slot::{Reply, Slot};
use genode_host_proto::sync::{AtomicU32, Looks, Ordering};
use genode_host_proto::sys::{self, Fds, Futex};
use genode_host_proto::{CONTROL_FD, MAX_BODY, MAX_CAPS, PAGE};
use rustix::net::{RecvFlags, SendFlags};

/// Descriptors that are looked at where any may be meant.
pub const DESCRIPTORS: std::ops::Range<i32> = 4..256;

/// Word of a slot that says who is at it.
pub const STATE: usize = 0;
/// Word of a slot that says how long the message is.
pub const LENGTH: usize = 1;
/// Word of a slot that says how many capabilities come with it.
pub const CAPABILITIES: usize = 3;

/// A descriptor by its number.
pub fn descriptor(number: i32) -> BorrowedFd<'static> {
    // SAFETY: 0 to 2 are null devices, 3 is the socket to core; nobody closes one of the seam's own meanwhile, and a
    // number that is not open is what the kernel says it is.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Asks core directly; the answer if it is a good one.
pub fn ask(op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) -> Option<(Packet, Fds)> {
    exchange(op, args, cap).filter(|(packet, _)| packet.op() == Status::Ok.into())
}

/// Asks core directly; whatever it answers.
pub fn exchange(op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) -> Option<(Packet, Fds)> {
    let control = descriptor(CONTROL_FD);
    sys::send_packet(control, &Packet::new(op, args), cap.as_slice(), SendFlags::empty()).ok()?;
    let mut fds = Fds::default();
    let packet = sys::recv_packet(control, &mut fds, RecvFlags::empty()).ok()??;
    Some((packet, fds))
}

/// Tells core something that it does not answer.
pub fn tell(op: Request, args: &[u64]) {
    let control = descriptor(CONTROL_FD);
    let _ = sys::send_packet(control, &Packet::new(op, args), &[], SendFlags::empty());
}

/// A claim of whatever a descriptor names: channel, index in it, and entrypoint.
pub fn claim(number: i32) -> Option<(u64, u32, u64)> {
    let (claim, _fds) = ask(Request::Claim, &[], Some(descriptor(number)))?;
    Some((claim.arg(0), claim.arg(1) as u32, claim.arg(6)))
}

/// A slot of the component's own.
#[derive(Debug)]
pub struct RawSlot {
    page: *const Slot,
    socket: OwnedFd,
    number: u16,
}

impl RawSlot {
    /// A new slot on a channel.
    pub fn open(channel: u64) -> Option<Self> {
        let (made, fds) = ask(Request::SlotOpen, &[channel], None)?;
        let [Some(memory), Some(socket), ..] = fds else { return None };
        let page = sys::map(&memory, PAGE, true).ok()?;
        Some(Self { page: page.cast_const().cast(), socket, number: made.arg(1) as u16 })
    }

    fn slot(&self) -> &Slot {
        // SAFETY: a slot is atomics, valid for any bits; mapped for the rest of the program.
        unsafe { &*self.page }
    }

    /// A word of the page.
    fn word(&self, word: usize) -> &AtomicU32 {
        // SAFETY: a page consists of atomics; the modulus keeps it within.
        unsafe { &*self.page.cast::<AtomicU32>().add(word % (PAGE / 4)) }
    }

    /// What a word of the page says.
    pub fn read(&self, word: usize) -> u32 {
        self.word(word).load(Ordering::SeqCst)
    }

    /// Writes a word of the page, whatever anybody else does with it.
    pub fn write(&self, word: usize, value: u32) {
        self.word(word).store(value, Ordering::SeqCst);
    }

    /// Writes a call into the slot without telling anybody. False if it is in use, or dead.
    pub fn post(&self, index: u32, body: &[u8]) -> bool {
        self.slot().post(index, body, 0, 0).is_ok()
    }

    /// Rings every doorbell that the component has: which one is the right one is the seam's knowledge.
    pub fn ring(&self) {
        for pipe in DESCRIPTORS.map(descriptor) {
            let kind = |s: rustix::fs::Stat| rustix::fs::FileType::from_raw_mode(s.st_mode);
            if rustix::fs::fstat(pipe).map(kind) == Ok(rustix::fs::FileType::Fifo) {
                let _ = rustix::io::write(pipe, &self.number.to_ne_bytes());
            }
        }
    }

    /// Waits for a reply, with its body. What came with it is dropped.
    pub fn wait(&self) -> Option<(Reply, Vec<u8>)> {
        let mut body = vec![0; MAX_BODY];
        let reply = self.slot().wait(&Futex, &mut Looks(0), &mut body).ok()?;
        body.truncate(reply.len);
        if reply.caps > 0 {
            let _ = sys::recv(
                self.socket.as_fd(),
                &mut [0; MAX_CAPS],
                &mut Fds::default(),
                RecvFlags::DONTWAIT,
            );
        }
        Some((reply, body))
    }

    /// A call and its reply.
    pub fn call(&self, index: u32, body: &[u8]) -> Option<(Reply, Vec<u8>)> {
        if !self.post(index, body) {
            return None;
        }
        self.ring();
        self.wait()
    }
}

//! The control socket to core: one request at a time.
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use genode_abi::*;
use genode_host_proto::CONTROL_FD;
use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::sys::{self, Fds};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::sync::lock;
use crate::{descriptors, outside};

/// Serialises requests, so that replies come to whom they belong.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) fn socket() -> BorrowedFd<'static> {
    // SAFETY: core started this process with the socket under this number; nobody closes it.
    unsafe { BorrowedFd::borrow_raw(CONTROL_FD) }
}

/// A reply and the descriptors that came with it.
pub(crate) struct Reply {
    packet: Packet,
    fds: Fds,
}

impl Reply {
    /// Argument `i`.
    pub(crate) fn arg(&self, i: usize) -> u64 {
        self.packet.arg(i)
    }

    /// Take descriptor `i`.
    pub(crate) fn fd(&mut self, i: usize) -> Result<OwnedFd, rs_err_t> {
        self.fds.get_mut(i).and_then(Option::take).ok_or_else(descriptors::missing)
    }
}

/// Ask core and wait for the answer.
pub(crate) fn request(
    op: Request,
    args: &[u64],
    cap: Option<BorrowedFd<'_>>,
) -> Result<Reply, rs_err_t> {
    outside::refuse()?;
    flush();
    let _turn = lock(&TURN);
    send(op, args, cap)?;
    let mut fds = Fds::default();
    let Ok(Some(packet)) = sys::recv_packet(socket(), &mut fds, RecvFlags::empty()) else {
        core_is_gone()
    };
    match Status::of(packet.op()) {
        Some(Status::Ok) => Ok(Reply { packet, fds }),
        Some(Status::OutOfRam) => Err(RS_OUT_OF_RAM),
        Some(Status::OutOfCaps | Status::Limit) => Err(RS_OUT_OF_CAPS),
        Some(Status::Gone) => Err(RS_GONE),
        Some(Status::Invalid) | None => Err(RS_INVALID),
    }
}

/// Objects that are gone, and core was not told of: as many as a packet has arguments.
type Gone = heapless::Vec<u64, 7>;

static GONE: Mutex<Gone> = Mutex::new(Gone::new());
/// Whether there are any.
static ANY_GONE: AtomicBool = AtomicBool::new(false);

/// Remember that an object is gone. Core is told at the latest before this component says its next word to anybody,
/// or waits for one: whoever hears from it finds its account without the object.
pub(crate) fn gone(id: u64) {
    let mut gone = lock(&GONE);
    let _ = gone.push(id); // there is room, see below
    ANY_GONE.store(true, Ordering::Release);
    // Before the lock is given up: the next one needs a place.
    if gone.is_full() {
        tell_gone(&mut gone);
    }
}

fn tell_gone(gone: &mut Gone) {
    if !gone.is_empty() {
        tell(Request::ObjectsGone, gone);
        gone.clear();
        ANY_GONE.store(false, Ordering::Release);
    }
}

/// Tell core of the objects that are gone.
pub(crate) fn flush() {
    if !ANY_GONE.load(Ordering::Acquire) {
        return;
    }
    tell_gone(&mut lock(&GONE));
}

/// Tell core something that has no answer.
pub(crate) fn tell(op: Request, args: &[u64]) {
    let _turn = lock(&TURN);
    let _ = send(op, args, None);
}

/// [`tell`], from a signal handler: takes no lock, as a packet is sent as a whole, and no answer
/// can be mistaken for its own.
pub(crate) fn tell_unlocked(op: Request, args: &[u64]) {
    let _ = send(op, args, None);
}

fn send(op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) -> Result<(), rs_err_t> {
    // The number of the socket may be anything's there.
    outside::refuse()?;
    let mut packet = Packet::new(op, args);
    let mut sent = sys::send_packet(socket(), &packet, cap.as_slice(), SendFlags::empty());
    if let (Err(Errno::TOOMANYREFS), Some(cap)) = (sent, cap) {
        // Others have too many under way: core fetches this one.
        packet.0[7] = cap.as_raw_fd() as u64 + 1;
        sent = sys::send_packet(socket(), &packet, &[], SendFlags::empty());
    }
    sent.map_err(|_| RS_GONE)
}

/// Without core there is no system to be a component of.
fn core_is_gone() -> ! {
    std::process::abort()
}

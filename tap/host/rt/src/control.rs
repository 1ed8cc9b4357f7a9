//! The control socket to core: one request at a time.
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Mutex;

use genode_abi::*;
use rs_host_proto::CONTROL_FD;
use rs_host_proto::control::{Packet, status};
use rs_host_proto::sys::{self, Fds};
use rustix::net::{RecvFlags, SendFlags};

use crate::sync::lock;

/// Serialises requests, so that replies come to whom they belong.
static TURN: Mutex<()> = Mutex::new(());

fn socket() -> BorrowedFd<'static> {
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
        self.fds.get_mut(i).and_then(Option::take).ok_or(RS_GONE)
    }
}

/// Ask core and wait for the answer.
pub(crate) fn request(
    op: u64,
    args: &[u64],
    cap: Option<BorrowedFd<'_>>,
) -> Result<Reply, rs_err_t> {
    let _turn = lock(&TURN);
    send(op, args, cap)?;
    let mut fds = Fds::default();
    let Ok(Some(packet)) = sys::recv_packet(socket(), &mut fds, RecvFlags::empty()) else {
        core_is_gone()
    };
    match packet.op() {
        status::OK => Ok(Reply { packet, fds }),
        status::OUT_OF_RAM => Err(RS_OUT_OF_RAM),
        status::OUT_OF_CAPS | status::LIMIT => Err(RS_OUT_OF_CAPS),
        status::GONE => Err(RS_GONE),
        _ => Err(RS_INVALID),
    }
}

/// Tell core something that has no answer.
pub(crate) fn tell(op: u64, args: &[u64]) {
    let _turn = lock(&TURN);
    let _ = send(op, args, None);
}

fn send(op: u64, args: &[u64], cap: Option<BorrowedFd<'_>>) -> Result<(), rs_err_t> {
    let packet = Packet::new(op, args);
    sys::send_packet(socket(), &packet, cap.as_slice(), SendFlags::empty()).map_err(|_| RS_GONE)
}

/// Without core there is no system to be a component of.
fn core_is_gone() -> ! {
    std::process::abort()
}

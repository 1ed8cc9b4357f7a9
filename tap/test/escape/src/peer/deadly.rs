//! What core ends a component for, or what a component does to itself: each in a component of its own, since none comes back.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::BorrowedFd;

use genode::prelude::*;
use genode_host_proto::CONTROL_FD;
use genode_host_proto::control::{Packet, Request};
use genode_host_proto::sys;
use rustix::net::SendFlags;

use crate::sys::{own_pid, sys as call};

/// Requests without a look at the answers: far more than a socket holds.
const UNREAD: u64 = 1 << 20;

fn control() -> BorrowedFd<'static> {
    // SAFETY: the seam's socket; it is closed by the one role that does nothing afterwards.
    unsafe { BorrowedFd::borrow_raw(CONTROL_FD) }
}

/// Sends packets that are shorter than the shortest.
fn empty() {
    let _ = sys::send(control(), &[], &[], SendFlags::empty());
}

/// Closes the socket to core.
fn closes() {
    let _ = call(libc::SYS_close, [CONTROL_FD as usize]);
}

/// Asks, and never reads an answer: core must neither wait for it nor remember what it could not say.
fn silent() {
    let packet = Packet::new(Request::Served, &[u64::MAX]);
    for _ in 0..UNREAD {
        if sys::send_packet(control(), &packet, &[], SendFlags::empty()).is_err() {
            break;
        }
    }
}

/// Makes a system call of 32-bit programs, which are numbered otherwise.
fn foreign() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: getpid takes no memory; the call clobbers its result alone.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("eax") 20 => _, lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _);
    }
}

/// Stops itself, as nobody else may stop it. Core ends it nevertheless.
fn stops() {
    let thread = call(libc::SYS_gettid, []).unwrap_or(0);
    let _ = call(libc::SYS_tgkill, [own_pid(), thread, libc::SIGSTOP as usize]);
}

/// Lets its stack grow without end.
fn deep() {
    fn descend(depth: u64) -> u64 {
        let here = std::hint::black_box([depth; 512]);
        if depth == u64::MAX { 0 } else { descend(depth + 1) + here[511] }
    }
    let _ = std::hint::black_box(descend(0));
}

/// Does what its role says; whoever comes back from that is ended by itself.
pub(crate) fn end(role: &str) -> Result<(), Error> {
    log!("ends by role {role}");
    match role {
        "empty" => empty(),
        "closes" => closes(),
        "silent" => silent(),
        "foreign" => foreign(),
        "stops" => stops(),
        _ => deep(),
    }
    // Time for core to notice: whoever is not ended by then was spared.
    std::thread::sleep(std::time::Duration::from_mins(1));
    log!("role {role} was spared");
    Err(Error::Invalid)
}

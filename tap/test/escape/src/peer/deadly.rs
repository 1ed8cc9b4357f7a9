//! What core ends a component for, or what a component does to itself: each in a component of its own, since none comes back.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::{AsFd, BorrowedFd};

use genode::prelude::*;
use genode_host_proto::CONTROL_FD;
use genode_host_proto::control::{Packet, Request};
use genode_host_proto::sys;
use rs_raw::past::ask;
use rustix::net::SendFlags;

use crate::sys::{own_pid, sys as call};

/// Roles of components that end.
pub(crate) const ROLES: [&str; 11] = [
    "empty",
    "closes",
    "silent",
    "foreign",
    "stops",
    "deep",
    "vanishes",
    "hoards",
    "removes",
    "leaderless",
    "unmaps",
];

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

/// Ends while core sends it descriptors that it asked for.
fn vanishes() {
    for _ in 0..100 {
        let _ = sys::send_packet(
            control(),
            &Packet::new(Request::EpCreate, &[]),
            &[],
            SendFlags::empty(),
        );
    }
    let _ = call(libc::SYS_exit_group, [3]);
}

/// Ends with all that core lets it have: entrypoints, objects, channels to itself.
fn hoards() {
    while let Some((made, _)) = ask(Request::EpCreate, &[], None) {
        let ep = [made.arg(0)];
        let Some((_, [Some(cap), ..])) = ask(Request::ObjectCreate, &ep, None) else { break };
        while let Some((claim, _)) = ask(Request::Claim, &[], Some(cap.as_fd())) {
            if claim.arg(2) != 0 {
                let _ = ask(Request::SlotOpen, &[claim.arg(0)], None);
            }
            if claim.arg(1) > 500 {
                break;
            }
        }
    }
    let _ = call(libc::SYS_exit_group, [3]);
}

/// Ends while core removes an entrypoint for it that takes many pieces.
fn removes() {
    let Some((made, _)) = ask(Request::EpCreate, &[], None) else { return };
    let ep = [made.arg(0)];
    while let Some((_, [Some(cap), ..])) = ask(Request::ObjectCreate, &ep, None) {
        let _ = (0..100).map_while(|_| ask(Request::Claim, &[], Some(cap.as_fd()))).count();
    }
    let packet = Packet::new(Request::EpDestroy, &ep);
    let _ = sys::send_packet(control(), &packet, &[], SendFlags::empty());
    let _ = call(libc::SYS_exit_group, [3]);
}

/// Ends its first thread alone, and goes on with another, which then ends all.
fn leaderless() {
    std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let _ = call(libc::SYS_close, [CONTROL_FD as usize]);
        loop {
            std::thread::park();
        }
    });
    let _ = call(libc::SYS_exit, [0]);
}

/// Unmaps the code that it runs.
fn unmaps() {
    let here = unmaps as fn() as usize & !0xffff;
    let _ = call(libc::SYS_munmap, [here, 1 << 20]);
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
        "vanishes" => vanishes(),
        "hoards" => hoards(),
        "removes" => removes(),
        "leaderless" => leaderless(),
        "unmaps" => unmaps(),
        _ => deep(),
    }
    // Time for core to notice: whoever is not ended by then was spared.
    std::thread::sleep(std::time::Duration::from_mins(1));
    log!("role {role} was spared");
    Err(Error::Invalid)
}

//! Makes entrypoints and calls itself through channels to them, gives all up, and keeps mapped what it got.
#![no_main]
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::{AsFd, OwnedFd};

use genode_host_proto::control::{Packet, Request};
use genode_host_proto::sys::{self, Fds};
use genode_host_proto::{CONTROL_FD, GRANTS_SIZE, PAGE, SIGNALS_SIZE};
use genode_sys::{RS_LOG, rs_log};
use rs_raw::past::{ask, descriptor};
use rustix::net::{RecvFlags, SendFlags};

/// How often: together some 300 MiB.
const TIMES: usize = 3000;

/// Maps memory for ever, and touches each page; false if it is not as large.
fn keep(memory: Option<&OwnedFd>, size: usize, writeable: bool) -> bool {
    let Some(start) = memory.and_then(|memory| sys::map(memory, size, writeable).ok()) else {
        return false;
    };
    for at in (0..size).step_by(PAGE) {
        // SAFETY: within the mapping, which core has not taken back: the channel is open.
        unsafe { std::hint::black_box(start.add(at).read_volatile()) };
    }
    true
}

fn once() -> Option<()> {
    let (made, [_, _, event, ..]) = ask(Request::EpCreate, &[], None)?;
    let (ep, event) = (made.arg(0), event?);
    let (_, [cap, ..]) = ask(Request::ObjectCreate, &[ep], None)?;
    let (claim, [_, _, slot, _, signals, ..]) = ask(Request::Claim, &[], Some(cap?.as_fd()))?;
    let mut fds = Fds::default();
    sys::recv_packet(&event, &mut fds, RecvFlags::empty()).ok()??;
    let [grants, ..] = fds;
    let kept = keep(signals.as_ref(), SIGNALS_SIZE, true)
        && keep(slot.as_ref(), PAGE, true)
        && keep(grants.as_ref(), GRANTS_SIZE, false);
    ask(Request::EpDestroy, &[ep], None)?;
    let close = Packet::new(Request::ChannelClose, &[claim.arg(0)]);
    let sent = sys::send_packet(descriptor(CONTROL_FD), &close, &[], SendFlags::empty());
    (kept && sent.is_ok()).then_some(())
}

extern "C" fn construct() {
    let times = (0..TIMES).map_while(|_| once()).count();
    let text = if times == TIMES { "here" } else { "it was refused" };
    // SAFETY: a valid string.
    unsafe { rs_log(RS_LOG, text.as_ptr().cast(), text.len()) };
}

genode_sys::component_entry!(construct);

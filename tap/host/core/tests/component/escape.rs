//! Tries to get out.
#![no_main]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod attempts;
mod support;

use std::os::fd::{AsFd, BorrowedFd};

use genode_sys::*;
use rs_host_proto::control::{Packet, request, status};
use rs_host_proto::opcode::{OPCODES, cost, rom};
use rs_host_proto::sys::{self, Fds};
use rustix::net::{RecvFlags, SendFlags};

/// Ask core directly, past the seam.
fn ask(op: u64, args: &[u64], cap: Option<BorrowedFd<'_>>) -> u64 {
    let control = unsafe { BorrowedFd::borrow_raw(rs_host_proto::CONTROL_FD) };
    sys::send_packet(control, &Packet::new(op, args), cap.as_slice(), SendFlags::empty()).unwrap();
    let mut fds = Fds::default();
    sys::recv_packet(control, &mut fds, RecvFlags::empty()).unwrap().unwrap().op()
}

fn report(what: &str, succeeded: bool) {
    say!("{}: {what}", if succeeded { "SUCCEEDED" } else { "refused" });
}

extern "C" fn construct() {
    for (what, attempt) in attempts::ATTEMPTS {
        report(what, attempt());
    }

    // Capabilities: what is not in the hand cannot be named.
    let null = unsafe { BorrowedFd::borrow_raw(0) };
    report("claim a file as a capability", ask(request::CLAIM, &[], Some(null)) == status::OK);
    let control = unsafe { BorrowedFd::borrow_raw(rs_host_proto::CONTROL_FD) };
    report("claim a socket", ask(request::CLAIM, &[], Some(control.as_fd())) == status::OK);
    report("claim nothing", ask(request::CLAIM, &[], None) == status::OK);
    let others = (1..2000).any(|id| ask(request::OBJECT_DESTROY, &[id], None) == status::OK);
    report("destroy somebody's object", others);
    let others =
        (0..2000).any(|ep| ask(request::OBJECT_CREATE, &[ep], None) == status::OK && ep == 0);
    report("make an object of core's", others);
    report("say hello again", ask(request::HELLO, &[], None) == status::OK);
    let ends = ask(request::EP_DESTROY, &[0], None) == status::OK;
    report("end core's entrypoint", ends);

    // A revoked capability is not served: the ROM session's after its close.
    let (id, cap) = support::open("ROM", "init", cost::ROM.ram, cost::ROM.caps).unwrap();
    let alive = support::call(cap, rom::DATASPACE, &[], |_| {}).unwrap();
    assert_eq!(alive.protocol, 0, "the control: it works while the session is open");
    let ds = alive.cap();
    unsafe { rs_session_close(id) };
    let replay = support::call(cap, rom::DATASPACE, &[], |_| {});
    report("replay a closed session", replay.is_ok_and(|a| a.protocol == 0));

    // Memory.
    let read = rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: false, executable: false };
    let write = rs_attach_attr_t { writeable: true, ..read };
    let (mut addr, mut size) = (0, 0);
    assert_eq!(unsafe { rs_attach(ds, &read, &mut addr, &mut size) }, RS_OK);
    let mut other = 0;
    let writes = unsafe { rs_attach(ds, &write, &mut other, &mut size) };
    report("attach a ROM module for writing", writes == RS_OK);
    let protects = unsafe { libc::mprotect(addr as *mut _, 4096, libc::PROT_WRITE) };
    report("make an attached ROM module writeable", protects == 0);

    let quota = support::quota();
    let mut ds = 0;
    let too_much = (quota.ram_limit - quota.ram_used + 1) as usize;
    let grows = unsafe { rs_ram_alloc(too_much, RS_CACHED, RS_ANY_NODE, &mut ds) };
    report("allocate more than its quota", grows == RS_OK);
    let pd = unsafe { rs_env_cap(RS_ENV_PD) };
    let gift = support::call(pd, OPCODES.pd.transfer_ram, &[pd], |w| {
        w.u64(1);
    });
    let ok = gift.is_ok_and(|a| a.reader().i32() == Ok(0));
    report("transfer quota to itself", ok);

    let outside = rs_location_t { x: 1 << 20, y: 0, w: 1, h: 1 };
    unsafe extern "C" fn nothing(_: *mut std::ffi::c_void) {}
    let mut thread = std::ptr::null_mut();
    let made = unsafe {
        rs_thread_create(
            c"t".as_ptr(),
            1,
            1 << 16,
            outside,
            Some(nothing),
            std::ptr::null_mut(),
            &mut thread,
        )
    };
    if made == RS_OK {
        report(
            "use a CPU outside its location",
            unsafe { rs_thread_migrate(thread, outside) } == RS_OK,
        );
        unsafe { rs_thread_join(thread) };
    } else {
        report("use a CPU outside its location", false);
    }
    support::exit(0);
}

genode_sys::component_entry!(construct);

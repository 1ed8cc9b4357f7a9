//! Asks core directly, past the runtime, for what managed dataspaces do not give.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use genode_args::cost;
use genode_host_proto::control::{Packet, Request, Rights, Status};
use genode_host_proto::interface::region_map::{Access, AttachError, Attr, Range};
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::sys;
use genode_sys::*;
use genode_wire::ExceptionCode;
use rs_raw::past::exchange;

const K: u64 = 4096;
const OK: u64 = Status::Ok as u64;

fn ask(op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) -> (Packet, Option<OwnedFd>) {
    let (reply, [fd, ..]) = exchange(op, args, cap).unwrap();
    (reply, fd)
}

fn refused(what: &str, op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) {
    let (reply, _) = ask(op, args, cap);
    assert_ne!(reply.op(), OK, "{what}");
}

/// `Region_map::attach` at an address.
fn attach(
    map: rs_cap_t,
    ds: rs_cap_t,
    [size, offset, at]: [u64; 3],
    writeable: bool,
) -> Result<Range, AttachError> {
    let attr = Attr { size, offset, use_at: true, at, executable: false, writeable };
    let answer = support::call(map, OPCODES.region_map.attach, &[ds], |w| {
        w.put(&attr);
    });
    let answer = answer.unwrap();
    assert_eq!(answer.code, ExceptionCode::SUCCESS);
    answer.result().unwrap()
}

/// Descriptors that name something.
fn names() -> Vec<(i32, sys::Identity)> {
    let all = (0..256).filter_map(|fd| {
        let identity = sys::identity(unsafe { BorrowedFd::borrow_raw(fd) }).ok()?;
        identity.regular.then_some((fd, identity))
    });
    all.collect()
}

/// A capability and its descriptor: what `make` opens and `is` says.
fn descriptor_of(
    make: impl FnOnce() -> rs_cap_t,
    is: impl Fn(&sys::Identity) -> bool,
) -> (rs_cap_t, BorrowedFd<'static>) {
    let before = names();
    let cap = make();
    let new = names().into_iter().filter(|name| !before.contains(name) && is(&name.1));
    let (fd, _) = new.last().unwrap();
    (cap, unsafe { BorrowedFd::borrow_raw(fd) })
}

extern "C" fn construct() {
    let token = |name: &sys::Identity| name.size == 0 && !name.managed;
    let mut id = 0;
    let open = || {
        let (session, cap) =
            support::open("RM", "", support::Amount::new(cost::RM.ram.0, 10)).unwrap();
        id = session;
        cap
    };
    let (rm_session, session_name) = descriptor_of(open, token);
    let create = |size: u64| {
        let answer = support::call(rm_session, OPCODES.rm.create, &[], |w| {
            w.put(&size);
        });
        answer.unwrap()
    };
    for size in [0, u64::MAX, 1 << 47, u64::MAX - 4095] {
        assert!(create(size).result() == Ok(false), "a map of {size} bytes");
    }
    let (map, map_name) = descriptor_of(|| create(16 * K).cap(), token);
    let second = create(16 * K).cap();
    let dataspace =
        |map| support::call(map, OPCODES.region_map.dataspace, &[], |_| {}).unwrap().cap();
    let (managed, name) = descriptor_of(|| dataspace(map), |name| name.managed);
    let (_, second_name) = descriptor_of(|| dataspace(second), |name| name.managed);
    let allocate = || {
        let mut ram = 0;
        let size = 4 * K as usize;
        assert_eq!(unsafe { rs_ram_alloc(size, RS_CACHED, RS_ANY_NODE, &mut ram) }, RS_OK);
        ram
    };
    let (ram, memory) = descriptor_of(allocate, |name| name.size == 4 * K);

    // Attributes that lie.
    let conflict = Err(AttachError::RegionConflict);
    for attr in [
        [u64::MAX, 0, 0],
        [5 * K, 0, 0],
        [K, 4 * K, 0],
        [K, u64::MAX - K + 1, 0],
        [K, 8, 0],
        [K, 0, 8],
        [K, 0, 16 * K],
        [K, 0, u64::MAX - K + 1],
        [4 * K, 0, 13 * K],
    ] {
        assert_eq!(attach(map, ram, attr, true), conflict, "{attr:?}");
    }
    let invalid = Err(AttachError::InvalidDataspace);
    for other in [0, map, rm_session, managed] {
        assert_eq!(attach(map, other, [K, 0, 0], true), invalid);
    }
    let short = support::call(map, OPCODES.region_map.attach, &[ram], |w| {
        w.put(&K);
    });
    let refused_call = short.unwrap().code;
    assert_eq!(refused_call, ExceptionCode::MALFORMED, "a call without its attributes");

    // Views: only of managed dataspaces, only with a page to be told by, only within.
    refused("a view without the page", Request::ViewOpen, &[0, 0, 0], Some(name));
    let (page, page_fd) = ask(Request::Paging, &[], None);
    assert_eq!(page.op(), OK);
    let page_fd = page_fd.unwrap();
    assert!(sys::map(&page_fd, 4096, true).is_err(), "the page is core's to write");
    refused("a view of nothing", Request::ViewOpen, &[0, 0, 0], None);
    refused("a view of RAM", Request::ViewOpen, &[0, 0, 0], Some(memory));
    refused("a view of the page", Request::ViewOpen, &[0, 0, 0], Some(page_fd.as_fd()));
    for (offset, size) in [(16 * K, 0), (u64::MAX - K + 1, K), (8, K), (0, 17 * K), (K, u64::MAX)] {
        refused("a view past the end", Request::ViewOpen, &[offset, size, 0], Some(name));
    }
    let all = Rights::all().bits();
    let (view, _) = ask(Request::ViewOpen, &[0, 0, all], Some(name));
    assert_eq!((view.op(), view.arg(1)), (OK, 16 * K));
    let view = view.arg(0);
    for at in [16 * K, u64::MAX] {
        refused("past the view", Request::Fault, &[view, at, Access::Read as u64], None);
    }
    for kind in [Access::None as u64, 4, u64::MAX] {
        refused("no access", Request::Fault, &[view, 0, kind], None);
    }
    refused("nobody's view", Request::Fault, &[view + 1, 0, Access::Read as u64], None);
    let (hole, fd) = ask(Request::Fault, &[view, 0, Access::Read as u64], None);
    assert_eq!((hole.op(), hole.arg(0), fd.is_none()), (OK, 0, true), "a hole is waited for");

    // What is attached read-only stays so, by every way round.
    assert!(attach(map, ram, [K, 2 * K, 5 * K], false).is_ok());
    refused("writing", Request::Fault, &[view, 5 * K, Access::Write as u64], None);
    let (piece, fd) = ask(Request::Fault, &[view, 5 * K, Access::Read as u64], None);
    assert_eq!(piece.0[..6], [OK, 1, 5 * K, K, 2 * K, 0]);
    let fd = fd.unwrap();
    assert!(sys::map(&fd, 4096, true).is_err(), "the descriptor cannot be written through");
    let readable = sys::map(&fd, 4096, false).unwrap();
    let protect = unsafe { libc::mprotect(readable.cast(), 4096, libc::PROT_WRITE) };
    assert_ne!(protect, 0, "nor made to");
    assert!(attach(second, managed, [0; 3], true).is_ok(), "a map in a map");

    // Core does not wait for a view that does not react, but knows.
    let _ = support::call(map, OPCODES.region_map.detach, &[], |w| {
        w.put(&(5 * K));
    });
    let settled = || ask(Request::Settled, &[], Some(map_name)).0.arg(0) == 1;
    assert!(!settled(), "not told yet");
    let (told, _) = ask(Request::Unmapped, &[], None);
    assert_eq!(told.0[..5], [OK, 1, view, 5 * K, K]);
    assert!(!settled(), "told, but not done");
    let (told, _) = ask(Request::Unmapped, &[], None);
    assert_eq!(told.0[..2], [OK, 0]);
    assert!(settled(), "done");

    // The same for a map that is destroyed, also by way of a map that it is attached in.
    let gone = || ask(Request::Settled, &[], Some(session_name)).0.arg(0) == 1;
    assert!(gone(), "no map is gone");
    let (outer, _) = ask(Request::ViewOpen, &[0, 0, all], Some(second_name));
    let outer = outer.arg(0);
    let _ = support::call(rm_session, OPCODES.rm.destroy, &[map], |_| {});
    let mut views = Vec::new();
    for _ in 0..2 {
        assert!(!gone(), "a view still shows it");
        let (told, _) = ask(Request::Unmapped, &[], None);
        assert_eq!(told.0[..2], [OK, 1]);
        views.push(told.arg(1));
    }
    views.sort_unstable();
    assert_eq!(views, [view, outer]);
    assert!(!gone(), "told, but not done");
    let (told, _) = ask(Request::Unmapped, &[], None);
    assert_eq!(told.0[..2], [OK, 0]);
    assert!(gone(), "done");

    unsafe { rs_session_close(id) };
    refused("a map that is gone", Request::Fault, &[view, 0, Access::Read as u64], None);
    support::exit(0);
}

genode_sys::component_entry!(construct);

//! The other calls to the parent.
use std::ffi::c_char;
use std::sync::atomic::AtomicU64;

use genode_abi::*;
use genode_host_proto::live::{self, Live};
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::wire::Writer;

use crate::log::bytes;
use crate::{call, env, rpc};

fn tell(opcode: u64, caps: &[rs_cap_t], fill: impl FnOnce(&mut Writer<'_>)) -> rs_err_t {
    match rpc::call(env::parent(), opcode, caps, fill) {
        Ok(_) => RS_OK,
        Err(e) => e,
    }
}

/// Tell the parent something that it has nothing to answer to, without waiting until it heard.
fn post(opcode: u64, caps: &[rs_cap_t], fill: impl FnOnce(&mut Writer<'_>)) {
    // Whoever has no parent any more is about to be ended.
    let _ = rpc::post(env::parent(), opcode, caps, fill);
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_announce(service: *const c_char, service_len: usize) -> rs_err_t {
    if service_len >= 64 {
        return RS_OVERFLOW;
    }
    // SAFETY: a valid string, by the contract.
    let service = unsafe { bytes(service, service_len) };
    tell(OPCODES.parent.announce, &[], |w| {
        w.in_string(service);
    })
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_response(id: u64, response: rs_response_t) {
    let values = &OPCODES.session_response;
    let response = match response {
        RS_RESPONSE_OK => values.ok,
        RS_RESPONSE_CLOSED => values.closed,
        RS_RESPONSE_INSUFFICIENT_RAM => values.insufficient_ram,
        RS_RESPONSE_INSUFFICIENT_CAPS => values.insufficient_caps,
        _ => values.denied,
    };
    post(OPCODES.parent.session_response, &[], |w| {
        w.u64(id).i32(response);
    });
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_deliver(id: u64, cap: rs_cap_t) {
    post(OPCODES.parent.deliver_session_cap, &[cap], |w| {
        w.u64(id);
    });
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_requests(
    rom: usize,
    size: usize,
    buf: *mut c_char,
    capacity: usize,
    len: *mut usize,
) -> bool {
    let Some(area) = live::area(size).filter(|_| rom != 0 && buf.addr() != 0) else { return false };
    // What was answered must not be found again.
    if !call::done(env::parent()) {
        return false;
    }
    let start = std::ptr::with_exposed_provenance::<AtomicU64>(rom + area.start);
    // SAFETY: `size` bytes are attached at `rom` in whole pages, by the contract, and the area lies within; others access
    // it by atomics, too.
    let words = unsafe { std::slice::from_raw_parts(start, area.len() / 8) };
    // SAFETY: `capacity` bytes may be written, by the contract.
    let out = unsafe { std::slice::from_raw_parts_mut(buf.cast::<u8>(), capacity) };
    let read = Live::new(words).read(out);
    if let Some(read) = read {
        // SAFETY: a valid pointer, by the contract.
        unsafe { *len = read };
    }
    read.is_some()
}

/// Leave: tell the parent, then wait for it to end this process.
pub(crate) fn exit(value: i32) -> ! {
    let told = tell(OPCODES.parent.exit, &[], |w| {
        w.i32(value);
    });
    if told != RS_OK {
        // Nobody is there to end this process.
        std::process::abort();
    }
    loop {
        std::thread::park();
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_exit(value: i32) -> ! {
    exit(value)
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_resource_request(args: *const c_char, args_len: usize) {
    // SAFETY: a valid string, by the contract.
    let args = unsafe { bytes(args, args_len) };
    tell(OPCODES.parent.resource_request, &[], |w| {
        w.string(args, RS_MAX_ARGS as usize);
    });
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_parent_sigh(which: rs_parent_signal_t, context: rs_cap_t) {
    let parent = &OPCODES.parent;
    let opcode = match which {
        RS_RESOURCE_AVAIL => parent.resource_avail_sigh,
        RS_YIELD => parent.yield_sigh,
        RS_HEARTBEAT => parent.heartbeat_sigh,
        _ => return,
    };
    tell(opcode, &[context], |_| {});
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_yield_request(buf: *mut c_char, capacity: usize) -> usize {
    if capacity == 0 {
        return 0;
    }
    let reply = rpc::call(env::parent(), OPCODES.parent.yield_request, &[], |_| {});
    let mut len = 0;
    if let Ok(reply) = &reply
        && let Ok(text) = reply.reader().string(RS_MAX_ARGS as usize)
    {
        len = text.len().min(capacity - 1);
        // SAFETY: at most `capacity` bytes, by the contract.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buf.cast(), len) };
    }
    // SAFETY: `len` is below `capacity`.
    unsafe { *buf.add(len) = 0 };
    len
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_yield_response() {
    tell(OPCODES.parent.yield_response, &[], |_| {});
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_heartbeat_response() {
    tell(OPCODES.parent.heartbeat_response, &[], |_| {});
}

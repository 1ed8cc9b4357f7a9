//! The other calls to the parent.
use std::ffi::c_char;
use std::sync::atomic::AtomicU64;

use genode_abi::*;
use genode_host_proto::interface::parent::{ResourceArgs, SessionResponse};
use genode_host_proto::live::{self, Live};
use genode_host_proto::opcode::OPCODES;
use genode_wire::Cap;

use crate::handle::Lent;
use crate::slices::{self, bytes};
use crate::{call, env, rpc};

type Call<'a> = genode_host_proto::interface::parent::Call<'a, Lent>;

fn tell(call: &Call<'_>) -> rs_err_t {
    match rpc::call(env::parent(), call) {
        Ok(()) => RS_OK,
        Err(e) => e,
    }
}

/// Tell the parent something that it has nothing to answer to, without waiting until it heard.
fn post(call: &Call<'_>) {
    // Whoever has no parent any more is about to be ended.
    let _ = rpc::post(env::parent(), call);
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_announce(service: *const c_char, service_len: usize) -> rs_err_t {
    // SAFETY: a valid string, by the contract.
    match rpc::text(unsafe { bytes(service, service_len) }) {
        Ok(service) => tell(&Call::Announce { service }),
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_response(id: u64, response: rs_response_t) {
    let response = match response {
        RS_RESPONSE_OK => SessionResponse::Ok,
        RS_RESPONSE_CLOSED => SessionResponse::Closed,
        RS_RESPONSE_INSUFFICIENT_RAM => SessionResponse::InsufficientRam,
        RS_RESPONSE_INSUFFICIENT_CAPS => SessionResponse::InsufficientCaps,
        _ => SessionResponse::Denied,
    };
    post(&Call::SessionResponse { id, response: response.number(&OPCODES) });
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_deliver(id: u64, cap: rs_cap_t) {
    post(&Call::DeliverSessionCap { id, cap: Cap(Lent(cap)) });
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
    let words = unsafe { slices::shared(start, area.len() / 8) };
    // SAFETY: `capacity` bytes may be written, by the contract.
    let out = unsafe { slices::exclusive(buf.cast::<u8>(), capacity) };
    let read = Live::new(words).read(out);
    if let Some(read) = read {
        // SAFETY: a valid pointer, by the contract.
        unsafe { *len = read };
    }
    read.is_some()
}

/// Leave: tell the parent, then wait for it to end this process.
pub(crate) fn exit(value: i32) -> ! {
    let told = tell(&Call::Exit { value });
    if told != RS_OK {
        // Nobody is there to end this process, as when the parent ends at the same time. That is no
        // crash.
        // SAFETY: ends the process; there is nothing that others would miss.
        unsafe { libc::_exit(value) };
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
    let args = ResourceArgs::from_bytes(unsafe { bytes(args, args_len) });
    if let Some(args) = args {
        tell(&Call::ResourceRequest { args });
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_parent_sigh(which: rs_parent_signal_t, context: rs_cap_t) {
    let handler = Cap(Lent(context));
    tell(&match which {
        RS_RESOURCE_AVAIL => Call::ResourceAvailSigh { handler },
        RS_YIELD => Call::YieldSigh { handler },
        RS_HEARTBEAT => Call::HeartbeatSigh { handler },
        _ => return,
    });
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_yield_request(buf: *mut c_char, capacity: usize) -> usize {
    if capacity == 0 {
        return 0;
    }
    let wanted: Result<ResourceArgs, _> = rpc::call(env::parent(), &Call::YieldRequest);
    let wanted = wanted.unwrap_or_default();
    let text = wanted.as_bytes();
    let len = text.len().min(capacity - 1);
    // SAFETY: at most `capacity` bytes, by the contract.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buf.cast(), len) };
    // SAFETY: `len` is below `capacity`.
    unsafe { *buf.add(len) = 0 };
    len
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_yield_response() {
    tell(&Call::YieldResponse);
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_heartbeat_response() {
    tell(&Call::HeartbeatResponse);
}

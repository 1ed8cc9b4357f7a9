//! Sessions of this component at other components, requested from its parent.
use std::ffi::c_char;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use genode_abi::*;
use genode_host_proto::control::request as op;
use genode_host_proto::opcode::{OPCODES, close, env_id, upgrade};
use genode_host_proto::wire::Affinity;

use crate::caps::rs_cap_drop;
use crate::entrypoint::Entrypoint;
use crate::log::bytes;
use crate::object::{self, Kind, Object};
use crate::sync::lock;
use crate::{call, control, env, rpc};

/// Next session id.
static NEXT: AtomicU64 = AtomicU64::new(env_id::FIRST_FREE);
/// Counts notifications of the parent, so that nobody sleeps through one that another thread took.
static NEWS: AtomicU32 = AtomicU32::new(0);
/// An entrypoint without a thread: whoever waits for a session serves it.
static WAITING: Mutex<Option<&'static Entrypoint>> = Mutex::new(None);

unsafe extern "C" fn on_news(_: *mut std::ffi::c_void, _: u32) {
    NEWS.fetch_add(1, Ordering::Release);
}

/// Wait until the parent has news since `seen`.
fn wait_for_news(seen: u32) -> Result<(), rs_err_t> {
    let mut waiting = lock(&WAITING);
    let ep = match *waiting {
        Some(ep) => ep,
        None => {
            let mut reply = control::request(op::EP_CREATE, &[], None)?;
            let ep: &'static Entrypoint = Box::leak(Box::new(Entrypoint::new(&mut reply)?));
            let kind = Kind::Signal { function: Some(on_news), io: true, pending: 0 };
            let object = Object { kind, ctx: std::ptr::null_mut() };
            let raw = std::ptr::from_ref(ep).cast_mut().cast();
            let (_, cap) = object::manage(raw, object)?;
            let told = rpc::call(env::parent(), OPCODES.parent.session_sigh, &[cap], |_| {});
            // SAFETY: ours; the parent has its own reference.
            unsafe { rs_cap_drop(cap) };
            told?;
            *waiting = Some(ep);
            // What happened before the handler was known must be looked at again.
            NEWS.fetch_add(1, Ordering::Release);
            ep
        }
    };
    if NEWS.load(Ordering::Acquire) == seen {
        ep.wait_io_signal_here();
    }
    Ok(())
}

/// Repeat `ask` until it has an answer, looking again whenever the parent has news.
fn until_answered<T>(mut ask: impl FnMut() -> Result<Option<T>, rs_err_t>) -> Result<T, rs_err_t> {
    loop {
        let seen = NEWS.load(Ordering::Acquire);
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        wait_for_news(seen)?;
    }
}

fn session_error(code: i32) -> rs_err_t {
    let values = &OPCODES.session_error;
    match code {
        c if c == values.out_of_ram => RS_OUT_OF_RAM,
        c if c == values.out_of_caps => RS_OUT_OF_CAPS,
        c if c == values.insufficient_ram => RS_INSUFFICIENT_RAM,
        c if c == values.insufficient_caps => RS_INSUFFICIENT_CAPS,
        _ => RS_DENIED,
    }
}

fn session_cap_error(code: i32) -> rs_err_t {
    let values = &OPCODES.session_cap_error;
    match code {
        c if c == values.insufficient_ram => RS_INSUFFICIENT_RAM,
        c if c == values.insufficient_caps => RS_INSUFFICIENT_CAPS,
        _ => RS_DENIED,
    }
}

/// Who pays core for a session, by the index of its PD session, and what.
pub(crate) struct Payer {
    pub(crate) index: u64,
    pub(crate) ram: u64,
    pub(crate) caps: u64,
}

/// Whether core itself is our parent.
pub(crate) fn parent_is_core() -> bool {
    match (call::claim(env::parent()), call::claim(env::pd())) {
        (Ok(parent), Ok(pd)) => parent.channel == pd.channel,
        _ => false,
    }
}

/// Open a session; our own account pays unless there is a `payer`, which is for core only.
pub(crate) fn open(
    service: &[u8],
    args: &[u8],
    affinity: &Affinity,
    payer: Option<&Payer>,
) -> Result<(u64, rs_cap_t), rs_err_t> {
    let op = &OPCODES.parent;
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let opcode = if payer.is_some() { op.session_for } else { op.session };
    let mut reply = rpc::call(env::parent(), opcode, &[], |w| {
        w.u64(id).in_string(service).in_string(args).affinity(affinity);
        if let Some(payer) = payer {
            w.u64(payer.index).u64(payer.ram).u64(payer.caps);
        }
    })?;
    let mut results = reply.reader();
    if !results.bool().map_err(rpc::malformed)? {
        return Err(session_error(results.i32().map_err(rpc::malformed)?));
    }
    match reply.take_cap(0) {
        0 => {}
        cap => return Ok((id, cap)),
    }
    until_answered(|| {
        let mut reply = rpc::call(env::parent(), op.session_cap, &[], |w| {
            w.u64(id);
        })?;
        let mut results = reply.reader();
        if !results.bool().map_err(rpc::malformed)? {
            return Err(session_cap_error(results.i32().map_err(rpc::malformed)?));
        }
        Ok(match reply.take_cap(0) {
            0 => None,
            cap => Some((id, cap)),
        })
    })
}

/// Close a session at core, which returns what the payer paid.
pub(crate) fn close_for(id: u64, payer: &Payer) -> Result<(), rs_err_t> {
    let reply = rpc::call(env::parent(), OPCODES.parent.close_for, &[], |w| {
        w.u64(id).u64(payer.index).u64(payer.ram).u64(payer.caps);
    })?;
    match reply.reader().i32().map_err(rpc::malformed)? {
        close::DONE => Ok(()),
        _ => Err(RS_INVALID),
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_open(
    service: *const c_char,
    service_len: usize,
    args: *const c_char,
    args_len: usize,
    affinity: *const rs_affinity_t,
    id: *mut u64,
    cap: *mut rs_cap_t,
) -> rs_err_t {
    if service_len >= 64 || args_len >= RS_MAX_ARGS as usize {
        return RS_OVERFLOW;
    }
    // SAFETY: valid strings, by the contract.
    let (service, args) = unsafe { (bytes(service, service_len), bytes(args, args_len)) };
    // SAFETY: null or a valid affinity, by the contract.
    let affinity = unsafe { affinity.as_ref() }.map_or_else(Affinity::default, |a| Affinity {
        space: (a.space.w, a.space.h),
        at: (a.location.x, a.location.y),
        size: (a.location.w, a.location.h),
    });
    match open(service, args, &affinity, None) {
        Ok((new, c)) => {
            // SAFETY: valid pointers, by the contract.
            unsafe {
                *id = new;
                *cap = c;
            }
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_upgrade(
    id: u64,
    args: *const c_char,
    args_len: usize,
) -> rs_err_t {
    if args_len >= RS_MAX_ARGS as usize {
        return RS_OVERFLOW;
    }
    // SAFETY: a valid string, by the contract.
    let args = unsafe { bytes(args, args_len) };
    let ask = || {
        let reply = rpc::call(env::parent(), OPCODES.parent.upgrade, &[], |w| {
            w.u64(id).in_string(args);
        })?;
        reply.reader().i32().map_err(rpc::malformed)
    };
    match ask() {
        // The quota is with the server's account already; that the server has not looked yet is no concern of
        // the client's: its next call that needs the quota is served after the upgrade.
        Ok(upgrade::OK | upgrade::PENDING) => RS_OK,
        Ok(upgrade::OUT_OF_RAM) => RS_OUT_OF_RAM,
        Ok(upgrade::OUT_OF_CAPS) => RS_OUT_OF_CAPS,
        Ok(_) => RS_INVALID,
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_close(id: u64) {
    let parent = &OPCODES.parent;
    let asked = rpc::call(env::parent(), parent.close, &[], |w| {
        w.u64(id);
    });
    let pending = asked.is_ok_and(|r| r.reader().i32() == Ok(close::PENDING));
    if pending {
        // The session is gone when the parent does not know it any more.
        let _ = until_answered(|| {
            let reply = rpc::call(env::parent(), parent.session_cap, &[], |w| {
                w.u64(id);
            })?;
            let known = reply.reader().bool().map_err(rpc::malformed)?;
            Ok((!known).then_some(()))
        });
    }
}

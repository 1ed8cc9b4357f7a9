//! Sessions of this component at other components, requested from its parent.
use std::ffi::c_char;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use genode_abi::*;
use genode_affinity::{Affinity, Location, Space};
use genode_args::ArgsBuf;
use genode_args::quota::Amount;
use genode_host_proto::control::Request;
use genode_host_proto::interface::parent::{
    Closed, MAX_ARGS, ServiceName, SessionArgs, SessionCapError, SessionError, Upgraded,
};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_host_proto::signal::News;
use genode_wire::{Cap, Handle};

use crate::entrypoint::Entrypoint;
use crate::handle::{Lent, Owned};
use crate::object::{self, Kind, Object};
use crate::slices::bytes;
use crate::sync::lock;
use crate::{call, control, descriptors, env, rpc};

type Call<'a> = genode_host_proto::interface::parent::Call<'a, Lent>;

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
            let mut reply = control::request(Request::EpCreate, &[], None)?;
            let ep: &'static Entrypoint = Box::leak(Box::new(Entrypoint::new(&mut reply)?));
            let kind = Kind::Signal { function: Some(on_news), io: true, news: News::default() };
            let object = Object { kind, ctx: std::ptr::null_mut() };
            let raw = std::ptr::from_ref(ep).cast_mut().cast();
            let (_, cap) = object::manage(raw, object)?;
            let cap = Owned::new(cap);
            rpc::call::<()>(env::parent(), &Call::SessionSigh { handler: Cap(cap.lend()) })?;
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

/// A number that stands for a [`SessionError`], as the seam's error.
fn session_error(number: i32) -> rs_err_t {
    match SessionError::of(number, &OPCODES) {
        Ok(SessionError::Denied) => RS_DENIED,
        Ok(SessionError::OutOfRam) => RS_OUT_OF_RAM,
        Ok(SessionError::OutOfCaps) => RS_OUT_OF_CAPS,
        Ok(SessionError::InsufficientRam) => RS_INSUFFICIENT_RAM,
        Ok(SessionError::InsufficientCaps) => RS_INSUFFICIENT_CAPS,
        Err(e) => rpc::malformed(e),
    }
}

/// A number that stands for a [`SessionCapError`], as the seam's error.
fn session_cap_error(number: i32) -> rs_err_t {
    match SessionCapError::of(number, &OPCODES) {
        Ok(SessionCapError::Denied) => RS_DENIED,
        Ok(SessionCapError::InsufficientRam) => RS_INSUFFICIENT_RAM,
        Ok(SessionCapError::InsufficientCaps) => RS_INSUFFICIENT_CAPS,
        Err(e) => rpc::malformed(e),
    }
}

/// Who pays core for a session, by the index of its PD session, and what.
pub(crate) struct Payer {
    pub(crate) index: u64,
    pub(crate) amount: Amount,
}

/// Whether core itself is our parent.
pub(crate) fn parent_is_core() -> bool {
    matches!(call::index_at_core(env::parent()), Ok(Some(_)))
}

/// Open a session; our own account pays unless there is a `payer`, which is for core only.
pub(crate) fn open(
    service: ServiceName<'_>,
    args: SessionArgs<'_>,
    affinity: Affinity,
    payer: Option<&Payer>,
) -> Result<(u64, Owned), rs_err_t> {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let call = match payer {
        None => Call::Session { id, service, args, affinity },
        Some(&Payer { index: payer, amount }) => {
            Call::SessionFor { id, service, args, affinity, payer, amount }
        }
    };
    let made: Result<Cap<Owned>, i32> = rpc::call(env::parent(), &call)?;
    let Cap(cap) = made.map_err(session_error)?;
    if cap.is_valid() {
        return Ok((id, cap));
    }
    until_answered(|| {
        // Its capability was lost, or would be: it is not to be waited for.
        if descriptors::are_full() {
            // SAFETY: a session that was asked for.
            unsafe { rs_session_close(id) };
            return Err(RS_OUT_OF_CAPS);
        }
        let asked: Result<Cap<Owned>, i32> = rpc::call(env::parent(), &Call::SessionCap { id })?;
        let Cap(cap) = asked.map_err(session_cap_error)?;
        Ok(cap.is_valid().then_some((id, cap)))
    })
}

/// Close a session at core, which returns what the payer paid.
pub(crate) fn close_for(id: u64, payer: &Payer) -> Result<(), rs_err_t> {
    let &Payer { index: payer, amount } = payer;
    match rpc::call(env::parent(), &Call::CloseFor { id, payer, amount })? {
        Closed::Done => Ok(()),
        Closed::Pending | Closed::Kept => Err(RS_INVALID),
    }
}

/// Donate more to a session.
pub(crate) fn upgrade(id: u64, amount: Amount) -> Result<(), rs_err_t> {
    let mut args = ArgsBuf::<MAX_ARGS>::new();
    args.set_quota(amount).map_err(|_| RS_OVERFLOW)?;
    upgrade_by(id, rpc::text(args.as_str().as_bytes())?)
}

fn upgrade_by(id: u64, args: SessionArgs<'_>) -> Result<(), rs_err_t> {
    match rpc::call(env::parent(), &Call::Upgrade { id, args })? {
        // The quota is with the server's account already; that the server has not looked yet is no concern of
        // the client's: its next call that needs the quota is served after the upgrade.
        Upgraded::Ok | Upgraded::Pending => Ok(()),
        Upgraded::OutOfRam => Err(RS_OUT_OF_RAM),
        Upgraded::OutOfCaps => Err(RS_OUT_OF_CAPS),
    }
}

/// An affinity of the seam's.
pub(crate) fn affinity(a: &rs_affinity_t) -> Affinity {
    let (space, at) = (a.space, a.location);
    Affinity::new(Space::new(space.w, space.h), Location::new(at.x, at.y, at.w, at.h))
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
    // SAFETY: valid strings, by the contract.
    let (service, args) = unsafe { (bytes(service, service_len), bytes(args, args_len)) };
    // SAFETY: null or a valid affinity, by the contract.
    let affinity = unsafe { affinity.as_ref() }.map(self::affinity).unwrap_or_default();
    let opened =
        rpc::text(service).and_then(|service| open(service, rpc::text(args)?, affinity, None));
    match opened {
        Ok((new, c)) => {
            // SAFETY: valid pointers, by the contract.
            unsafe {
                *id = new;
                *cap = c.release();
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
    // SAFETY: a valid string, by the contract.
    let args = unsafe { bytes(args, args_len) };
    rpc::text(args).and_then(|args| upgrade_by(id, args)).err().unwrap_or(RS_OK)
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_close(id: u64) {
    let asked: Result<Closed, _> = rpc::call(env::parent(), &Call::Close { id });
    if asked == Ok(Closed::Pending) {
        // The session is gone when the parent does not know it any more.
        let _ = until_answered(|| {
            let known: Result<Cap<Owned>, i32> =
                rpc::call(env::parent(), &Call::SessionCap { id })?;
            Ok(known.is_err().then_some(()))
        });
    }
}

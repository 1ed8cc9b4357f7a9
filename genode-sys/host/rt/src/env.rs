//! The component's environment: its parent, and the sessions that exist before it runs.
use std::sync::atomic::{AtomicU64, Ordering};

use genode_abi::*;
use genode_host_proto::interface::parent::Call;
use genode_host_proto::opcode::env_id;
use genode_wire::Cap;

use crate::caps::{rs_cap_drop, rs_cap_dup};
use crate::handle::Owned;
use crate::rpc;

static PARENT: AtomicU64 = AtomicU64::new(0);
static PD: AtomicU64 = AtomicU64::new(0);
static CPU: AtomicU64 = AtomicU64::new(0);
static LOG: AtomicU64 = AtomicU64::new(0);

/// Set the parent's capability, once, at the start.
pub(crate) fn set_parent(cap: rs_cap_t) {
    PARENT.store(cap, Ordering::Release);
}

/// The parent; borrowed, never dropped.
pub(crate) fn parent() -> rs_cap_t {
    PARENT.load(Ordering::Acquire)
}

/// The PD session; borrowed, never dropped.
pub(crate) fn pd() -> rs_cap_t {
    session(&PD, env_id::PD)
}

/// The CPU session; borrowed, never dropped.
pub(crate) fn cpu() -> rs_cap_t {
    session(&CPU, env_id::CPU)
}

/// The LOG session; borrowed, never dropped.
pub(crate) fn log() -> rs_cap_t {
    session(&LOG, env_id::LOG)
}

fn session(cache: &AtomicU64, id: u64) -> rs_cap_t {
    let known = cache.load(Ordering::Acquire);
    if known != 0 {
        return known;
    }
    let asked: Result<Result<Cap<Owned>, i32>, _> = rpc::call(parent(), &Call::SessionCap { id });
    let Ok(Ok(Cap(cap))) = asked else { return 0 };
    let cap = cap.release();
    match cache.compare_exchange(0, cap, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => cap,
        Err(other) => {
            // SAFETY: our reference; another thread was first.
            unsafe { rs_cap_drop(cap) };
            other
        }
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_env_cap(which: rs_env_cap_t) -> rs_cap_t {
    let cap = match which {
        RS_ENV_PARENT => parent(),
        RS_ENV_PD => pd(),
        RS_ENV_CPU => cpu(),
        _ => 0,
    };
    // SAFETY: the environment holds a reference.
    unsafe { rs_cap_dup(cap) }
}

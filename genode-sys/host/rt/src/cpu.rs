//! Threads that the component's CPU session is told of, where that is not core's.
//!
//! Core trusts a component with its own threads. Whoever serves the CPU session in core's place
//! hears of each thread before it starts, decides where it runs, and can move it later.
use std::sync::atomic::{AtomicU64, Ordering};

use genode_abi::*;
use genode_affinity::Location;
use genode_host_proto::control::Request;
use genode_host_proto::interface::cpu::Call;
use genode_host_proto::interface::{AllocError, cpu_thread};
use genode_wire::{Cap, FixedString, Handle};

use crate::handle::{Lent, Owned};
use crate::{call, control, env, outside, rpc};

/// Number of the next thread; 0 is the first one, which our parent made.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A thread of the CPU session.
#[derive(Debug)]
pub(crate) struct Told {
    cap: Owned,
    number: u64,
}

/// Tells the CPU session of a thread that is about to start. `None` if core serves it, which wants
/// to know of none, and where there is no system.
pub(crate) fn tell(name: &str, location: rs_location_t) -> Result<Option<Told>, rs_err_t> {
    if outside::is() || call::index_at_core(env::cpu())?.is_some() {
        return Ok(None);
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // It is for people, and may be cut.
    let short = name.get(..name.floor_char_boundary(31)).unwrap_or_default();
    let call = Call::CreateThread {
        pd: Cap(Lent(env::pd())),
        name: FixedString::new(short).unwrap_or_default(),
        location: place(location),
        entry: number,
    };
    let made: Result<Cap<Owned>, AllocError> = rpc::call(env::cpu(), &call)?;
    match made {
        Ok(Cap(cap)) if cap.is_valid() => Ok(Some(Told { cap, number })),
        Err(AllocError::OutOfRam) => Err(RS_OUT_OF_RAM),
        Ok(_) | Err(AllocError::OutOfCaps) => Err(RS_OUT_OF_CAPS),
        Err(AllocError::Denied) => Err(RS_DENIED),
    }
}

fn place(at: rs_location_t) -> Location {
    Location { x: at.x, y: at.y, width: at.w, height: at.h }
}

impl Told {
    /// Lets the calling thread be this one, and run where the CPU session says.
    pub(crate) fn begin(&self, thread: u64) -> Result<(), rs_err_t> {
        control::request(Request::ThreadBind, &[thread, 0, 0, 0, 0, self.number], None).map(|_| ())
    }

    /// Asks to move it.
    pub(crate) fn migrate(&self, location: rs_location_t) -> Result<(), rs_err_t> {
        let location = place(location);
        rpc::call(self.cap.get(), &cpu_thread::Call::Affinity { location })
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let thread = Cap(self.cap.lend());
        let _ = rpc::call::<()>(env::cpu(), &Call::KillThread { thread });
    }
}

//! The first thread's stack.
//!
//! Linux lets it grow as it is used. Core ends that when the component says hello, since a component could have stacks grow
//! that count as nobody's memory. So it is to grow before, to all that it may: that takes addresses, no memory.
use std::hint::black_box;

use rustix::process::{Resource, getrlimit};

/// Room for what lies beyond the calling function: its callers, the program's name, what the kernel tells the program.
const ABOVE: u64 = 192 << 10;

/// Lets the calling thread's stack grow to its limit. Returns its size in bytes, 0 if it has no
/// limit.
///
/// # Safety
/// The calling thread is the process's first.
pub(crate) unsafe fn grow() -> usize {
    let Some(limit) = getrlimit(Resource::Stack).current else { return 0 };
    let mut here = 0_u8;
    let here = black_box(&raw mut here).expose_provenance();
    let lowest = limit.checked_sub(ABOVE).and_then(|size| here.checked_sub(size as usize));
    if let Some(lowest) = lowest {
        // SAFETY: the kernel has the stack grow to there, within its limit; nothing of it is in use so far below.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(lowest).write_volatile(0) };
    }
    limit as usize
}

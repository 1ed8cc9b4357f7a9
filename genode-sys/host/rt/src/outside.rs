//! A process that no system started, as a test of a component's code by `cargo test`.
//!
//! It has RAM, which it can map, share between its threads and measure, threads, locks and a log:
//! all that Linux gives to a process by itself. It has neither parent nor core, so whatever asks
//! one of them says [`RS_NO_SYSTEM`].
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use genode_abi::*;
use genode_host_proto::sys;
use rustix::fs::{FallocateFlags, MemfdFlags, Mode};
use rustix::io::Errno;

use crate::caps;
use crate::handle::Owned;

/// Set by the first step of every component, before it asks for anything.
static COMPONENT: AtomicBool = AtomicBool::new(false);
/// Amounts that are allocated: bytes, and dataspaces.
static BYTES: AtomicU64 = AtomicU64::new(0);
static DATASPACES: AtomicU64 = AtomicU64::new(0);

/// This process is a component of a system.
pub(crate) fn leave() {
    COMPONENT.store(true, Ordering::Release);
}

/// Tells whether this process is none.
pub(crate) fn is() -> bool {
    !COMPONENT.load(Ordering::Acquire)
}

/// The error of what needs a system, if there is none.
pub(crate) fn refuse() -> Result<(), rs_err_t> {
    if is() { Err(RS_NO_SYSTEM) } else { Ok(()) }
}

/// Bytes that may be allocated: the machine's memory.
pub(crate) fn ram_limit() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit))
}

/// Account of what is allocated. Capabilities are not limited but by Linux, which counts
/// descriptors.
pub(crate) fn quota() -> rs_quota_t {
    rs_quota_t {
        ram_limit: ram_limit(),
        ram_used: BYTES.load(Ordering::Relaxed),
        caps_limit: u64::from(u32::MAX),
        caps_used: DATASPACES.load(Ordering::Relaxed),
    }
}

/// Allocate a dataspace of `size` bytes, whole pages of them: memory of its own, zeroed.
pub(crate) fn allocate(size: u64) -> Result<Owned, rs_err_t> {
    let size = size.checked_next_multiple_of(u64::from(RS_PAGE_SIZE)).ok_or(RS_OUT_OF_RAM)?;
    let limit = ram_limit();
    let more = |used: u64| used.checked_add(size).filter(|used| *used <= limit);
    let (order, failure) = (Ordering::Relaxed, Ordering::Relaxed);
    BYTES.fetch_update(order, failure, more).map_err(|_| RS_OUT_OF_RAM)?;
    memory(size).inspect(|_| _ = DATASPACES.fetch_add(1, order)).inspect_err(|_| {
        BYTES.fetch_sub(size, order);
    })
}

fn memory(size: u64) -> Result<Owned, rs_err_t> {
    // No start node limits capabilities here: descriptors are few, or the table is full.
    let error = |errno| match errno {
        Errno::MFILE | Errno::NFILE => RS_LIMIT,
        _ => RS_OUT_OF_RAM,
    };
    let file = rustix::fs::memfd_create("ram", MemfdFlags::CLOEXEC).map_err(error)?;
    rustix::fs::ftruncate(&file, size).map_err(error)?;
    match caps::adopt(file) {
        0 => Err(RS_LIMIT),
        ds => Ok(Owned::new(ds)),
    }
}

/// Free a dataspace: whoever has it still attached finds zeros, as in a system, and nobody attaches
/// it any more.
pub(crate) fn free(ds: rs_cap_t) {
    // SAFETY: the caller owns the capability.
    let Some(fd) = (unsafe { caps::borrow(ds) }) else { return };
    let Ok(identity) = sys::identity(fd) else { return };
    if is_freed(fd) || rustix::fs::fchmod(fd, FREED).is_err() {
        return;
    }
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    let _ = rustix::fs::fallocate(fd, hole, 0, identity.size); // else it goes with the last that has it
    BYTES.fetch_sub(identity.size, Ordering::Relaxed);
    DATASPACES.fetch_sub(1, Ordering::Relaxed);
}

/// The mode of a freed dataspace's file. It may not be truncated instead: where it is attached, an
/// access would end the process.
const FREED: Mode = Mode::empty();

/// Tells whether a dataspace that was made here is freed.
pub(crate) fn is_freed(fd: BorrowedFd<'_>) -> bool {
    is() && rustix::fs::fstat(fd).is_ok_and(|stat| Mode::from_raw_mode(stat.st_mode) == FREED)
}

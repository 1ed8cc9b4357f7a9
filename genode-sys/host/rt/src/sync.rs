//! Locks that do not poison, and the seam's blockade.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use genode_abi::{RS_OK, rs_blockade_t, rs_err_t};
use rustix::thread::futex::{self, Timespec};

/// Lock a mutex; a panic elsewhere ends the process, so poisoning has no meaning here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleep while `word` holds `value`; wakes early at times.
pub(crate) fn wait(word: &AtomicU32, value: u32) {
    let _ = futex::wait(word, futex::Flags::PRIVATE, value, None);
}

/// Wake all who sleep on `word`.
pub(crate) fn wake(word: &AtomicU32) {
    let _ = futex::wake(word, futex::Flags::PRIVATE, i32::MAX as u32);
}

/// The word of a blockade: 0 until it is woken.
///
/// # Safety
/// `blockade` points to an initialised blockade that outlives the reference.
unsafe fn word<'a>(blockade: *mut rs_blockade_t) -> &'a AtomicU32 {
    // SAFETY: the opaque words are at least as aligned and large, and only accessed through here.
    unsafe { AtomicU32::from_ptr(blockade.cast()) }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_blockade_init(blockade: *mut rs_blockade_t) {
    // SAFETY: the caller passes memory for a blockade that nobody else uses yet.
    unsafe { blockade.write(rs_blockade_t { opaque: [0; 8] }) };
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_blockade_block(blockade: *mut rs_blockade_t) {
    // SAFETY: initialised and in place until this returns, by the contract.
    let word = unsafe { word(blockade) };
    while word.load(Ordering::Acquire) == 0 {
        wait(word, 0);
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_blockade_block_until(
    blockade: *mut rs_blockade_t,
    deadline: u64,
    woken: *mut bool,
) -> rs_err_t {
    // SAFETY: initialised and in place, by the contract.
    let word = unsafe { word(blockade) };
    loop {
        let set = word.load(Ordering::Acquire) != 0;
        let left = deadline.saturating_sub(time_us());
        if set || left == 0 {
            // SAFETY: a live out parameter, by the contract.
            unsafe { woken.write(set) };
            return RS_OK;
        }
        // A wait beyond what the kernel can express is cut; the loop goes on.
        let left = left.min(LONGEST_US);
        let timeout = Timespec {
            tv_sec: (left / 1_000_000).cast_signed(),
            tv_nsec: (left % 1_000_000 * 1000).cast_signed(),
        };
        let _ = futex::wait(word, futex::Flags::PRIVATE, 0, Some(&timeout));
    }
}

/// Longest single sleep, one day.
pub(crate) const LONGEST_US: u64 = 86_400_000_000;

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_time_us() -> u64 {
    time_us()
}

/// Microseconds on the kernel's monotonic clock.
pub(crate) fn time_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // A monotonic clock never is before its start.
    now.tv_sec.cast_unsigned() * 1_000_000 + now.tv_nsec.cast_unsigned() / 1000
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_blockade_wakeup(blockade: *mut rs_blockade_t) {
    // SAFETY: initialised and in place until the block returns, by the contract.
    let word = unsafe { word(blockade) };
    word.store(1, Ordering::Release);
    // The blocked thread may return and reuse the memory right after the store. A wake of an address that is
    // something else by then is harmless: futex waiters look at their word again.
    wake(word);
}

//! Locks that do not poison, and the seam's blockade.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use genode_abi::rs_blockade_t;
use rustix::thread::futex;

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
pub unsafe extern "C" fn rs_blockade_wakeup(blockade: *mut rs_blockade_t) {
    // SAFETY: initialised and in place until the block returns, by the contract.
    let word = unsafe { word(blockade) };
    word.store(1, Ordering::Release);
    // The blocked thread may return and reuse the memory right after the store. A wake of an address that is
    // something else by then is harmless: futex waiters look at their word again.
    wake(word);
}

//! Threads, blocking, and the affinity space.

use alloc::boxed::Box;
use core::{
    cell::UnsafeCell,
    ffi::c_void,
    marker::PhantomPinned,
    pin::Pin,
    sync::atomic::{AtomicU32, Ordering},
};

use genode_sys as seam;

use crate::{
    affinity::{Location, Space},
    error::Error,
};

/// A started thread of the seam. Must be joined.
#[derive(Debug)]
pub(crate) struct Thread(*mut seam::rs_thread_t);

// SAFETY: the seam lets any thread join or migrate a thread; the pointer is only passed back to it.
unsafe impl Send for Thread {}
// SAFETY: as above; migration takes `&self` and is serialised by the seam.
unsafe impl Sync for Thread {}

type Body = Box<dyn FnOnce() + Send>;

/// What a thread does, and what it does when all of that is dropped.
struct Work {
    body: Body,
    at_end: fn(),
}

extern "C" fn run(arg: *mut c_void) {
    // The box is freed by this statement: not behind `at_end`, which may give back what it lay in.
    // SAFETY: `spawn` passes a `Box<Work>` leaked for exactly this call.
    let Work { body, at_end } = unsafe { *Box::from_raw(arg.cast::<Work>()) };
    seam::run_thread(body);
    at_end();
}

impl Thread {
    /// Starts `body` on a thread with `stack_size` bytes of stack at `location`, and `at_end` behind it.
    pub(crate) fn spawn(
        name: &str,
        stack_size: usize,
        location: Location,
        body: Body,
        at_end: fn(),
    ) -> Result<Self, Error> {
        let arg = Box::into_raw(Box::new(Work { body, at_end }));
        let mut thread = core::ptr::null_mut();
        // SAFETY: name and out parameter are live; `arg` is consumed by `run` once, or below.
        let result = Error::check(unsafe {
            seam::rs_thread_create(
                name.as_ptr().cast(),
                name.len(),
                stack_size,
                super::affinity::location_to_seam(location),
                Some(run),
                arg.cast(),
                &raw mut thread,
            )
        });
        if let Err(error) = result {
            // SAFETY: the thread did not start, so the box is still ours.
            drop(unsafe { Box::from_raw(arg) });
            return Err(error);
        }
        Ok(Self(thread))
    }

    /// Waits for the thread's end.
    pub(crate) fn join(self) {
        // SAFETY: the thread exists until this call, which consumes it.
        unsafe { seam::rs_thread_join(self.0) }
    }

    /// Moves the thread to another location.
    pub(crate) fn migrate(&self, location: Location) -> Result<(), Error> {
        // SAFETY: the thread exists until `join` consumes `self`.
        Error::check(unsafe {
            seam::rs_thread_migrate(self.0, super::affinity::location_to_seam(location))
        })
    }
}

/// Number of the calling thread, unique among the live ones of the component, never 0.
pub(crate) fn id() -> u64 {
    // SAFETY: no preconditions.
    unsafe { seam::rs_thread_id() }
}

/// The component's affinity space.
pub(crate) fn affinity_space() -> Space {
    // SAFETY: no preconditions.
    super::affinity::space_from_seam(unsafe { seam::rs_affinity_space() })
}

/// Whether the component has one CPU only, as its affinity space says. Asked for once.
pub(crate) fn single_cpu() -> bool {
    const UNKNOWN: u32 = u32::MAX;
    static CPUS: AtomicU32 = AtomicU32::new(UNKNOWN);
    let mut cpus = CPUS.load(Ordering::Relaxed);
    if cpus == UNKNOWN {
        // Whoever asks while the answer is under way, even from within, gets the cautious one.
        CPUS.store(1, Ordering::Relaxed);
        let space = affinity_space();
        cpus = space.width.saturating_mul(space.height).min(UNKNOWN - 1);
        CPUS.store(cpus, Ordering::Relaxed);
    }
    cpus <= 1
}

/// Ticks of the calling CPU's time-stamp counter.
pub(crate) fn timestamp() -> u64 {
    // SAFETY: no preconditions.
    unsafe { seam::rs_timestamp() }
}

/// Microseconds on the system's monotonic clock; 0 if it has none.
pub(crate) fn time_us() -> u64 {
    // SAFETY: no preconditions.
    unsafe { seam::rs_time_us() }
}

/// A place where one thread sleeps until another wakes it.
#[derive(Debug)]
pub(crate) struct Blockade {
    seam: UnsafeCell<seam::rs_blockade_t>,
    _pinned: PhantomPinned,
}

// SAFETY: the seam's blockade is made to be woken from another thread.
unsafe impl Sync for Blockade {}
// SAFETY: a blockade that nobody waits on is plain memory.
unsafe impl Send for Blockade {}

impl Blockade {
    /// A blockade that still needs [`Blockade::init`].
    pub(crate) const fn new() -> Self {
        Self {
            seam: UnsafeCell::new(seam::rs_blockade_t { opaque: [0; 8] }),
            _pinned: PhantomPinned,
        }
    }

    /// Readies the blockade for the calling thread, which is the one that may block on it.
    ///
    /// # Safety
    /// No other thread knows it yet, and nobody blocks on it.
    pub(crate) unsafe fn init(self: Pin<&Self>) {
        // SAFETY: pinned, so it does not move until dropped; the rest is the caller's promise.
        unsafe { seam::rs_blockade_init(self.seam.get()) }
    }

    /// Sleeps until the wake-up, which may have come already.
    ///
    /// # Safety
    /// The calling thread initialised it, and has not blocked on it since.
    pub(crate) unsafe fn block(self: Pin<&Self>) {
        // SAFETY: pinned; the rest is the caller's promise.
        unsafe { seam::rs_blockade_block(self.seam.get()) }
    }

    /// Sleeps until the wake-up or until `deadline` on the system's clock; whether it was the wake-up. The
    /// blockade must outlive a wake-up that comes later.
    ///
    /// # Safety
    /// As for [`Self::block`].
    pub(crate) unsafe fn block_until(self: Pin<&Self>, deadline: u64) -> Result<bool, Error> {
        let mut woken = false;
        // SAFETY: as in `block`; the out parameter is live.
        Error::check(unsafe {
            seam::rs_blockade_block_until(self.seam.get(), deadline, &raw mut woken)
        })?;
        Ok(woken)
    }

    /// Wakes the sleeper, once.
    ///
    /// # Safety
    /// `this` was initialised, its thread has not returned from `block`, and it lives until this call returns.
    pub(crate) unsafe fn wakeup(this: *const Self) {
        // SAFETY: the caller vouches for a live, initialised blockade; the seam synchronises the access.
        unsafe { seam::rs_blockade_wakeup(UnsafeCell::raw_get(&raw const (*this).seam)) }
    }
}

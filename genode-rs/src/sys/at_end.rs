//! What runs at the end of every thread: a list of statics, so that registering needs no heap and may come from one.

use core::{
    ptr::{self, null_mut},
    sync::atomic::{AtomicBool, AtomicPtr, Ordering},
};

/// What every thread that a [`Builder`](crate::thread::Builder) started runs when it ends, such as an allocator that keeps memory for each.
///
/// Genode has neither thread-local storage nor an exit hook; this is for those who would need one. It runs when
/// everything of the thread is dropped but its stack, before anybody's [`JoinHandle::join`](crate::thread::JoinHandle::join) returns. Threads that
/// Rust did not start, and those of entrypoints, do not run it.
///
/// ```no_run
/// use genode::thread::AtEnd;
///
/// fn give_back() { /* of the thread that ends */ }
/// static GIVE_BACK: AtEnd = AtEnd::new(give_back);
///
/// GIVE_BACK.register();
/// ```
#[derive(Debug)]
#[must_use = "it does not run before it is registered"]
pub struct AtEnd {
    run: fn(),
    registered: AtomicBool,
    next: AtomicPtr<AtEnd>,
}

/// The one that was registered last.
static AT_END: AtomicPtr<AtEnd> = AtomicPtr::new(null_mut());

impl AtEnd {
    /// `run` at the end of each thread, once it is registered.
    pub const fn new(run: fn()) -> Self {
        Self { run, registered: AtomicBool::new(false), next: AtomicPtr::new(null_mut()) }
    }

    /// From now on threads that end run it, the latest registered first. Once is enough; allocates nothing.
    pub fn register(&'static self) {
        if self.registered.load(Ordering::Relaxed) || self.registered.swap(true, Ordering::Relaxed)
        {
            return;
        }
        let this = ptr::from_ref(self).cast_mut();
        let mut first = AT_END.load(Ordering::Relaxed);
        loop {
            self.next.store(first, Ordering::Relaxed);
            // Release: whoever finds it sees `next`. Nothing is ever taken off the list.
            match AT_END.compare_exchange_weak(first, this, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => first = other,
            }
        }
    }
}

/// Runs what is registered.
pub(crate) fn run() {
    let mut at = AT_END.load(Ordering::Acquire);
    // SAFETY: null, or made from a static reference by `register`.
    while let Some(end) = unsafe { at.as_ref() } {
        (end.run)();
        at = end.next.load(Ordering::Acquire);
    }
}

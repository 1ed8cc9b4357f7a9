//! What programs call: the fast paths inline, and a heap for whoever has none.
//!
//! Generic over the process, which brings the allocator's core and knows the calling thread's
//! heap: by thread-local storage on Linux ([`crate::process`]), by the stack's slot on Genode (crate
//! `hoard_genode`).

use crate::heap::{Heap, Kind};
use crate::ops;
use crate::shared::Core;
use crate::stats::Stats;
use core::alloc::{GlobalAlloc, Layout};
use core::marker::PhantomData;

/// An allocator, and the way from a thread to its heap.
pub trait Process: 'static {
    /// The allocator.
    fn core() -> &'static Core;

    /// The calling thread's heap: one that [`Process::attach`] returned to it, else
    /// [`MISSING`](crate::heap::MISSING).
    fn heap() -> &'static Heap;

    /// Gives the calling thread a heap of the core, which [`Process::heap`] returns from now on;
    /// [`MISSING`](crate::heap::MISSING) if there is no memory for one, [`GONE`](crate::heap::GONE)
    /// if it is to use the one that all share.
    fn attach() -> &'static Heap;
}

/// The allocator of a process, as functions and as Rust's global allocator.
pub struct Face<P>(PhantomData<fn(P)>);

impl<P> Face<P> {
    /// The allocator.
    #[allow(clippy::new_without_default)] // made for statics
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P> core::fmt::Debug for Face<P> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Face").finish_non_exhaustive()
    }
}

impl<P: Process> Face<P> {
    /// Runs `f` with a heap that allocates, or with none if there is no memory for one.
    #[inline]
    fn with<T>(f: impl FnOnce(&'static Heap) -> T) -> T {
        let heap = P::heap();
        if heap.kind() == Kind::Thread { f(heap) } else { Self::with_other(heap, f) }
    }

    /// The same for a thread without a heap of its own.
    #[cold]
    #[inline(never)]
    fn with_other<T>(heap: &'static Heap, f: impl FnOnce(&'static Heap) -> T) -> T {
        let heap = if heap.kind() == Kind::Missing { P::attach() } else { heap };
        if heap.kind() == Kind::Gone { Self::with_last(f) } else { f(heap) }
    }

    /// Runs `f` with the heap of those who have none.
    fn with_last<T>(f: impl FnOnce(&'static Heap) -> T) -> T {
        let core = P::core();
        core.last_lock.acquire(|| core.platform.yield_now());
        core.last.start(core, 0);
        let result = f(&core.last);
        core.last_lock.release();
        result
    }

    /// A block of at least `size` bytes if the thread's heap has one at hand, or null.
    #[inline(always)]
    pub fn allocate_quick(size: usize) -> *mut u8 {
        P::heap().quick(size)
    }

    /// A block of at least `size` bytes, or null, once [`Face::allocate_quick`] had none.
    #[cold]
    #[inline(never)]
    pub fn allocate_slow(size: usize) -> *mut u8 {
        Self::with(|heap| heap.allocate_slow(size).0)
    }

    /// A block of at least `size` bytes, or null.
    #[inline(always)]
    pub fn allocate(size: usize) -> *mut u8 {
        let block = Self::allocate_quick(size);
        if block.is_null() { Self::allocate_slow(size) } else { block }
    }

    /// A block of at least `size` zeroed bytes at a multiple of `align` (a power of two), or null.
    #[inline]
    pub fn allocate_zeroed(size: usize, align: usize) -> *mut u8 {
        Self::with(|heap| ops::allocate_zeroed(heap, size, align))
    }

    /// A block of at least `size` bytes at a multiple of `align` (a power of two), or null.
    #[inline]
    pub fn allocate_aligned(size: usize, align: usize) -> *mut u8 {
        if align <= 16 && size >= align {
            Self::allocate(size)
        } else {
            Self::with(|heap| ops::allocate_aligned(heap, size, align))
        }
    }

    /// Frees a block, or nothing for null.
    ///
    /// # Safety
    /// `block` is null or was allocated here and is not used again.
    #[inline(always)]
    pub unsafe fn free(block: *mut u8) {
        // SAFETY: checked to be in a segment; the rest is the caller's promise.
        if !(P::core().table.has(block.addr()) && unsafe { P::heap().quick_free(block) }) {
            // SAFETY: the caller's promise.
            unsafe { Self::free_slow(block) };
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn free_slow(block: *mut u8) {
        if block.is_null() {
            return;
        }
        let mut heap = P::heap();
        if heap.kind() == Kind::Missing {
            heap = P::attach();
        }
        // SAFETY: the caller's promise.
        unsafe { heap.free_slow(P::core(), block.expose_provenance()) };
    }

    /// Usable bytes of a block; 0 for null.
    #[inline]
    pub fn usable(block: *mut u8) -> usize {
        ops::usable(P::core(), block)
    }

    /// A block of at least `size` bytes with the contents of `block`, which is gone then; or null,
    /// and `block` stays.
    ///
    /// # Safety
    /// `block` was allocated here and is not used again if the result is not null.
    #[inline]
    pub unsafe fn reallocate(block: *mut u8, size: usize, align: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        Self::with(|heap| unsafe { ops::reallocate(P::core(), heap, block, size, align) })
    }

    /// The core, for statistics.
    pub fn core() -> &'static Core {
        P::core()
    }

    /// Pushes what the calling thread gathered.
    fn flush() {
        let heap = P::heap();
        if heap.kind() == Kind::Thread {
            heap.flush(P::core());
        }
    }

    /// Counts what is allocated; what the calling thread gathered counts as free.
    pub fn stats() -> Stats {
        Self::flush();
        Stats::of(P::core())
    }

    /// Gives memory that is not needed back to the system; how many bytes.
    pub fn trim(keep: usize) -> usize {
        Self::flush();
        P::core().trim(keep)
    }
}

// SAFETY: blocks come from `allocate*`: as large and aligned as asked, disjoint, valid until freed.
unsafe impl<P: Process> GlobalAlloc for Face<P> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::allocate_aligned(layout.size(), layout.align())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's promise.
        unsafe { Self::free(block) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::allocate_zeroed(layout.size(), layout.align())
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { Self::reallocate(block, size, layout.align()) }
    }
}

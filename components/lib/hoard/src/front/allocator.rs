//! The paths that programs call: the fast ones inline, and a heap for whoever has none.
//!
//! Generic over the process, which brings the allocator's core and knows the calling thread's
//! heap: by thread-local storage on Linux (`process`), by the stack's slot on Genode (crate
//! `numa-hoard-genode`), as they please in the tests.

use crate::core::class;
use crate::core::heap::{Heap, Kind};
use crate::core::huge::LARGE_MAX;
use crate::core::shared::Core;
use crate::core::stats::Stats;
use crate::core::superblock::{self, SLICE, Superblock};
use crate::platform::PAGE;
use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::marker::PhantomData;

/// An allocator, and the way from a thread to its heap.
///
/// # Safety
/// - [`Process::core`] returns the same allocator whenever it is called.
/// - [`Process::heap`] and [`Process::attach`] return [`MISSING`](crate::MISSING),
///   [`GONE`](crate::GONE), or a heap that [`Core::attach`] of that allocator returned, that was not
///   detached since, and that no other thread uses while the caller does.
pub unsafe trait Process: 'static {
    /// Returns the allocator.
    fn core() -> &'static Core;

    /// Returns the calling thread's heap: the one that [`Process::attach`] returned to it, else
    /// [`MISSING`](crate::MISSING).
    fn heap() -> &'static Heap;

    /// Gives the calling thread a heap of the core, which [`Process::heap`] returns from now on;
    /// [`MISSING`](crate::MISSING) if there is no memory for one, [`GONE`](crate::GONE) if it is to
    /// use the one that all share.
    fn attach() -> &'static Heap;
}

/// The allocator of a process, as functions and as Rust's global allocator.
pub struct Allocator<P>(PhantomData<fn(P)>);

impl<P> Allocator<P> {
    /// Makes the allocator of process `P`: a name without contents.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P> Default for Allocator<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> fmt::Debug for Allocator<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocator").finish_non_exhaustive()
    }
}

/// Tells if blocks of any class that holds `size` bytes lie at multiples of `align`.
#[inline(always)]
const fn is_plain(size: usize, align: usize) -> bool {
    align <= 16 && size >= align
}

/// Tells if a block of `old` bytes is good for `size`: it fits, and moving it would win little.
#[inline(always)]
const fn keeps(old: usize, size: usize) -> bool {
    let least = if old <= 1024 { old / 2 } else { old - old / 4 };
    size <= old && size >= least
}

impl<P: Process> Allocator<P> {
    /// Runs `f` with a heap that allocates, and that the thread may use, or with [`MISSING`](crate::MISSING)
    /// if there is no memory for one.
    #[inline]
    fn with<T>(f: impl FnOnce(&'static Heap) -> T) -> T {
        let heap = P::heap();
        if heap.kind() == Kind::Thread { f(heap) } else { Self::with_other(heap, f) }
    }

    /// Does the same for a thread without a heap of its own.
    #[cold]
    #[inline(never)]
    fn with_other<T>(heap: &'static Heap, f: impl FnOnce(&'static Heap) -> T) -> T {
        let heap = if heap.kind() == Kind::Missing { P::attach() } else { heap };
        if heap.kind() == Kind::Gone { P::core().with_last(f) } else { f(heap) }
    }

    /// Allocates at least `size` bytes from the current superblock, without refilling, or returns null.
    #[inline(always)]
    pub(crate) fn allocate_quick(size: usize) -> *mut u8 {
        // SAFETY: the calling thread's heap, by `Process`'s contract.
        unsafe { P::heap().quick(size) }
    }

    /// Allocates at least `size` bytes once [`Allocator::allocate_quick`] had none, or returns null.
    #[cold]
    #[inline(never)]
    pub(crate) fn allocate_slow(size: usize) -> *mut u8 {
        // SAFETY: `with` gives a heap that the thread may use.
        Self::with(|heap| unsafe { heap.allocate_slow(size).0 })
    }

    /// Allocates at least `size` bytes, or returns null.
    #[must_use]
    #[inline(always)]
    pub fn allocate(size: usize) -> *mut u8 {
        let block = Self::allocate_quick(size);
        if block.is_null() { Self::allocate_slow(size) } else { block }
    }

    /// Allocates at least `size` zeroed bytes at a multiple of `align` (a power of two), or returns null.
    #[must_use]
    #[inline]
    pub fn allocate_zeroed(size: usize, align: usize) -> *mut u8 {
        Self::with(|heap| {
            // SAFETY: `with` gives a heap that the thread may use.
            let (block, zero) = unsafe {
                if is_plain(size, align) {
                    let quick = heap.quick(size);
                    if quick.is_null() { heap.allocate_slow(size) } else { (quick, false) }
                } else {
                    heap.allocate_aligned(size, align)
                }
            };
            if !zero && !block.is_null() {
                // SAFETY: the block has at least `size` bytes and is ours until we return it.
                unsafe { block.write_bytes(0, size) };
            }
            block
        })
    }

    /// Allocates at least `size` bytes at a multiple of `align` (a power of two), or returns null.
    #[must_use]
    #[inline]
    pub fn allocate_aligned(size: usize, align: usize) -> *mut u8 {
        if is_plain(size, align) {
            Self::allocate(size)
        } else {
            // SAFETY: `with` gives a heap that the thread may use.
            Self::with(|heap| unsafe { heap.allocate_aligned(size, align).0 })
        }
    }

    /// Frees a block, or nothing for null.
    ///
    /// # Safety
    /// `block` is null or was allocated here and is not used again.
    #[inline(always)]
    pub unsafe fn free(block: *mut u8) {
        let quick = P::core().memory.table.has(block.addr())
            // SAFETY: in a segment; the calling thread's heap; the rest is the caller's promise.
            && unsafe { P::heap().quick_free(block) };
        if !quick {
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
        // SAFETY: the calling thread's heap; the rest is the caller's promise.
        unsafe { heap.free_slow(&P::core().memory, block.expose_provenance()) };
    }

    /// Returns the usable bytes of a block; 0 for null and for what is no block.
    #[must_use]
    #[inline]
    pub fn usable(block: *mut u8) -> usize {
        let (address, memory) = (block.addr(), &P::core().memory);
        if memory.table.holds(address) {
            // SAFETY: the table has it.
            let sb = unsafe { Superblock::of(address) };
            if sb.owner() == superblock::NOBODY { 0 } else { sb.block_size() }
        } else {
            memory.huge.size(address).unwrap_or(0)
        }
    }

    /// Tells if `block` can stay where it is for `size` bytes, and resizes it there.
    ///
    /// # Safety
    /// `block` is in use and the caller's.
    #[inline]
    unsafe fn resize_in_place(block: *mut u8, size: usize) -> bool {
        let (address, memory) = (block.expose_provenance(), &P::core().memory);
        if !memory.table.holds(address) {
            let old = memory.huge.size(address).unwrap_or(0);
            if old == 0 {
                memory.fail("realloc of a pointer that is no block of this allocator", address);
            }
            return size <= old && size >= old - old / 8;
        }
        // SAFETY: the table has it.
        let sb = unsafe { Superblock::of(address) };
        match sb.owner() {
            superblock::NOBODY => {
                memory.fail("realloc of a pointer that is no block, or not any more", address)
            }
            superblock::ANYONE => {
                if size <= class::MAX_SIZE || size > LARGE_MAX {
                    return false;
                }
                let slices = size.div_ceil(SLICE);
                // SAFETY: the caller's block, of which `size` bytes are to stay.
                slices == sb.slices() || unsafe { memory.node_of(sb).resize(sb, slices) }
            }
            _ => keeps(class::size(sb.class()), size),
        }
    }

    /// Allocates at least `size` bytes at a multiple of `align` (a power of two) with the contents of
    /// `block`, which is gone then; or returns null, and `block` stays.
    ///
    /// # Safety
    /// `block` was allocated here, at a multiple of `align`, and is not used again if the result is not
    /// null.
    #[must_use]
    #[inline]
    pub unsafe fn reallocate(block: *mut u8, size: usize, align: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        if unsafe { Self::resize_in_place(block, size) } {
            return block;
        }
        let memory = &P::core().memory;
        if !memory.table.has(block.addr()) && size > LARGE_MAX && align <= PAGE {
            // SAFETY: the caller's block, which lives on at the new address.
            let moved = unsafe { memory.huge.resize(block.addr(), size) };
            if !moved.is_null() {
                return moved;
            }
        }
        let old = Self::usable(block);
        let new =
            if align == 1 { Self::allocate(size) } else { Self::allocate_aligned(size, align) };
        if !new.is_null() {
            // SAFETY: both blocks have that many bytes; a new block overlaps no live one. The old one
            // is the caller's to free.
            unsafe {
                core::ptr::copy_nonoverlapping(block, new, old.min(size));
                Self::free(block);
            }
        }
        new
    }

    /// Pushes what the calling thread gathered.
    fn flush() {
        let heap = P::heap();
        if heap.kind() == Kind::Thread {
            // SAFETY: the calling thread's heap.
            unsafe { heap.flush(&P::core().memory) };
        }
    }

    /// Counts what is allocated; what the calling thread gathered counts as free.
    #[must_use]
    pub fn stats() -> Stats {
        Self::flush();
        Stats::of(P::core())
    }

    /// Gives memory that is not needed back to the system, all but `keep` bytes a node, and returns how
    /// many bytes that was.
    pub fn trim(keep: usize) -> usize {
        Self::flush();
        P::core().memory.trim(keep)
    }
}

// SAFETY: blocks come from `allocate*`: as large and aligned as asked, disjoint, valid until freed.
unsafe impl<P: Process> GlobalAlloc for Allocator<P> {
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

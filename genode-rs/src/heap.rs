//! The component's heap: grows by RAM dataspaces, shrinks by freeing them.
//!
//! Inside a dataspace the crate `talc` keeps the free lists. The heap is installed as global allocator by
//! `#[genode::component]`; failure to grow ends the component with a message, as everywhere in Rust's
//! `alloc`, so use `try_reserve` where a peer decides about sizes.
//!
//! Threads take turns at one mutex. A component whose threads allocate all the time takes the hoard heap instead, by
//! `#[genode::component(heap = hoard_genode::Hoard)]`; this crate's README tells what each costs.
#![allow(unsafe_code, reason = "an allocator")]

use core::{
    alloc::{GlobalAlloc, Layout},
    ptr,
};

use talc::{TalcLock, source::GlobalAllocSource};

use crate::{
    cap::RawCap,
    sync::RawMutex,
    sys::memory::{self, Attach, Cache, Rights},
};

/// Bytes by which the heap grows at least.
const BLOCK: usize = 64 << 10;

/// Each dataspace begins with the capability that frees it.
const HEADER: usize = 16;

/// Whole RAM dataspaces, attached.
#[derive(Debug, Clone, Copy)]
struct Dataspaces;

// SAFETY: each allocation is a mapping of its own, not shared with anyone, at a page's start plus `HEADER`
// (16-byte aligned), and stays until `dealloc`.
unsafe impl GlobalAlloc for Dataspaces {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > HEADER {
            return ptr::null_mut();
        }
        let Some(size) = layout.size().checked_add(HEADER) else { return ptr::null_mut() };
        let Ok(ds) = memory::ram_alloc(size, Cache::Cached, None) else { return ptr::null_mut() };
        let how = Attach { rights: Rights::WRITE, ..Attach::default() };
        let Some((addr, _)) = memory::attach(&ds, &how).ok().filter(|(_, mapped)| *mapped >= size)
        else {
            // SAFETY: nothing refers to the memory.
            unsafe { memory::ram_free(ds) };
            return ptr::null_mut();
        };
        let base = ptr::with_exposed_provenance_mut::<u64>(addr);
        // SAFETY: freshly mapped, writeable, larger than the header, and nobody else's.
        unsafe {
            base.write(ds.into_handle());
            base.byte_add(HEADER).cast()
        }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, _layout: Layout) {
        // SAFETY: `alloc` returned `ptr`, so the header with the capability precedes it; the caller gives up
        // the block, so that nothing refers to the mapping.
        unsafe {
            let base = ptr.byte_sub(HEADER).cast::<u64>();
            let ds = RawCap::from_handle(base.read());
            memory::detach(base.expose_provenance());
            memory::ram_free(ds);
        }
    }
}

/// A growing heap, shared by all threads of the component.
pub struct Heap(TalcLock<RawMutex, GlobalAllocSource<Dataspaces>>);

impl Heap {
    /// An empty heap; the first allocation makes it grow.
    pub const fn new() -> Self {
        Self(TalcLock::new(GlobalAllocSource::with_block_size(Dataspaces, BLOCK)))
    }
}

impl core::fmt::Debug for Heap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Heap").finish_non_exhaustive()
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

/// Largest block in bytes. What a `Layout` may be beyond, no component has, and talc, which adds to sizes, does not take.
const LARGEST: usize = isize::MAX as usize / 2;

// SAFETY: delegates to `TalcLock`, which upholds the contract under a mutex.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST || layout.align() > LARGEST {
            return ptr::null_mut();
        }
        // SAFETY: the caller's contract is the same.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.0.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if new_size > LARGEST {
            return ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { self.0.realloc(ptr, layout, new_size) }
    }
}

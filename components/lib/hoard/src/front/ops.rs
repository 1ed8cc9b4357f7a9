//! What a program asks for, in terms of a heap: the same for every face and every test.

use crate::heap::Heap;
use crate::huge::LARGE_MAX;
use crate::memory::Memory;
use crate::platform::PAGE;
use crate::superblock::{self, SLICE, Superblock};
use crate::{class, seeded};

/// A block of at least `size` bytes, or null.
#[inline(always)]
pub fn allocate(heap: &Heap, size: usize) -> *mut u8 {
    let block = heap.quick(size);
    if block.is_null() { heap.allocate_slow(size).0 } else { block }
}

/// A block of at least `size` zeroed bytes at a multiple of `align`, or null.
#[inline]
pub fn allocate_zeroed(heap: &Heap, size: usize, align: usize) -> *mut u8 {
    let (block, zero) = if align <= 16 && size >= align {
        let quick = heap.quick(size);
        if quick.is_null() { heap.allocate_slow(size) } else { (quick, false) }
    } else {
        heap.allocate_aligned(size, align)
    };
    if !zero && !block.is_null() && !seeded::bug(4) {
        // SAFETY: the block has at least `size` bytes and is ours until we return it.
        unsafe { block.write_bytes(0, size) };
    }
    block
}

/// A block of at least `size` bytes at a multiple of `align` (a power of two), or null.
#[inline]
pub fn allocate_aligned(heap: &Heap, size: usize, align: usize) -> *mut u8 {
    if align <= 16 && size >= align {
        allocate(heap, size)
    } else {
        heap.allocate_aligned(size, align).0
    }
}

/// Frees a block.
///
/// # Safety
/// `block` was allocated from `memory`, or is reported, and is not used again.
#[inline(always)]
pub unsafe fn free(memory: &'static Memory, heap: &Heap, block: *mut u8) {
    // SAFETY: checked to be in a segment; the rest is the caller's promise.
    if !(memory.table.has(block.addr()) && unsafe { heap.quick_free(block) }) {
        // SAFETY: the caller's promise.
        unsafe { heap.free_slow(memory, block.expose_provenance()) };
    }
}

/// Whether a block of `old` bytes is good for `size`: it fits, and moving it would win little.
#[inline(always)]
fn keeps(old: usize, size: usize) -> bool {
    let least = if old <= 1024 { old / 2 } else { old - old / 4 };
    size <= old && size >= least
}

/// If `block` can stay where it is for `size` bytes.
///
/// # Safety
/// `block` is in use and the caller's.
#[inline]
pub unsafe fn resize_in_place(memory: &'static Memory, block: *mut u8, size: usize) -> bool {
    let address = block.expose_provenance();
    if !memory.table.holds(address) {
        let old = memory.huge.size(memory, address).unwrap_or(0);
        if old == 0 {
            memory.fail("realloc of a pointer that is no block of this allocator", address);
        }
        return size <= old && size >= old - old / 8;
    }
    let sb = Superblock::of(address);
    match sb.owner() {
        superblock::NOBODY => {
            memory.fail("realloc of a pointer that is no block, or not any more", address)
        }
        superblock::ANYONE => {
            if size <= class::MAX_SIZE || size > LARGE_MAX {
                return false;
            }
            let slices = size.div_ceil(SLICE);
            slices == sb.slices() || memory.node_of(sb).resize(sb, slices)
        }
        _ => keeps(class::size(sb.class()), size),
    }
}

/// A block of at least `size` bytes with the contents of `block`, which is gone then; or null,
/// and `block` stays.
///
/// # Safety
/// `block` is in use and the caller's, and not used again if the result is not null.
pub unsafe fn reallocate(
    memory: &'static Memory,
    heap: &Heap,
    block: *mut u8,
    size: usize,
    align: usize,
) -> *mut u8 {
    // SAFETY: the caller's promise.
    if unsafe { resize_in_place(memory, block, size) } {
        return block;
    }
    if !memory.table.has(block.addr()) && size > LARGE_MAX && align <= PAGE {
        let moved = memory.huge.resize(memory, block.addr(), size);
        if !moved.is_null() {
            return moved;
        }
    }
    let old = usable(memory, block);
    let new = if align == 1 { allocate(heap, size) } else { allocate_aligned(heap, size, align) };
    if !new.is_null() {
        let count = if seeded::bug(3) { old.min(size) - 1 } else { old.min(size) };
        // SAFETY: both blocks have that many bytes; a new block overlaps no live one.
        unsafe {
            core::ptr::copy_nonoverlapping(block, new, count);
            free(memory, heap, block);
        }
    }
    new
}

/// Usable bytes of a block; 0 for null and what is no block.
#[inline]
pub fn usable(memory: &Memory, block: *mut u8) -> usize {
    let address = block.addr();
    if memory.table.holds(address) {
        let sb = Superblock::of(address);
        if sb.owner() == superblock::NOBODY { 0 } else { sb.block_size() }
    } else {
        memory.huge.size(memory, address).unwrap_or(0)
    }
}

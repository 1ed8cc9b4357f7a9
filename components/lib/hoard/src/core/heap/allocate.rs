//! Allocating: from the current superblock, and where it comes from when there is none.

use super::lists::{DIRECT_MAX, Heap};
use crate::core::class::{self, LARGE};
use crate::core::huge::LARGE_MAX;
use crate::core::superblock::{self, EMPTY, FLOATING, SLICE, Superblock};
use core::ptr::null_mut;

/// Largest block of a superblock of one slice.
const SMALL_MAX: usize = 8 << 10;
/// Slices of a superblock for blocks above [`SMALL_MAX`].
const MEDIUM_SLICES: usize = 8;

const fn slices_of(class: usize) -> usize {
    if class::size(class) <= SMALL_MAX { 1 } else { MEDIUM_SLICES }
}

impl Heap {
    /// Allocates at least `size` bytes from the current superblock, without refilling, or returns null.
    ///
    /// # Safety
    /// The caller is the heap's user.
    #[inline(always)]
    pub(crate) unsafe fn quick(&self, size: usize) -> *mut u8 {
        if size <= DIRECT_MAX {
            // SAFETY: `size <= DIRECT_MAX`, hence the index is below `DIRECT`. What is listed is the
            // heap's, hence the caller's.
            unsafe { self.direct.get_unchecked(size.div_ceil(8)).get().pop() }
        } else if size <= class::MAX_SIZE {
            // SAFETY: `class::of` is below `CLASSES` for these sizes; as above.
            unsafe { self.first.get_unchecked(class::of(size)).get().pop() }
        } else {
            null_mut()
        }
    }

    /// Allocates at least `size` bytes, or returns null; true with them if they read as zero.
    ///
    /// # Safety
    /// The caller is the heap's user.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn allocate_slow(&self, size: usize) -> (*mut u8, bool) {
        if size <= class::MAX_SIZE {
            // SAFETY: the caller's promise.
            (unsafe { self.allocate_class(class::of(size)) }, false)
        } else {
            self.allocate_large(size, 1)
        }
    }

    /// Allocates a block of `class`, or returns null.
    ///
    /// # Safety
    /// The caller is the heap's user.
    unsafe fn allocate_class(&self, class: usize) -> *mut u8 {
        loop {
            let sb = self.first[class].get();
            // SAFETY: what is listed is the heap's, hence the caller's.
            let block = unsafe { sb.pop() };
            if !block.is_null() {
                return block;
            }
            if core::ptr::eq(sb, &raw const EMPTY) {
                if self.refill(class) {
                    continue;
                }
                return null_mut();
            }
            // SAFETY: as above.
            if !unsafe { sb.is_exhausted() } {
                if let Some(memory) = self.memory() {
                    memory.fail("a free block was overwritten", sb.free.get().addr());
                }
                return null_mut();
            }
            // SAFETY: as above.
            unsafe {
                if sb.collect() {
                    self.after_collect(sb);
                    continue;
                }
                if sb.extend() {
                    continue;
                }
                self.float(sb);
            }
        }
    }

    /// Lets go of a full superblock, unless a block comes back meanwhile.
    ///
    /// # Safety
    /// The caller is the user of the heap, which lists the superblock.
    unsafe fn float(&self, sb: &'static Superblock) {
        self.unlink(sb);
        // SAFETY: the caller's promise: the superblock is the caller's, until it floats.
        unsafe {
            sb.set_owner(self.id() | FLOATING);
            if !sb.remote().float() {
                sb.set_owner(self.id());
                self.link(sb);
            }
        }
    }

    fn refill(&self, class: usize) -> bool {
        let Some(memory) = self.memory() else { return false };
        // SAFETY: called by the heap's user, for its memory and with its identity.
        let take = || unsafe {
            let node = memory.node(self.node.get());
            let fresh = || Some(node.form(class, slices_of(class), self.id())?.0);
            node.adopt(class, self.id()).or_else(fresh)
        };
        // SAFETY: as above.
        unsafe { self.flush(memory) };
        let Some(sb) = take().or_else(|| if memory.relieve() { take() } else { None }) else {
            return false;
        };
        self.link(sb);
        self.mark_sparse(sb, class);
        // SAFETY: the heap's since just now; the number stays.
        unsafe { sb.set_used(sb.used(), 0) };
        true
    }

    /// Allocates a block of whole slices or a huge one; true with it if it reads as zero.
    fn allocate_large(&self, size: usize, align: usize) -> (*mut u8, bool) {
        let Some(memory) = self.memory() else { return (null_mut(), false) };
        let size = size.max(1);
        let take = || {
            if size <= LARGE_MAX && align <= SLICE {
                let slices = size.div_ceil(SLICE);
                let node = memory.node(self.node.get());
                // SAFETY: a large block, which is the caller's from here on.
                let formed = unsafe { node.form(LARGE, slices, superblock::ANYONE) };
                if let Some((sb, zero)) = formed {
                    // SAFETY: the block formed just now.
                    unsafe { sb.set_used(1, 0) };
                    return Some((core::ptr::with_exposed_provenance_mut(sb.address()), zero));
                }
            }
            memory.huge.allocate(size, align, self.node.get())
        };
        let again = || if memory.relieve() { take() } else { None };
        take().or_else(again).unwrap_or((null_mut(), false))
    }

    /// Allocates at least `size` bytes at a multiple of `align`, or returns null; true with them if
    /// they read as zero.
    ///
    /// # Safety
    /// The caller is the heap's user.
    pub(crate) unsafe fn allocate_aligned(&self, size: usize, align: usize) -> (*mut u8, bool) {
        if align > SLICE {
            return self.allocate_large(size, align);
        }
        match class::aligned(size, align) {
            Some(class) => {
                // SAFETY: what is listed is the heap's, hence the caller's.
                let block = unsafe { self.first[class].get().pop() };
                // SAFETY: the caller's promise.
                let slow = || unsafe { self.allocate_class(class) };
                (if block.is_null() { slow() } else { block }, false)
            }
            None => self.allocate_large(size, align),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SLICE, class, slices_of};
    use crate::core::class::CLASSES;

    #[test]
    fn little_of_a_superblock_is_no_block() {
        for class in 0..CLASSES {
            let (bytes, size) = (slices_of(class) * SLICE, class::size(class));
            assert!(bytes / size >= 8, "few blocks of {size}");
            assert!(bytes % size * 11 <= bytes, "{} bytes behind blocks of {size}", bytes % size);
        }
    }
}

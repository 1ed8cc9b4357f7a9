//! A thread's heap: the paths that need nobody else, and their slow continuations.
//!
//! By class a heap keeps a list of superblocks that have free blocks; allocation takes from the
//! first. A superblock without free blocks floats: it is on no list, until enough of its blocks
//! came back. Blocks of other owners are gathered by superblock before they are pushed.
//!
//! The *user* of a heap is the thread it is attached to, or the holder of the lock if many use it; of
//! [`MISSING`] and [`GONE`], which nothing is ever written to, any thread. What only the user may do is
//! unsafe to call.

mod free;

use super::class::{self, CLASSES, LARGE};
use super::gather::Gathered;
use super::huge::LARGE_MAX;
use super::memory::Memory;
use super::superblock::{self, EMPTY, FLOATING, SLICE, Superblock};
use core::cell::Cell;
use core::fmt;
use core::ptr::null_mut;

/// Requests up to this size find their superblock without computing the class.
const DIRECT_MAX: usize = 1024;
const DIRECT: usize = DIRECT_MAX / 8 + 1;
/// Largest block of a superblock of one slice.
const SMALL_MAX: usize = 8 << 10;
/// Slices of a superblock for blocks above [`SMALL_MAX`].
const MEDIUM_SLICES: usize = 8;
/// Sparse superblocks a heap keeps per class (Hoard's K).
pub(crate) const K: u32 = 4;
/// Superblocks for which blocks of other owners are gathered.
const GATHER: usize = 64;

/// The use of a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One thread's.
    Thread,
    /// Stands for a heap the thread has not asked for yet.
    Missing,
    /// Stands for the heap of a thread that gave it back already.
    Gone,
    /// Used by many, with a lock held.
    Shared,
}

/// A thread's heap, made by an allocator's [`Core`](super::shared::Core).
#[repr(align(128))]
pub struct Heap {
    direct: [Cell<&'static Superblock>; DIRECT],
    first: [Cell<&'static Superblock>; CLASSES],
    /// Last of the list; meaningless if the list is empty.
    last: [Cell<&'static Superblock>; CLASSES],
    sparse: [Cell<u32>; CLASSES],
    gathered: [Gathered; GATHER],
    /// Whether anything may be gathered.
    gathering: Cell<bool>,
    memory: Cell<Option<&'static Memory>>,
    node: Cell<usize>,
    kind: Kind,
    pub(super) next_parked: Cell<Option<&'static Heap>>,
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest is its user's.
        f.debug_struct("Heap").field("kind", &self.kind).finish_non_exhaustive()
    }
}

// SAFETY: the cells belong to the heap's user, those of a parked heap to the holder of the store's
// lock; what touches them is unsafe to call. Heaps of kind `Missing` and `Gone` are never written.
unsafe impl Sync for Heap {}

/// Stands for the heap of a thread that has none yet.
pub static MISSING: Heap = Heap::new(Kind::Missing);
/// Stands for the heap of a thread that has none any more, or is not to have one.
pub static GONE: Heap = Heap::new(Kind::Gone);

const fn slices_of(class: usize) -> usize {
    if class::size(class) <= SMALL_MAX { 1 } else { MEDIUM_SLICES }
}

impl Heap {
    /// Makes a heap without superblocks.
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            direct: [const { Cell::new(&EMPTY) }; DIRECT],
            first: [const { Cell::new(&EMPTY) }; CLASSES],
            last: [const { Cell::new(&EMPTY) }; CLASSES],
            sparse: [const { Cell::new(0) }; CLASSES],
            gathered: [Gathered::NONE; GATHER],
            gathering: Cell::new(false),
            memory: Cell::new(None),
            node: Cell::new(0),
            kind,
            next_parked: Cell::new(None),
        }
    }

    /// Returns its use.
    #[doc(hidden)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    #[inline(always)]
    fn id(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Prepares it for the calling thread.
    ///
    /// # Safety
    /// The caller is its user, and it is none of those that stand for others.
    pub(crate) unsafe fn start(&self, memory: &'static Memory, node: usize) {
        self.memory.set(Some(memory));
        self.node.set(node);
    }

    fn memory(&self) -> Option<&'static Memory> {
        self.memory.get()
    }

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

    fn set_first(&self, class: usize, sb: &'static Superblock) {
        self.first[class].set(sb);
        let low = if class == 0 { 0 } else { class::size(class - 1) / 8 + 1 };
        if low < DIRECT {
            let high = (class::size(class) / 8).min(DIRECT - 1);
            for entry in &self.direct[low..=high] {
                entry.set(sb);
            }
        }
    }

    fn link(&self, sb: &'static Superblock) {
        let class = sb.class();
        let first = self.first[class].get();
        sb.prev.set(None);
        if core::ptr::eq(first, &raw const EMPTY) {
            sb.next.set(None);
            self.last[class].set(sb);
        } else {
            Self::wake(first);
            first.prev.set(Some(sb));
            sb.next.set(Some(first));
        }
        self.set_first(class, sb);
    }

    /// Lets a superblock go once its last block comes back: it is not alone on its list any more.
    fn wake(sb: &Superblock) {
        if sb.is_silent() {
            // SAFETY: it is on a list of the heap; the number stays.
            unsafe { sb.set_used(sb.used(), 0) };
        }
    }

    /// Links a superblock at the end: blocks come back to it until allocation gets there.
    fn link_last(&self, sb: &'static Superblock) {
        let class = sb.class();
        let first = self.first[class].get();
        if core::ptr::eq(first, &raw const EMPTY) {
            return self.link(sb);
        }
        Self::wake(first);
        let last = self.last[class].replace(sb);
        last.next.set(Some(sb));
        sb.prev.set(Some(last));
        sb.next.set(None);
    }

    fn unlink(&self, sb: &'static Superblock) {
        if sb.sparse.replace(false) {
            let count = &self.sparse[sb.class()];
            count.set(count.get() - 1);
        }
        match sb.prev.get() {
            Some(prev) => prev.next.set(sb.next.get()),
            None => self.set_first(sb.class(), sb.next.get().unwrap_or(&EMPTY)),
        }
        match sb.next.get() {
            Some(next) => next.prev.set(sb.prev.get()),
            None => self.last[sb.class()].set(sb.prev.get().unwrap_or(&EMPTY)),
        }
        sb.next.set(None);
        sb.prev.set(None);
    }

    fn mark_sparse(&self, sb: &'static Superblock, class: usize) {
        if !sb.sparse.replace(true) {
            let count = &self.sparse[class];
            count.set(count.get() + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CLASSES, SLICE, class, slices_of};

    #[test]
    fn little_of_a_superblock_is_no_block() {
        for class in 0..CLASSES {
            let (bytes, size) = (slices_of(class) * SLICE, class::size(class));
            assert!(bytes / size >= 8, "few blocks of {size}");
            assert!(bytes % size * 11 <= bytes, "{} bytes behind blocks of {size}", bytes % size);
        }
    }
}

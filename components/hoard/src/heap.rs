//! A thread's heap: the paths that need nobody else, and their slow continuations.
//!
//! By class a heap keeps a list of superblocks that have free blocks; allocation takes from the
//! first. A superblock without free blocks floats: it is on no list, until enough of its blocks
//! came back. Blocks of other owners are gathered by superblock before they are pushed.

use crate::class::{self, CLASSES, LARGE};
use crate::gather::{GATHER_MAX, Gathered};
use crate::huge::LARGE_MAX;
use crate::remote::{Batch, Pushed};
use crate::seeded;
use crate::shared::Core;
use crate::superblock::{self, EMPTY, FLOATING, InPlace, SLICE, Superblock};
use core::cell::Cell;
use core::ptr::null_mut;

/// Requests up to this size find their superblock without computing the class.
pub const DIRECT_MAX: usize = 1024;
const DIRECT: usize = DIRECT_MAX / 8 + 1;
/// Largest block of a superblock of one slice.
const SMALL_MAX: usize = 8 << 10;
/// Slices of a superblock for blocks above [`SMALL_MAX`].
const MEDIUM_SLICES: usize = 8;
/// Sparse superblocks a heap keeps per class (Hoard's K).
pub const K: u32 = 4;
/// Superblocks for which blocks of other owners are gathered.
const GATHER: usize = 64;
/// What a heap is good for.
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

/// A heap.
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
    core: Cell<Option<&'static Core>>,
    node: Cell<usize>,
    kind: Kind,
    pub(crate) next_parked: Cell<Option<&'static Heap>>,
}

// SAFETY: the cells belong to the thread the heap is attached to, those of a parked heap to the
// holder of the store's lock; heaps of kind `Missing` and `Gone` are never written.
unsafe impl Sync for Heap {}

const fn slices_of(class: usize) -> usize {
    if class::size(class) <= SMALL_MAX { 1 } else { MEDIUM_SLICES }
}

/// Free blocks at which a floating superblock is taken up by whoever frees the last of them.
fn take_at(sb: &Superblock) -> u32 {
    (sb.capacity() / 8).max(1)
}

impl Heap {
    /// A heap without superblocks.
    #[allow(clippy::declare_interior_mutable_const)]
    pub const fn new(kind: Kind) -> Self {
        Self {
            direct: [const { Cell::new(&EMPTY) }; DIRECT],
            first: [const { Cell::new(&EMPTY) }; CLASSES],
            last: [const { Cell::new(&EMPTY) }; CLASSES],
            sparse: [const { Cell::new(0) }; CLASSES],
            gathered: [Gathered::NONE; GATHER],
            gathering: Cell::new(false),
            core: Cell::new(None),
            node: Cell::new(0),
            kind,
            next_parked: Cell::new(None),
        }
    }

    /// What it is good for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    #[inline(always)]
    fn id(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Prepares it for the calling thread.
    pub fn start(&self, core: &'static Core, node: usize) {
        self.core.set(Some(core));
        self.node.set(node);
    }

    fn core(&self) -> Option<&'static Core> {
        self.core.get()
    }

    // ---- allocation -----------------------------------------------------------------------------

    /// A block of at least `size` bytes if it can be had without looking further, or null.
    #[inline(always)]
    pub fn quick(&self, size: usize) -> *mut u8 {
        if size <= DIRECT_MAX {
            // SAFETY: `size <= DIRECT_MAX`, hence the index is below `DIRECT`.
            unsafe { self.direct.get_unchecked((size + 7 * usize::from(!seeded::bug(1))) / 8) }
                .get()
                .pop()
        } else if size <= class::MAX_SIZE {
            // SAFETY: `class::of` is below `CLASSES` for these sizes.
            unsafe { self.first.get_unchecked(class::of(size)) }.get().pop()
        } else {
            null_mut()
        }
    }

    /// A block of at least `size` bytes, or null; true with it if it reads as zero.
    #[cold]
    #[inline(never)]
    pub fn allocate_slow(&self, size: usize) -> (*mut u8, bool) {
        if size <= class::MAX_SIZE {
            (self.allocate_class(class::of(size)), false)
        } else {
            self.allocate_large(size, 1)
        }
    }

    /// A block of `class`, or null.
    pub fn allocate_class(&self, class: usize) -> *mut u8 {
        loop {
            let sb = self.first[class].get();
            let block = sb.pop();
            if !block.is_null() {
                return block;
            }
            if core::ptr::eq(sb, &raw const EMPTY) {
                if self.refill(class) {
                    continue;
                }
                return null_mut();
            }
            if !sb.is_exhausted() {
                if let Some(core) = self.core() {
                    core.fail("a free block was overwritten", sb.free.get().addr());
                }
                return null_mut();
            }
            if sb.collect() {
                self.after_collect(sb);
                continue;
            }
            if sb.extend() {
                continue;
            }
            // Full: let go of it, unless a block comes back meanwhile.
            self.unlink(sb);
            sb.set_owner(self.id() | FLOATING);
            if !sb.remote().float() {
                sb.set_owner(self.id());
                self.link(sb);
            }
        }
    }

    fn refill(&self, class: usize) -> bool {
        let Some(core) = self.core() else { return false };
        self.flush(core);
        let node = core.node(self.node.get());
        let sb = node
            .adopt(class, self.id())
            .or_else(|| Some(node.form(class, slices_of(class), self.id())?.0));
        drop(node);
        let Some(sb) = sb else { return false };
        self.link(sb);
        self.mark_sparse(sb, class);
        sb.set_used(sb.used(), 0);
        true
    }

    /// A block of whole slices or a huge one.
    pub fn allocate_large(&self, size: usize, align: usize) -> (*mut u8, bool) {
        let Some(core) = self.core() else { return (null_mut(), false) };
        let size = size.max(1);
        if size <= LARGE_MAX && align <= SLICE {
            let slices = size.div_ceil(SLICE);
            let formed = core.node(self.node.get()).form(LARGE, slices, superblock::LARGE);
            if let Some((sb, zero)) = formed {
                sb.set_used(1, 0);
                return (core::ptr::with_exposed_provenance_mut(sb.address()), zero);
            }
        }
        core.huge.allocate(core, size, align, self.node.get()).unwrap_or((null_mut(), false))
    }

    /// A block of at least `size` bytes at a multiple of `align`, or null.
    pub fn allocate_aligned(&self, size: usize, align: usize) -> (*mut u8, bool) {
        if align > SLICE {
            return self.allocate_large(size, align);
        }
        match class::aligned(size, align) {
            Some(class) => {
                let class = if seeded::bug(7) { class::of(size) } else { class };
                let block = self.first[class].get().pop();
                (if block.is_null() { self.allocate_class(class) } else { block }, false)
            }
            None => self.allocate_large(size, align),
        }
    }

    // ---- lists ----------------------------------------------------------------------------------

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
            if first.is_silent() {
                first.set_used(first.used(), 0);
            }
            first.prev.set(Some(sb));
            sb.next.set(Some(first));
        }
        self.set_first(class, sb);
    }

    /// Links a superblock at the end: blocks come back to it until allocation gets there.
    fn link_last(&self, sb: &'static Superblock) {
        let class = sb.class();
        let first = self.first[class].get();
        if core::ptr::eq(first, &raw const EMPTY) {
            return self.link(sb);
        }
        if first.is_silent() {
            first.set_used(first.used(), 0);
        }
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

    // ---- freeing --------------------------------------------------------------------------------

    /// Frees `block` if this heap owns it; false if somebody must look closer.
    ///
    /// # Safety
    /// `block` is in a segment of this heap's allocator.
    #[inline(always)]
    pub unsafe fn quick_free(&self, block: *mut u8) -> bool {
        let sb = Superblock::of_slice(block.addr());
        if sb.owner() != self.id() {
            return self.gathered_for(sb).add_quick(sb, block.cast());
        }
        if sb.free.get().cast() == block {
            return false;
        }
        // SAFETY: it is ours; that the block was in use is the program's promise.
        if unsafe { sb.push(block) } == 0 {
            self.ran_low(sb);
        }
        true
    }

    /// Frees any pointer but null.
    ///
    /// # Safety
    /// `address` is a block in use; anything else is reported where it is noticed.
    #[cold]
    #[inline(never)]
    pub unsafe fn free_slow(&self, core: &'static Core, address: usize) {
        if !core.table.has(address) || address >> 47 != 0 {
            if !core.huge.free(core, address) {
                core.fail("free of a pointer that is no block of this allocator", address);
            }
            return;
        }
        let sb = Superblock::of(address);
        let owner = sb.owner();
        let block = core::ptr::with_exposed_provenance_mut(address);
        if owner == self.id() {
            if sb.free.get().cast() == block {
                core.fail("double free", address);
            }
            // SAFETY: it is ours; that the block was in use is the program's promise.
            if unsafe { sb.push(block) } == 0 {
                self.ran_low(sb);
            }
        } else if owner == superblock::LARGE {
            if address != sb.address() {
                core.fail("free of a pointer into a block", address);
            }
            core.node(crate::pages::node_of(sb)).dissolve(sb);
        } else if owner == superblock::NOBODY {
            core.fail("free of a pointer that is no block, or not any more", address);
        } else if owner == self.id() | FLOATING && self.reclaim(sb) {
            // SAFETY: it is ours now; that the block was in use is the program's promise.
            if unsafe { sb.push(block) } == 0 {
                self.ran_low(sb);
            }
        } else {
            self.free_remote(core, sb, address);
        }
    }

    /// Takes back a superblock that this heap let float.
    fn reclaim(&self, sb: &'static Superblock) -> bool {
        let Some(batch) = sb.remote().claim() else { return false };
        sb.set_owner(self.id());
        if !seeded::bug(11) {
            sb.accept(batch);
        }
        self.link_last(sb);
        self.arm(sb);
        true
    }

    /// Asks for notice when the superblock gets half empty, or if it is already, empty.
    fn arm(&self, sb: &'static Superblock) {
        let (used, half) = (sb.used(), (sb.capacity() / 2) as i32);
        if used > half {
            sb.set_used(used, half);
        } else {
            sb.set_used(used, 0);
            self.mark_sparse(sb, sb.class());
        }
    }

    fn after_collect(&self, sb: &'static Superblock) {
        if !sb.is_silent() {
            self.arm(sb);
        }
    }

    /// A free brought the superblock to the point it was armed for.
    #[cold]
    #[inline(never)]
    fn ran_low(&self, sb: &'static Superblock) {
        let Some(core) = self.core() else { return };
        let class = sb.class();
        let used = sb.used();
        if used > 0 {
            sb.set_used(used, 0);
            self.mark_sparse(sb, class);
            if self.sparse[class].get() > K && !seeded::bug(8) {
                self.unlink(sb);
                core.node(crate::pages::node_of(sb)).put(sb);
            }
            return;
        }
        if used < 0 {
            core.fail("double free in the superblock at", sb.address());
        }
        if sb.prev.get().is_none() && sb.next.get().is_none() {
            sb.silence();
            return;
        }
        self.unlink(sb);
        core.node(crate::pages::node_of(sb)).dissolve(sb);
    }

    /// Gives a block of another owner back.
    fn free_remote(&self, core: &'static Core, sb: &'static Superblock, address: usize) {
        let offset = (address - sb.address()) as u32;
        let size = sb.block_size();
        if !offset.is_multiple_of(size as u32) {
            core.fail("free of a pointer into a block", address);
        }
        if size > GATHER_MAX || matches!(self.kind, Kind::Missing | Kind::Gone) {
            return Self::send(core, sb, Batch { head: offset, tail: offset, count: 1 });
        }
        let block = core::ptr::with_exposed_provenance_mut(address);
        let slot = self.gathered_for(sb);
        if slot.is_for(sb) {
            if !slot.add(block) {
                core.fail("double free", address);
            }
        } else {
            let old = slot.take();
            self.gathering.set(true);
            slot.begin(sb, block, size);
            if let Some((sb, batch)) = old {
                Self::send(core, sb, batch);
            }
        }
        if slot.is_full()
            && let Some((sb, batch)) = slot.take()
        {
            Self::send(core, sb, batch);
        }
    }

    #[inline(always)]
    fn gathered_for(&self, sb: &Superblock) -> &Gathered {
        // Records of one segment are adjacent, those of different segments congruent.
        let at = core::ptr::from_ref(sb).addr();
        let index = (at / size_of::<Superblock>()) ^ (at / superblock::SEGMENT);
        &self.gathered[index % GATHER]
    }

    /// Pushes everything gathered.
    pub fn flush(&self, core: &'static Core) {
        if !self.gathering.replace(false) {
            return;
        }
        for slot in &self.gathered {
            if let Some((sb, batch)) = slot.take()
                && !seeded::bug(6)
            {
                Self::send(core, sb, batch);
            }
        }
    }

    fn send(core: &'static Core, sb: &'static Superblock, batch: Batch) {
        match sb.remote().push(&InPlace(sb.address()), batch, take_at(sb)) {
            Pushed::Queued => {}
            Pushed::Taken(all) => {
                // It floated, full, so its free list is empty.
                sb.accept(all);
                core.node(crate::pages::node_of(sb)).put(sb);
            }
            Pushed::Global(waiting) => {
                if waiting as i32 >= sb.used() {
                    core.node(crate::pages::node_of(sb)).settle(sb, waiting);
                }
            }
        }
    }

    /// Gives everything to the node: the thread ends.
    pub fn finish(&self, core: &'static Core) {
        self.flush(core);
        for class in 0..CLASSES {
            while let sb = self.first[class].get()
                && !core::ptr::eq(sb, &raw const EMPTY)
            {
                self.unlink(sb);
                let node = core.node(crate::pages::node_of(sb));
                if sb.used() == 0 {
                    node.dissolve(sb);
                } else {
                    node.put(sb);
                }
            }
            debug_assert_eq!(self.sparse[class].get(), 0);
        }
    }
}

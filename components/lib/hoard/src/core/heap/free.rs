//! Freeing: own blocks, blocks of others on their way home, and superblocks that leave the heap.

use super::lists::{GATHER, Heap, Kind};
use crate::core::class::CLASSES;
use crate::core::gather::{GATHER_MAX, Gathered};
use crate::core::memory::Memory;
use crate::core::superblock::{self, Block, EMPTY, FLOATING, InPlace, Superblock};
use crate::lockfree::remote::{Batch, Pushed};

/// Sparse superblocks a heap keeps per class (Hoard's K).
pub(crate) const K: u32 = 4;

/// Returns at how many free blocks the thread that frees one takes a floating superblock up.
fn take_at(sb: &Superblock) -> u32 {
    (sb.capacity() / 8).max(1)
}

impl Heap {
    /// Frees `block` if that is quickly done; false if the slow path must.
    ///
    /// # Safety
    /// The caller is the heap's user, and `block` is in a segment of its allocator and, unless what
    /// [`Heap::free_slow`] reports, in use until now.
    #[inline(always)]
    pub(crate) unsafe fn quick_free(&self, block: *mut u8) -> bool {
        // SAFETY: the caller's promise: a segment is there.
        let sb = unsafe { Superblock::of_slice(block.addr()) };
        if sb.owner() != self.id() {
            // SAFETY: what is gathered for this superblock is blocks of it, so this is one, too.
            return unsafe { self.gathered_for(sb).add_quick(sb, block.cast()) };
        }
        if sb.free.get().cast() == block {
            return false;
        }
        // SAFETY: it is ours; that the block was in use is the program's promise.
        unsafe { self.free_own(sb, block) };
        true
    }

    /// Frees `block` of `sb`.
    ///
    /// # Safety
    /// This heap owns `sb`, and `block` is one of its blocks, in use until now.
    #[inline(always)]
    unsafe fn free_own(&self, sb: &'static Superblock, block: *mut u8) {
        // SAFETY: the caller's promise.
        if unsafe { sb.push(block) } == 0 {
            self.ran_low(sb);
        }
    }

    /// Frees any pointer but null.
    ///
    /// # Safety
    /// The caller is the heap's user, `memory` its allocator's, and `address` a block of it in use
    /// until now; anything else is reported where it is noticed.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn free_slow(&self, memory: &'static Memory, address: usize) {
        if !memory.table.holds(address) {
            // SAFETY: the caller's promise.
            if !unsafe { memory.huge.free(address) } {
                memory.fail("free of a pointer that is no block of this allocator", address);
            }
            return;
        }
        // SAFETY: the table has it.
        let sb = unsafe { Superblock::of(address) };
        let owner = sb.owner();
        let block = core::ptr::with_exposed_provenance_mut(address);
        if owner == self.id() {
            if sb.free.get().cast() == block {
                memory.fail("double free", address);
            }
            // SAFETY: it is ours; that the block was in use is the program's promise.
            unsafe { self.free_own(sb, block) };
        } else if owner == superblock::ANYONE {
            if address != sb.address() {
                memory.fail("free of a pointer into a block", address);
            }
            // SAFETY: a large block of the program's, which gives it up.
            unsafe { memory.node_of(sb).dissolve(sb) };
        } else if owner == superblock::NOBODY {
            memory.fail("free of a pointer that is no block, or not any more", address);
        } else if owner == self.id() | FLOATING && self.reclaim(sb) {
            // SAFETY: it is ours now; that the block was in use is the program's promise.
            unsafe { self.free_own(sb, block) };
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.free_remote(memory, sb, address) };
        }
    }

    /// Takes back a superblock that this heap let float.
    fn reclaim(&self, sb: &'static Superblock) -> bool {
        let Some(batch) = sb.remote().claim() else { return false };
        // SAFETY: claimed: it is this heap's now, with the blocks that waited.
        unsafe {
            sb.set_owner(self.id());
            sb.accept(batch);
        }
        self.link_last(sb);
        self.arm(sb);
        true
    }

    /// Asks for notice when the superblock gets half empty, or if it is already, empty.
    fn arm(&self, sb: &'static Superblock) {
        let (used, half) = (sb.used(), (sb.capacity() / 2) as i32);
        let base = if used > half { half } else { 0 };
        // SAFETY: the heap's own superblock; the number stays.
        unsafe { sb.set_used(used, base) };
        if base == 0 {
            self.mark_sparse(sb, sb.class());
        }
    }

    pub(super) fn after_collect(&self, sb: &'static Superblock) {
        if !sb.is_silent() {
            self.arm(sb);
        }
    }

    /// A free brought the superblock to the point it was armed for.
    #[cold]
    #[inline(never)]
    fn ran_low(&self, sb: &'static Superblock) {
        let Some(memory) = self.memory() else { return };
        let class = sb.class();
        let used = sb.used();
        if used > 0 {
            // SAFETY: the heap's own superblock; the number stays.
            unsafe { sb.set_used(used, 0) };
            self.mark_sparse(sb, class);
            if self.sparse[class].get() > K {
                self.unlink(sb);
                // SAFETY: the heap's own until now, and on no list.
                unsafe { memory.node_of(sb).put(sb) };
            }
            return;
        }
        if used < 0 {
            // The block freed just now is the first of the list.
            memory.fail("double free (more frees than blocks)", sb.free.get().addr());
        }
        if sb.prev.get().is_none() && sb.next.get().is_none() {
            // SAFETY: the heap's own superblock.
            unsafe { sb.silence() };
            return;
        }
        self.unlink(sb);
        // SAFETY: the heap's own until now, no block is out, and it is on no list.
        unsafe { memory.node_of(sb).dissolve(sb) };
    }

    /// Gives a block of another owner back.
    ///
    /// # Safety
    /// As for [`Heap::free_slow`]; the block is in `sb`.
    unsafe fn free_remote(&self, memory: &'static Memory, sb: &'static Superblock, address: usize) {
        let offset = (address - sb.address()) as u32;
        let size = sb.block_size();
        if !offset.is_multiple_of(size as u32) {
            memory.fail("free of a pointer into a block", address);
        }
        if size > GATHER_MAX || matches!(self.kind(), Kind::Missing | Kind::Gone) {
            let batch = Batch { head: offset, tail: offset, count: 1 };
            // SAFETY: the caller's block.
            return unsafe { Self::send(memory, sb, batch) };
        }
        let block = core::ptr::with_exposed_provenance_mut::<Block>(address);
        let slot = self.gathered_for(sb);
        if slot.is_for(sb) {
            // SAFETY: the caller's block, of the superblock that these are of.
            if !unsafe { slot.add(block) } {
                memory.fail("double free", address);
            }
        } else {
            let old = slot.take();
            self.gathering.set(true);
            // SAFETY: the caller's block, of this size.
            unsafe { slot.begin(sb, block, size) };
            if let Some((sb, batch)) = old {
                // SAFETY: what was gathered, which nobody uses.
                unsafe { Self::send(memory, sb, batch) };
            }
        }
        if slot.is_full()
            && let Some((sb, batch)) = slot.take()
        {
            // SAFETY: as above.
            unsafe { Self::send(memory, sb, batch) };
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
    ///
    /// # Safety
    /// The caller is the heap's user, and `memory` its allocator's.
    pub(crate) unsafe fn flush(&self, memory: &'static Memory) {
        if !self.gathering.replace(false) {
            return;
        }
        for slot in &self.gathered {
            if let Some((sb, batch)) = slot.take() {
                // SAFETY: what was gathered, which nobody uses.
                unsafe { Self::send(memory, sb, batch) };
            }
        }
    }

    /// Gives a batch of blocks of one superblock to its owner.
    ///
    /// # Safety
    /// They are chained in place, of `sb`, which is of `memory`, and used by nobody.
    unsafe fn send(memory: &'static Memory, sb: &'static Superblock, batch: Batch) {
        // SAFETY: the caller's promise. A superblock that floated is this thread's once it is taken;
        // it was full, so its free list is empty.
        unsafe {
            match sb.remote().push(&InPlace(sb.address()), batch, take_at(sb)) {
                Pushed::Queued => {}
                Pushed::Taken(all) => {
                    sb.accept(all);
                    memory.node_of(sb).put(sb);
                }
                Pushed::Global(waiting) => {
                    if waiting as i32 >= sb.used() {
                        memory.node_of(sb).settle(sb, waiting);
                    }
                }
            }
        }
    }

    /// Gives everything to the node: the thread ends.
    ///
    /// # Safety
    /// The caller is the heap's user, and `memory` its allocator's.
    pub(crate) unsafe fn finish(&self, memory: &'static Memory) {
        // SAFETY: the caller's promise.
        unsafe { self.flush(memory) };
        for class in 0..CLASSES {
            while let sb = self.first[class].get()
                && !core::ptr::eq(sb, &raw const EMPTY)
            {
                self.unlink(sb);
                // SAFETY: the heap's own until now, and on no list.
                unsafe {
                    let node = memory.node_of(sb);
                    if sb.used() == 0 { node.dissolve(sb) } else { node.put(sb) }
                }
            }
            debug_assert_eq!(self.sparse[class].get(), 0);
        }
    }
}

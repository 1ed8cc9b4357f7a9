//! Freeing: own blocks, blocks of others on their way home, and superblocks that leave the heap.

use super::{GATHER, Heap, K, Kind};
use crate::class::CLASSES;
use crate::gather::{GATHER_MAX, Gathered};
use crate::memory::Memory;
use crate::remote::{Batch, Pushed};
use crate::seeded;
use crate::superblock::{self, Block, EMPTY, FLOATING, InPlace, Superblock};

/// Free blocks at which a floating superblock is taken up by whoever frees the last of them.
fn take_at(sb: &Superblock) -> u32 {
    (sb.capacity() / 8).max(1)
}

impl Heap {
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
    /// `address` is a block in use; anything else is reported where it is noticed.
    #[cold]
    #[inline(never)]
    pub unsafe fn free_slow(&self, memory: &'static Memory, address: usize) {
        if !memory.table.holds(address) {
            if !memory.huge.free(memory, address) {
                memory.fail("free of a pointer that is no block of this allocator", address);
            }
            return;
        }
        let sb = Superblock::of(address);
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
            memory.node_of(sb).dissolve(sb);
        } else if owner == superblock::NOBODY {
            memory.fail("free of a pointer that is no block, or not any more", address);
        } else if owner == self.id() | FLOATING && self.reclaim(sb) {
            // SAFETY: it is ours now; that the block was in use is the program's promise.
            unsafe { self.free_own(sb, block) };
        } else {
            self.free_remote(memory, sb, address);
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
            sb.set_used(used, 0);
            self.mark_sparse(sb, class);
            if self.sparse[class].get() > K && !seeded::bug(8) {
                self.unlink(sb);
                memory.node_of(sb).put(sb);
            }
            return;
        }
        if used < 0 {
            // The block freed just now is the first of the list.
            memory.fail("double free (more frees than blocks)", sb.free.get().addr());
        }
        if sb.prev.get().is_none() && sb.next.get().is_none() {
            sb.silence();
            return;
        }
        self.unlink(sb);
        memory.node_of(sb).dissolve(sb);
    }

    /// Gives a block of another owner back.
    fn free_remote(&self, memory: &'static Memory, sb: &'static Superblock, address: usize) {
        let offset = (address - sb.address()) as u32;
        let size = sb.block_size();
        if !offset.is_multiple_of(size as u32) {
            memory.fail("free of a pointer into a block", address);
        }
        if size > GATHER_MAX || matches!(self.kind, Kind::Missing | Kind::Gone) {
            return Self::send(memory, sb, Batch { head: offset, tail: offset, count: 1 });
        }
        let block = core::ptr::with_exposed_provenance_mut::<Block>(address);
        if seeded::bug(13) {
            // Whoever frees a block gets to use it.
            self.set_first(sb.class(), sb);
            // SAFETY: none; this is a bug.
            unsafe { sb.push(block.cast()) };
            return;
        }
        let slot = self.gathered_for(sb);
        if slot.is_for(sb) {
            if !slot.add(block) {
                memory.fail("double free", address);
            }
        } else {
            let old = slot.take();
            self.gathering.set(true);
            slot.begin(sb, block, size);
            if let Some((sb, batch)) = old {
                Self::send(memory, sb, batch);
            }
        }
        if slot.is_full()
            && let Some((sb, batch)) = slot.take()
        {
            Self::send(memory, sb, batch);
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
    pub fn flush(&self, memory: &'static Memory) {
        if !self.gathering.replace(false) {
            return;
        }
        for slot in &self.gathered {
            if let Some((sb, batch)) = slot.take()
                && !seeded::bug(6)
            {
                Self::send(memory, sb, batch);
            }
        }
    }

    fn send(memory: &'static Memory, sb: &'static Superblock, batch: Batch) {
        match sb.remote().push(&InPlace(sb.address()), batch, take_at(sb)) {
            Pushed::Queued => {}
            Pushed::Taken(all) => {
                // It floated, full, so its free list is empty.
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

    /// Gives everything to the node: the thread ends.
    pub fn finish(&self, memory: &'static Memory) {
        self.flush(memory);
        for class in 0..CLASSES {
            while let sb = self.first[class].get()
                && !core::ptr::eq(sb, &raw const EMPTY)
            {
                self.unlink(sb);
                let node = memory.node_of(sb);
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

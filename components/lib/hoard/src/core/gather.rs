//! Blocks on their way to the superblock of another owner, gathered to be pushed together.

use super::superblock::{Block, EMPTY, InPlace, Superblock};
use crate::lockfree::remote::{Batch, Links};
use core::cell::Cell;
use core::ptr::null_mut;

/// Bytes gathered for one superblock at most, unless it is a single block.
pub(crate) const GATHER_BYTES: usize = 6 << 10;
/// Blocks above this size are pushed one by one.
pub(crate) const GATHER_MAX: usize = 1 << 10;

/// Blocks of one superblock on their way to its owner, chained from the one freed last.
pub(crate) struct Gathered {
    sb: Cell<&'static Superblock>,
    head: Cell<*mut Block>,
    /// The block freed first.
    tail: Cell<u32>,
    count: Cell<u32>,
    /// At this count they are pushed.
    limit: Cell<u32>,
}

impl Gathered {
    #[allow(clippy::declare_interior_mutable_const)]
    pub(crate) const NONE: Self = Self {
        sb: Cell::new(&EMPTY),
        head: Cell::new(null_mut()),
        tail: Cell::new(0),
        count: Cell::new(0),
        limit: Cell::new(0),
    };

    /// Takes what was gathered.
    pub(crate) fn take(&self) -> Option<(&'static Superblock, Batch)> {
        let count = self.count.replace(0);
        if count == 0 {
            return None;
        }
        let sb = self.sb.replace(&EMPTY);
        let head = (self.head.get().addr() - sb.address()) as u32;
        Some((sb, Batch { head, tail: self.tail.get(), count }))
    }

    /// Tells if blocks of `sb` are gathered here.
    #[inline(always)]
    pub(crate) fn is_for(&self, sb: &Superblock) -> bool {
        core::ptr::eq(self.sb.get(), sb)
    }

    /// Tells if it is time to push.
    pub(crate) fn is_full(&self) -> bool {
        self.count.get() >= self.limit.get()
    }

    /// Begins with `block`; what was gathered is taken already.
    ///
    /// # Safety
    /// `block` is one of `sb`, of `size` bytes, the caller's to free, and used by nobody any more.
    pub(crate) unsafe fn begin(&self, sb: &'static Superblock, block: *mut Block, size: usize) {
        self.sb.set(sb);
        self.head.set(block);
        self.tail.set((block.addr() - sb.address()) as u32);
        self.count.set(1);
        self.limit.set((GATHER_BYTES / size) as u32);
    }

    /// Adds `block`; false if it is the one added last.
    ///
    /// # Safety
    /// `block` is one of the superblock that [`Gathered::is_for`] tells, the caller's to free, and
    /// used by nobody any more.
    pub(crate) unsafe fn add(&self, block: *mut Block) -> bool {
        let (base, head) = (self.sb.get().address(), self.head.get());
        if head == block {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe {
            InPlace(base).link((block.addr() - base) as u32, Some((head.addr() - base) as u32));
        }
        self.head.set(block);
        self.count.set(self.count.get() + 1);
        true
    }

    /// Adds `block` if others of its superblock are here and this is not the last there is room for.
    ///
    /// # Safety
    /// `block` is one of `sb`, the caller's to free, and used by nobody any more if the result is true.
    #[inline(always)]
    pub(crate) unsafe fn add_quick(&self, sb: &'static Superblock, block: *mut Block) -> bool {
        let (head, count) = (self.head.get(), self.count.get() + 1);
        if !self.is_for(sb) || count >= self.limit.get() || head == block {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { block.write(Block { next: head }) };
        self.head.set(block);
        self.count.set(count);
        true
    }
}

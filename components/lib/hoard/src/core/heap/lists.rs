//! A heap's record, and its lists of superblocks.

use crate::core::class::{self, CLASSES};
use crate::core::gather::Gathered;
use crate::core::memory::Memory;
use crate::core::superblock::{EMPTY, Superblock};
use core::cell::Cell;
use core::fmt;

/// Requests up to this size find their superblock without computing the class.
pub(super) const DIRECT_MAX: usize = 1024;
const DIRECT: usize = DIRECT_MAX / 8 + 1;
/// Superblocks for which blocks of other owners are gathered.
pub(super) const GATHER: usize = 64;

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

/// A thread's heap, made by an allocator's [`Core`](crate::Core).
#[repr(align(128))]
pub struct Heap {
    pub(super) direct: [Cell<&'static Superblock>; DIRECT],
    pub(super) first: [Cell<&'static Superblock>; CLASSES],
    /// Last of the list; meaningless if the list is empty.
    last: [Cell<&'static Superblock>; CLASSES],
    pub(super) sparse: [Cell<u32>; CLASSES],
    pub(super) gathered: [Gathered; GATHER],
    /// Set if anything may be gathered.
    pub(super) gathering: Cell<bool>,
    memory: Cell<Option<&'static Memory>>,
    pub(super) node: Cell<usize>,
    kind: Kind,
    pub(in crate::core) next_parked: Cell<Option<&'static Heap>>,
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

impl Heap {
    /// Makes a heap without superblocks.
    pub(in crate::core) const fn new(kind: Kind) -> Self {
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
    pub(super) fn id(&self) -> usize {
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

    pub(super) fn memory(&self) -> Option<&'static Memory> {
        self.memory.get()
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

    pub(super) fn link(&self, sb: &'static Superblock) {
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
    pub(super) fn link_last(&self, sb: &'static Superblock) {
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

    pub(super) fn unlink(&self, sb: &'static Superblock) {
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

    pub(super) fn mark_sparse(&self, sb: &'static Superblock, class: usize) {
        if !sb.sparse.replace(true) {
            let count = &self.sparse[class];
            count.set(count.get() + 1);
        }
    }
}

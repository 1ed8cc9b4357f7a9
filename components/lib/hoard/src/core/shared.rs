//! Everything that all threads share: the memory that none of them owns, and the store of their heaps.

use super::heap::{Heap, Kind};
use super::memory::{MAX_NODES, Memory};
use super::superblock::Table;
use crate::lockfree::lock::Lock;
use crate::platform::{PAGE, Platform};
use core::cell::Cell;
use core::fmt;

const STORE: usize = 64 << 10;

/// An allocator without its threads' heaps.
pub struct Core {
    pub(crate) memory: Memory,
    /// Serves threads whose own heap is gone already; its lock is held while it is used.
    last: Heap,
    last_lock: Lock,
    heaps: Heaps,
}

struct Heaps {
    lock: Lock,
    /// Heaps without a thread, latest first.
    parked: Cell<Option<&'static Heap>>,
    store: Cell<usize>,
    store_end: Cell<usize>,
    made: Cell<usize>,
}

// SAFETY: the cells of `heaps` are touched with its lock held, `last` with `last_lock` held; the
// rest is `Sync` by itself.
unsafe impl Sync for Core {}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

impl Core {
    /// Makes an allocator on `platform` that notes its segments in `table`, which no other uses.
    #[must_use]
    #[allow(clippy::large_stack_arrays)] // made for statics
    pub const fn new(platform: &'static dyn Platform, table: &'static Table) -> Self {
        Self {
            memory: Memory::new(platform, table),
            last: Heap::new(Kind::Shared),
            last_lock: Lock::new(),
            heaps: Heaps {
                lock: Lock::new(),
                parked: Cell::new(None),
                store: Cell::new(0),
                store_end: Cell::new(0),
                made: Cell::new(0),
            },
        }
    }

    /// Returns a heap for the calling thread: the one given back last, or a new one; `None` without
    /// memory for one.
    #[must_use]
    pub fn attach(&'static self) -> Option<&'static Heap> {
        let node = self.memory.platform.current_node().min(MAX_NODES - 1);
        let h = &self.heaps;
        self.lock_heaps();
        let heap = match h.parked.get() {
            Some(heap) => {
                h.parked.set(heap.next_parked.get());
                Some(heap)
            }
            None => self.make(node),
        };
        // SAFETY: taken above.
        unsafe { h.lock.release() };
        if let Some(heap) = heap {
            // SAFETY: out of the store: the calling thread's from here on.
            unsafe { heap.start(&self.memory, node) };
        }
        heap
    }

    fn lock_heaps(&self) {
        self.heaps.lock.acquire(|| self.memory.platform.yield_now());
    }

    fn make(&self, node: usize) -> Option<&'static Heap> {
        const SIZE: usize = size_of::<Heap>().next_multiple_of(128);
        let h = &self.heaps;
        if h.store_end.get() - h.store.get() < SIZE {
            let base = self.memory.platform.map(STORE, PAGE, node);
            if base.is_null() {
                return None;
            }
            h.store.set(base.expose_provenance());
            h.store_end.set(base.addr() + STORE);
        }
        let at: *mut Heap = core::ptr::with_exposed_provenance_mut(h.store.get());
        h.store.set(h.store.get() + SIZE);
        h.made.set(h.made.get() + 1);
        // SAFETY: aligned, large enough, and nobody else's; never unmapped.
        unsafe {
            at.write(Heap::new(Kind::Thread));
            Some(&*at)
        }
    }

    /// Takes a thread's heap back; its superblocks go to the node.
    ///
    /// # Safety
    /// [`Core::attach`] of this allocator returned the heap, and nobody uses it any more.
    pub unsafe fn detach(&'static self, heap: &'static Heap) {
        // SAFETY: the caller's promise.
        unsafe { heap.finish(&self.memory) };
        let h = &self.heaps;
        self.lock_heaps();
        heap.next_parked.set(h.parked.get());
        h.parked.set(Some(heap));
        // SAFETY: taken above.
        unsafe { h.lock.release() };
    }

    /// Runs `f` with the heap of those who have none, which is locked meanwhile.
    pub(crate) fn with_last<T>(&'static self, f: impl FnOnce(&'static Heap) -> T) -> T {
        self.last_lock.acquire(|| self.memory.platform.yield_now());
        // SAFETY: the lock is held, so the caller is the heap's user.
        unsafe { self.last.start(&self.memory, 0) };
        let result = f(&self.last);
        // SAFETY: taken above.
        unsafe { self.last_lock.release() };
        result
    }

    /// Returns the number of heaps ever made: the most threads that lived at a time.
    pub(crate) fn heaps_made(&self) -> usize {
        self.lock_heaps();
        let made = self.heaps.made.get();
        // SAFETY: taken above.
        unsafe { self.heaps.lock.release() };
        made
    }

    /// Takes every lock, in order, so that a fork finds nothing half done.
    pub fn before_fork(&self) {
        let wait = || self.memory.platform.yield_now();
        self.last_lock.acquire(wait);
        self.heaps.lock.acquire(wait);
        self.memory.before_fork();
    }

    /// Opens every lock; in the parent and in the child.
    ///
    /// # Safety
    /// [`Core::before_fork`] was called by this thread, or by the one that forked it.
    pub unsafe fn after_fork(&self) {
        // SAFETY: the caller's promise.
        unsafe {
            self.memory.after_fork();
            self.heaps.lock.release();
            self.last_lock.release();
        }
    }
}

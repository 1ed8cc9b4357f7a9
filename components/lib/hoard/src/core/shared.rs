//! What all threads share: the memory that none of them owns, and the store of their heaps.

use crate::heap::{Heap, Kind};
use crate::lock::Lock;
use crate::memory::{MAX_NODES, Memory};
use crate::platform::{PAGE, Platform};
use crate::superblock::Table;
use core::cell::Cell;
use core::ops::Deref;

const STORE: usize = 64 << 10;

/// An allocator without its threads' heaps.
pub struct Core {
    memory: Memory,
    /// Serves threads whose own heap is gone already; its lock is held while it is used.
    pub(crate) last: Heap,
    pub(crate) last_lock: Lock,
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

impl Deref for Core {
    type Target = Memory;

    #[inline(always)]
    fn deref(&self) -> &Memory {
        &self.memory
    }
}

impl Core {
    /// An allocator on `platform` that notes its segments in `table`.
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

    /// A heap for the calling thread: the one parked last, or a new one.
    pub fn attach(&'static self) -> Option<&'static Heap> {
        let node = self.platform.current_node().min(MAX_NODES - 1);
        let h = &self.heaps;
        h.lock.acquire(|| self.platform.yield_now());
        let heap = match h.parked.get() {
            Some(heap) => {
                h.parked.set(heap.next_parked.get());
                Some(heap)
            }
            None => self.make(node),
        };
        h.lock.release();
        if let Some(heap) = heap {
            heap.start(self, node);
        }
        heap
    }

    fn make(&self, node: usize) -> Option<&'static Heap> {
        const SIZE: usize = size_of::<Heap>().next_multiple_of(128);
        let h = &self.heaps;
        if h.store_end.get() - h.store.get() < SIZE {
            let base = self.platform.map(STORE, PAGE, node);
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

    /// Takes the calling thread's heap back; its superblocks go to the node.
    pub fn detach(&'static self, heap: &'static Heap) {
        heap.finish(self);
        let h = &self.heaps;
        h.lock.acquire(|| self.platform.yield_now());
        heap.next_parked.set(h.parked.get());
        h.parked.set(Some(heap));
        h.lock.release();
    }

    /// Number of heaps ever made: the most threads that lived at a time.
    pub fn heaps_made(&self) -> usize {
        self.heaps.lock.acquire(|| self.platform.yield_now());
        let made = self.heaps.made.get();
        self.heaps.lock.release();
        made
    }

    /// Takes every lock, in order, so that a fork finds nothing half done.
    pub fn before_fork(&self) {
        let wait = || self.platform.yield_now();
        self.last_lock.acquire(wait);
        self.heaps.lock.acquire(wait);
        self.memory.before_fork();
    }

    /// Opens every lock; in the parent and in the child.
    pub fn after_fork(&self) {
        self.memory.after_fork();
        self.heaps.lock.release();
        self.last_lock.release();
    }
}

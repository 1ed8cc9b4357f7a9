//! The doubles that stand for a process and its threads: each calls the allocator that programs call, on a heap and a
//! system of the test's choice. Here a bug strikes, if the test seeds one: the shipped sources have none.
//!
//! A bug is what a wrong allocator would do, done by the double instead: to the request on its way in, to the result
//! on its way out, or to the records between two calls.

use super::model::System;
use crate::core::class;
use crate::core::memory::MAX_NODES;
use crate::core::superblock::{ANYONE, FLOATING, GLOBAL, SEGMENT, SLICE, Superblock};
use crate::{Allocator, Core, Heap, MISSING, Process};
use core::cell::{Cell, RefCell};
use std::vec::Vec;

/// The bugs that can be seeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Sizes are rounded down to the next class.
    SmallBlock,
    /// A superblock has one block more than it has room for.
    BlockTooMany,
    /// `realloc` copies one byte less.
    ByteLost,
    /// Zeroed memory is whatever memory.
    NotZeroed,
    /// Of the blocks that others gave back, all but one count as in use.
    Miscounted,
    /// Blocks that are gathered never arrive.
    GatheredLost,
    /// Alignment is not looked at.
    Unaligned,
    /// A heap keeps all its sparse superblocks.
    SparseKept,
    /// A large block grows over what is behind it.
    GrownOver,
    /// A global superblock goes while blocks of it are in use.
    DissolvedEarly,
    /// Blocks that waited are forgotten by the heap that takes its superblock back.
    ReclaimedWithout,
    /// Of three slices one stays free.
    SliceTooFew,
    /// A thread allocates the blocks of others that it freed.
    Kept,
}

impl Bug {
    /// Every one of them.
    pub(super) const ALL: [Self; 13] = [
        Self::SmallBlock,
        Self::BlockTooMany,
        Self::ByteLost,
        Self::NotZeroed,
        Self::Miscounted,
        Self::GatheredLost,
        Self::Unaligned,
        Self::SparseKept,
        Self::GrownOver,
        Self::DissolvedEarly,
        Self::ReclaimedWithout,
        Self::SliceTooFew,
        Self::Kept,
    ];
}

std::thread_local! {
    static SEEDED: Cell<Option<Bug>> = const { Cell::new(None) };
    /// The thread that the test plays now: its allocator and its heap.
    static PLAYED: Cell<Option<(&'static Core, &'static Heap)>> = const { Cell::new(None) };
    /// Blocks that [`Bug::Kept`] keeps: by whose heap, and of which class.
    static KEPT: RefCell<Vec<(usize, usize, *mut u8)>> = const { RefCell::new(Vec::new()) };
}

/// Seeds a bug on this thread, or none.
pub(super) fn seed(bug: Option<Bug>) {
    SEEDED.set(bug);
    KEPT.with_borrow_mut(Vec::clear);
}

fn seeded(bug: Bug) -> bool {
    SEEDED.get() == Some(bug)
}

/// A process whose threads are those that the test plays.
struct Played;

fn played() -> (&'static Core, &'static Heap) {
    PLAYED.get().expect("a call outside of a thread")
}

// SAFETY: while `System::play` runs, which is when the allocator asks, there is one core and one heap of it; tests play
// no thread on two real ones at a time.
unsafe impl Process for Played {
    fn core() -> &'static Core {
        played().0
    }

    fn heap() -> &'static Heap {
        played().1
    }

    fn attach() -> &'static Heap {
        panic!("every thread of a test has a heap")
    }
}

type Program = Allocator<Played>;

/// The identity that a heap's superblocks have as owner.
fn identity(heap: &Heap) -> usize {
    core::ptr::from_ref(heap).addr()
}

impl System {
    /// Runs `f` as the thread whose heap is `heap`.
    fn play<T>(&self, heap: &'static Heap, f: impl FnOnce() -> T) -> T {
        PLAYED.set(Some((self.core, heap)));
        let result = f();
        PLAYED.set(None);
        result
    }

    /// Starts a thread: gives it a heap.
    pub(super) fn start(&self) -> Option<&'static Heap> {
        self.core.attach()
    }

    /// Ends the thread of `heap`.
    pub(super) fn end(&self, heap: &'static Heap) {
        // SAFETY: attached by `start`; the test uses it no more.
        unsafe { self.core.detach(heap) };
    }

    /// Lets the thread push what it gathered.
    pub(super) fn flush(&self, heap: &'static Heap) {
        // SAFETY: the test plays the heap's thread.
        unsafe { heap.flush(&self.core.memory) };
        self.strike_after_free();
    }

    /// Allocates at a multiple of `align` as the thread of `heap`.
    pub(super) fn allocate(&self, heap: &'static Heap, size: usize, align: usize) -> *mut u8 {
        self.strike_before_allocation(heap);
        if let Some(block) = kept(heap, size) {
            return block;
        }
        let (size, align) = strike_request(size, align);
        let block = self.play(heap, || Program::allocate_aligned(size, align));
        self.strike_allocated(block);
        block
    }

    /// Allocates zeroed memory as the thread of `heap`.
    pub(super) fn allocate_zeroed(
        &self,
        heap: &'static Heap,
        size: usize,
        align: usize,
    ) -> *mut u8 {
        if seeded(Bug::NotZeroed) {
            return self.allocate(heap, size, align);
        }
        self.play(heap, || Program::allocate_zeroed(size, align))
    }

    /// Frees as the thread of `heap`.
    ///
    /// # Safety
    /// As for [`Allocator::free`].
    pub(super) unsafe fn free(&self, heap: &'static Heap, block: *mut u8) {
        if self.strike_free(heap, block) {
            return;
        }
        // SAFETY: the caller's promise.
        self.play(heap, || unsafe { Program::free(block) });
        self.strike_after_free();
    }

    /// Reallocates as the thread of `heap`.
    ///
    /// # Safety
    /// As for [`Allocator::reallocate`].
    pub(super) unsafe fn reallocate(
        &self,
        heap: &'static Heap,
        block: *mut u8,
        size: usize,
    ) -> *mut u8 {
        let kept = self.usable(block).min(size);
        self.strike_resize(block, size);
        // SAFETY: the caller's promise.
        let new = self.play(heap, || unsafe { Program::reallocate(block, size, 1) });
        if seeded(Bug::ByteLost) && new != block && !new.is_null() {
            // SAFETY: the block has what was kept.
            unsafe {
                let last = new.add(kept - 1);
                last.write(!last.read());
            }
        }
        new
    }

    /// Returns the usable bytes of a block.
    pub(super) fn usable(&self, block: *mut u8) -> usize {
        self.play(&MISSING, || Program::usable(block))
    }
}

/// The request as a wrong allocator would read it.
fn strike_request(size: usize, align: usize) -> (usize, usize) {
    if seeded(Bug::SmallBlock) && align == 1 && (16..=1024).contains(&size) {
        return (class::size(class::of(size + 1) - 1), align);
    }
    (size, if seeded(Bug::Unaligned) { 1 } else { align })
}

/// A block that [`Bug::Kept`] has for this thread.
fn kept(heap: &Heap, size: usize) -> Option<*mut u8> {
    KEPT.with_borrow_mut(|kept| {
        let wanted = (size <= class::MAX_SIZE).then(|| (identity(heap), class::of(size)))?;
        let place = kept.iter().position(|&(heap, class, _)| (heap, class) == wanted)?;
        Some(kept.swap_remove(place).2)
    })
}

/// Does what the wrong line of the source would do, at the place where it would.
impl System {
    /// The record of the superblock that a block is in; `None` for a huge block.
    fn record(&self, block: *mut u8) -> Option<&'static Superblock> {
        // SAFETY: the table has it.
        self.core.memory.table.holds(block.addr()).then(|| unsafe { Superblock::of(block.addr()) })
    }

    /// All superblocks that `wanted` wants.
    fn superblocks(&self, wanted: impl Fn(&Superblock) -> bool) -> Vec<&'static Superblock> {
        let mut found = Vec::new();
        for node in 0..MAX_NODES {
            self.core.memory.node(node).pages().each(|sb| {
                if wanted(sb) {
                    found.push(sb);
                }
            });
        }
        found
    }

    fn strike_before_allocation(&self, heap: &Heap) {
        if !seeded(Bug::Miscounted) {
            return;
        }
        let owned = |sb: &Superblock| sb.owner() == identity(heap) && sb.remote().waiting() > 1;
        for sb in self.superblocks(owned) {
            let waiting = sb.remote().waiting() as i32;
            // SAFETY: the played thread owns it; but the count is a bug.
            unsafe {
                if sb.is_exhausted() && sb.collect() {
                    sb.set_used(sb.used() + waiting - 1, 0);
                }
            }
        }
    }

    fn strike_allocated(&self, block: *mut u8) {
        let Some(sb) = self.record(block) else { return };
        let end = sb.address() + sb.capacity() as usize * sb.block_size();
        let all_out = sb.owner() > ANYONE && sb.used() == sb.capacity() as i32;
        if seeded(Bug::BlockTooMany) && all_out && !end.is_multiple_of(SEGMENT) {
            // SAFETY: none; this is a bug.
            unsafe {
                sb.push(core::ptr::with_exposed_provenance_mut(end));
                sb.set_used(sb.used() + 1, 0);
            }
        }
        if seeded(Bug::SliceTooFew) && sb.owner() == ANYONE && sb.slices() == 3 {
            // SAFETY: none; this is a bug.
            unsafe { self.core.memory.node_of(sb).pages().give(sb.address() + 2 * SLICE, 1) };
        }
    }

    /// True if the block stays where it is.
    fn strike_free(&self, heap: &Heap, block: *mut u8) -> bool {
        let Some(sb) = self.record(block) else { return false };
        let owner = sb.owner();
        let others = owner > ANYONE && owner & !FLOATING != identity(heap);
        if seeded(Bug::Kept) && others {
            KEPT.with_borrow_mut(|kept| kept.push((identity(heap), sb.class(), block)));
            return true;
        }
        if seeded(Bug::SparseKept) && owner == identity(heap) {
            // SAFETY: the played thread owns it; that nobody asks for notice at half is the bug.
            unsafe { sb.set_used(sb.used(), 0) };
        }
        if seeded(Bug::ReclaimedWithout)
            && owner == identity(heap) | FLOATING
            && sb.remote().claim().is_some()
        {
            // SAFETY: claimed above; that what waited is forgotten is the bug.
            unsafe { sb.remote().float() };
        }
        seeded(Bug::GatheredLost) && others
    }

    fn strike_after_free(&self) {
        if !seeded(Bug::DissolvedEarly) {
            return;
        }
        for sb in self.superblocks(|sb| sb.owner() == GLOBAL && sb.remote().waiting() > 0) {
            let waiting = sb.remote().waiting();
            // SAFETY: none; this is a bug.
            unsafe {
                sb.set_used(waiting as i32, 0);
                self.core.memory.node_of(sb).settle(sb, waiting);
            }
        }
    }

    fn strike_resize(&self, block: *mut u8, size: usize) {
        let slices = size.div_ceil(SLICE);
        if seeded(Bug::GrownOver)
            && let Some(sb) = self.record(block)
            && sb.owner() == ANYONE
            && sb.slices() < slices
        {
            // SAFETY: none; this is a bug.
            unsafe { sb.set_slices(slices) };
        }
    }
}

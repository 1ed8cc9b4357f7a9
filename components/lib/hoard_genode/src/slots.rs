//! A heap for each slot of the stack area.
//!
//! On Genode every thread's stack lies in a slot of its own, 1 MiB large and aligned, that a later thread uses again.
//! So the slot stands for the thread. A thread that the SDK started gives its heap back when it ends; any other leaves
//! it to whatever lives in the slot next, so there are as many heaps as threads lived at a time either way.

use core::ptr::{from_ref, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use hoard::internals::Kind;
use hoard::{Core, GONE, Heap, MISSING};

/// Bytes of a slot, and its alignment (Genode's `Thread::stack_virtual_size`).
#[cfg(target_os = "genode")]
const SLOT: usize = 1 << 20;
/// Slots that can have a heap of their own: four times what a Genode component has by default.
const MAX: usize = 1 << 10;

struct Slot {
    /// Number of the slot, never 0; set once.
    number: AtomicUsize,
    /// Set by the thread on the slot.
    heap: AtomicPtr<Heap>,
}

/// The heaps by slot.
pub(crate) struct Slots([Slot; MAX]);

/// The slot of the calling thread's stack.
#[cfg(target_os = "genode")]
#[inline(always)]
pub(crate) fn current() -> usize {
    let pointer: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads the stack pointer.
    unsafe {
        core::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: reads the stack pointer.
    unsafe {
        core::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let local = 0_u8;
        pointer = core::hint::black_box(&raw const local).addr();
    }
    pointer / SLOT
}

impl Slots {
    pub(crate) const fn new() -> Self {
        Self(
            [const { Slot { number: AtomicUsize::new(0), heap: AtomicPtr::new(null_mut()) } }; MAX],
        )
    }

    /// The heap of slot `number`, [`MISSING`] if it has none yet.
    #[inline(always)]
    pub(crate) fn heap(&self, number: usize) -> &'static Heap {
        let slot = &self.0[number % MAX];
        if slot.number.load(Ordering::Relaxed) == number {
            // SAFETY: null, or set from a static reference. Acquire: what the slot's last thread did to the heap.
            return unsafe { slot.heap.load(Ordering::Acquire).as_ref() }.unwrap_or(&MISSING);
        }
        self.heap_elsewhere(number)
    }

    #[cold]
    #[inline(never)]
    fn heap_elsewhere(&self, number: usize) -> &'static Heap {
        for slot in self.probe(number) {
            match slot.number.load(Ordering::Relaxed) {
                0 => return &MISSING,
                found if found == number => {
                    // SAFETY: as above.
                    return unsafe { slot.heap.load(Ordering::Acquire).as_ref() }
                        .unwrap_or(&MISSING);
                }
                _ => {}
            }
        }
        &MISSING
    }

    fn probe(&self, number: usize) -> impl Iterator<Item = &Slot> {
        (0..MAX).map(move |i| &self.0[(number + i) % MAX])
    }

    /// Gives slot `number`, the calling thread's, a heap of `core`; [`GONE`] if all slots are taken: such threads
    /// share one.
    #[cold]
    #[inline(never)]
    pub(crate) fn attach(&self, number: usize, core: &'static Core) -> &'static Heap {
        for slot in self.probe(number) {
            let taken =
                slot.number.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() || taken == Err(number) {
                let Some(heap) = core.attach() else { return &MISSING };
                slot.heap.store(from_ref(heap).cast_mut(), Ordering::Release);
                return heap;
            }
        }
        &GONE
    }

    /// Takes the heap of slot `number` from it, whose thread ends: what it holds goes to `core`, and the heap to the
    /// next thread that needs one.
    ///
    /// # Safety
    /// The caller is the thread on that slot, or none is, and the slot got its heap from `core`.
    pub(crate) unsafe fn detach(&self, number: usize, core: &'static Core) {
        let heap = self.heap(number);
        if heap.kind() != Kind::Thread {
            return;
        }
        for slot in self.probe(number) {
            if slot.number.load(Ordering::Relaxed) == number {
                // Before it can be another's.
                slot.heap.store(null_mut(), Ordering::Release);
                // SAFETY: the caller's promise: nobody but the thread that ends uses it.
                unsafe { core.detach(heap) };
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX, Slots};
    use hoard::internals::Kind;
    use hoard::platform::Linux;
    use hoard::{Allocator, Core, Heap, Process, Stats, Table};
    use std::cell::Cell;
    use std::collections::BTreeSet;

    static TABLE: Table = Table::new();
    static CORE: Core = Core::new(&Linux, &TABLE);
    static SLOTS: Slots = Slots::new();

    std::thread_local! {
        /// The slot that the thread is on, as the stack pointer tells on Genode.
        static SLOT: Cell<usize> = const { Cell::new(0) };
    }

    /// A component on Genode, whose threads say themselves which slot they are on.
    struct Slotted;

    // SAFETY: one core; the one test that allocates is on one thread.
    unsafe impl Process for Slotted {
        fn core() -> &'static Core {
            &CORE
        }

        fn heap() -> &'static Heap {
            SLOTS.heap(SLOT.get())
        }

        fn attach() -> &'static Heap {
            SLOTS.attach(SLOT.get(), &CORE)
        }
    }

    #[test]
    fn what_an_ended_thread_gathered_goes_back_and_its_heap_to_the_next() {
        let (ends, stays) = (0x400, 0x400 + MAX);
        SLOT.set(stays);
        let blocks: std::vec::Vec<*mut u8> =
            (0..100).map(|_| Allocator::<Slotted>::allocate(64)).collect();
        SLOT.set(ends);
        let own = Allocator::<Slotted>::allocate(64);
        assert!(blocks.iter().all(|block| !block.is_null()) && !own.is_null());
        let (of_ends, of_stays) = (SLOTS.heap(ends), SLOTS.heap(stays));
        for &block in &blocks {
            // SAFETY: allocated above, freed once.
            unsafe { Allocator::<Slotted>::free(block) };
        }
        let before = Stats::of(&CORE);
        assert!(before.blocks > 1 && before.owned == 2, "nothing was gathered: {before:?}");
        let detach = |slot| {
            // SAFETY: nobody is on the slot.
            unsafe { SLOTS.detach(slot, &CORE) };
        };
        detach(ends);
        let after = Stats::of(&CORE);
        assert_eq!((after.blocks, after.owned), (1, 1), "kept by the ended thread: {after:?}");
        assert_eq!(SLOTS.heap(ends).kind(), Kind::Missing);
        assert!(std::ptr::eq(SLOTS.heap(stays), of_stays));
        // Twice is as good as once, and so is the end of a thread that never allocated.
        detach(ends);
        detach(0x7000);
        assert!(std::ptr::eq(SLOTS.attach(ends, &CORE), of_ends), "the heap is not used again");
        assert_eq!(Stats::of(&CORE).heaps, 2);
    }

    #[test]
    fn a_slot_keeps_its_heap_and_no_two_share_one() {
        static TABLE: Table = Table::new();
        static CORE: Core = Core::new(&Linux, &TABLE);
        static SLOTS: Slots = Slots::new();
        // Numbers that meet in the table, as slots of two stack areas would.
        let numbers: std::vec::Vec<usize> =
            (0..MAX / 2).flat_map(|n| [0x400 + n, 0x400 + n + 3 * MAX]).collect();
        let mut heaps = BTreeSet::new();
        for &number in &numbers {
            assert_eq!(SLOTS.heap(number).kind(), Kind::Missing);
            let heap = SLOTS.attach(number, &CORE);
            assert_eq!(heap.kind(), Kind::Thread);
            assert!(heaps.insert(std::ptr::from_ref(heap).addr()), "slot {number:#x} shares");
        }
        for &number in &numbers {
            let heap = std::ptr::from_ref(SLOTS.heap(number)).addr();
            assert!(heaps.remove(&heap), "slot {number:#x} has another heap now");
        }
        assert!(heaps.is_empty());
        // No room for more: those share one, under a lock.
        assert_eq!(SLOTS.heap(0x9999).kind(), Kind::Missing);
        assert_eq!(SLOTS.attach(0x9999, &CORE).kind(), Kind::Gone);
    }
}

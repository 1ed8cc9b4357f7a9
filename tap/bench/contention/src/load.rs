//! Loads: things that a thread does again and again.
#![allow(unsafe_code, reason = "implements an allocator that it measures")]

use alloc::{format, string::String, sync::Arc};
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

use genode::sync::Mutex;

/// Something that a thread does again and again.
pub(crate) trait Load: Send + 'static {
    /// Does it some times, and says how often.
    fn some(&mut self) -> Result<u64, String>;

    /// Cleans up, and checks what was done.
    fn end(self) -> Result<(), String>;
}

/// Random numbers: xorshift, the sequence that `rs_contention_cpp` has, too.
struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) * limit) >> 32
    }
}

/// Counts under a mutex, and computes a little beside it.
pub(crate) struct Count {
    counter: Arc<Mutex<u64>>,
    rng: Rng,
    counted: u64,
}

impl Count {
    pub(crate) fn new(counter: &Arc<Mutex<u64>>) -> Self {
        Self { counter: counter.clone(), rng: Rng(0x5eed), counted: 0 }
    }
}

impl Load for Count {
    fn some(&mut self) -> Result<u64, String> {
        for _ in 0..256 {
            let one = 1 + self.rng.below(1);
            self.counted += one;
            *self.counter.lock() += one;
        }
        Ok(256)
    }

    fn end(self) -> Result<(), String> {
        let all = *self.counter.lock();
        if all < self.counted {
            return Err(format!("{all} counted by all, {} by one", self.counted));
        }
        Ok(())
    }
}

/// Blocks that a thread holds.
const BLOCKS: usize = 128;

/// Replaces blocks of 16 to 271 bytes at random, and checks that nobody writes to them.
pub(crate) struct Allocate<A: 'static> {
    heap: &'static A,
    blocks: [Option<(NonNull<u64>, Layout)>; BLOCKS],
    rng: Rng,
    mark: u64,
}

// SAFETY: the blocks are plain memory, owned by the load.
unsafe impl<A: Sync> Send for Allocate<A> {}

impl<A: GlobalAlloc> Allocate<A> {
    pub(crate) fn new(heap: &'static A, thread: u64) -> Self {
        let mark = (thread + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { heap, blocks: [None; BLOCKS], rng: Rng(mark | 1), mark }
    }

    fn free(&mut self, place: usize) -> Result<(), String> {
        let Some((block, layout)) = self.blocks[place].take() else { return Ok(()) };
        // SAFETY: allocated below with this layout from this heap, written there, and given up here.
        let mark = unsafe {
            let mark = block.read();
            self.heap.dealloc(block.as_ptr().cast(), layout);
            mark
        };
        if mark != self.mark {
            return Err(format!("{mark:#x} in a block of {} bytes at {block:p}", layout.size()));
        }
        Ok(())
    }
}

impl<A: GlobalAlloc + Sync> Load for Allocate<A> {
    fn some(&mut self) -> Result<u64, String> {
        for _ in 0..256 {
            let place = self.rng.below(BLOCKS as u64) as usize;
            self.free(place)?;
            let size = 16 + self.rng.below(256) as usize;
            let Ok(layout) = Layout::from_size_align(size, 8) else { continue };
            // SAFETY: the size is not 0.
            let block = NonNull::new(unsafe { self.heap.alloc(layout) }.cast::<u64>());
            let Some(block) = block else { return Err(format!("no block of {size} bytes")) };
            // SAFETY: 16 bytes at least, aligned, and ours.
            unsafe { block.write(self.mark) };
            self.blocks[place] = Some((block, layout));
        }
        Ok(256)
    }

    fn end(mut self) -> Result<(), String> {
        (0..BLOCKS).try_for_each(|place| self.free(place))
    }
}

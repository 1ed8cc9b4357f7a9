//! Lines of threads: each replaces its share of blocks at random, starts its successor, hands it every block, and ends.
#![allow(unsafe_code, reason = "blocks of the allocator under test")]

use alloc::{string::String, sync::Arc, vec::Vec};
use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use genode::{
    affinity::{Location, Space},
    session::timer::TimerConnection,
    sync::Mutex,
    thread::{Builder, JoinHandle, timestamp},
};

use rs_checks::{at, ensure};

use fastrand::Rng;

/// Blocks that each thread holds.
const CHUNKS: usize = 5000;
/// How often a thread replaces as many blocks as it holds, before its successor goes on.
const ROUNDS: usize = 100;

/// A run of the simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) threads: usize,
    /// Smallest and largest block.
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// After this time threads end without a successor..
    pub(crate) milliseconds: u64,
    /// ..but not before each line had so many.
    pub(crate) successors: u32,
    /// Where lines run, in turn.
    pub(crate) space: Space,
}

/// Ticks of the time-stamp counter, measured against the Timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    ticks_per_ms: u64,
}

impl Clock {
    pub(crate) fn new(timer: &TimerConnection) -> Result<Self, String> {
        let now = || Ok::<_, String>((timer.elapsed().map_err(at("time"))?, timestamp()));
        let (before, first) = now()?;
        timer.sleep(Duration::from_millis(50)).map_err(at("sleep"))?;
        let (after, last) = now()?;
        let us = after.saturating_sub(before).as_micros() as u64;
        ensure!(
            us >= 50_000 && last > first,
            "slept {us} us in {} ticks",
            last.wrapping_sub(first)
        );
        Ok(Self { ticks_per_ms: ((last - first) * 1000 / us).max(1) })
    }
}

/// A number with two decimals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hundredths(u64);

impl Hundredths {
    pub(crate) fn over(self, other: Self) -> Self {
        Self(self.0 * 100 / other.0.max(1))
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The result of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    operations: u64,
    /// Threads that had a successor.
    pub(crate) respawns: u64,
    microseconds: u64,
}

impl Done {
    /// Million replacements, each a free and an allocation, a second.
    pub(crate) fn speed(&self) -> Hundredths {
        Hundredths(self.operations * 100 / self.microseconds.max(1))
    }
}

/// A block with its size and a mark in its first and its last four bytes.
struct Block {
    at: NonNull<u8>,
    size: u32,
    mark: u32,
}

// SAFETY: a block is plain memory with one owner.
unsafe impl Send for Block {}

impl Block {
    fn layout(size: u32) -> Result<Layout, String> {
        Layout::from_size_align(size as usize, 8).map_err(at("layout"))
    }

    #[inline]
    fn new<A: GlobalAlloc>(heap: &A, size: usize, mark: u32) -> Result<Self, String> {
        let size = size as u32;
        let layout = Self::layout(size)?;
        // SAFETY: sizes are 8 at least.
        let block = NonNull::new(unsafe { heap.alloc(layout) });
        let Some(block) = block else { return Err(alloc::format!("no block of {size} bytes")) };
        // SAFETY: the block has `size` bytes, 8 at least, and is ours.
        unsafe {
            block.cast::<u32>().write(mark);
            block.add(size as usize - 4).cast::<u32>().write_unaligned(!mark);
        }
        Ok(Self { at: block, size, mark })
    }

    #[inline]
    fn free<A: GlobalAlloc>(self, heap: &A) -> Result<(), String> {
        // SAFETY: as in `new`; the block is given up here.
        let (first, last) = unsafe {
            let last = self.at.add(self.size as usize - 4).cast::<u32>().read_unaligned();
            (self.at.cast::<u32>().read(), last)
        };
        ensure!(
            first == self.mark && last == !self.mark,
            "block of {} bytes at {:p} was overwritten: {first:#x} and {last:#x} instead of {:#x}",
            self.size,
            self.at,
            self.mark
        );
        // SAFETY: allocated with this layout from this heap; given up here.
        unsafe { heap.dealloc(self.at.as_ptr(), Self::layout(self.size)?) };
        Ok(())
    }
}

struct Server<A: 'static> {
    heap: &'static A,
    plan: Plan,
    /// Time-stamp at which threads end without a successor.
    end: u64,
    operations: AtomicU64,
    respawns: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<String>>,
}

/// One thread of a line, and what it has of its predecessor.
struct Generation<A: 'static> {
    server: Arc<Server<A>>,
    blocks: Vec<Option<Block>>,
    rng: Rng,
    number: u32,
    location: Location,
}

/// The handle of a thread's successor, for whoever joins them.
type Successor = Option<Join>;
struct Join(JoinHandle<Successor>);

impl<A: GlobalAlloc + Sync> Generation<A> {
    fn spawn(self) -> Result<Join, String> {
        let location = self.location;
        let body = move || {
            let server = Arc::clone(&self.server);
            self.run().unwrap_or_else(|why| {
                server.failed.store(true, Ordering::Relaxed);
                server.failure.lock().get_or_insert(why);
                None
            })
        };
        Builder::new("larson").location(location).spawn(body).map(Join).map_err(at("thread"))
    }

    /// Tells if it is to end without a successor.
    fn is_over(&self) -> bool {
        let server = &*self.server;
        let time = self.number >= server.plan.successors && timestamp() >= server.end;
        time || server.failed.load(Ordering::Relaxed)
    }

    fn run(mut self) -> Result<Successor, String> {
        let (server, plan) = (Arc::clone(&self.server), self.server.plan);
        let mut done = 0;
        for _ in 0..ROUNDS {
            for _ in 0..CHUNKS {
                let victim = self.rng.usize(..CHUNKS);
                let size = self.rng.usize(plan.low..=plan.high);
                if let Some(old) = self.blocks[victim].take() {
                    old.free(server.heap)?;
                }
                let mark = victim as u32 ^ (size as u32).wrapping_mul(0x9e37_79b9);
                self.blocks[victim] = Some(Block::new(server.heap, size, mark)?);
            }
            done += CHUNKS as u64;
            if self.is_over() {
                break;
            }
        }
        server.operations.fetch_add(done, Ordering::Relaxed);
        if self.is_over() {
            for block in self.blocks.into_iter().flatten() {
                block.free(server.heap)?;
            }
            return Ok(None);
        }
        server.respawns.fetch_add(1, Ordering::Relaxed);
        self.number += 1;
        self.spawn().map(Some)
    }
}

/// Runs the simulation on `heap`. No block is left.
pub(crate) fn run<A: GlobalAlloc + Sync>(
    heap: &'static A,
    plan: &Plan,
    clock: Clock,
) -> Result<Done, String> {
    let mut rng = Rng::with_seed(0x1a25);
    // As in the original, one thread fills every place: each line starts on somebody else's blocks.
    let mut filled = Vec::new();
    for _ in 0..plan.threads {
        let mut blocks = Vec::with_capacity(CHUNKS);
        for i in 0..CHUNKS {
            let size = rng.usize(plan.low..=plan.high);
            blocks.push(Some(Block::new(heap, size, i as u32)?));
        }
        filled.push((blocks, Rng::with_seed(rng.u64(..))));
    }
    let start = timestamp();
    let server = Arc::new(Server {
        heap,
        plan: *plan,
        end: start + plan.milliseconds * clock.ticks_per_ms,
        operations: AtomicU64::new(0),
        respawns: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        failure: Mutex::new(None),
    });
    let mut lines = Vec::with_capacity(plan.threads);
    for ((blocks, rng), line) in filled.into_iter().zip(0..) {
        let location = plan.space.location_of_index(line);
        let server = Arc::clone(&server);
        lines.push(Generation { server, blocks, rng, number: 0, location }.spawn()?);
    }
    for line in lines {
        let mut next = Some(line);
        while let Some(Join(thread)) = next {
            next = thread.join().map_err(at("join"))?;
        }
    }
    let ticks = timestamp() - start;
    if let Some(why) = server.failure.lock().take() {
        return Err(why);
    }
    Ok(Done {
        operations: server.operations.load(Ordering::Relaxed),
        respawns: server.respawns.load(Ordering::Relaxed),
        microseconds: ticks * 1000 / clock.ticks_per_ms,
    })
}

//! Runs a list of operations on several heaps against a reference model of what they must do.

use super::model::System;
use crate::core::class;
use crate::{Heap, Stats};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::sync::atomic::Ordering;
use std::vec::Vec;

/// Logical threads.
pub(super) const HEAPS: usize = 3;

/// One thing a program does. Indices are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Allocate {
        heap: usize,
        size: usize,
        shift: u32,
        zeroed: bool,
    },
    Free {
        heap: usize,
        block: usize,
    },
    Reallocate {
        heap: usize,
        block: usize,
        size: usize,
    },
    /// The thread ends and another begins, on some node.
    Respawn {
        heap: usize,
        node: usize,
    },
    Flush {
        heap: usize,
    },
    /// Time passes and idle memory goes back.
    Trim {
        keep: usize,
    },
}

struct Block {
    size: usize,
    seed: u8,
}

/// The state of a run. A wrong step is an `Err`, so that a seeded bug is told from a broken test.
pub(super) struct Run {
    pub(super) system: System,
    heaps: Vec<&'static Heap>,
    live: BTreeMap<usize, Block>,
    order: Vec<usize>,
    seed: u8,
    /// Set if an allocation may fail.
    pub(super) scarce: bool,
}

type Outcome = Result<(), String>;

fn byte(seed: u8, i: usize) -> u8 {
    seed.wrapping_add((i % 251) as u8)
}

/// Offsets worth looking at in a block of `size` bytes: all of a small one, the edges of every
/// page of a large one.
fn places(size: usize) -> impl Iterator<Item = usize> {
    let step = if size <= 4096 { 1 } else { 509 };
    (0..size).step_by(step).chain(size.saturating_sub(16)..size)
}

impl Run {
    pub(super) fn on(system: System) -> Self {
        Self {
            system,
            heaps: Vec::new(),
            live: BTreeMap::new(),
            order: Vec::new(),
            seed: 0,
            scarce: false,
        }
    }

    fn heap(&mut self, index: usize) -> Option<&'static Heap> {
        while self.heaps.len() < HEAPS {
            match self.system.start() {
                Some(heap) => self.heaps.push(heap),
                None if self.scarce => return None,
                None => panic!("the model has memory"),
            }
        }
        Some(self.heaps[index % HEAPS])
    }

    fn fill(&mut self, address: usize, size: usize) {
        self.seed = self.seed.wrapping_add(37);
        for i in places(size) {
            let at: *mut u8 = core::ptr::with_exposed_provenance_mut(address + i);
            // SAFETY: inside a block that the script has.
            unsafe { at.write(byte(self.seed, i)) };
        }
        self.live.insert(address, Block { size, seed: self.seed });
        self.order.push(address);
    }

    fn check(address: usize, size: usize, expect: impl Fn(usize) -> u8) -> Outcome {
        for i in places(size) {
            let at: *const u8 = core::ptr::with_exposed_provenance(address + i);
            // SAFETY: inside a block that the script has.
            let is = unsafe { at.read() };
            if is != expect(i) {
                return Err(format!("byte {i} of {size} at {address:#x} is {is:#x}"));
            }
        }
        Ok(())
    }

    fn take(&mut self, index: usize) -> Option<(usize, Block)> {
        if self.order.is_empty() {
            return None;
        }
        let address = self.order.swap_remove(index % self.order.len());
        let block = self.live.remove(&address)?;
        Some((address, block))
    }

    /// A new block must be where none is, aligned, and as large as asked.
    fn check_new(&self, block: *mut u8, size: usize, align: usize) -> Outcome {
        let address = block.expose_provenance();
        if address & (align - 1) != 0 {
            return Err(format!("{address:#x} is no multiple of {align:#x}"));
        }
        let usable = self.system.usable(block);
        if usable < size {
            return Err(format!("{usable} bytes for {size}"));
        }
        if size > 128
            && align <= 16
            && usable - size > (size / 8).max(65536 * usize::from(size > class::MAX_SIZE))
        {
            return Err(format!("{usable} bytes for {size}: too many"));
        }
        if let Some((&other, b)) = self.live.range(..address + usable).next_back()
            && other + self.system.usable(core::ptr::without_provenance_mut(other)).max(b.size)
                > address
        {
            return Err(format!("{address:#x}+{usable} overlaps {other:#x}+{}", b.size));
        }
        Ok(())
    }

    fn reallocate(&mut self, heap: usize, block: usize, size: usize) -> Outcome {
        let Some(heap) = self.heap(heap) else { return Ok(()) };
        let Some((address, b)) = self.take(block) else { return Ok(()) };
        let old = core::ptr::with_exposed_provenance_mut(address);
        let size = size.max(1);
        // SAFETY: a block of this core that the script forgot above.
        let new = unsafe { self.system.reallocate(heap, old, size) };
        if new.is_null() {
            Self::check(address, b.size, |i| byte(b.seed, i))?;
            self.live.insert(address, b);
            self.order.push(address);
            return if self.scarce { Ok(()) } else { Err(format!("no {size} bytes")) };
        }
        let usable = self.system.usable(new);
        if usable < size {
            return Err(format!("{usable} bytes for {size}"));
        }
        let keep = b.size.min(size);
        for i in places(b.size).filter(|&i| i < keep) {
            // SAFETY: inside the block the script has now.
            let is = unsafe { new.add(i).read() };
            if is != byte(b.seed, i) {
                return Err(format!("byte {i} of {keep} is {is:#x} after realloc"));
            }
        }
        if let Some((&other, o)) = self.live.range(..new.addr() + usable).next_back()
            && other + o.size > new.addr()
        {
            return Err(format!("{:#x}+{usable} overlaps {other:#x}", new.addr()));
        }
        self.fill(new.expose_provenance(), size);
        Ok(())
    }

    pub(super) fn step(&mut self, op: Op) -> Outcome {
        match op {
            Op::Allocate { heap, size, shift, zeroed } => {
                let Some(heap) = self.heap(heap) else { return Ok(()) };
                let align = 1 << shift;
                let block = if zeroed {
                    self.system.allocate_zeroed(heap, size, align)
                } else {
                    self.system.allocate(heap, size, align)
                };
                if block.is_null() {
                    return if self.scarce { Ok(()) } else { Err(format!("no {size} bytes")) };
                }
                self.check_new(block, size, align)?;
                if zeroed {
                    Self::check(block.addr(), size, |_| 0)?;
                }
                self.fill(block.addr(), size);
            }
            Op::Free { heap, block } => {
                let Some(heap) = self.heap(heap) else { return Ok(()) };
                let Some((address, b)) = self.take(block) else { return Ok(()) };
                Self::check(address, b.size, |i| byte(b.seed, i))?;
                let block = core::ptr::with_exposed_provenance_mut(address);
                // SAFETY: a block of this core that the script forgot above.
                unsafe { self.system.free(heap, block) };
            }
            Op::Reallocate { heap, block, size } => self.reallocate(heap, block, size)?,
            Op::Respawn { heap, node } => {
                let Some(old) = self.heap(heap) else { return Ok(()) };
                self.heaps.retain(|&h| !core::ptr::eq(h, old));
                self.system.end(old);
                self.system.model.node.store(node, Ordering::Relaxed);
                self.heap(heap);
            }
            Op::Flush { heap } => {
                if let Some(heap) = self.heap(heap) {
                    self.system.flush(heap);
                }
            }
            Op::Trim { keep } => {
                self.system.model.clock.fetch_add(60, Ordering::Relaxed);
                self.system.core.memory.trim(keep);
            }
        }
        Ok(())
    }

    /// The allocator's count of blocks and bytes is the reference's.
    pub(super) fn account(&mut self) -> Outcome {
        for &heap in &self.heaps {
            self.system.flush(heap);
        }
        let stats = Stats::of(self.system.core);
        let usable = |&at: &usize| self.system.usable(core::ptr::without_provenance_mut(at));
        let bytes: usize = self.live.keys().map(usable).sum();
        if stats.blocks + stats.huge != self.live.len() {
            return Err(format!("{} blocks, not {}: {stats:?}", stats.blocks, self.live.len()));
        }
        if stats.in_use() != bytes {
            return Err(format!("{} bytes in use, not {bytes}: {stats:?}", stats.in_use()));
        }
        Ok(())
    }

    /// Everything is freed, every thread ends: nothing is left in use.
    pub(super) fn finish(mut self) -> Outcome {
        self.account()?;
        while !self.order.is_empty() {
            self.step(Op::Free { heap: self.order.len(), block: 0 })?;
        }
        self.account()?;
        for heap in std::mem::take(&mut self.heaps) {
            self.system.end(heap);
        }
        let stats = Stats::of(self.system.core);
        if stats.superblock_bytes != 0 || stats.blocks != 0 || stats.huge != 0 {
            return Err(format!("left in use: {stats:?}"));
        }
        self.step(Op::Trim { keep: 0 })?;
        match self.system.model.committed() {
            0 => Ok(()),
            units => Err(format!("{units} units stay")),
        }
    }
}

/// Runs `ops` from an empty system to an empty system.
pub(super) fn run(ops: &[Op]) -> Outcome {
    run_on(System::new(), ops)
}

/// The same on a certain system.
pub(super) fn run_on(system: System, ops: &[Op]) -> Outcome {
    let mut run = Run::on(system);
    for (i, &op) in ops.iter().enumerate() {
        run.step(op).map_err(|e| format!("step {i}, {op:?}: {e}"))?;
        if i % 64 == 63 {
            run.account().map_err(|e| format!("after step {i}: {e}"))?;
        }
    }
    run.finish()
}

/// A fixed script of `n` operations that visits every path: many of one class, all sizes, frees by
/// others, respawns.
pub(super) fn mixed(seed: u64, n: usize) -> Vec<Op> {
    let mut random = Rng::with_seed(seed);
    // Large blocks side by side that want to grow: only the last has room.
    let large = |size| Op::Allocate { heap: 0, size, shift: 0, zeroed: false };
    let grow = |block, size| Op::Reallocate { heap: 1, block, size };
    let start = [
        large(150_000),
        large(150_000),
        large(200_000),
        large(200_000),
        large(300_000),
        grow(148, 400_000),
        grow(149, 900_000),
    ];
    // A full superblock gets a few blocks back from another thread, then one from its own.
    let small = (0..150).map(|_| Op::Allocate { heap: 0, size: 1000, shift: 0, zeroed: false });
    let free = |heap, block| Op::Free { heap, block };
    let back = [free(1, 20), free(1, 30), Op::Flush { heap: 1 }, free(0, 10), free(0, 11)];
    let rest = (0..n).map(move |i| {
        let heap = random.usize(..HEAPS);
        // Alternate between growing and shrinking, to fill and empty superblocks.
        let growing = i / 1500 % 2 == 0;
        match random.usize(..100) {
            0 => Op::Respawn { heap, node: random.usize(..2) },
            1 => Op::Flush { heap },
            2 if random.usize(..8) == 0 => Op::Trim { keep: 0 },
            3..=7 => {
                Op::Reallocate { heap, block: random.usize(..1 << 20), size: size(&mut random) }
            }
            r if r < if growing { 70 } else { 35 } => Op::Allocate {
                heap,
                size: size(&mut random),
                shift: if random.usize(..20) == 0 { random.usize(..19) as u32 } else { 0 },
                zeroed: random.usize(..4) == 0,
            },
            _ => Op::Free { heap, block: random.usize(..1 << 20) },
        }
    });
    small.chain(back).chain(start).chain(rest).collect()
}

fn size(random: &mut Rng) -> usize {
    match random.usize(..1000) {
        0 => random.usize(..20 << 20),
        1..=5 => random.usize(..2 << 20),
        6..=30 => random.usize(..100_000),
        31..=100 => random.usize(..9000),
        101..=400 => 1000 + random.usize(..24),
        401..=600 => 7000,
        _ => random.usize(..300),
    }
}

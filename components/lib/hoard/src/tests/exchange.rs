//! Real threads that allocate, resize and free blocks of each other at random, and end and are
//! replaced meanwhile: every block keeps its contents, and nothing is left at the end.

use super::model::System;
use crate::{Heap, Stats};
use fastrand::Rng;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

const THREADS: usize = 4;
const ROUNDS: usize = 300_000;
/// Where blocks wait for whoever comes by.
const CELLS: usize = 8192;

/// A size: mostly small, seldom large or huge.
fn any_size(random: &mut Rng) -> usize {
    let most = match random.usize(..1000) {
        0 => 18 << 20,
        1..=9 => 1 << 20,
        10..=59 => 70_000,
        60..=299 => 3000,
        _ => 300,
    };
    16 + random.usize(..most)
}

/// A block's first word is its size, its last byte is made of both.
fn write(block: *mut u8, size: usize) -> usize {
    assert!(!block.is_null());
    // SAFETY: a block of `size` bytes, at least 16, that is this thread's.
    unsafe {
        block.cast::<usize>().write(size);
        block.add(size - 1).write(mark(block.addr(), size));
    }
    block.expose_provenance()
}

fn mark(address: usize, size: usize) -> u8 {
    (address >> 4 ^ size) as u8
}

/// The block at `address` and its size, if it is as it was written.
fn read(address: usize) -> (*mut u8, usize) {
    let block: *mut u8 = core::ptr::with_exposed_provenance_mut(address);
    // SAFETY: a block that was written and is this thread's now.
    unsafe {
        let size = block.cast::<usize>().read();
        assert_eq!(block.add(size - 1).read(), mark(address, size), "{address:#x}, {size} bytes");
        (block, size)
    }
}

/// Frees the block at `address`, or replaces it by one of another size.
fn treat(system: &System, heap: &'static Heap, random: &mut Rng, address: usize) -> usize {
    let (block, size) = read(address);
    if random.usize(..8) > 0 {
        // SAFETY: a block of this system that nobody else has.
        unsafe { system.free(heap, block) };
        return 0;
    }
    let new = any_size(random);
    // SAFETY: as above.
    let moved = unsafe { system.reallocate(heap, block, new) };
    assert!(!moved.is_null());
    // SAFETY: the first word is kept.
    assert_eq!(unsafe { moved.cast::<usize>().read() }, size);
    write(moved, new)
}

fn life(system: &System, cells: &[AtomicUsize], start: &Barrier, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let mut heap = system.start().expect("memory");
    start.wait();
    for round in 0..ROUNDS {
        let cell = &cells[random.usize(..CELLS)];
        let size = any_size(&mut random);
        let mine = write(system.allocate(heap, size, 1), size);
        let theirs = cell.swap(mine, Ordering::AcqRel);
        if theirs != 0 {
            let rest = treat(system, heap, &mut random, theirs);
            if rest != 0 {
                let last = cell.swap(rest, Ordering::AcqRel);
                if last != 0 {
                    // SAFETY: out of the cell it is this thread's.
                    unsafe { system.free(heap, read(last).0) };
                }
            }
        }
        if round % 5000 == 4999 {
            system.end(heap);
            heap = system.start().expect("memory");
        }
    }
    system.end(heap);
}

#[test]
fn threads_exchange_blocks() {
    let system = System::new();
    let cells: Vec<AtomicUsize> = (0..CELLS).map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for seed in 1..=THREADS as u64 {
            let (system, cells, start) = (&system, &cells, &start);
            scope.spawn(move || life(system, cells, start, seed));
        }
    });
    let heap = system.start().expect("memory");
    let left: Vec<usize> =
        cells.iter().map(|cell| cell.load(Ordering::Relaxed)).filter(|&b| b != 0).collect();
    system.flush(heap);
    let stats = Stats::of(system.core);
    assert_eq!(stats.blocks + stats.huge, left.len(), "{stats:?}");
    for address in left {
        // SAFETY: the threads ended; the block is this one's.
        unsafe { system.free(heap, read(address).0) };
    }
    system.end(heap);
    let stats = Stats::of(system.core);
    assert_eq!((stats.blocks, stats.huge, stats.superblock_bytes), (0, 0, 0), "{stats:?}");
    assert!(stats.heaps <= THREADS, "heaps are used again");
}

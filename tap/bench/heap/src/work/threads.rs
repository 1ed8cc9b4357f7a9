//! The multi-threaded classics of the Hoard paper (Berger et al., ASPLOS 2000) and the patterns that came after:
//! each stands for one way in which an allocator can fail to scale.
#![allow(unsafe_code, reason = "hands blocks from thread to thread")]

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Barrier};
use std::thread::scope;

use super::meter::{Meter, Outcome, Scale};
use crate::block::Block;
use crate::problem::die;
use fastrand::Rng;

/// Each thread allocates its share of 30 000 blocks of 8 bytes and frees them, again and again: pure private use.
pub(super) fn threadtest(meter: &mut Meter, scale: Scale, threads: usize) -> Outcome {
    const OBJECTS: usize = 30_000;
    let rounds = scale.of(400);
    let share = OBJECTS / threads;
    meter.start();
    scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut blocks = Vec::with_capacity(share);
                for _ in 0..rounds {
                    for i in 0..share {
                        blocks.push(Block::new(8, i as u8));
                    }
                    blocks.clear();
                }
            });
        }
    });
    meter.stop();
    Outcome::of((rounds * share * threads) as u64)
}

/// Writes to one block by one thread between its allocation and its free.
const HAMMER: usize = 20_000;

/// Each thread allocates a small block, hammers it and frees it. An allocator that deals one cache line out to
/// several threads makes them fight for it.
pub(super) fn active_false(meter: &mut Meter, scale: Scale, threads: usize) -> Outcome {
    let rounds = scale.of(30_000) / threads;
    let start = Barrier::new(threads);
    meter.start();
    scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                for _ in 0..rounds {
                    Block::new(8, 0).hammer(HAMMER);
                }
            });
        }
    });
    meter.stop();
    Outcome::of((rounds * threads) as u64)
}

/// As [`active_false`], but each thread is first given a block that the main thread allocated next to the others,
/// and frees it: an allocator that reuses it there passes the shared cache line on.
pub(super) fn passive_false(meter: &mut Meter, scale: Scale, threads: usize) -> Outcome {
    let rounds = scale.of(30_000) / threads;
    let start = Barrier::new(threads);
    meter.start();
    let gifts: Vec<Block> = (0..threads).map(|_| Block::new(8, 0)).collect();
    scope(|scope| {
        for gift in gifts {
            let start = &start;
            scope.spawn(move || {
                gift.hammer(HAMMER);
                drop(gift);
                start.wait();
                for _ in 0..rounds {
                    Block::new(8, 0).hammer(HAMMER);
                }
            });
        }
    });
    meter.stop();
    Outcome::of((rounds * threads) as u64)
}

/// Pairs of threads: one only allocates, the other only frees. Without a bound on what is kept per thread,
/// memory grows without end.
pub(super) fn producer_consumer(meter: &mut Meter, scale: Scale, pairs: usize) -> Outcome {
    const BATCH: usize = 256;
    let batches = scale.of(24_000) / pairs;
    meter.start();
    scope(|scope| {
        for pair in 0..pairs {
            let (give, take) = sync_channel::<Vec<Block>>(16);
            scope.spawn(move || {
                let mut rng = Rng::with_seed(pair as u64);
                for _ in 0..batches {
                    let batch =
                        (0..BATCH).map(|i| Block::new(rng.usize(16..=256), i as u8)).collect();
                    if give.send(batch).is_err() {
                        die("the consumer went away");
                    }
                }
            });
            scope.spawn(move || {
                for batch in take {
                    for (i, block) in batch.iter().enumerate() {
                        block.check(i as u8);
                    }
                }
            });
        }
    });
    meter.stop();
    Outcome::of((batches * BATCH * pairs) as u64)
}

/// Cells through which the threads of [`handoff`] exchange blocks.
const CELLS: usize = 1024;

/// Threads that keep blocks of random sizes for random times and exchange every tenth with whoever comes by.
pub(super) fn handoff(meter: &mut Meter, scale: Scale, threads: usize) -> Outcome {
    const HELD: usize = 2000;
    let each = scale.of(12_000_000) / threads;
    let cells: Arc<Vec<AtomicPtr<u8>>> =
        Arc::new((0..CELLS).map(|_| AtomicPtr::default()).collect());
    meter.start();
    scope(|scope| {
        for thread in 0..threads {
            let cells = Arc::clone(&cells);
            scope.spawn(move || {
                exchange(&cells, &mut Rng::with_seed(thread as u64 + 1), HELD, each);
            });
        }
    });
    for cell in cells.iter() {
        // SAFETY: the threads have ended; what is left in a cell was put there by into_raw.
        drop(unsafe { Block::from_raw(cell.swap(std::ptr::null_mut(), Ordering::Relaxed)) });
    }
    meter.stop();
    Outcome::of((each * threads) as u64)
}

fn exchange(cells: &[AtomicPtr<u8>], rng: &mut Rng, held: usize, rounds: usize) {
    const MARK: u8 = 0x5a;
    let mut blocks: Vec<Option<Block>> = (0..held).map(|_| None).collect();
    for _ in 0..rounds {
        // The smaller of two draws: blocks at the front live briefly, those at the back long.
        let place = rng.usize(..held).min(rng.usize(..held));
        if rng.usize(..10) == 0 {
            let mine = blocks[place].take().map_or(std::ptr::null_mut(), Block::into_raw);
            let theirs = cells[rng.usize(..CELLS)].swap(mine, Ordering::AcqRel);
            // SAFETY: cells hold null or what into_raw gave, and the swap took it out for us alone.
            blocks[place] = unsafe { Block::from_raw(theirs) };
        }
        if let Some(old) = blocks[place].take() {
            old.check(MARK);
        }
        blocks[place] = Some(Block::filled(size(rng), MARK));
    }
}

/// Mostly small, sometimes large: each doubling from 16 bytes to 32 KiB is half as likely as the one before.
fn size(rng: &mut Rng) -> usize {
    let class = (rng.u64(..) | 1 << 11).trailing_zeros() as usize;
    rng.usize((8 << class) + 1..=16 << class)
}

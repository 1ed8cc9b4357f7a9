//! The bound: what is allocated follows what is in use, whoever frees what.
//!
//! For each class, with U its largest use so far in bytes of blocks and W what waits for an owner
//! that has not looked yet: superblocks of the class occupy at most `(U + W) / (1 - f) + P (K + 2) S`
//! bytes; see the README for why.

use super::model::System;
use crate::core::class;
use crate::core::heap::free::K;
use crate::core::superblock::SLICE;
use crate::{Heap, Stats};
use std::collections::VecDeque;
use std::format;
use std::string::String;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::vec::Vec;

/// The bound for the class of `size`, `threads` threads, and at most `most` bytes in use or waiting
/// for their owner: `most / (1 - f) + P (K + 2) S` with f = 1/2.
fn bound(size: usize, most: usize, threads: usize) -> usize {
    2 * most + threads * (K as usize + 2) * superblock_bytes(size)
}

/// S for blocks of `size`.
fn superblock_bytes(size: usize) -> usize {
    if size <= 8 << 10 { SLICE } else { 8 * SLICE }
}

/// Bytes a thread may gather and not have sent.
const GATHERED: usize = 64 * (6 << 10);

fn allocate(system: &System, heap: &'static Heap, size: usize) -> usize {
    let block = system.allocate(heap, size, 1);
    assert!(!block.is_null());
    block.expose_provenance()
}

fn free(system: &System, heap: &'static Heap, address: usize) {
    // SAFETY: the tests free what they allocated, once.
    unsafe { system.free(heap, core::ptr::with_exposed_provenance_mut(address)) };
}

/// Producer and consumer on one thread, so that the counts are exact at every step; the producer
/// on node 0, the consumer on `other`.
pub(super) fn one_thread_frees_what_another_allocates(
    size: usize,
    other: usize,
) -> Result<(), String> {
    let superblock = superblock_bytes(size);
    let block = class::size(class::of(size));
    // As many superblocks for every size: 1024 blocks of 64 bytes are one.
    let scaled = |n: usize| n * superblock / block / 1024;
    let system = System::new();
    let producer = system.start().expect("memory");
    system.model.node.store(other, Ordering::Relaxed);
    let consumer = system.start().expect("memory");
    let mut queue = VecDeque::new();
    let mut most = 0;
    for round in 0..60 {
        // The load goes up and down, so that superblocks fill and empty.
        let load = scaled(500 + round % 7 * 3000);
        for _ in 0..scaled(30_000) {
            queue.push_back(allocate(&system, producer, size));
            most = most.max(queue.len() * block);
            while queue.len() > load {
                if let Some(block) = queue.pop_front() {
                    free(&system, consumer, block);
                }
            }
        }
        let stats = Stats::of(system.core);
        let limit = bound(size, most + GATHERED, 2);
        if stats.superblock_bytes > limit {
            return Err(format!("round {round}: more than {limit}: {stats:?}"));
        }
    }
    while let Some(block) = queue.pop_front() {
        free(&system, consumer, block);
    }
    // Many superblocks, each left with one block in four: the heap keeps K of them.
    let all: Vec<usize> = (0..scaled(100_000)).map(|_| allocate(&system, producer, size)).collect();
    for (i, &block) in all.iter().enumerate() {
        if i % 4 != 0 {
            free(&system, producer, block);
        }
    }
    let stats = Stats::of(system.core);
    if stats.owned > K as usize + 2 {
        return Err(format!("a heap keeps sparse superblocks: {stats:?}"));
    }
    // Another thread of the node uses them before it takes new ones.
    system.model.node.store(0, Ordering::Relaxed);
    let third = system.start().expect("memory");
    let before = stats.superblock_bytes;
    let more: Vec<usize> = (0..scaled(70_000)).map(|_| allocate(&system, third, size)).collect();
    let stats = Stats::of(system.core);
    if stats.superblock_bytes > before + 2 * superblock {
        return Err(format!("global superblocks are not used: {stats:?}, before {before}"));
    }
    for block in all.into_iter().step_by(4).chain(more) {
        free(&system, producer, block);
    }
    for heap in [producer, consumer, third] {
        system.end(heap);
    }
    let stats = Stats::of(system.core);
    if stats.superblock_bytes != 0 {
        return Err(format!("empty superblocks stay: {stats:?}"));
    }
    Ok(())
}

#[test]
fn producer_and_consumer_exactly() {
    for size in [64, 1000, 8000, 20_000, 60_000] {
        for other in [0, 1] {
            let outcome = one_thread_frees_what_another_allocates(size, other);
            assert_eq!(outcome, Ok(()), "blocks of {size}, consumer on node {other}");
        }
    }
}

/// Real threads: producers send to consumers, both end and are replaced, for many rounds.
#[test]
fn producers_consumers_and_churn() {
    const SIZE: usize = 200;
    const PAIRS: usize = 3;
    let system = Arc::new(System::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let mut worst = 0;
    for round in 0..12 {
        let mut threads = Vec::new();
        for _ in 0..PAIRS {
            let (to, from) = mpsc::sync_channel::<Vec<usize>>(4);
            let (a, flight, peak) = (system.clone(), in_flight.clone(), most.clone());
            threads.push(std::thread::spawn(move || {
                let heap = a.start().expect("memory");
                for _ in 0..60 {
                    let batch: Vec<usize> = (0..500).map(|_| allocate(&a, heap, SIZE)).collect();
                    let now = flight.fetch_add(batch.len(), Ordering::Relaxed) + batch.len();
                    peak.fetch_max(now, Ordering::Relaxed);
                    to.send(batch).expect("the consumer lives");
                }
                a.end(heap);
            }));
            let (a, flight) = (system.clone(), in_flight.clone());
            threads.push(std::thread::spawn(move || {
                let heap = a.start().expect("memory");
                for batch in from {
                    flight.fetch_sub(batch.len(), Ordering::Relaxed);
                    for block in batch {
                        free(&a, heap, block);
                    }
                }
                a.end(heap);
            }));
        }
        for thread in threads {
            thread.join().expect("no thread fails");
        }
        let stats = Stats::of(system.core);
        assert_eq!(stats.blocks, 0, "round {round}");
        assert_eq!(stats.superblock_bytes, 0, "all threads ended: {stats:?}");
        worst = worst.max(stats.superblock_bytes + stats.idle_bytes);
    }
    // Idle memory is what was in use at most: it shows the peak.
    let use_most = most.load(Ordering::Relaxed) * class::size(class::of(SIZE));
    let limit = bound(SIZE, use_most + 2 * PAIRS * GATHERED, 2 * PAIRS);
    assert!(worst <= limit, "{worst} bytes for {use_most} in use, more than {limit}");
    assert!(Stats::of(system.core).heaps <= 2 * PAIRS, "heaps are used again");
}

/// A thousand threads one after the other, each leaving blocks behind that the next frees.
#[test]
fn thread_churn_with_blocks_outstanding() {
    let system = System::new();
    let mut left: Vec<usize> = Vec::new();
    let mut most = 0;
    // By class: bytes in use while a thread holds its own and its predecessor's blocks.
    let mut uses = [0; class::CLASSES];
    let size = |n: usize, i: usize| 16 + (n * 7 + i) % 400;
    for n in 0_usize..1000 {
        let mut now = [0; class::CLASSES];
        for m in n.saturating_sub(1)..=n {
            for class in (0..300).map(|i| class::of(size(m, i))) {
                now[class] += class::size(class);
            }
        }
        uses.iter_mut().zip(now).for_each(|(most, now)| *most = now.max(*most));
        let heap = system.start().expect("memory");
        let mine: Vec<usize> = (0..300).map(|i| allocate(&system, heap, size(n, i))).collect();
        for block in left.drain(..) {
            free(&system, heap, block);
        }
        left = mine;
        system.end(heap);
        let stats = Stats::of(system.core);
        assert_eq!(stats.blocks, 300);
        most = most.max(stats.superblock_bytes);
    }
    let limit: usize = uses.iter().filter(|&&most| most > 0).map(|&most| bound(400, most, 1)).sum();
    assert!(most <= limit + 2 * GATHERED, "{most} bytes, more than {limit}");
    // In fact some 26 classes, each in a superblock or two, however many threads there were.
    assert!(most <= 30 * 2 * SLICE, "{most} bytes");
    assert_eq!(Stats::of(system.core).heaps, 1);
}

/// The memory of a peak goes back to the system, with time or by limit.
#[test]
fn idle_memory_goes_back() {
    let system = System::new();
    let heap = system.start().expect("memory");
    let blocks: Vec<usize> = (0..4000).map(|_| allocate(&system, heap, 60_000)).collect();
    for (i, block) in blocks.into_iter().enumerate() {
        system.model.clock.store(i as u64, Ordering::Relaxed);
        free(&system, heap, block);
    }
    let idle = Stats::of(system.core).idle_bytes;
    assert!(idle <= 64 << 20, "{idle} bytes idle");
    for n in 0..200 {
        system.model.clock.fetch_add(60, Ordering::Relaxed);
        let block = allocate(&system, heap, 300_000 + n);
        free(&system, heap, block);
    }
    let idle = Stats::of(system.core).idle_bytes;
    assert!(idle <= 2 << 20, "{idle} bytes idle after a while");
    system.end(heap);
    assert!(system.model.mapped() < 400 << 20);
}

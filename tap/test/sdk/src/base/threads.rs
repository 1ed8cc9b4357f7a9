//! Threads, mutual exclusion, conditions.

use core::sync::atomic::{AtomicU64, Ordering};

use alloc::{collections::VecDeque, string::String, sync::Arc, vec::Vec};

use genode::{
    affinity::Location,
    prelude::*,
    sync::{Condvar, Mutex},
    thread::{self, AtEnd, Builder, ScopedJoinHandle},
};

use rs_checks::{at, ensure};

const THREADS: u64 = 4;
const ROUNDS: u64 = 2000;

pub(crate) fn run(env: Env) -> Result<(), String> {
    let space = env.affinity_space();
    log!("affinity space: {} x {}", space.width, space.height);
    ensure!(space.total().is_some_and(|cpus| cpus > 0), "the affinity space is empty");
    exclusion(env)?;
    handover()?;
    ends()?;
    borrowing()?;
    let outside = Location::cpu(i32::MAX, 0);
    match Builder::new("outside").location(outside).spawn(|| ()) {
        Ok(_) => return Err("a thread outside of the affinity space was started".into()),
        Err(error) => {
            let said = alloc::format!("{error}");
            let message = "location 32767,0 of 1x1 CPUs: the affinity space has ";
            ensure!(said.starts_with(message), "{said}");
        }
    }
    log!("threads: ok");
    Ok(())
}

/// A counter that is not atomic, behind a mutex, counted up by all CPUs.
fn exclusion(env: Env) -> Result<(), String> {
    let space = env.affinity_space();
    let counter = Arc::new(Mutex::new(0_u64));
    let mut threads = Vec::new();
    for n in 0..THREADS {
        let counter = counter.clone();
        let thread = Builder::new("counter")
            .location(space.location_of_index(n as u32))
            .spawn(move || {
                for _ in 0..ROUNDS {
                    let mut counter = counter.lock();
                    let seen = *counter;
                    core::hint::black_box(seen);
                    *counter = seen + 1;
                }
                thread::current_id()
            })
            .map_err(at("thread"))?;
        threads.push(thread);
    }
    let mut ids: Vec<u64> = Vec::new();
    for thread in threads {
        ids.push(thread.join().map_err(at("join"))?);
    }
    ensure!(
        *counter.lock() == THREADS * ROUNDS,
        "the mutex lost {} counts",
        THREADS * ROUNDS - *counter.lock()
    );
    ensure!(
        !ids.contains(&0) && !ids.contains(&thread::current_id()),
        "thread ids are not distinct: {ids:?}"
    );
    Ok(())
}

/// A queue between two threads: nothing is lost, nothing comes twice, order is kept.
fn handover() -> Result<(), String> {
    struct Queue {
        items: Mutex<VecDeque<u64>>,
        changed: Condvar,
    }
    let queue = Arc::new(Queue { items: Mutex::new(VecDeque::new()), changed: Condvar::new() });
    let consumer = {
        let queue = queue.clone();
        Builder::new("consumer")
            .spawn(move || {
                let mut seen = Vec::new();
                while seen.len() < 500 {
                    let mut items = queue.items.lock();
                    while items.is_empty() {
                        queue.changed.wait(&mut items);
                    }
                    seen.extend(items.drain(..));
                }
                seen
            })
            .map_err(at("consumer"))?
    };
    for n in 0..500 {
        queue.items.lock().push_back(n);
        queue.changed.notify_one();
    }
    let seen = consumer.join().map_err(at("join"))?;
    ensure!(
        seen.iter().copied().eq(0..500),
        "the queue handed over {} items out of order",
        seen.len()
    );
    Ok(())
}

/// Threads of a scope borrow, return results, start others, and are waited for.
fn borrowing() -> Result<(), String> {
    let count = AtomicU64::new(0);
    let numbers: Vec<u64> = (0..100).collect();
    let sum = thread::scope(|scope| {
        let parts = numbers.chunks(25).map(|part| {
            scope.spawn(Builder::new("part"), || {
                count.fetch_add(1, Ordering::Relaxed);
                part.iter().sum::<u64>()
            })
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().map(|part| part.and_then(ScopedJoinHandle::join)).sum::<Result<u64, _>>()
    })
    .map_err(at("scope"))?;
    ensure!((sum, count.load(Ordering::Relaxed)) == (4950, 4), "the sum of the parts is {sum}");
    // Nobody joins these: the scope does, also what they start.
    thread::scope(|scope| {
        scope.spawn(Builder::new("outer"), || {
            let count = &count;
            scope
                .spawn(Builder::new("inner"), move || {
                    count.fetch_add(10, Ordering::Relaxed);
                })
                .is_ok()
        })?;
        Ok::<_, Error>(())
    })
    .map_err(at("scope"))?;
    let count = count.load(Ordering::Relaxed);
    ensure!(count == 14, "a scope ended before its threads: {count}");
    Ok(())
}

/// What is registered runs on each thread that ends, when its result is there and before it is joined.
fn ends() -> Result<(), String> {
    static LATER: AtEnd = AtEnd::new(|| {
        SUM.fetch_add(thread::current_id(), Ordering::Relaxed);
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static SUM: AtomicU64 = AtomicU64::new(0);
    static FIRST: AtEnd = AtEnd::new(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
    });
    let spawn = || Builder::new("ending").spawn(thread::current_id).map_err(at("ending"));
    spawn()?.join().map_err(at("join"))?;
    for _ in 0..2 {
        FIRST.register();
        LATER.register();
    }
    let mut ids = 0;
    for n in 1..=THREADS {
        ids += spawn()?.join().map_err(at("join"))?;
        let (count, sum) = (COUNT.load(Ordering::Relaxed), SUM.load(Ordering::Relaxed));
        ensure!(
            (count, sum) == (n, ids),
            "{n} threads ended: {count} ran what was registered, ids {sum} instead of {ids}"
        );
    }
    Ok(())
}

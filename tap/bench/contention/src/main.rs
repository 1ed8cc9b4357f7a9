//! rs_contention: how the SDK's mutex, its heap, and the hoard heap do with one thread, and with several in each other's
//! way: the same program on the host target and on Genode, where `rs_contention_cpp` does the same in C++.
//!
//! Prints `bench NAME_THREADS TIME` per run: picoseconds of the whole for one operation. An operation is a critical
//! section (`mutex`) or a free and an allocation (`talc`, `hoard`). Then who waits for a mutex that another thread takes
//! again at once: `bench overtaken TIMES`, how often that one had it meanwhile.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "heaps under measurement")]

extern crate alloc;

mod load;

use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use genode::{
    affinity::Space,
    heap::Heap,
    prelude::*,
    session::timer::TimerConnection,
    sync::Mutex,
    thread::{Builder, timestamp},
};
use hoard_genode::Hoard;
use load::{Allocate, Count, Load};
use rs_checks::at;

static TALC: Heap = Heap::new();
static HOARD: Hoard = Hoard;

/// As many as there are CPUs on a small machine, and more.
const THREADS: [usize; 3] = [1, 2, 8];
/// Runs of each, in turn, so that a change of the machine's speed is in all of them.
const RUNS: usize = 5;
const MILLISECONDS: u64 = 60;
/// Times that a waiter is overtaken at most, by the median: what a wake-up takes, by critical sections of some
/// microseconds.
const OVERTAKEN: u64 = 1000;

struct Bench {
    timer: TimerConnection,
    space: Space,
}

impl Bench {
    /// Picoseconds for an operation when `threads` do what `load` makes, each its own.
    fn run<L: Load>(&self, threads: usize, load: impl Fn(u64) -> L) -> Result<u64, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let start = self.timer.elapsed().map_err(at("time"))?;
        let mut running = Vec::new();
        for n in 0..threads {
            let (stop, mut load) = (Arc::clone(&stop), load(n as u64));
            let body = move || {
                // At least once, also where others leave it no CPU in time.
                let mut operations = load.some()?;
                while !stop.load(Ordering::Relaxed) {
                    operations += load.some()?;
                }
                load.end().map(|()| operations)
            };
            let location = self.space.location_of_index(n as u32);
            running
                .push(Builder::new("load").location(location).spawn(body).map_err(at("thread"))?);
        }
        self.timer.sleep(Duration::from_millis(MILLISECONDS)).map_err(at("sleep"))?;
        stop.store(true, Ordering::Relaxed);
        let mut operations = 0;
        for thread in running {
            operations += thread.join().map_err(at("join"))??;
        }
        let spent = self.timer.elapsed().map_err(at("time"))?.saturating_sub(start);
        if operations == 0 {
            return Err(format!("{threads} threads did nothing in {spent:?}"));
        }
        Ok(spent.as_micros() as u64 * 1_000_000 / operations)
    }

    /// How often a thread that takes the mutex again at once had it while another waited, by the median of many waits.
    fn overtaken(&self) -> Result<u64, String> {
        let mutex = Arc::new(Mutex::new(0_u64));
        let stop = Arc::new(AtomicBool::new(false));
        let turns = Arc::new(AtomicU64::new(0));
        let greedy = {
            let (mutex, stop, turns) = (mutex.clone(), stop.clone(), turns.clone());
            let body = move || {
                while !stop.load(Ordering::Relaxed) {
                    let mut value = mutex.lock();
                    turns.fetch_add(1, Ordering::Relaxed);
                    // Some microseconds, longer than anybody spins.
                    let start = timestamp();
                    while timestamp().wrapping_sub(start) < 20_000 {
                        *value += 1;
                    }
                }
            };
            let location = self.space.location_of_index(0);
            Builder::new("greedy").location(location).spawn(body).map_err(at("thread"))?
        };
        let waits = {
            let (mutex, turns) = (mutex.clone(), turns.clone());
            let body = move || {
                let mut waits = Vec::new();
                while waits.len() < 201 {
                    let before = turns.load(Ordering::Relaxed);
                    *mutex.lock() += 1;
                    waits.push(turns.load(Ordering::Relaxed) - before);
                }
                waits
            };
            let location = self.space.location_of_index(1);
            Builder::new("patient").location(location).spawn(body).map_err(at("thread"))?
        };
        let mut waits = waits.join().map_err(at("join"))?;
        stop.store(true, Ordering::Relaxed);
        greedy.join().map_err(at("join"))?;
        waits.sort_unstable();
        let (median, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
        log!("a waiter was overtaken {median} times by the median, {most} at most");
        Ok(median)
    }
}

/// Million operations a second, with two decimals.
fn speed(picoseconds: u64) -> String {
    let hundredths = 100_000_000 / picoseconds.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[genode::component(heap = hoard_genode::Hoard)]
fn main(env: Env) -> Result<(), String> {
    log!("--- contention ---");
    let timer = TimerConnection::open(env, "").map_err(at("Timer session"))?;
    let bench = Bench { timer, space: env.affinity_space() };
    log!("{}x{} CPUs", bench.space.width, bench.space.height);

    const NAMES: [&str; 3] = ["mutex", "talc", "hoard"];
    let mut times: [[Vec<u64>; 3]; 3] = Default::default();
    for run in 0..=RUNS {
        for (column, threads) in THREADS.into_iter().enumerate() {
            let counter = Arc::new(Mutex::new(0));
            let each = [
                bench.run(threads, |_| Count::new(&counter))?,
                bench.run(threads, |n| Allocate::new(&TALC, n))?,
                bench.run(threads, |n| Allocate::new(&HOARD, n))?,
            ];
            // The first run warms up.
            for (row, time) in each.into_iter().enumerate().filter(|_| run > 0) {
                log!("bench {}_{threads} {time}", NAMES[row]);
                times[row][column].push(time);
            }
        }
    }
    for (name, mut row) in NAMES.into_iter().zip(times) {
        let medians = row.each_mut().map(|times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        for (threads, time) in THREADS.into_iter().zip(medians) {
            let percent = medians[0] * 100 / time.max(1);
            let s = if threads == 1 { "" } else { "s" };
            log!("{name}, {threads} thread{s}: {} Mop/s, {percent} % of one's", speed(time));
        }
    }
    let overtaken = bench.overtaken()?;
    log!("bench overtaken {overtaken}");
    if overtaken > OVERTAKEN {
        return Err(format!("a waiter is overtaken {overtaken} times"));
    }
    log!("bench finished 0");
    env.exit(0)
}

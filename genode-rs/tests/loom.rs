//! Model checking of the mutex, on its shipped source. Run it by
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --release -p genode --test loom
//! ```
#![cfg(loom)]
#![allow(unsafe_code, reason = "the lock under test guards plain memory")]

use std::{env, process::Command};

use loom::{cell::UnsafeCell, sync::Arc, thread};

#[path = "../src/sync/raw.rs"]
#[allow(dead_code, unreachable_pub)]
mod raw;

use raw::RawMutex;

struct Protected {
    lock: RawMutex,
    value: UnsafeCell<u32>,
}

// SAFETY: that the lock makes this true is what is checked; loom's cell reports a violation.
unsafe impl Sync for Protected {}
// SAFETY: as above.
unsafe impl Send for Protected {}

fn increment(shared: &Protected) {
    // SAFETY: under the lock; loom reports it when another thread is inside.
    locked(&shared.lock, || shared.value.with_mut(|value| unsafe { *value += 1 }));
}

fn locked(lock: &RawMutex, body: impl FnOnce()) {
    lock.acquire();
    body();
    // SAFETY: taken above.
    unsafe { lock.release() };
}

/// Threads that enter as often as `entries` says: the sum is exact, everybody comes back, nobody meets another.
fn contend(entries: &'static [u32], preemptions: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let shared = Arc::new(Protected { lock: RawMutex::new(), value: UnsafeCell::new(0) });
        let others: Vec<_> = entries[1..]
            .iter()
            .map(|&entries| {
                let shared = shared.clone();
                thread::spawn(move || (0..entries).for_each(|_| increment(&shared)))
            })
            .collect();
        (0..entries[0]).for_each(|_| increment(&shared));
        for other in others {
            other.join().unwrap();
        }
        locked(&shared.lock, || {
            // SAFETY: under the lock.
            assert_eq!(shared.value.with(|value| unsafe { *value }), entries.iter().sum());
        });
    });
}

#[test]
fn two_contend() {
    contend(&[2, 2], 4);
    contend(&[3, 1], 4);
}

#[test]
fn three_contend() {
    contend(&[1, 1, 1], 3);
    contend(&[2, 1, 1], 2);
}

/// A queue of three, so that who is in the middle is taken from both sides.
#[test]
fn four_contend() {
    contend(&[1, 1, 1, 1], 1);
}

/// The model of the next test, in a process of its own, since one that fails may abort.
#[test]
#[ignore = "run by the next test"]
fn weakened() {
    raw::mutate(env::var("MUTANT").unwrap().parse().unwrap());
    contend(&[2, 1, 1], 2);
}

#[test]
fn each_weakened_ordering_is_noticed() {
    const ORDERINGS: [&str; 8] = [
        "take",
        "free",
        "push",
        "find",
        "sleep",
        "token to the sleeper",
        "token of the sleeper",
        "receive",
    ];
    for (mutant, name) in (1..).zip(ORDERINGS) {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "weakened", "--ignored", "--nocapture"])
            .env("MUTANT", mutant.to_string())
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "a weakened \"{name}\" is not noticed");
        assert!(said.contains("Causality violation"), "\"{name}\" failed otherwise:\n{said}");
    }
}

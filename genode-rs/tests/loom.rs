//! Model checking of what threads share, on its shipped source: the mutex here, wakers of tasks and
//! the slot of a session's opening in `loom/tasks.rs`, the descriptor queue of packet streams in
//! `loom/ring.rs`. Run it by
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --release -p genode --test loom
//! ```
#![cfg(loom)]
#![allow(unsafe_code, reason = "the lock under test guards plain memory")]

extern crate alloc;

use std::{env, process::Command};

use loom::{cell::UnsafeCell, sync::Arc, thread};

#[path = "../src/sync/raw.rs"]
#[allow(dead_code, unreachable_pub)]
mod raw;

#[path = "loom/ring.rs"]
mod ring;
#[path = "../src/connection/slot.rs"]
mod slot;
#[path = "loom/sync.rs"]
mod sync;
#[path = "loom/tasks.rs"]
mod tasks;
#[path = "../src/task/waker.rs"]
mod waker;

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
    raw::mutate(mutant());
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
        noticed("weakened", mutant, name, "Causality violation");
    }
}

/// The ordering that the calling test is to weaken.
fn mutant() -> usize {
    env::var("MUTANT").unwrap().parse().unwrap()
}

/// Runs an ignored test with one ordering weakened, in a process of its own, since one that fails
/// may abort: it must fail, and say `why`.
fn noticed(test: &str, mutant: usize, name: &str, why: &str) {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("MUTANT", mutant.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "a weakened \"{name}\" is not noticed by {test}");
    assert!(said.contains(why), "\"{name}\" failed otherwise:\n{said}");
}

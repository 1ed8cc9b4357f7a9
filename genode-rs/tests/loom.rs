//! Model checking of the mutex, on its shipped source. Run it by
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --release -p genode --test loom
//! ```
#![cfg(loom)]

use std::panic;

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
    shared.lock.acquire();
    // SAFETY: under the lock; loom reports it when another thread is inside.
    shared.value.with_mut(|value| unsafe { *value += 1 });
    // SAFETY: taken above.
    unsafe { shared.lock.release() };
}

/// Some threads that each enter once: the sum is exact, everybody comes back, nobody meets another.
fn contend(threads: u32) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let shared = Arc::new(Protected { lock: RawMutex::new(), value: UnsafeCell::new(0) });
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || increment(&shared))
            })
            .collect();
        increment(&shared);
        for other in others {
            other.join().unwrap();
        }
        shared.lock.acquire();
        // SAFETY: under the lock.
        assert_eq!(shared.value.with(|value| unsafe { *value }), threads);
        // SAFETY: taken above.
        unsafe { shared.lock.release() };
    });
}

/// One test, because the mutant is chosen for the whole process.
#[test]
fn mutex_holds_and_each_weakened_ordering_is_noticed() {
    contend(2);
    contend(3);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let survivors: Vec<_> = [(1, "take"), (2, "free"), (3, "push"), (4, "find")]
        .into_iter()
        .filter(|&(mutant, _)| {
            raw::mutate(mutant);
            panic::catch_unwind(|| contend(3)).is_ok()
        })
        .collect();
    raw::mutate(0);
    panic::set_hook(hook);
    assert_eq!(survivors, [], "orderings that could be weakened unnoticed");
}

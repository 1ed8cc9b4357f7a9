//! Counts what a task costs that waits.
#![allow(unsafe_code, reason = "an allocator that counts")]

extern crate alloc;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// What the executor's source names.
mod sync {
    pub(crate) use genode::sync::Mutex;
}

#[path = "../src/task/executor.rs"]
#[allow(dead_code)]
mod executor;
#[path = "../src/task/waker.rs"]
mod waker;

use executor::Executor;

struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

#[test]
fn a_suspended_task_costs_at_most_256_bytes_beside_its_future() {
    #[expect(clippy::large_types_passed_by_value, reason = "a large future")]
    async fn suspended(state: [u8; 1000]) {
        std::future::pending::<()>().await;
        std::hint::black_box(state);
    }
    const TASKS: usize = 1000;
    let future = size_of_val(&suspended([0; 1000]));
    let before = LIVE.get();
    let executor = Executor::new(|| ());
    for _ in 0..TASKS {
        executor.spawn(suspended([0; 1000]));
    }
    executor.run();
    let each = (LIVE.get() - before).div_ceil(TASKS);
    assert!(each >= future, "the future of {future} bytes is not counted in {each}");
    assert!(each - future <= 256, "{} bytes beside the future", each - future);
    assert_eq!(executor.len(), TASKS);
    executor.clear();
    drop(executor);
    assert_eq!(LIVE.get(), before, "a task that is over leaves something behind");
}

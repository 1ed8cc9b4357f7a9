//! Units of work: steps of core's loops whose length components decide, and system calls.
//!
//! Core serves one request at a time, so what one takes, everybody waits for. Each loop counts its
//! steps here. What may take more than a [`PIECE`] goes in pieces, between which core serves
//! others. Tests assert what the worst request takes that a component can make.
use std::cell::Cell;

/// Steps that one request may take: what they take of a CPU is in `tap/host/README.md`, "What one
/// request takes of core".
#[cfg(test)]
pub(crate) const MAX: usize = 20_000;
/// Steps after which work that goes in pieces lets others be served.
const PIECE: usize = 10_000;
/// Steps that a system call counts as.
const CALL: usize = 40;

thread_local! {
    static DONE: Cell<usize> = const { Cell::new(0) };
}

/// Begins to count anew: something else is served.
pub(crate) fn begin() {
    DONE.set(0);
}

/// Counts steps.
pub(crate) fn count(steps: usize) {
    DONE.set(DONE.get() + steps);
}

/// Counts system calls.
pub(crate) fn calls(calls: usize) {
    count(calls * CALL);
}

/// Tells whether a piece is done, so that others are to be served before the next.
pub(crate) fn over() -> bool {
    DONE.get() >= PIECE
}

/// Tells whether nothing was done yet.
pub(crate) fn fresh() -> bool {
    DONE.get() == 0
}

/// Steps that `request` takes, and its result. Prints what CPU time many of them took, for the
/// README's figure.
#[cfg(test)]
pub(crate) fn of<T>(request: impl FnOnce() -> T) -> (usize, T) {
    use rustix::time::{ClockId, clock_gettime};
    let time = || clock_gettime(ClockId::ThreadCPUTime);
    let start = time();
    begin();
    let result = request();
    let (steps, end) = (DONE.get(), time());
    if steps > MAX / 8 {
        let nanos = (end.tv_sec - start.tv_sec) * 1_000_000_000 + end.tv_nsec - start.tv_nsec;
        println!("{steps} steps in {} us", nanos / 1000);
    }
    (steps, result)
}

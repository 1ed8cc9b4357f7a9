//! Units of work: steps of core's loops whose length components decide.
//!
//! Core serves one request at a time, so what one takes, everybody waits for. Each loop counts its steps here, and tests assert
//! how many the worst request takes that a component can make. Outside of tests nothing is counted.

/// Steps that one request may take: about a millisecond of core's.
#[cfg(test)]
pub(crate) const MAX: usize = 40_000;

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts steps.
#[cfg_attr(not(test), expect(clippy::missing_const_for_fn, reason = "counts in tests"))]
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    DONE.set(DONE.get() + steps);
    #[cfg(not(test))]
    let _ = steps;
}

/// Steps that `request` takes, and its result.
#[cfg(test)]
pub(crate) fn of<T>(request: impl FnOnce() -> T) -> (usize, T) {
    DONE.set(0);
    let result = request();
    (DONE.get(), result)
}

//! The figures of one run of a program.

use std::time::Duration;

use super::stage::{Done, Peak};

/// The figures of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    /// Requests, transactions, or 1 for a program that does one fixed thing.
    pub(super) operations: u64,
    /// The time in which they were done.
    pub(super) wall_ns: u64,
    /// Processor time of the program from start to end.
    pub(super) processor_ns: u64,
    pub(super) peak: Peak,
}

impl Score {
    pub(super) fn new(operations: u64, wall: Duration, done: &Done) -> Self {
        Self {
            operations,
            wall_ns: wall.as_nanos() as u64,
            processor_ns: done.processor.as_nanos() as u64,
            peak: done.peak,
        }
    }

    /// A program that does one thing and ends.
    pub(super) fn whole(done: &Done) -> Self {
        Self::new(1, done.wall, done)
    }
}

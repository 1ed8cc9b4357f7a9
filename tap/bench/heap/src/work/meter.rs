//! The measure of a workload: how much it is to do, what it did, and in what time.

use std::time::{Duration, Instant};

use crate::process;

/// The amount to do: the full one, or just enough to see that everything works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    quick: bool,
}

impl Scale {
    pub(crate) const fn new(quick: bool) -> Self {
        Self { quick }
    }

    pub(super) const fn is_quick(self) -> bool {
        self.quick
    }

    /// The full amount or a thirtieth.
    pub(super) fn of(self, full: usize) -> usize {
        if self.quick { (full / 30).max(1) } else { full }
    }
}

/// The result of a workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Of the workload's own unit.
    pub(crate) operations: u64,
    /// A count worth telling.
    pub(crate) note: Option<(&'static str, u64)>,
}

impl Outcome {
    pub(super) const fn of(operations: u64) -> Self {
        Self { operations, note: None }
    }
}

/// Times the part of a workload that counts.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    processor_before: Duration,
    /// Resident memory before the measured part.
    pub(crate) resident_before: u64,
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            processor_before: Duration::ZERO,
            resident_before: process::resident(),
            wall: Duration::ZERO,
            processor: Duration::ZERO,
        }
    }

    pub(super) fn start(&mut self) {
        self.processor_before = process::processor_time();
        self.started = Instant::now();
    }

    pub(super) fn stop(&mut self) {
        self.wall = self.started.elapsed();
        self.processor = process::processor_time().saturating_sub(self.processor_before);
    }
}

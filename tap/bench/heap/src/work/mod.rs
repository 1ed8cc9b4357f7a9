//! The workloads: what one process does between its start and its line of figures. They know nothing of allocators;
//! blocks come from C's `malloc`, directly or through Rust's default allocator, and the dynamic linker decides.

mod bignum;
mod buffers;
mod cfrac;
mod json;
mod larson;
mod rewrite;
mod store;
mod threads;
mod trees;
mod words;

use std::time::{Duration, Instant};

use crate::process;

/// How much to do: the full amount, or just enough to see that everything works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    quick: bool,
}

impl Scale {
    pub(crate) const fn new(quick: bool) -> Self {
        Self { quick }
    }

    const fn is_quick(self) -> bool {
        self.quick
    }

    /// The full amount or a thirtieth.
    fn of(self, full: usize) -> usize {
        if self.quick { (full / 30).max(1) } else { full }
    }
}

/// What a workload did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Of the workload's own unit.
    pub(crate) operations: u64,
    /// A count worth telling.
    pub(crate) note: Option<(&'static str, u64)>,
}

impl Outcome {
    const fn of(operations: u64) -> Self {
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

    fn start(&mut self) {
        self.processor_before = process::processor_time();
        self.started = Instant::now();
    }

    fn stop(&mut self) {
        self.wall = self.started.elapsed();
        self.processor = process::processor_time().saturating_sub(self.processor_before);
    }
}

/// A workload with its parameters.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    /// Without the number of threads.
    pub(crate) family: &'static str,
    pub(crate) threads: usize,
    run: fn(&mut Meter, Scale, usize) -> Outcome,
}

impl Workload {
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.family, self.threads)
    }

    pub(crate) fn run(&self, meter: &mut Meter, scale: Scale) -> Outcome {
        (self.run)(meter, scale, self.threads)
    }
}

type Run = fn(&mut Meter, Scale, usize) -> Outcome;

/// The families in the order of the report, each with its thread counts.
const FAMILIES: &[(&str, &[usize], Run)] = &[
    ("larson", &[1, 2, 4, 16], |meter, scale, threads| larson::run(meter, scale, threads, 8, 1000)),
    ("larson-small", &[1, 2, 4, 16], |meter, scale, threads| {
        larson::run(meter, scale, threads, 10, 100)
    }),
    ("threadtest", &[1, 2, 4, 16], threads::threadtest),
    ("active-false", &[2, 4], threads::active_false),
    ("passive-false", &[2, 4], threads::passive_false),
    ("producer-consumer", &[1, 2, 4], threads::producer_consumer),
    ("handoff", &[1, 2, 4, 16], threads::handoff),
    ("pipeline", &[3], |meter, scale, _| json::pipeline(meter, scale)),
    ("trees", &[1], |meter, scale, _| trees::run(meter, scale)),
    ("cfrac", &[1], |meter, scale, _| cfrac::run(meter, scale)),
    ("rewrite", &[1], |meter, scale, _| rewrite::run(meter, scale)),
    ("json", &[1], |meter, scale, _| json::alone(meter, scale)),
    ("store", &[1], |meter, scale, _| store::run(meter, scale)),
    ("words", &[1], |meter, scale, _| words::run(meter, scale)),
    ("buffers", &[1], |meter, scale, _| buffers::run(meter, scale)),
];

/// Every workload in the order of the report.
pub(crate) fn all() -> impl Iterator<Item = Workload> {
    FAMILIES.iter().flat_map(|&(family, counts, run)| {
        counts.iter().map(move |&threads| Workload { family, threads, run })
    })
}

/// The workload of that name.
pub(crate) fn named(name: &str) -> Option<Workload> {
    all().find(|workload| workload.name() == name)
}

#[cfg(test)]
mod tests {
    use super::{Meter, Scale, all, named};

    #[test]
    fn every_workload_runs_and_counts() {
        for workload in all() {
            let mut meter = Meter::new();
            let outcome = workload.run(&mut meter, Scale::new(true));
            assert!(outcome.operations > 0, "{} did nothing", workload.name());
            assert!(!meter.wall.is_zero(), "{} was not timed", workload.name());
        }
    }

    #[test]
    fn names_are_unique() {
        for workload in all() {
            assert_eq!(all().filter(|other| other.name() == workload.name()).count(), 1);
            assert!(named(&workload.name()).is_some());
        }
    }
}

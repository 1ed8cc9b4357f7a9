//! The workloads: what one process does between its start and its line of figures. They know nothing of allocators;
//! blocks come from C's `malloc`, directly or through Rust's default allocator, and the dynamic linker decides.

mod bignum;
mod buffers;
mod cfrac;
mod json;
mod larson;
pub(crate) mod meter;
mod rewrite;
mod store;
mod threads;
mod trees;
mod words;

use crate::problem::Problem;
use meter::{Meter, Outcome, Scale};

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

/// The names of the workloads that `only` means: each by its whole name, or else by a part of it; all if it is empty.
pub(crate) fn chosen(only: &[String]) -> Result<Vec<String>, Problem> {
    let meant = |name: &String| {
        let means =
            |part: &String| part == name || (named(part).is_none() && name.contains(part.as_str()));
        only.is_empty() || only.iter().any(means)
    };
    let chosen: Vec<String> = all().map(|workload| workload.name()).filter(meant).collect();
    if chosen.is_empty() {
        return Err(Problem::new("no workload has such a name; `list` shows them"));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::{Meter, Scale, all, chosen, named};

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
    fn a_whole_name_means_itself_and_a_part_all_that_have_it() {
        let names = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&part| part.to_owned()).collect();
            chosen(&only).map(|names| names.len()).unwrap_or_default()
        };
        assert_eq!(names(&[]), all().count());
        assert_eq!(names(&["larson-1"]), 1);
        assert_eq!(names(&["larson"]), 8);
        assert_eq!(names(&["larson-1", "trees"]), 2);
        assert_eq!(names(&["luck"]), 0);
    }

    #[test]
    fn names_are_unique() {
        for workload in all() {
            assert_eq!(all().filter(|other| other.name() == workload.name()).count(), 1);
            assert!(named(&workload.name()).is_some());
        }
    }
}

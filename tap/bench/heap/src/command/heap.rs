//! `heap`: every workload on every allocator, each run a process of its own, the allocators taking turns.

use std::cell::LazyCell;

use super::series::{self, Series};
use crate::allocators::{self, Allocator};
use crate::problem::Problem;
use crate::sample::{Sample, save, saved};
use crate::{report, runner, work};

/// The options of `heap`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) series: Series,
    #[command(flatten)]
    pub(super) view: report::View,
}

/// The runs so far.
struct Runs<'a> {
    series: &'a Series,
    allocators: &'a [Allocator],
    samples: Vec<Sample>,
    failures: Vec<Problem>,
    ran: usize,
}

impl Options {
    /// Runs the workloads, and prints and draws what came of it.
    pub(super) fn run(&self) -> Result<(), Problem> {
        let series = &self.series;
        let allocators = series::prepare(&series.allocators)?;
        let chosen = work::chosen(&series.only)?;
        let counter = LazyCell::new(|| {
            allocators::counter().map_err(|why| println!("# SKIP used memory: {why}")).ok()
        });
        // A series that was interrupted goes on where it was: what the file keeps is not run again.
        let samples = series.save.as_deref().map(saved).unwrap_or_default();
        let (failures, ran) = (Vec::new(), 0);
        let mut runs = Runs { series, allocators: &allocators, samples, failures, ran };
        for name in &chosen {
            runs.workload(name, || counter.as_ref())?;
            print!("{}", report::one(name, &runs.samples, &self.view));
        }
        runs.samples.retain(|sample| chosen.contains(&sample.workload));
        print!("{}", report::summary(&runs.samples, &self.view));
        for failure in &runs.failures {
            println!("# FAILED {failure}");
        }
        // A quick run's curves would tell nothing.
        let usual = (!series.quick).then(|| allocators::target().join("heap-curves"));
        let curves = self.view.curves.clone().or(usual);
        report::draw(&runs.samples, &report::View { curves, ..self.view.clone() })?;
        let (workloads, allocators) = (chosen.len(), allocators.len());
        println!("# {} runs of {workloads} workloads on {allocators} allocators", runs.ran);
        series::outcome(runs.failures.len())
    }
}

impl Runs<'_> {
    /// Runs one workload as often as asked.
    fn workload<'c>(
        &mut self,
        name: &str,
        counter: impl Fn() -> Option<&'c Allocator>,
    ) -> Result<(), Problem> {
        let series = self.series;
        let of = |a: &Allocator| {
            self.samples.iter().filter(|s| s.workload == name && s.allocator == a.name).count()
        };
        let kept: Vec<usize> = self.allocators.iter().map(of).collect();
        let mut counted = None;
        for round in 0..series.runs() {
            for turn in 0..self.allocators.len() {
                // Each round starts with another allocator: none always follows the same neighbour's heat.
                let place = (turn + round) % self.allocators.len();
                if round < kept[place] {
                    continue;
                }
                if counted.is_none() {
                    counted = Some(count(name, &self.samples, &counter, series.quick)?);
                }
                match runner::run(name, &self.allocators[place], series.quick) {
                    Ok(mut sample) => {
                        (sample.used, sample.blocks) = counted.unwrap_or_default();
                        if let Some(path) = &series.save {
                            save(path, &sample)?;
                        }
                        self.samples.push(sample);
                        self.ran += 1;
                    }
                    Err(problem) => self.failures.push(problem),
                }
            }
        }
        Ok(())
    }
}

/// Counts what `workload` has in use at its peak and how many blocks it asks for: as saved samples have it, or else in
/// a run of its own; zeroes if that cannot be.
fn count<'a>(
    workload: &str,
    samples: &[Sample],
    counter: impl FnOnce() -> Option<&'a Allocator>,
    quick: bool,
) -> Result<(u64, u64), Problem> {
    if let Some(known) = samples.iter().find(|s| s.workload == workload && s.used > 0) {
        return Ok((known.used, known.blocks));
    }
    let counted = counter().map(|counter| runner::run(workload, counter, quick)).transpose()?;
    Ok(counted.map_or((0, 0), |sample| (sample.used, sample.blocks)))
}

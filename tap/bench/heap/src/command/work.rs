//! `work`: one workload in this process.

use crate::problem::Problem;
use crate::process;
use crate::sample::Sample;
use crate::work;
use crate::work::meter::{Meter, Scale};

/// The options of `work`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The workload; `list` shows them
    name: String,
    /// Do the least that shows that it works
    #[arg(long)]
    quick: bool,
}

impl Options {
    /// Does the workload and prints its line.
    pub(super) fn run(&self) -> Result<(), Problem> {
        let name = &self.name;
        let workload = work::named(name).ok_or_else(|| {
            Problem::new(format!("there is no workload {name}; `list` shows them"))
        })?;
        let mut meter = Meter::new();
        let outcome = workload.run(&mut meter, Scale::new(self.quick));
        let (used, blocks) = process::counted().unwrap_or_default();
        let note = outcome.note.map(|(name, count)| format!("{name}:{count}"));
        let sample = Sample {
            workload: name.clone(),
            allocator: process::malloc_library(),
            operations: outcome.operations,
            wall_ns: meter.wall.as_nanos() as u64,
            processor_ns: meter.processor.as_nanos() as u64,
            peak: process::resident_peak(),
            before: meter.resident_before,
            used,
            blocks,
            note: note.unwrap_or_else(|| "-".to_owned()),
        };
        println!("{sample}");
        Ok(())
    }
}

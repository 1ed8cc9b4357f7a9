//! The options of a series of runs.

use std::path::PathBuf;

use crate::allocators::{self, Allocator};
use crate::problem::Problem;

/// A series of runs.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Series {
    /// Do the least that shows that everything works
    #[arg(long)]
    pub(crate) quick: bool,
    /// Runs of each, 1 to 1000 [default: 5; with --quick: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    runs: Option<u16>,
    /// Workloads or programs of these names, or whose names contain them
    #[arg(long, value_name = "PART,...", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Allocators by name (the README lists them) or NAME=LIBRARY; programs: default hoard, beside glibc
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) allocators: Vec<String>,
    /// Append the samples to FILE; a series that was interrupted goes on where it was
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

impl Series {
    /// Returns how many runs of each there are.
    pub(crate) fn runs(&self) -> usize {
        self.runs.map_or(if self.quick { 1 } else { 5 }, usize::from)
    }
}

/// Finds or builds the allocators of these names; at least one.
pub(crate) fn prepare(names: &[String]) -> Result<Vec<Allocator>, Problem> {
    let allocators = allocators::prepare(names);
    if allocators.is_empty() {
        return Err(Problem::new("no allocator is left to run; the lines above say why"));
    }
    Ok(allocators)
}

/// Tells how many runs failed, if any did.
pub(crate) fn outcome(failures: usize) -> Result<(), Problem> {
    match failures {
        0 => Ok(()),
        count => Err(Problem::new(format!("{count} runs failed"))),
    }
}

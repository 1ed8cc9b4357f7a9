//! `report`: the tables and curves of samples that were saved before.

use std::path::PathBuf;

use crate::problem::Problem;
use crate::sample::Sample;
use crate::{programs, report};

/// The options of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Files that `--save` wrote
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) view: report::View,
}

impl Options {
    /// Prints the tables and draws the curves.
    pub(super) fn run(&self) -> Result<(), Problem> {
        let mut samples = Vec::new();
        for path in &self.files {
            let text = std::fs::read_to_string(path).map_err(Problem::with(path.display()))?;
            samples.extend(text.lines().filter_map(Sample::parse));
        }
        if samples.is_empty() {
            return Err(Problem::new(
                "these files hold no samples; `heap --save FILE` writes some",
            ));
        }
        let (programs, samples): (Vec<Sample>, Vec<Sample>) =
            samples.into_iter().partition(programs::is_program);
        if !samples.is_empty() {
            print!("{}", report::table(&samples, &self.view));
            print!("{}", report::summary(&samples, &self.view));
        }
        if !programs.is_empty() {
            print!("{}", programs::table(&programs));
        }
        report::draw(&samples, &self.view)
    }
}

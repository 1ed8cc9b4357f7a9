//! `programs`: real servers and tools on an allocator and, beside it, on the C library's.

use super::series::{self, Series};
use crate::allocators::{self, Allocator, GLIBC, HOARD};
use crate::problem::Problem;
use crate::programs::{self, PROGRAMS, Program};
use crate::sample::{Sample, save, saved};
use crate::{process, runner};

/// The options of `programs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    series: Series,
    /// Leave it to the scheduler where servers and clients run
    #[arg(long)]
    unplaced: bool,
}

/// The allocators that are asked for, the C library's first.
fn ready(named: &[String]) -> Result<Vec<Allocator>, Problem> {
    let usual = [HOARD.to_owned()];
    let named = if named.is_empty() { &usual } else { named };
    let wanted: Vec<String> = named.iter().filter(|name| *name != GLIBC).cloned().collect();
    // The C library is preloaded too: some programs are linked against another allocator, which it then replaces.
    let libc = Allocator { library: Some(process::malloc_library().into()), ..Allocator::glibc() };
    let mut ready = vec![libc];
    if !wanted.is_empty() {
        ready.extend(allocators::prepare(&wanted));
    }
    for allocator in &ready {
        runner::try_out(allocator)?;
    }
    Ok(ready)
}

/// The programs that `only` names and that are installed, and how many are not.
fn present(only: &[String]) -> (Vec<&'static Program>, usize) {
    let chosen = PROGRAMS.iter().filter(|program| {
        only.is_empty() || only.iter().any(|part| program.name.contains(part.as_str()))
    });
    let (mut present, mut skipped) = (Vec::new(), 0);
    for program in chosen {
        let missing = program.missing();
        if missing.is_empty() {
            present.push(program);
        } else {
            let packages = missing.join(" ");
            println!("# SKIP {}: not installed; apt-get install {packages}", program.name);
            skipped += 1;
        }
    }
    (present, skipped)
}

impl Options {
    /// Runs the programs, and prints what came of it.
    pub(super) fn run(&self) -> Result<(), Problem> {
        let series = &self.series;
        let allocators = ready(&series.allocators)?;
        let (present, skipped) = present(&series.only);
        // A series that was interrupted goes on where it was: what the file keeps is not run again.
        let kept = series.save.as_deref().map(saved).unwrap_or_default();
        let kept_of = |name: &str| kept.iter().filter(|s| s.workload == name).count();
        let (mut samples, mut failures) = (Vec::new(), 0);
        for round in 0..series.runs() {
            for program in &present {
                // One right after the other, and each first as often.
                for place in 0..allocators.len() {
                    let turn = round * allocators.len() + place;
                    if turn < kept_of(program.name) {
                        continue;
                    }
                    let allocator = &allocators[(place + round) % allocators.len()];
                    match self.once(program, allocator, turn)? {
                        Some(sample) => samples.push(sample),
                        None => failures += 1,
                    }
                }
            }
        }
        let ran = samples.len();
        samples.extend(kept);
        print!("{}", programs::table(&samples));
        println!("# {ran} runs, {failures} failed, {skipped} programs skipped");
        series::outcome(failures)
    }

    /// Runs a program once and keeps its sample; `None`, with a note, if it failed.
    fn once(
        &self,
        program: &Program,
        allocator: &Allocator,
        turn: usize,
    ) -> Result<Option<Sample>, Problem> {
        match program.sample(allocator, self.series.quick, self.unplaced, turn) {
            Ok(sample) => {
                if let Some(path) = &self.series.save {
                    save(path, &sample)?;
                }
                let seconds = sample.wall_ns as f64 / 1e9;
                println!("# {} on {}: {seconds:.2} s", program.name, allocator.name);
                Ok(Some(sample))
            }
            Err(problem) => {
                println!("# FAILED {problem}");
                Ok(None)
            }
        }
    }
}

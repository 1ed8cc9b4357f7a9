//! `heap`: every workload on every allocator, each run a process of its own, the allocators taking turns.

pub(crate) mod peers;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod sample;
mod svg;

use std::cell::LazyCell;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::work::{self, Meter, Scale};
use crate::{Problem, process, programs};
use peers::Allocator;
use sample::{HEADER, Sample};

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) runs: usize,
    /// Parts of workload names; empty for all.
    pub(crate) only: Vec<String>,
    pub(crate) allocators: Vec<String>,
    /// Servers and clients run where the scheduler wants them.
    pub(crate) unplaced: bool,
    /// Where to append the samples.
    pub(crate) save: Option<PathBuf>,
    pub(crate) view: report::View,
}

/// Does one workload in this process and prints its line.
pub(crate) fn work(name: &str, quick: bool) -> Result<(), Problem> {
    let workload = work::named(name)
        .ok_or_else(|| Problem::new(format!("there is no workload {name}; `list` shows them")))?;
    let mut meter = Meter::new();
    let outcome = workload.run(&mut meter, Scale::new(quick));
    let (used, blocks) = process::counted().unwrap_or_default();
    let sample = Sample {
        workload: name.to_owned(),
        allocator: process::malloc_library(),
        operations: outcome.operations,
        wall_ns: meter.wall.as_nanos() as u64,
        processor_ns: meter.processor.as_nanos() as u64,
        peak: process::resident_peak(),
        before: meter.resident_before,
        used,
        blocks,
        note: outcome
            .note
            .map_or_else(|| "-".to_owned(), |(name, count)| format!("{name}:{count}")),
    };
    println!("{sample}");
    Ok(())
}

/// Runs one workload in a process of its own on `allocator`.
fn run(workload: &str, allocator: &Allocator, quick: bool) -> Result<Sample, Problem> {
    let program = std::env::current_exe().map_err(|error| Problem::new(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["work", workload]).stdin(Stdio::null());
    if quick {
        command.arg("--quick");
    }
    allocator.apply(&mut command);
    let output = command.output().map_err(|error| Problem::new(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = || {
        let errors = String::from_utf8_lossy(&output.stderr);
        Problem::new(format!(
            "{workload} on {} ended with {}: {}",
            allocator.name,
            output.status,
            errors.lines().last().unwrap_or("nothing said")
        ))
    };
    let mut sample = text.lines().rev().find_map(Sample::parse).ok_or_else(failed)?;
    if !output.status.success() {
        return Err(failed());
    }
    // The dynamic linker only warns about a library that it cannot preload: see whose malloc it really was.
    let expected = allocator.library.as_deref().and_then(Path::file_name);
    let used = Path::new(&sample.allocator).file_name();
    if expected.is_some() && expected != used {
        let used = &sample.allocator;
        return Err(Problem::new(format!(
            "{} was not preloaded: malloc came from {used}",
            allocator.name
        )));
    }
    sample.allocator.clone_from(&allocator.name);
    Ok(sample)
}

/// Sees that an allocator can be preloaded at all.
pub(crate) fn try_out(allocator: &Allocator) -> Result<(), Problem> {
    run("words-1", allocator, true).map(drop)
}

/// The workloads that the plan names: by a whole name, or else by a part of it.
fn chosen(plan: &Plan) -> Result<Vec<String>, Problem> {
    let named = |name: &String| {
        let meant = |part: &String| {
            part == name || (work::named(part).is_none() && name.contains(part.as_str()))
        };
        plan.only.is_empty() || plan.only.iter().any(meant)
    };
    let chosen: Vec<String> = work::all().map(|workload| workload.name()).filter(named).collect();
    if chosen.is_empty() {
        return Err(Problem::new("no workload has such a name; `list` shows them"));
    }
    Ok(chosen)
}

/// The command `heap`.
pub(crate) fn bench(plan: &Plan) -> Result<(), Problem> {
    let allocators = peers::prepare(&plan.allocators);
    if allocators.is_empty() {
        return Err(Problem::new("no allocator is left to run".to_owned()));
    }
    let chosen = chosen(plan)?;
    // A series that was interrupted goes on where it was: what the file keeps is not run again.
    let mut samples = plan.save.as_deref().map(saved).unwrap_or_default();
    let counter = LazyCell::new(|| {
        peers::counter().map_err(|reason| println!("# SKIP used memory: {reason}")).ok()
    });
    let mut failures = Vec::new();
    let mut ran = 0;
    for name in &chosen {
        let kept: Vec<usize> = allocators
            .iter()
            .map(|a| {
                samples.iter().filter(|s| s.workload == *name && s.allocator == a.name).count()
            })
            .collect();
        let mut counted = None;
        for round in 0..plan.runs {
            for turn in 0..allocators.len() {
                // Each round starts with another allocator: none always follows the same neighbour's heat.
                let place = (turn + round) % allocators.len();
                if round < kept[place] {
                    continue;
                }
                if counted.is_none() {
                    counted = Some(count(name, &samples, || counter.as_ref(), plan.quick)?);
                }
                match run(name, &allocators[place], plan.quick) {
                    Ok(mut sample) => {
                        (sample.used, sample.blocks) = counted.unwrap_or_default();
                        if let Some(path) = &plan.save {
                            save(path, &sample)?;
                        }
                        samples.push(sample);
                        ran += 1;
                    }
                    Err(problem) => failures.push(problem.to_string()),
                }
            }
        }
        print!("{}", report::one(name, &samples, &plan.view));
    }
    let samples: Vec<Sample> =
        samples.into_iter().filter(|sample| chosen.contains(&sample.workload)).collect();
    print!("{}", report::summary(&samples, &plan.view));
    for failure in &failures {
        println!("# FAILED {failure}");
    }
    // A quick run's curves would tell nothing.
    let usual = (!plan.quick).then(|| peers::target().join("heap-curves"));
    let curves = plan.view.curves.clone().or(usual);
    draw(&samples, &report::View { curves, ..plan.view.clone() })?;
    println!("# {ran} runs of {} workloads on {} allocators", chosen.len(), allocators.len());
    match failures.len() {
        0 => Ok(()),
        count => Err(Problem::new(format!("{count} runs failed"))),
    }
}

/// What `workload` has in use at its peak and how many blocks it asks for: as saved samples have it, or else counted
/// in a run of its own; zeroes if that cannot be.
fn count<'a>(
    workload: &str,
    samples: &[Sample],
    counter: impl FnOnce() -> Option<&'a Allocator>,
    quick: bool,
) -> Result<(u64, u64), Problem> {
    if let Some(known) = samples.iter().find(|s| s.workload == workload && s.used > 0) {
        return Ok((known.used, known.blocks));
    }
    let counted = counter().map(|counter| run(workload, counter, quick)).transpose()?;
    Ok(counted.map_or((0, 0), |sample| (sample.used, sample.blocks)))
}

/// The samples that a file keeps; none if there is no such file.
pub(crate) fn saved(path: &Path) -> Vec<Sample> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(Sample::parse).collect()
}

/// Appends a sample to a file.
pub(crate) fn save(path: &Path, sample: &Sample) -> Result<(), Problem> {
    let problem = |error: std::io::Error| Problem::new(format!("{}: {error}", path.display()));
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(problem)?;
    let mut text = String::new();
    if file.metadata().map_err(problem)?.len() == 0 {
        text = format!("{HEADER}\n");
    }
    text = format!("{text}{sample}\n");
    file.write_all(text.as_bytes()).map_err(problem)
}

/// Writes the curves, if a folder is given for them.
fn draw(samples: &[Sample], view: &report::View) -> Result<(), Problem> {
    let Some(folder) = &view.curves else { return Ok(()) };
    for (name, drawing) in report::curves(samples, view) {
        let path = folder.join(format!("{name}.svg"));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, drawing))
            .map_err(|error| Problem::new(format!("{}: {error}", path.display())))?;
        println!("drawn: {}", path.display());
    }
    Ok(())
}

/// The command `report`: the tables and curves of samples that were saved before.
pub(crate) fn report(files: &[PathBuf], view: &report::View) -> Result<(), Problem> {
    let mut samples = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::new(format!("{}: {error}", path.display())))?;
        samples.extend(text.lines().filter_map(Sample::parse));
    }
    if samples.is_empty() {
        return Err(Problem::new(
            "these files hold no samples; `heap --save FILE` writes some".to_owned(),
        ));
    }
    let (programs, samples): (Vec<Sample>, Vec<Sample>) =
        samples.into_iter().partition(programs::is_program);
    if !samples.is_empty() {
        print!("{}", report::table(&samples, view));
        print!("{}", report::summary(&samples, view));
    }
    if !programs.is_empty() {
        print!("{}", programs::table(&programs));
    }
    draw(&samples, view)
}

#[cfg(test)]
mod tests {
    use super::sample::{HEADER, Sample};
    use super::{save, saved};

    #[test]
    fn samples_are_kept_one_by_one() {
        let path = std::env::temp_dir().join(format!("rs_heap_bench-{}.csv", std::process::id()));
        assert!(saved(&path).is_empty());
        let lines = ["trees-1,hoard,9,8,7,6,5,4,3,-", "larson-4,glibc,9,8,7,6,5,4,3,respawns:2"];
        let samples: Vec<Sample> = lines.iter().filter_map(|line| Sample::parse(line)).collect();
        for sample in &samples {
            save(&path, sample).expect("a temporary file");
        }
        let text = std::fs::read_to_string(&path).expect("written above");
        assert_eq!(text, format!("{HEADER}\n{}\n{}\n", lines[0], lines[1]));
        assert_eq!((saved(&path), samples.len()), (samples, 2));
        std::fs::remove_file(&path).expect("written above");
    }
}

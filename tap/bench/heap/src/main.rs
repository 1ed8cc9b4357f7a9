//! `rs_heap_bench`: how fast and how lean a memory allocator is, measured on programs it does not know.
//!
//! One binary plays three parts. As `heap` it runs workloads, each in a process of its own, on every allocator in
//! turn. As `work` it *is* such a process. As `programs` it puts real servers and tools on an allocator, has their own
//! clients check what they do, and times them. `README.md` tells how the figures are made and how to read them.

mod block;
mod heap;
mod process;
mod programs;
mod rng;
mod work;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
rs_heap_bench [heap] [OPTION ...]      run the workloads on every allocator, in turn
rs_heap_bench programs [OPTION ...]    run real programs under LD_PRELOAD
rs_heap_bench profile [OPTION ...]     where the instructions of the workloads go (needs valgrind)
rs_heap_bench report FILE ... [OPTION] tables and curves of saved samples
rs_heap_bench list                     what there is to run
rs_heap_bench work NAME [--quick]      do one workload in this process

  --quick              the least that shows that everything works
  --runs N             runs of each (default 5; quick: 1)
  --only PART,...      workloads or programs of that name, or whose names contain it
  --allocators A,...   some of: hoard glibc jemalloc-debian tcmalloc-debian mimalloc-debian
                       mimalloc-crate snmalloc-crate jemalloc-crate rpmalloc-crate, or NAME=LIBRARY
                       (programs: default hoard, beside glibc, which is always there)
  --unplaced           leave it to the scheduler where servers and clients run (programs)
  --by wall|processor  what counts as time (default wall)
  --save FILE          append the samples to FILE; a series that was interrupted goes on where it was
  --curves FOLDER      where scaling curves are drawn (heap: default target/heap-curves)
";

/// What went wrong, in words for a person.
#[derive(Debug)]
pub(crate) struct Problem(String);

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ends a workload whose result would mean nothing.
pub(crate) fn die(reason: &str) -> ! {
    eprintln!("rs_heap_bench: {reason}");
    std::process::exit(3)
}

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The options, and what is no option.
fn options(arguments: &[String]) -> Result<(heap::Plan, Vec<String>), Problem> {
    let mut plan = heap::Plan::default();
    let mut rest = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| Problem::new(format!("{argument} needs a value")));
        match argument.as_str() {
            "--quick" => plan.quick = true,
            "--unplaced" => plan.unplaced = true,
            "--runs" => {
                let runs = value()?;
                plan.runs = runs.parse().ok().filter(|runs| (1..=1000).contains(runs)).ok_or_else(
                    || Problem::new(format!("--runs takes a number from 1 to 1000, not {runs}")),
                )?;
            }
            "--only" => plan.only = list(value()?),
            "--allocators" => plan.allocators = list(value()?),
            "--by" => match value()?.as_str() {
                "wall" => plan.view.by_processor = false,
                "processor" => plan.view.by_processor = true,
                other => {
                    return Err(Problem::new(format!("--by takes wall or processor, not {other}")));
                }
            },
            "--save" => plan.save = Some(PathBuf::from(value()?)),
            "--curves" => plan.view.curves = Some(PathBuf::from(value()?)),
            option if option.starts_with('-') => {
                return Err(Problem::new(format!("there is no option {option}\n{HELP}")));
            }
            _ => rest.push(argument.clone()),
        }
    }
    if plan.runs == 0 {
        plan.runs = if plan.quick { 1 } else { 5 };
    }
    Ok((plan, rest))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("rs_heap_bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Problem> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let (plan, rest) = options(arguments)?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match rest.as_slice() {
        [] | ["heap"] => heap::bench(&plan),
        ["profile"] => heap::profile::bench(&plan),
        ["programs"] => programs::bench(&plan),
        ["work", name] => heap::work(name, plan.quick),
        ["list"] => {
            work::all().for_each(|workload| println!("{}", workload.name()));
            programs::names().for_each(|name| println!("programs: {name}"));
            Ok(())
        }
        ["report", files @ ..] if !files.is_empty() => {
            heap::report(&files.iter().map(PathBuf::from).collect::<Vec<_>>(), &plan.view)
        }
        other => Err(Problem::new(format!("cannot make sense of {}\n{HELP}", other.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::options;

    fn parse(line: &str) -> Result<(crate::heap::Plan, Vec<String>), crate::Problem> {
        options(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn reads_options() {
        let (plan, rest) =
            parse("heap --runs 7 --only larson,trees --by processor").expect("good options");
        assert_eq!((plan.runs, rest.len(), plan.only.len()), (7, 1, 2));
        assert!(plan.view.by_processor && !plan.quick);
        assert_eq!(parse("--quick").expect("good options").0.runs, 1);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["--runs", "--runs 0", "--runs many", "--by luck", "--fast"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}

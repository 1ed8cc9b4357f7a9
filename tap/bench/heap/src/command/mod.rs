//! The commands, a file each.

mod heap;
mod list;
mod profile;
mod programs;
mod report;
mod series;
mod work;

use clap::{Parser, Subcommand};

use crate::problem::Problem;

/// How fast and how lean a memory allocator is, measured on programs that do not know it.
///
/// Without a command, `heap` with the options given.
#[derive(Debug, Parser)]
#[command(name = "rs_heap_bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    heap: heap::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the workloads on every allocator, in turn
    Heap(heap::Options),
    /// Run real programs under LD_PRELOAD, beside glibc
    Programs(programs::Options),
    /// Count where the instructions of the workloads go (needs valgrind)
    Profile(profile::Options),
    /// Print tables and draw curves of saved samples
    Report(report::Options),
    /// Name all workloads and programs
    List,
    /// Do one workload in this process, and print its line of figures
    Work(work::Options),
}

impl Cli {
    /// Carries the command out.
    pub(crate) fn run(&self) -> Result<(), Problem> {
        match &self.command {
            None => self.heap.run(),
            Some(Command::Heap(options)) => options.run(),
            Some(Command::Programs(options)) => options.run(),
            Some(Command::Profile(options)) => options.run(),
            Some(Command::Report(options)) => options.run(),
            Some(Command::List) => {
                list::run();
                Ok(())
            }
            Some(Command::Work(options)) => options.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command};
    use crate::report::Clock;
    use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["rs_heap_bench"].into_iter().chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_are_those_of_the_command() {
        let line = "heap --runs 7 --only larson,trees --by processor";
        let Some(Command::Heap(options)) = parse(line).expect("good options").command else {
            panic!("another command");
        };
        assert_eq!((options.series.runs(), options.series.only.len()), (7, 2));
        assert_eq!((options.view.by, options.series.quick), (Clock::Processor, false));
        let line = "report a.csv b.csv --curves folder";
        let Some(Command::Report(options)) = parse(line).expect("good options").command else {
            panic!("another command");
        };
        assert_eq!((options.files.len(), options.view.curves.is_some()), (2, true));
        assert!(parse("programs --unplaced --allocators hoard").is_ok());
        assert!(parse("work trees-1 --quick").is_ok() && parse("list").is_ok());
    }

    #[test]
    fn without_a_command_it_is_heap() {
        let cli = parse("--quick --only trees").expect("good options");
        assert!(cli.command.is_none() && cli.heap.series.quick);
        assert_eq!(cli.heap.series.runs(), 1, "a quick run is one");
        assert_eq!(parse("").expect("no options").heap.series.runs(), 5);
    }

    #[test]
    fn unknown_options_are_refused_with_a_hint() {
        let bad = ["--runs", "--runs 0", "--runs many", "--by luck", "--fast", "report", "work"];
        for line in bad.into_iter().chain(["heap --unplaced", "profile --runs 3", "nonesuch"]) {
            assert!(parse(line).is_err(), "{line}");
        }
        for (line, hint) in [("progams", "programs"), ("--alocators x", "--allocators")] {
            let text = parse(line).expect_err("a slip").to_string();
            assert!(text.contains(hint), "{text}");
        }
        let help = parse("programs --help").expect_err("help is no command");
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        assert!(help.to_string().contains("--unplaced"));
    }
}

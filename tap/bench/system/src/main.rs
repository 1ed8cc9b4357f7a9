//! rs_system_bench: times of the host system's mechanisms, beside the Linux primitives they are made of.
//!
//! Run it by `cargo tap bench system` on a quiet machine with at least two CPUs.
mod baseline;
mod init;
mod latency;
mod parts;
mod report;
mod timers;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use report::Report;
use rs_bench_system as system;

/// Measure the host system's mechanisms beside the Linux primitives that they are made of
///
/// Prints medians with their spread beside ratios and targets. Measure on a quiet machine. Exit value:
/// 0 all targets were met, 1 one was missed or something failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "rs_system_bench", bin_name = "cargo tap bench system", version)]
struct Line {
    /// What to measure; all of it by default
    #[arg(value_name = "PART")]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Server and client on one CPU: RPC, capabilities, signals, sessions
    Calls,
    /// Server and client on a CPU each
    Parallel,
    /// Components that start one after the other
    Start,
    /// 200 idle components
    Many,
    /// An init with 1000 idle children
    Init,
    /// Mutex and heaps with several threads
    Heap,
    /// A timer task, in turn with the kernel's own timer
    Timers,
    /// What an honest client waits, beside components that take all they can get
    Latency,
}

impl Part {
    fn measure(self, report: &mut Report) -> Result<(), String> {
        match self {
            Self::Calls => parts::calls(report),
            Self::Parallel => parts::parallel(report),
            Self::Start => parts::start(report),
            Self::Many => parts::many(report),
            Self::Init => init::measure(report),
            Self::Heap => parts::heap(report),
            Self::Timers => timers::measure(report),
            Self::Latency => latency::latency(report),
        }
    }
}

fn main() -> ExitCode {
    match run(&Line::parse().parts) {
        Ok(report) if report.missed == 0 => ExitCode::SUCCESS,
        Ok(report) => {
            println!("{} targets missed", report.missed);
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the wanted parts, in the order of their declaration.
fn run(wanted: &[Part]) -> Result<Report, String> {
    system::build(&[
        "rs_host_core",
        "rs_init",
        "rs_timer",
        "rs_contention",
        "rs_system_bench_parts",
    ])?;
    let mut report = Report::default();
    for part in Part::value_variants() {
        if wanted.is_empty() || wanted.contains(part) {
            part.measure(&mut report)?;
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn parts_are_named_and_mistakes_explained() {
        Line::command().debug_assert();
        let line = Line::try_parse_from(["x", "heap", "calls"]).map(|line| line.parts);
        assert_eq!(line.ok(), Some(vec![Part::Heap, Part::Calls]));
        let error = Line::try_parse_from(["x", "paralel"]).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("a similar value exists: 'parallel'")));
    }
}

//! `cargo tap cells`: policies that divide a machine among cells, seen at work.

use crate::output::{complain, say};
use std::path::PathBuf;
use tap_cells::record::{record, replay};
use tap_cells::run::{Outcome, ROWS, run};
use tap_cells::show;
use tap_cells::trace::{KINDS, Trace, make};

const EXAMPLES: &str = "\
Examples:
  cargo tap cells simulate --kind bursty --svg cells.svg
  cargo tap cells simulate --kind antagonist --cells 100 --cores 128 --nodes 8
  cargo tap cells simulate --trace day.trace --policy load --policy numa --record day.record
  cargo tap cells simulate --replay day.record";

/// The arguments of `cells`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Run a trace of demand through every policy, and a bound that none can pass
    #[command(after_help = EXAMPLES)]
    Simulate(Simulate),
}

#[derive(Debug, clap::Args)]
struct Simulate {
    /// A trace; its format is told in tap/cells/src/trace.rs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "replay"])]
    trace: Option<PathBuf>,
    /// A trace that is made
    #[arg(long, default_value = "bursty", value_parser = clap::builder::PossibleValuesParser::new(KINDS))]
    kind: String,
    /// Cells of a trace that is made
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=1000))]
    cells: u16,
    /// Its cores
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    cores: u16,
    /// Its nodes
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    nodes: u16,
    /// Its cores that share a physical one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=8))]
    smt: u16,
    /// Its steps of a millisecond
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    steps: u32,
    /// Its seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A policy, instead of all; may be repeated
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(ROWS))]
    policy: Vec<String>,
    /// Write a plot of the cores that did work
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
    /// Write trace and decisions
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Run a record again: every byte must be the same
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "policy", "record"])]
    replay: Option<PathBuf>,
}

/// Runs the command.
pub fn execute(args: &Args) -> u8 {
    let What::Simulate(args) = &args.what;
    match simulate(args) {
        Ok(text) => say(&text),
        Err(message) => complain(&message),
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

fn outcomes(args: &Simulate) -> Result<(Trace, Vec<Outcome>), String> {
    if let Some(path) = &args.replay {
        return replay(&read(path)?).map_err(|e| format!("{}: {e}", path.display()));
    }
    let trace = if let Some(path) = &args.trace {
        Trace::parse(&read(path)?).map_err(|e| format!("{}: {e}", path.display()))?
    } else {
        let machine = (args.nodes, args.cores, args.smt);
        make(&args.kind, args.cells, machine, args.steps, args.seed).ok_or("no such kind")?
    };
    let wanted = |row: &&&str| args.policy.is_empty() || args.policy.iter().any(|p| p == **row);
    let rows = ROWS.iter().filter(wanted).map(|row| run(&trace, row));
    let rows = rows.collect::<Result<_, _>>()?;
    Ok((trace, rows))
}

fn simulate(args: &Simulate) -> Result<String, String> {
    let (trace, outcomes) = outcomes(args)?;
    if let Some(path) = &args.svg {
        write(path, &show::svg(&trace, &outcomes))?;
    }
    if let Some(path) = &args.record {
        write(path, &record(&trace, &outcomes))?;
    }
    let show = if args.json { show::json } else { show::table };
    Ok(show(&trace, &outcomes))
}

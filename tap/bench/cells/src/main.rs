//! rs_cells_bench: how long a decision takes, for each policy, against a budget of 100 µs.

use cells::policy::{NAMES, by_name};
use cells::{CellId, Event, Machine, Manager, Sample, Spec};
use clap::Parser;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Budget of a decision in nanoseconds.
const BUDGET: u64 = 100_000;

/// Measure decisions of the cell policies
#[derive(Debug, Parser)]
#[command(name = "cargo tap bench cells")]
struct Args {
    /// Cells
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..4096))]
    cells: u16,
    /// Cores
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..=4096))]
    cores: u16,
    /// Nodes
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    nodes: u16,
    /// Decisions for each row
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    decisions: u32,
    /// Fail if a median is above the budget
    #[arg(long)]
    strict: bool,
}

/// Times of the decisions for a policy, in nanoseconds, sorted, and units moved.
fn measure(
    args: &Args,
    policy: &str,
    reports: usize,
    memory: bool,
) -> Result<(Vec<u64>, u64), String> {
    let told = |e: &dyn std::fmt::Display| e.to_string();
    let machine = Machine::uniform(args.nodes, args.cores, 1, 1 << 40).map_err(|e| told(&e))?;
    let policy = by_name(policy).ok_or("no such policy")?;
    let mut manager = Manager::new(machine, policy, 64);
    let mut random = fastrand::Rng::with_seed(1);
    for n in 1..=args.cells {
        let spec = Spec { weight: random.u32(8..10), ..Spec::default() };
        manager.on(Event::Start(CellId(n), spec)).map_err(|e| told(&e))?;
    }
    let mut times = Vec::new();
    let mut moves = 0;
    for _ in 0..args.decisions {
        let samples: Vec<(CellId, Sample)> = (0..reports)
            .map(|_| {
                let wanted = random.u16(..8);
                let bytes = if memory { random.u64(1 << 20..1 << 30) } else { 0 };
                let sample =
                    Sample { wanted: Some(wanted), used: 7, delay_us: 10, rate: 0, memory: bytes };
                (CellId(random.u16(1..=args.cells)), sample)
            })
            .collect();
        let start = Instant::now();
        let decision = manager.on(Event::Samples(black_box(&samples))).map_err(|e| told(&e))?;
        times.push(start.elapsed().as_nanos() as u64);
        moves += decision.moves.len() as u64;
    }
    times.sort_unstable();
    Ok((times, moves))
}

fn main() -> ExitCode {
    let args = Args::parse();
    println!(
        "{} cells, {} cores, {} nodes; {} decisions a row; budget {} µs",
        args.cells,
        args.cores,
        args.nodes,
        args.decisions,
        BUDGET / 1000
    );
    println!(
        "{:24} {:>8} {:>8} {:>8} {:>9} {:>7}",
        "policy", "p50 µs", "p99 µs", "p50/bud", "moves/dec", ""
    );
    let mut late = false;
    for policy in NAMES {
        for (what, reports, memory) in
            [("1 report", 1, false), ("50 reports", 50, false), ("50, memory", 50, true)]
        {
            let (times, moves) = match measure(&args, policy, reports, memory) {
                Ok(measured) => measured,
                Err(message) => {
                    eprintln!("error: {message}");
                    return ExitCode::from(1);
                }
            };
            let at = |percent: usize| times[(times.len() - 1) * percent / 100];
            let over = at(50) > BUDGET;
            late |= over && policy != "karma";
            println!(
                "{:24} {:8.1} {:8.1} {:8.2} {:9.1} {:>7}",
                format!("{policy}, {what}"),
                at(50) as f64 / 1e3,
                at(99) as f64 / 1e3,
                at(50) as f64 / BUDGET as f64,
                moves as f64 / times.len() as f64,
                if over { "late" } else { "" }
            );
        }
    }
    ExitCode::from(u8::from(late && args.strict))
}

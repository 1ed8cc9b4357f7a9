//! rs_system_bench: what the host system's mechanisms take, beside the Linux primitives they are made of.
//!
//! Run it by `cargo tap bench system` on a quiet machine with at least two CPUs.
mod baseline;
mod parts;
mod report;
mod system;

use std::process::ExitCode;

use report::Report;

/// A part, as named on the command line.
type Part = (&'static str, fn(&mut Report) -> Result<(), String>);

const PARTS: [Part; 5] = [
    ("calls", parts::calls),
    ("parallel", parts::parallel),
    ("start", parts::start),
    ("many", parts::many),
    ("heap", parts::heap),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = args.iter().find(|a| PARTS.iter().all(|(name, _)| name != a)) {
        let names = PARTS.map(|(name, _)| name).join("] [");
        eprintln!(
            "unknown part \"{unknown}\"; usage: rs_system_bench [{names}]; all of them by default"
        );
        return ExitCode::FAILURE;
    }
    match run(|part| args.is_empty() || args.iter().any(|a| a == part)) {
        Ok(report) if report.missed == 0 => ExitCode::SUCCESS,
        Ok(report) => {
            println!("{} targets missed", report.missed);
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: impl Fn(&str) -> bool) -> Result<Report, String> {
    system::build()?;
    let mut report = Report::default();
    for (_, measure) in PARTS.iter().filter(|(name, _)| wanted(name)) {
        measure(&mut report)?;
    }
    Ok(report)
}

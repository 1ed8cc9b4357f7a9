//! The table of real programs.

use std::fmt::Write as _;

use crate::allocators::GLIBC;
use crate::sample::{Sample, median, spread};

/// Makes a Markdown table of the samples of these programs, each allocator against glibc.
pub(super) fn of<'a>(programs: impl Iterator<Item = &'a str>, samples: &[Sample]) -> String {
    let mut text = String::from(
        "\n| program | allocator | runs | speed to glibc | pair by pair | spread | processor time to glibc | own memory, MiB | largest process, MiB |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for program in programs {
        let of = |allocator: &str| -> Vec<&Sample> {
            samples.iter().filter(|s| s.workload == program && s.allocator == allocator).collect()
        };
        let speeds = |runs: &[&Sample]| runs.iter().map(|s| s.speed()).collect::<Vec<f64>>();
        let base = of(GLIBC);
        let base_speed = median(speeds(&base));
        let cost = |runs: &[&Sample]| {
            median(runs.iter().map(|s| s.processor_ns as f64 / s.operations.max(1) as f64))
        };
        let mut allocators: Vec<&str> = samples.iter().map(|s| s.allocator.as_str()).collect();
        allocators.sort_unstable();
        allocators.dedup();
        for allocator in allocators {
            let runs = of(allocator);
            if runs.is_empty() {
                continue;
            }
            let largest =
                |s: &&Sample| s.note.split_once(':').and_then(|(_, bytes)| bytes.parse().ok());
            let mib = f64::from(1 << 20);
            let _ = writeln!(
                text,
                "| {program} | {allocator} | {} | {:.3} | {:.3} | {:.1} % | {:.3} | {:.1} | {:.1} |",
                runs.len(),
                median(speeds(&runs)) / base_speed,
                median(
                    speeds(&runs).iter().zip(speeds(&base)).map(|(speed, beside)| speed / beside)
                ),
                spread(&speeds(&runs)) * 100.0,
                cost(&runs) / cost(&base),
                median(runs.iter().map(|s| s.peak as f64)) / mib,
                median(runs.iter().filter_map(largest)) / mib,
            );
        }
    }
    text
}

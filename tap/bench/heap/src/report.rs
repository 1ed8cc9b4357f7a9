//! Tables: per workload, over all workloads, and as Markdown for the record.
//!
//! Every ratio is against the best *peer* of that workload: the fastest allocator that is not ours. A peer can reach
//! 1 there, ours more than 1.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::allocators::HOARD;
use crate::problem::Problem;
use crate::sample::{Sample, geometric_mean, median, spread};
use crate::svg;

/// The time that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Clock {
    /// Time as it passes
    #[default]
    Wall,
    /// Time of the process on processors: steadier on a busy machine, but blind to waiting
    Processor,
}

/// How to look at the samples.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct View {
    /// The time that counts
    #[arg(long, value_enum, default_value_t)]
    pub(crate) by: Clock,
    /// Draw scaling curves into FOLDER
    #[arg(long, value_name = "FOLDER")]
    pub(crate) curves: Option<PathBuf>,
}

/// Below this use, A/U would tell of the allocator's and the program's fixed costs only.
const LARGE: u64 = 1 << 20;

/// One workload on one allocator, over its runs.
struct Cell {
    allocator: String,
    speed: f64,
    spread: f64,
    runs: usize,
    peak: f64,
    /// Allocated from the system over used by the program; 0 if it was not counted or is too little to tell.
    overhead: f64,
    note: String,
}

/// The values in the order in which they first appear.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

fn cells(workload: &str, samples: &[Sample], view: &View) -> Vec<Cell> {
    let of: Vec<&Sample> = samples.iter().filter(|sample| sample.workload == workload).collect();
    let mut cells: Vec<Cell> = distinct(of.iter().map(|sample| sample.allocator.as_str()))
        .into_iter()
        .map(|allocator| {
            let runs: Vec<&&Sample> =
                of.iter().filter(|sample| sample.allocator == allocator).collect();
            let speeds: Vec<f64> = runs
                .iter()
                .map(
                    |sample| {
                        if view.by == Clock::Processor { sample.thrift() } else { sample.speed() }
                    },
                )
                .collect();
            let overhead = |sample: &&&Sample| {
                sample.peak.saturating_sub(sample.before) as f64 / (sample.used as f64).max(1.0)
            };
            let counted = runs.iter().all(|sample| sample.used >= LARGE);
            Cell {
                allocator: allocator.to_owned(),
                speed: median(speeds.iter().copied()),
                spread: spread(&speeds),
                runs: runs.len(),
                peak: median(runs.iter().map(|sample| sample.peak as f64)),
                overhead: if counted { median(runs.iter().map(overhead)) } else { 0.0 },
                note: note(&runs),
            }
        })
        .collect();
    cells.sort_by(|a, b| b.speed.total_cmp(&a.speed));
    cells
}

/// The median of a counted note.
fn note(runs: &[&&Sample]) -> String {
    let Some((name, _)) = runs.first().and_then(|sample| sample.note.split_once(':')) else {
        return String::new();
    };
    let counts = runs.iter().filter_map(|sample| sample.note.split_once(':')?.1.parse().ok());
    format!("{name} {}", median(counts))
}

/// The speed of the best peer; ours does not count, unless there is no other.
fn best(cells: &[Cell]) -> f64 {
    let peer = cells.iter().find(|cell| cell.allocator != HOARD);
    peer.or(cells.first()).map_or(1.0, |cell| cell.speed)
}

/// Peak memory of the leanest among the three fastest peers.
fn lean(cells: &[Cell]) -> f64 {
    let peers = cells.iter().filter(|cell| cell.allocator != HOARD);
    peers.take(3).map(|cell| cell.peak).fold(f64::INFINITY, f64::min)
}

/// A ratio, or a dash for one that was not measured.
fn known(ratio: f64) -> String {
    if ratio > 0.0 { format!("{ratio:.2}") } else { "-".to_owned() }
}

fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}

/// Makes the table of one workload, fastest first.
pub(crate) fn one(workload: &str, samples: &[Sample], view: &View) -> String {
    let cells = cells(workload, samples, view);
    let best = best(&cells);
    let mut text = format!(
        "\n{workload}\n  {:<16} {:>11} {:>7} {:>8} {:>9} {:>6}\n",
        "allocator", "Mop/s", "spread", "to best", "peak MiB", "A/U"
    );
    for cell in &cells {
        let overhead = known(cell.overhead);
        let _ = writeln!(
            text,
            "  {:<16} {:>11.4} {:>6.1}% {:>8.3} {:>9.1} {overhead:>6}  {}",
            cell.allocator,
            cell.speed / 1e6,
            cell.spread * 100.0,
            cell.speed / best,
            mib(cell.peak),
            cell.note,
        );
    }
    text
}

/// The geometric means over all workloads, and what stands against ours.
pub(crate) fn summary(samples: &[Sample], view: &View) -> String {
    let workloads = distinct(samples.iter().map(|sample| sample.workload.as_str()));
    let rows: Vec<(&str, Vec<Cell>)> =
        workloads.iter().map(|&workload| (workload, cells(workload, samples, view))).collect();
    let clock = if view.by == Clock::Processor { "processor" } else { "wall" };
    let mut text = format!(
        "\n## All {} workloads, by {clock} time\n\n\
         | allocator | geometric mean to the best peer | least | where | peak memory to the leanest of the three fastest peers | A/U |\n\
         |---|---:|---:|---|---:|---:|\n",
        rows.len()
    );
    let mut lines: Vec<(f64, String)> = Vec::new();
    for allocator in distinct(samples.iter().map(|sample| sample.allocator.as_str())) {
        let mine: Vec<(&str, f64, f64, f64)> = rows
            .iter()
            .filter_map(|(workload, cells)| {
                let cell = cells.iter().find(|cell| cell.allocator == allocator)?;
                Some((*workload, cell.speed / best(cells), cell.peak / lean(cells), cell.overhead))
            })
            .collect();
        let ratios: Vec<f64> = mine.iter().map(|row| row.1).collect();
        let memory: Vec<f64> = mine.iter().map(|row| row.2).collect();
        let overhead: Vec<f64> =
            mine.iter().map(|row| row.3).filter(|&value| value > 0.0).collect();
        let mean = geometric_mean(&ratios);
        let least = mine.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let missing = rows.len() - mine.len();
        let incomplete = if missing > 0 { format!(" (without {missing})") } else { String::new() };
        let (place, least) = least.map_or(("-", 0.0), |row| (row.0, row.1));
        lines.push((
            mean,
            format!(
                "| {allocator}{incomplete} | {mean:.3} | {least:.3} | {place} | {:.2} | {} |\n",
                geometric_mean(&memory),
                known(geometric_mean(&overhead))
            ),
        ));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    text.extend(lines.into_iter().map(|(_, line)| line));
    text
}

/// Markdown: ratios per workload and allocator, then ours in absolute figures.
pub(crate) fn table(samples: &[Sample], view: &View) -> String {
    let workloads = distinct(samples.iter().map(|sample| sample.workload.as_str()));
    let allocators = distinct(samples.iter().map(|sample| sample.allocator.as_str()));
    let names = allocators.join(" | ");
    let rule = "---:|".repeat(allocators.len());
    let grid = |title: &str, show: &dyn Fn(&Cell, &[Cell]) -> String| {
        let mut text = format!("\n### {title}\n\n| workload | {names} |\n|---|{rule}\n");
        for workload in &workloads {
            let cells = cells(workload, samples, view);
            let _ = write!(text, "| {workload} |");
            for allocator in &allocators {
                let cell = cells.iter().find(|cell| cell.allocator == *allocator);
                let _ = write!(
                    text,
                    " {} |",
                    cell.map_or_else(|| "-".to_owned(), |cell| show(cell, &cells))
                );
            }
            text.push('\n');
        }
        text
    };
    let mut text = String::new();
    text += &grid("Speed: ratio to the best peer", &|cell, cells| {
        format!("{:.3}", cell.speed / best(cells))
    });
    text += &grid("Spread: extremes over the median, and runs", &|cell, _| {
        format!("{:.1} % of {}", cell.spread * 100.0, cell.runs)
    });
    text += &grid("Peak resident memory, MiB", &|cell, _| format!("{:.1}", mib(cell.peak)));
    text +=
        &grid("A/U: resident for the heap over used by the program, at the peak", &|cell, _| {
            known(cell.overhead)
        });
    text += &grid("Million operations a second", &|cell, _| {
        let note = if cell.note.is_empty() { String::new() } else { format!(" ({})", cell.note) };
        format!("{:.3}{note}", cell.speed / 1e6)
    });
    text
}

/// For each family that ran with several numbers of threads: its name and drawing.
pub(crate) fn curves(samples: &[Sample], view: &View) -> Vec<(String, String)> {
    let workloads = distinct(samples.iter().map(|sample| sample.workload.as_str()));
    let parts = |name: &str| {
        let (family, threads) = name.rsplit_once('-')?;
        Some((family.to_owned(), threads.parse::<u32>().ok()?))
    };
    let named: Vec<(String, u32)> = workloads.iter().filter_map(|name| parts(name)).collect();
    distinct(named.iter().map(|(family, _)| family.as_str()))
        .into_iter()
        .filter_map(|family| {
            let counts: Vec<u32> = named
                .iter()
                .filter(|(other, _)| other == family)
                .map(|(_, threads)| *threads)
                .collect();
            if counts.len() < 2 {
                return None;
            }
            let mut lines: Vec<svg::Line> = Vec::new();
            for &threads in &counts {
                for cell in cells(&format!("{family}-{threads}"), samples, view) {
                    let point = (f64::from(threads), cell.speed / 1e6);
                    match lines.iter_mut().find(|line| line.name == cell.allocator) {
                        Some(line) => line.points.push(point),
                        None => lines.push(svg::Line { name: cell.allocator, points: vec![point] }),
                    }
                }
            }
            lines.sort_by(|a, b| a.name.cmp(&b.name));
            let clock = if view.by == Clock::Processor { " of processor time" } else { "" };
            let title = format!("{family}: million operations a second{clock}");
            Some((family.to_owned(), svg::draw(&title, &counts, &lines)))
        })
        .collect()
}

/// Writes the curves, if a folder is given for them.
pub(crate) fn draw(samples: &[Sample], view: &View) -> Result<(), Problem> {
    let Some(folder) = &view.curves else { return Ok(()) };
    for (name, drawing) in curves(samples, view) {
        let path = folder.join(format!("{name}.svg"));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, drawing))
            .map_err(Problem::with(path.display()))?;
        println!("drawn: {}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Clock, Sample, View, curves, one, summary, table};

    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        for (allocator, ns) in [("hoard", 50), ("glibc", 100), ("other", 200)] {
            for workload in ["larson-1", "larson-4"] {
                for run in 0..3 {
                    samples.push(Sample {
                        workload: workload.into(),
                        allocator: allocator.into(),
                        operations: 1000,
                        wall_ns: ns + run,
                        processor_ns: ns,
                        peak: 3 << 20,
                        before: 1 << 20,
                        used: 1 << 20,
                        blocks: 5,
                        note: format!("respawns:{run}"),
                    });
                }
            }
        }
        samples
    }

    #[test]
    fn ratios_are_against_the_best_peer() {
        let text = one("larson-4", &samples(), &View { by: Clock::Processor, curves: None });
        let line =
            |name: &str| text.lines().find(|line| line.contains(name)).expect("a line").to_owned();
        assert!(line("hoard").contains("2.000"), "{text}");
        assert!(line("glibc").contains("1.000"), "{text}");
        assert!(line("other").contains("0.500"), "{text}");
        assert!(line("hoard").contains("respawns 1"), "{text}");
        assert!(line("hoard").contains("2.00  "), "A/U is (3 - 1) / 1: {text}");
    }

    #[test]
    fn every_allocator_and_workload_appears() {
        let (samples, view) = (samples(), View { by: Clock::Processor, curves: None });
        let text = summary(&samples, &view);
        assert!(text.contains("| hoard | 2.000 | 2.000 |"), "{text}");
        assert!(table(&samples, &view).contains("| larson-1 | 2.000 | 1.000 | 0.500 |"));
    }

    #[test]
    fn families_become_curves() {
        let drawn = curves(&samples(), &View::default());
        assert_eq!(drawn.len(), 1);
        assert_eq!(drawn[0].0, "larson");
        assert_eq!(drawn[0].1.matches("<polyline").count(), 3);
    }
}

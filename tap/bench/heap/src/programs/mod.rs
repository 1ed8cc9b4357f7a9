//! `programs`: servers and tools as Debian ships them, put on an allocator by LD_PRELOAD, driven and checked by their
//! own clients, and timed against the same program on the C library's allocator.
//!
//! Everything is local: Unix sockets or the loopback address, a folder that is removed, an unprivileged user.

mod batch;
mod memcached;
mod nginx;
mod place;
mod postgres;
mod redis;
mod stage;

use std::fmt::Write as _;

use crate::heap::peers::{self, Allocator, GLIBC};
use crate::heap::sample::{Sample, median, spread};
use crate::heap::{self, Plan};
use crate::{Problem, process};
use place::Places;
use stage::{Done, Peak, Stage};

/// What one run gave.
#[derive(Clone, Copy, Debug)]
struct Score {
    /// Requests, transactions, or 1 for a program that does one fixed thing.
    operations: u64,
    /// The time in which they were done.
    wall_ns: u64,
    /// Processor time of the program from start to end.
    processor_ns: u64,
    peak: Peak,
}

impl Score {
    fn new(operations: u64, wall: std::time::Duration, done: &Done) -> Self {
        Self {
            operations,
            wall_ns: wall.as_nanos() as u64,
            processor_ns: done.processor.as_nanos() as u64,
            peak: done.peak,
        }
    }

    /// A program that does one thing and ends.
    fn whole(done: &Done) -> Self {
        Self::new(1, done.wall, done)
    }
}

struct Program {
    name: &'static str,
    /// Executables, or files by their whole path, and the Debian packages that bring them.
    needs: &'static [(&'static str, &'static str)],
    run: fn(&Stage) -> Result<Score, Problem>,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "redis",
        needs: &[("redis-server", "redis-server"), ("redis-benchmark", "redis-tools")],
        run: redis::run,
    },
    Program { name: "memcached", needs: &[("memcached", "memcached")], run: memcached::run },
    Program {
        name: "postgresql",
        needs: &[
            ("initdb", "postgresql"),
            ("pgbench", "postgresql"),
            ("psql", "postgresql-client"),
        ],
        run: postgres::run,
    },
    Program { name: "nginx", needs: &[("nginx", "nginx-light"), ("wrk", "wrk")], run: nginx::run },
    Program { name: "sqlite3", needs: &[("sqlite3", "sqlite3")], run: batch::sqlite },
    Program {
        name: "python3",
        needs: &[
            ("python3.11", "python3.11"),
            ("/usr/lib/python3.11/test/test_dict.py", "libpython3.11-testsuite"),
        ],
        run: batch::python,
    },
    Program { name: "g++", needs: &[("g++", "g++"), ("make", "make")], run: batch::compiler },
];

/// The names of the programs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|program| program.name)
}

impl Program {
    /// The packages that are missing.
    fn missing(&self) -> Vec<&'static str> {
        let present = |name: &str| {
            if name.starts_with('/') {
                std::path::Path::new(name).exists()
            } else {
                stage::find(name).is_some()
            }
        };
        let absent = self.needs.iter().filter(|(name, _)| !present(name));
        let mut packages: Vec<&str> = absent.map(|(_, package)| *package).collect();
        packages.dedup();
        packages
    }

    fn sample(&self, allocator: &Allocator, plan: &Plan, turn: usize) -> Result<Sample, Problem> {
        let places = if plan.unplaced { Places::ANYWHERE } else { Places::of_machine() };
        let stage = Stage::new(&format!("{}-{turn}", self.name), allocator, plan.quick, places)?;
        let score = (self.run)(&stage).map_err(|problem| {
            Problem::new(format!("{} on {}: {problem}", self.name, allocator.name))
        })?;
        Ok(Sample {
            workload: self.name.to_owned(),
            allocator: allocator.name.clone(),
            operations: score.operations,
            wall_ns: score.wall_ns,
            processor_ns: score.processor_ns,
            peak: score.peak.anonymous,
            before: 0,
            used: 0,
            blocks: 0,
            note: format!("largest:{}", score.peak.largest),
        })
    }
}

/// The command `programs`.
pub(crate) fn bench(plan: &Plan) -> Result<(), Problem> {
    let named = if plan.allocators.is_empty() {
        vec![peers::HOARD.to_owned()]
    } else {
        plan.allocators.clone()
    };
    let wanted: Vec<String> = named.into_iter().filter(|name| name != GLIBC).collect();
    // The C library is preloaded too: some programs are linked against another allocator, which it then replaces.
    let libc = Allocator { library: Some(process::malloc_library().into()), ..Allocator::glibc() };
    let mut allocators = vec![libc];
    if !wanted.is_empty() {
        allocators.extend(peers::prepare(&wanted));
    }
    for allocator in &allocators {
        heap::try_out(allocator)?;
    }
    let chosen = PROGRAMS.iter().filter(|program| {
        plan.only.is_empty() || plan.only.iter().any(|part| program.name.contains(part.as_str()))
    });
    let (mut samples, mut failures, mut skipped) = (Vec::new(), Vec::new(), 0);
    let mut present = Vec::new();
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
    // A series that was interrupted goes on where it was: what the file keeps is not run again.
    let kept = plan.save.as_deref().map(heap::saved).unwrap_or_default();
    let kept_of = |program: &Program| kept.iter().filter(|s| s.workload == program.name).count();
    let runs = (0..plan.runs).flat_map(|round| present.iter().map(move |program| (round, program)));
    for (round, program) in runs {
        // One right after the other, and each first as often.
        for place in 0..allocators.len() {
            let turn = round * allocators.len() + place;
            if turn < kept_of(program) {
                continue;
            }
            let allocator = &allocators[(place + round) % allocators.len()];
            match program.sample(allocator, plan, turn) {
                Ok(sample) => {
                    if let Some(path) = &plan.save {
                        heap::save(path, &sample)?;
                    }
                    let seconds = sample.wall_ns as f64 / 1e9;
                    println!("# {} on {}: {seconds:.2} s", program.name, allocator.name);
                    samples.push(sample);
                }
                Err(problem) => {
                    println!("# FAILED {problem}");
                    failures.push(problem);
                }
            }
        }
    }
    let ran = samples.len();
    samples.extend(kept);
    print!("{}", table(&samples));
    println!("# {ran} runs, {} failed, {skipped} programs skipped", failures.len());
    match failures.len() {
        0 => Ok(()),
        count => Err(Problem::new(format!("{count} runs failed"))),
    }
}

/// Whether samples are of programs.
pub(crate) fn is_program(sample: &Sample) -> bool {
    names().any(|name| name == sample.workload)
}

/// Markdown: each program on each allocator against glibc.
pub(crate) fn table(samples: &[Sample]) -> String {
    let mut text = String::from(
        "\n| program | allocator | runs | speed to glibc | pair by pair | spread | processor time to glibc | own memory, MiB | largest process, MiB |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for program in names() {
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

#[cfg(test)]
mod tests {
    use super::{PROGRAMS, names};

    #[test]
    fn names_are_unique_and_needs_named() {
        for program in PROGRAMS {
            assert_eq!(names().filter(|name| *name == program.name).count(), 1);
            assert!(!program.needs.is_empty());
        }
    }
}

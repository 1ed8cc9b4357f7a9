//! Servers and tools as Debian ships them, put on an allocator by LD_PRELOAD, driven and checked by their own clients,
//! and timed against the same program on the C library's allocator.
//!
//! Everything is local: Unix sockets or the loopback address, a folder that is removed, an unprivileged user.

mod batch;
mod memcached;
mod nginx;
mod place;
mod postgres;
mod redis;
mod score;
mod stage;
mod table;

use crate::allocators::Allocator;
use crate::problem::Problem;
use crate::sample::Sample;
use place::Places;
use score::Score;
use stage::Stage;

/// A program that can be put on an allocator.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// Executables, or files by their whole path, and the Debian packages that bring them.
    needs: &'static [(&'static str, &'static str)],
    run: fn(&Stage) -> Result<Score, Problem>,
}

/// All programs, in the order of the report.
pub(crate) const PROGRAMS: &[Program] = &[
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

/// Returns the names of the programs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|program| program.name)
}

impl Program {
    /// Returns the packages that are missing.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
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

    /// Runs the program once on `allocator`; `turn` tells this run from others of this process.
    pub(crate) fn sample(
        &self,
        allocator: &Allocator,
        quick: bool,
        unplaced: bool,
        turn: usize,
    ) -> Result<Sample, Problem> {
        let places = if unplaced { Places::ANYWHERE } else { Places::of_machine() };
        let stage = Stage::new(&format!("{}-{turn}", self.name), allocator, quick, places)?;
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

/// Tells if a sample is of a program.
pub(crate) fn is_program(sample: &Sample) -> bool {
    names().any(|name| name == sample.workload)
}

/// Makes a Markdown table: each program on each allocator against glibc.
pub(crate) fn table(samples: &[Sample]) -> String {
    table::of(names(), samples)
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

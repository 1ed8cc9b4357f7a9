//! One workload in a process of its own, on an allocator.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::allocators::Allocator;
use crate::problem::Problem;
use crate::sample::Sample;

/// Runs one workload in a process of its own on `allocator`.
pub(crate) fn run(workload: &str, allocator: &Allocator, quick: bool) -> Result<Sample, Problem> {
    let program = std::env::current_exe().map_err(Problem::with("this program"))?;
    let mut command = Command::new(program);
    command.args(["work", workload]).stdin(Stdio::null());
    if quick {
        command.arg("--quick");
    }
    allocator.apply(&mut command);
    let output = command.output().map_err(Problem::with("this program"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = || {
        let errors = String::from_utf8_lossy(&output.stderr);
        Problem::new(format!(
            "{workload} on {} ended with {}: {}",
            allocator.name,
            output.status,
            errors.lines().last().unwrap_or("nothing said")
        ))
    };
    let mut sample = text.lines().rev().find_map(Sample::parse).ok_or_else(failed)?;
    if !output.status.success() {
        return Err(failed());
    }
    // The dynamic linker only warns about a library that it cannot preload: see whose malloc it really was.
    let expected = allocator.library.as_deref().and_then(Path::file_name);
    let used = Path::new(&sample.allocator).file_name();
    if expected.is_some() && expected != used {
        let used = &sample.allocator;
        return Err(Problem::new(format!(
            "{} was not preloaded: malloc came from {used}",
            allocator.name
        )));
    }
    sample.allocator.clone_from(&allocator.name);
    Ok(sample)
}

/// Sees that an allocator can be preloaded at all.
pub(crate) fn try_out(allocator: &Allocator) -> Result<(), Problem> {
    run("words-1", allocator, true).map(drop)
}

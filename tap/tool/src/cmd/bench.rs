//! `cargo tap bench`: becomes `cargo run` of a benchmark.

use crate::host::workspace::{Project, cargo};
use crate::output::complain;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;

/// The arguments of `bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    which: Which,
}

/// The benchmarks. What follows is theirs, `--help`, too.
#[derive(Debug, clap::Subcommand)]
enum Which {
    /// Memory allocators, on programs they do not know
    #[command(disable_help_flag = true)]
    Heap(Further),
    /// The host system's calls, signals and sessions, beside bare Linux
    #[command(disable_help_flag = true)]
    System(Further),
    /// Reads of a host driver, beside pread
    #[command(disable_help_flag = true)]
    Storage(Further),
    /// Packet streams, beside a bare ring in shared memory and memcpy
    #[command(disable_help_flag = true)]
    Stream(Further),
    /// Decisions of the cell policies, against their budget
    #[command(disable_help_flag = true)]
    Cells(Further),
    /// Rust beside C++ on real Genode
    #[command(disable_help_flag = true)]
    Native(Further),
}

#[derive(Debug, clap::Args)]
struct Further {
    /// Arguments of the benchmark; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Runs the benchmark; returns only if it cannot be started.
pub fn execute(args: &Args) -> u8 {
    let (package, further) = match &args.which {
        Which::Heap(further) => ("rs_heap_bench", further),
        Which::System(further) => ("rs_system_bench", further),
        Which::Storage(further) => ("rs_storage_bench", further),
        Which::Stream(further) => ("rs_stream_bench", further),
        Which::Cells(further) => ("rs_cells_bench", further),
        Which::Native(further) => ("rs_native_bench", further),
    };
    let here = std::env::current_dir().unwrap_or_default();
    let project = match Project::find(&here) {
        Ok(project) => project,
        Err(message) => return complain(&message),
    };
    let sdk = project.sdk();
    if !sdk.bins.contains_key(package) {
        return complain(&format!("the workspace {} has no package {package}", sdk.root.display()));
    }
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--package", package]);
    command.arg("--manifest-path").arg(sdk.root.join("Cargo.toml"));
    command.arg("--target-dir").arg(&sdk.target);
    command.arg("--").args(&further.args);
    let error = command.exec();
    complain(&format!("cannot start cargo: {error}; is it in PATH?"))
}

//! Runs every run script on the host target, by the same code as `cargo tap test`.
//!
//! `cargo test PATTERN` gives the pattern to every test program: here it selects scripts by name, and finding none is
//! no failure.

use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|a| a == "--list") {
        return ExitCode::SUCCESS;
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
    command.arg("test").current_dir(&workspace);
    if let Some(pattern) = args.iter().find(|a| !a.starts_with('-')) {
        let any = std::fs::read_dir(workspace.join("tap/run"))
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().contains(pattern.as_str()));
        if !any {
            println!("0 passed, 0 failed, 0 skipped: no run script is called *{pattern}*");
            return ExitCode::SUCCESS;
        }
        command.arg(pattern);
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot start cargo-tap: {error}");
            ExitCode::FAILURE
        }
    }
}

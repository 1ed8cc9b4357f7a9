//! The command line tool: `topo --help`.

/// Runs [`topo::main`], which documents the exit code.
fn main() -> std::process::ExitCode {
    topo::main().into()
}

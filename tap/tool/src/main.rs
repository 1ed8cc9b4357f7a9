//! The command `cargo tap`.

/// Runs [`cargo_tap::cli::main`], which documents the exit value.
fn main() -> std::process::ExitCode {
    cargo_tap::cli::main()
}

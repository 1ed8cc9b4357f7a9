//! The command `cargo tap`.

fn main() -> std::process::ExitCode {
    cargo_tap::cli::main()
}

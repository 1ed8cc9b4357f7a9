//! `cargo tap run`: one run script.

use super::suite::{self, Chosen, Granted, Options};
use crate::run::grants::Grant;

const EXAMPLES: &str = "\
Examples:
  cargo tap run hello                        tap/run/rs_hello.run of the SDK, or run/hello.run of a crate
  cargo tap run ./tests/mine.run --release   a script by its path, with optimized components
  cargo tap run storm -- --strikes 10000     with arguments for the script
  cargo tap run host_fs --fs rs_host_fs=/srv/files:rw    a component that serves a directory of this machine
  cargo tap run NAME --terminal rs_terminal    a component that serves this terminal
  cargo tap run hello --genode BUILD_DIR --kernel hw --board pc";

/// The arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The script's name, with or without rs_ in front; or its path
    #[arg(value_hint = clap::ValueHint::FilePath)]
    name: String,
    #[command(flatten)]
    options: Options,
    /// Let a component reach a directory or file of this machine: read it, or with :rw write it,
    /// too. LABEL is its name below init; may be repeated
    #[arg(long, value_name = "LABEL=PATH[:rw]", value_parser = Grant::parse, conflicts_with = "genode")]
    fs: Vec<Grant>,
    /// Give a component the terminal that this runs on: its keys, and to show there whatever it
    /// likes. LABEL is its name below init. Ctrl-A x ends the run
    #[arg(long, value_name = "LABEL", conflicts_with = "genode")]
    terminal: Option<String>,
    /// For the script, which asks for them by `get_cmd_arg`
    #[arg(last = true, value_name = "ARGS")]
    for_script: Vec<String>,
}

/// Runs the script; returns the exit value.
pub fn execute(args: &Args) -> u8 {
    let granted = Granted { files: &args.fs, terminal: args.terminal.as_deref() };
    suite::execute(&Chosen::One(&args.name), &args.options, &granted, &args.for_script)
}

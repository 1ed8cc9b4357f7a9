//! `cargo tap test`: all run scripts, or some.

use super::suite::{self, Chosen, Granted, Options};

/// The arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run those whose name contains this; * and ? work
    pattern: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Runs the scripts; returns the exit value.
pub fn execute(args: &Args) -> u8 {
    let chosen = Chosen::Matching(args.pattern.as_deref());
    suite::execute(&chosen, &args.options, &Granted::default(), &[])
}

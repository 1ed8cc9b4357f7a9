//! `cargo tap new`: a component that runs as it is made.

use crate::new::{Kind, create};
use crate::output::{complain, say};

const EXAMPLES: &str = "\
Examples:
  cargo tap new clock             in the SDK's workspace: components/clock; in an empty folder: a crate
  cargo tap new --rpc ../counter  a crate outside, with an RPC interface, a server and a client
  cargo tap new --git https://example.org/sdk.git clock";

/// The arguments of `new`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The component's name, or a path that ends with it
    #[arg(value_hint = clap::ValueHint::DirPath)]
    name: String,
    /// An RPC interface, and a server and a client of it
    #[arg(long)]
    rpc: bool,
    /// Depend on the SDK by git instead of by path
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    git: Option<String>,
}

/// Makes the component; returns the exit value.
pub fn execute(args: &Args) -> u8 {
    let here = std::env::current_dir().unwrap_or_default();
    let kind = if args.rpc { Kind::Rpc } else { Kind::Plain };
    match create(&here, &args.name, kind, args.git.as_deref()) {
        Ok(text) => say(&format!("{text}\n")),
        Err(message) => complain(&message),
    }
}

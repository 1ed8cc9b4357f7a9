//! `cargo tap top` and `cargo tap tree`: a running system in the terminal.

use crate::host::running::{self, RunningSystem};
use crate::host::workspace::Project;
use crate::output::{complain, say};
use crate::state::{self, History};
use crate::view::{self, View};
use std::io::IsTerminal;
use std::time::Duration;

const EXAMPLES: &str = "\
While `cargo tap run hello` runs in another terminal:
  cargo tap top                 CPU time, RAM, capabilities and threads of each component
  cargo tap tree hello          who is whose child, what it uses, and what it may call
  cargo tap top --json          the whole model once, for programs

Both are tabs of one view, renewed each second. Without a terminal they print once and end.";

/// The arguments of `top` and `tree`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The run script, with or without `rs_`, if several run
    name: Option<String>,
    /// Print the state as JSON, once
    #[arg(long)]
    json: bool,
    /// Print once, also to a terminal
    #[arg(long, conflicts_with = "json")]
    once: bool,
}

/// Time over which the part of a CPU is measured if the view is printed once.
const MEASURE: Duration = Duration::from_secs(1);
/// Columns of what is printed.
const WIDTH: u16 = 160;

/// Runs the command, with a tab first.
pub fn execute(args: &Args, tab: &str) -> u8 {
    let here = std::env::current_dir().unwrap_or_default();
    let system = Project::find(&here)
        .and_then(|project| running::one(&project.run_dirs(), args.name.as_deref()));
    match system.and_then(|system| show(&system, args, tab)) {
        Ok(text) => say(&text),
        Err(message) => complain(&message),
    }
}

fn show(system: &RunningSystem, args: &Args, tab: &str) -> Result<String, String> {
    let first = state::read(system)?;
    if args.json {
        return Ok(format!("{:#}\n", first.json()));
    }
    let mut history = History::new(first);
    if args.once || !std::io::stdout().is_terminal() {
        std::thread::sleep(MEASURE);
        history.next(state::read(system)?);
        return view::text(tab, &history, WIDTH);
    }
    view::run(View::new(tab), history, &mut || state::read(system))?;
    Ok(String::new())
}

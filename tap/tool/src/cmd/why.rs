//! `cargo tap why`: what the components of a running system do, and who waits for whom.

use crate::debugger;
use crate::host::running::{self, RunningSystem};
use crate::host::system::{WAITS, WAITS_TOTAL};
use crate::host::workspace::Project;
use crate::output::{complain, say};
use rustix::process::{Signal, kill_process};
use std::fmt::Write;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
While `cargo tap run hello` runs in another terminal:
  cargo tap why                 a line for each component: what it does, for whose answer it waits
  cargo tap why hello           the same of that system alone
  cargo tap why --calls         with the calls that led each thread to where it is, by gdb

A run whose line does not come in time says the same by itself.";

/// The arguments of `why`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The run script, with or without `rs_`; all that run if it is missing
    name: Option<String>,
    /// Say also which calls led each thread to where it is, if gdb is installed and may attach
    #[arg(long)]
    calls: bool,
}

/// Time for the calls of all components.
const CALLS: Duration = Duration::from_mins(2);

/// Time that core has for its answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Runs the command.
pub fn execute(args: &Args) -> u8 {
    let here = std::env::current_dir().unwrap_or_default();
    let told = Project::find(&here).and_then(|project| why(&project, args));
    match told {
        Ok(text) => say(&text),
        Err(message) => complain(&message),
    }
}

fn why(project: &Project, args: &Args) -> Result<String, String> {
    let systems = running::named(&project.run_dirs(), args.name.as_deref())?;
    let mut out = String::new();
    for system in systems {
        let _ = writeln!(out, "{} (process {})", system.name, system.core.as_raw_nonzero());
        let waits = ask(&system)?;
        let mut say = |line: &str| _ = writeln!(out, "  {line}");
        for line in &waits {
            say(line);
        }
        if args.calls {
            debugger::all_calls(&system, &waits, usize::MAX, CALLS, &mut say);
        }
    }
    Ok(out)
}

/// Asks core, and reads what it says from the system's log.
fn ask(system: &RunningSystem) -> Result<Vec<String>, String> {
    let trouble = |e: std::io::Error| format!("cannot read {}: {e}", system.log().display());
    let mut log = File::open(system.log()).map_err(trouble)?;
    log.seek(SeekFrom::End(0)).map_err(trouble)?;
    kill_process(system.core, Signal::USR1).map_err(|e| format!("cannot ask its core: {e}"))?;
    let end = Instant::now() + ANSWER;
    let mut text = Vec::new();
    loop {
        log.read_to_end(&mut text).map_err(trouble)?;
        let all = String::from_utf8_lossy(&text);
        let told: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix(WAITS)).collect();
        if told.last().is_some_and(|last| last.ends_with(WAITS_TOTAL)) {
            return Ok(told.into_iter().map(str::to_owned).collect());
        }
        if Instant::now() > end {
            let seconds = ANSWER.as_secs();
            return Err(format!("the core of {} did not answer within {seconds} s", system.name));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

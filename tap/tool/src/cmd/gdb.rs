//! `cargo tap gdb`: gdb on a component of a running system.

use crate::debugger;
use crate::host::running;
use crate::host::workspace::Project;
use crate::output::complain;
use crate::state;
use std::os::unix::process::CommandExt;

const EXAMPLES: &str = "\
While `cargo tap run hello` runs in another terminal:
  cargo tap gdb rs_hello_server                    attaches gdb to that component
  cargo tap gdb 'init -> rs_hello_server' -- -batch -ex 'thread apply all bt'

The component stands still until gdb detaches. Its calls to others wait meanwhile, as those of
others to it. A component with managed dataspaces faults on purpose: `handle SIGSEGV nostop noprint`.";

/// The arguments of `gdb`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The component: its label, the end of it, or that without `rs_`
    component: String,
    /// The run script, with or without `rs_`, if several run
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// For gdb
    #[arg(last = true, value_name = "ARGS")]
    for_gdb: Vec<String>,
}

/// Becomes gdb; returns only if that is not possible.
pub fn execute(args: &Args) -> u8 {
    let here = std::env::current_dir().unwrap_or_default();
    let target = Project::find(&here).and_then(|project| {
        let folder = project.run_dirs();
        let system = running::one(&folder, args.system.as_deref())?;
        let state = state::read(&system)?;
        debugger::target(&system, debugger::component(&state.components, &args.component)?)
    });
    match target {
        Ok(target) => {
            if let Some(why) = debugger::forbidden() {
                eprintln!("note: {why}");
            }
            let error = debugger::gdb(&target).args(&args.for_gdb).exec();
            complain(&format!("cannot start gdb: {error}; it is Debian's package `gdb`"))
        }
        Err(message) => complain(&message),
    }
}

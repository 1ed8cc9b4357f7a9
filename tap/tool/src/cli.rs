//! The command line: what it is made of, and the tool's entry.

use crate::cmd::{
    bench, cells, completions, conform, gdb, new, run, scripts, symbolize, test, top, topo, why,
};
use crate::output::{complain, say};
use crate::process::{GUARD, exec_guarded};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  cargo tap run hello                         a client, a server, the system around them, and its log
  cargo tap run storm -- --strikes 10000      what follows -- is for the script
  cargo tap run hello --genode BUILD_DIR      the same script on real Genode
  cargo tap test                              all run scripts; `cargo tap test signal` runs some
  cargo tap new --rpc clock                   a component: interface, server, client, run script
  cargo tap topo --synthetic \"numa:2 pu:4\"    a machine as a tree; without options, this one
  cargo tap bench system                      calls, signals and sessions beside bare Linux
  cargo tap help run                          all about one command

Results are TAP 14 on standard output. Exit value: 0 all that ran passed, 1 something failed or
nothing ran, 2 wrong usage, 130 interrupted.";

/// Build, run and test Genode components
#[derive(Debug, Parser)]
#[command(name = "cargo-tap", bin_name = "cargo tap", version, after_help = EXAMPLES)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build what a run script needs, run it, show its log
    Run(run::Args),
    /// Run all run scripts, or some
    Test(test::Args),
    /// Run the tests of a Genode tree with Genode's components and with ours in their place
    Conform(conform::Args),
    /// Compare what a tree's run scripts do in this interpreter with what they do in tclsh
    Scripts(scripts::Args),
    /// Make a component with a run script
    New(new::Args),
    /// Show a machine's topology: nodes, CPUs, caches, memory, distances
    #[command(after_help = topo::EXAMPLES)]
    Topo(topo::Args),
    /// Show what each component of a running system takes: CPU time, RAM, capabilities, threads
    Top(top::Args),
    /// Show the components of a running system as a tree, with what they use
    Tree(top::Args),
    /// Say what the components of a running system do, and who waits for whom
    Why(why::Args),
    /// Start gdb on a component of a running system
    Gdb(gdb::Args),
    /// Name the functions behind a log's addresses
    Symbolize(symbolize::Args),
    /// Run a benchmark, optimized
    Bench(bench::Args),
    /// Simulate cells that trade cores, under every policy
    Cells(cells::Args),
    /// Print what makes a shell complete `cargo tap`
    Completions(completions::Args),
}

/// Stack of the thread that interprets scripts: room for Tcl's 1000 nested scripts.
const STACK: usize = 512 << 20;

/// Runs the tool.
pub fn main() -> ExitCode {
    let mut line: Vec<OsString> = std::env::args_os().collect();
    if line.get(1).is_some_and(|a| a == GUARD) {
        return ExitCode::from(exec_guarded(&line[2..]));
    }
    // as a subcommand, cargo passes the command's name
    if line.get(1).is_some_and(|a| a == "tap") {
        line.remove(1);
    }
    // the thread lives as long as the process: children are tied to the thread that started them
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || execute(line));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(_)) => ExitCode::from(101),
        Err(e) => ExitCode::from(complain(&format!("cannot start a thread: {e}"))),
    }
}

fn execute(line: Vec<OsString>) -> u8 {
    let line = match Line::try_parse_from(line) {
        Ok(line) => line,
        Err(told) if told.use_stderr() => {
            eprint!("{told}");
            return 2;
        }
        // the help, or the version
        Err(told) => return say(&told.to_string()),
    };
    match line.command {
        None => say(&Line::command().render_help().to_string()),
        Some(Command::Run(args)) => run::execute(&args),
        Some(Command::Test(args)) => test::execute(&args),
        Some(Command::Conform(args)) => conform::execute(&args),
        Some(Command::Scripts(args)) => scripts::execute(&args),
        Some(Command::New(args)) => new::execute(&args),
        Some(Command::Topo(args)) => topo::execute(&args),
        Some(Command::Top(args)) => top::execute(&args, "top"),
        Some(Command::Tree(args)) => top::execute(&args, "tree"),
        Some(Command::Why(args)) => why::execute(&args),
        Some(Command::Gdb(args)) => gdb::execute(&args),
        Some(Command::Symbolize(args)) => symbolize::execute(&args),
        Some(Command::Bench(args)) => bench::execute(&args),
        Some(Command::Cells(args)) => cells::execute(&args),
        Some(Command::Completions(args)) => completions::execute(&args, Line::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }
}

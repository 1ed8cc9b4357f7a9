//! `cargo tap symbolize`: a log with names for its addresses.

use crate::host::workspace::Project;
use crate::output::complain;
use crate::symbols::Symbols;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cargo tap symbolize target/tap/rs_hello/log            components of the host system, from the last build
  make -C BUILD_DIR run/x | cargo tap symbolize --programs BUILD_DIR/debug
  dmesg | cargo tap symbolize --programs BUILD_DIR/debug    components on base-linux

Knows `#3 NAME+0xOFFSET` of the host system, `pd='LABEL' … ip=0xADDRESS` of Genode's core, and what Linux says of a
component on base-linux (`segfault at … ip ADDRESS … in NAME.stripped[…]`).";

/// The arguments of `symbolize`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The log; standard input if there is none
    file: Option<PathBuf>,
    /// Programs of the optimized build rather than of the other
    #[arg(long)]
    release: bool,
    /// A folder of programs with their symbols, before those of the last build; may be repeated
    #[arg(long, value_name = "DIR")]
    programs: Vec<PathBuf>,
    /// The program of a component that has another name; may be repeated
    #[arg(long, value_name = "NAME=PROGRAM", value_parser = pair)]
    child: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, program) = text.split_once('=').ok_or("expected NAME=PROGRAM")?;
    Ok((name.to_owned(), program.to_owned()))
}

/// Runs the command.
pub fn execute(args: &Args) -> u8 {
    match symbolize(args) {
        Ok(()) => 0,
        Err(message) => complain(&message),
    }
}

fn symbolize(args: &Args) -> Result<(), String> {
    for folder in &args.programs {
        if !folder.is_dir() {
            return Err(format!("{} is no folder of programs", folder.display()));
        }
    }
    let mut folders = args.programs.clone();
    let here = std::env::current_dir().unwrap_or_default();
    if let Ok(project) = Project::find(&here) {
        folders.extend(project.program_folders(args.release));
    }
    let mut symbols = Symbols::of(folders);
    for (name, program) in &args.child {
        symbols.child(name, program);
    }
    let input: Box<dyn BufRead> = match &args.file {
        None => Box::new(std::io::stdin().lock()),
        Some(path) => {
            let file =
                File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            Box::new(BufReader::new(file))
        }
    };
    let mut out = std::io::stdout().lock();
    for line in input.split(b'\n') {
        let line = line.map_err(|e| format!("cannot read the log: {e}"))?;
        let line = String::from_utf8_lossy(&line);
        if let Some(line) = symbols.annotate(&line) {
            writeln!(out, "{line}").map_err(|e| format!("cannot write to standard output: {e}"))?;
        }
    }
    Ok(())
}

//! The command line tool `topo`: prints, draws and converts machines.
//!
//! A program with subcommands takes [`Args`] as one of them and calls [`show`], as `cargo tap topo` does.
//! The package's own binary is [`main`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod args;
mod gather;

pub use args::Args;

use args::{Colour, Format, Source};
use clap::Parser;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use topology::Machine;
use topology::render::{self, TextOptions};

const AFTER_HELP: &str = "\
Examples:
  topo                                             this machine
  topo --synthetic \"numa:2 l3:2 core:4 pu:2\" --svg machine.svg
  topo --acpi tables/ --sysfs recording.txt --sources
  topo --file machine.xml --hwloc-xml - | lstopo -i -";

/// Show a machine's topology: nodes, CPUs, caches, memory, distances
#[derive(Debug, Parser)]
#[command(name = "topo", version, after_help = AFTER_HELP)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn rendered(machine: &Machine, format: Format) -> Result<String, core::fmt::Error> {
    let mut out = String::new();
    match format {
        Format::Svg => render::svg(machine, &mut out)?,
        Format::Json => render::json(machine, &mut out)?,
        Format::Hwloc(version) => render::hwloc_xml(machine, version, &mut out)?,
        Format::Description => render::description(machine, &mut out)?,
    }
    Ok(out)
}

fn show_checked(
    args: &Args,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("standard output: {e}");
    let sources = match args.sources.0.as_slice() {
        [] => &[Source::Machine],
        given => given,
    };
    let machine = Machine::build(&gather::claims(sources, err)?).map_err(|e| e.to_string())?;
    if machine.cpus().is_empty() && machine.nodes().is_empty() {
        return Err("none of the sources tells of a CPU or a node".to_string());
    }
    let outputs = &args.outputs.0;
    for output in outputs {
        let text = rendered(&machine, output.format).map_err(|e| e.to_string())?;
        let path = &output.path;
        if path.as_os_str() == "-" {
            out.write_all(text.as_bytes()).map_err(failed)?;
        } else {
            std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    let mut text = String::new();
    if args.tree || (outputs.is_empty() && !args.numbers) {
        let colour = match args.colour {
            Colour::Auto => terminal,
            Colour::Always => true,
            Colour::Never => false,
        };
        let options = TextOptions { colour, sources: args.with_sources };
        render::text(&machine, options, &mut text).map_err(|e| e.to_string())?;
    }
    if args.numbers {
        render::details(&machine, &mut text).map_err(|e| e.to_string())?;
    }
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(failed)
}

/// Shows what `args` ask for on `out`, with colours if that is a `terminal`. Returns the exit code:
/// 0, or 2 with a reason on `err`.
#[must_use = "it is the exit code"]
pub fn show_on(args: &Args, out: &mut dyn Write, err: &mut dyn Write, terminal: bool) -> u8 {
    match show_checked(args, out, err, terminal) {
        Ok(()) => 0,
        Err(e) => {
            writeln!(err, "topo: {e}").ok();
            2
        }
    }
}

/// Shows what `args` ask for on standard output. Returns the exit code: 0, or 2 with a reason on
/// standard error.
#[must_use = "it is the exit code"]
pub fn show(args: &Args) -> u8 {
    show_on(args, &mut std::io::stdout(), &mut std::io::stderr(), on_terminal())
}

/// Runs the tool with a command line, the program's name first. Returns the exit code: 0, or 2 with a
/// reason on `err`.
#[must_use = "it is the exit code"]
pub fn run(
    line: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> u8 {
    match Line::try_parse_from(line) {
        Ok(line) => show_on(&line.args, out, err, terminal),
        Err(told) if told.use_stderr() => {
            write!(err, "{told}").ok();
            2
        }
        // the help, or the version
        Err(told) => match write!(out, "{told}").and_then(|()| out.flush()) {
            Ok(()) => 0,
            Err(e) => {
                writeln!(err, "topo: standard output: {e}").ok();
                2
            }
        },
    }
}

/// Runs the tool with this process's command line and standard output, with colours if that is a
/// terminal. Returns the exit code.
#[must_use = "it is the exit code"]
pub fn main() -> u8 {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    run(std::env::args_os(), &mut out, &mut err, on_terminal())
}

fn on_terminal() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

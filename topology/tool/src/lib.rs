//! The command line tool: prints, draws and converts machines. `cargo tap topo` calls [`main`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use topology::render::{self, HwlocVersion, TextOptions};
use topology::source::sysfs::{Directory, Recorded};
use topology::source::this_machine::{acpi_tables, this_machine};
use topology::source::{description, synthetic, sysfs, tip};
use topology::{Claims, Machine};

/// What `--help` prints.
pub const USAGE: &str = "\
Show a machine's topology: nodes, CPUs, caches, memory, distances.

Usage: topo [SOURCE]... [OUTPUT]...

Sources (the first to state a fact wins, disagreement is shown; without any: this machine)
  --machine            this machine: sysfs, ACPI tables and CPUID, as far as they can be read
  --file FILE          a <machine> description
  --synthetic TEXT     hwloc's synthetic syntax, as in \"numa:2 core:4 pu:2\"
  --acpi PATH          ACPI table files (SRAT, SLIT, HMAT, MADT), or a folder of them
  --sysfs PATH         another root folder with sys/ in it, or a recording of one
  --tip FILE           a topology information page

Outputs (without any file: the tree on standard output; FILE may be - for standard output)
  --svg FILE           a drawing
  --json FILE          everything, each fact with its source
  --hwloc-xml FILE     for lstopo and other users of hwloc 2 and 3
  --hwloc3-xml FILE    for hwloc 3
  --description FILE   a <machine> description
  --tree               the tree, besides the files
  --numbers            distances, latencies and bandwidths as tables
  --sources            name the source of each fact in the tree
  --colour WHEN        auto, always or never
  --help               this text
";

enum From {
    Machine,
    File(PathBuf),
    Synthetic(String),
    Acpi(PathBuf),
    Sysfs(PathBuf),
    Tip(PathBuf),
}

#[derive(Copy, Clone)]
enum Format {
    Svg,
    Json,
    Hwloc(HwlocVersion),
    Description,
}

#[derive(Default)]
struct Options {
    from: Vec<From>,
    to: Vec<(Format, PathBuf)>,
    tree: bool,
    numbers: bool,
    sources: bool,
    colour: Option<bool>,
    help: bool,
}

fn options(args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut o = Options::default();
    let mut args = args;
    while let Some(arg) = args.next() {
        let (name, mut inline) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_string(), Some(value.to_string()))
            }
            _ => (arg, None),
        };
        let mut value =
            || inline.take().or_else(|| args.next()).ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--machine" => o.from.push(From::Machine),
            "--file" => o.from.push(From::File(value()?.into())),
            "--synthetic" => o.from.push(From::Synthetic(value()?)),
            "--acpi" => o.from.push(From::Acpi(value()?.into())),
            "--sysfs" => o.from.push(From::Sysfs(value()?.into())),
            "--tip" => o.from.push(From::Tip(value()?.into())),
            "--svg" => o.to.push((Format::Svg, value()?.into())),
            "--json" => o.to.push((Format::Json, value()?.into())),
            "--hwloc-xml" => o.to.push((Format::Hwloc(HwlocVersion::V2), value()?.into())),
            "--hwloc3-xml" => o.to.push((Format::Hwloc(HwlocVersion::V3), value()?.into())),
            "--description" => o.to.push((Format::Description, value()?.into())),
            "--tree" => o.tree = true,
            "--numbers" => o.numbers = true,
            "--sources" => o.sources = true,
            "--colour" | "--color" => {
                o.colour = match value()?.as_str() {
                    "auto" => None,
                    "always" => Some(true),
                    "never" => Some(false),
                    other => return Err(format!("{name}: {other} is not auto, always or never")),
                }
            }
            "--help" | "-h" => o.help = true,
            _ => return Err(format!("{name} is not known; see --help")),
        }
    }
    Ok(o)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn gather(from: &[From], err: &mut dyn Write) -> Result<Vec<Claims>, String> {
    let mut all = Vec::new();
    for f in from {
        match f {
            From::Machine => {
                let (claims, problems) = this_machine();
                for p in problems {
                    writeln!(err, "topo: {p}").ok();
                }
                all.extend(claims);
            }
            From::File(path) => {
                let text = read_text(path)?;
                let claims = description::parse(&text);
                all.push(claims.map_err(|e| format!("{}: {e}", path.display()))?);
            }
            From::Synthetic(text) => {
                all.push(synthetic::parse(text).map_err(|e| format!("--synthetic: {e}"))?);
            }
            From::Acpi(path) => all.extend(acpi_tables(path)?),
            From::Sysfs(path) => {
                let claims = if path.is_dir() {
                    sysfs::read(&Directory::new(path))
                } else {
                    sysfs::read(&Recorded::parse(&read_text(path)?))
                };
                all.push(claims.map_err(|e| format!("{}: {e}", path.display()))?);
            }
            From::Tip(path) => {
                let claims = tip::parse(&read(path)?);
                all.push(claims.map_err(|e| format!("{}: {e}", path.display()))?);
            }
        }
    }
    Ok(all)
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

fn run_checked(
    args: impl Iterator<Item = String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> Result<(), String> {
    let mut o = options(args)?;
    let failed = |e: std::io::Error| format!("standard output: {e}");
    if o.help {
        return out.write_all(USAGE.as_bytes()).map_err(failed);
    }
    if o.from.is_empty() {
        o.from.push(From::Machine);
    }
    let machine = Machine::build(&gather(&o.from, err)?).map_err(|e| e.to_string())?;
    if machine.cpus().is_empty() && machine.nodes().is_empty() {
        return Err("none of the sources tells of a CPU or a node".to_string());
    }
    for (format, path) in &o.to {
        let text = rendered(&machine, *format).map_err(|e| e.to_string())?;
        if path.as_os_str() == "-" {
            out.write_all(text.as_bytes()).map_err(failed)?;
        } else {
            std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    let mut text = String::new();
    if o.tree || (o.to.is_empty() && !o.numbers) {
        let colour = o.colour.unwrap_or(terminal);
        let options = TextOptions { colour, sources: o.sources };
        render::text(&machine, options, &mut text).map_err(|e| e.to_string())?;
    }
    if o.numbers {
        render::details(&machine, &mut text).map_err(|e| e.to_string())?;
    }
    out.write_all(text.as_bytes()).map_err(failed)
}

/// Run with arguments (the program's name not among them), writing to `out` and `err`. Returns the
/// exit code: 0, or 2 with a reason on `err`.
pub fn run(
    args: impl IntoIterator<Item = String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> u8 {
    match run_checked(args.into_iter(), out, err, terminal) {
        Ok(()) => 0,
        Err(e) => {
            writeln!(err, "topo: {e}").ok();
            2
        }
    }
}

/// Run on standard output, with colours if that is a terminal.
pub fn main(args: impl IntoIterator<Item = String>) -> u8 {
    let terminal = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    run(args, &mut std::io::stdout(), &mut std::io::stderr(), terminal)
}

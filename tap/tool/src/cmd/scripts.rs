//! `cargo tap scripts`: a tree's run scripts in our interpreter beside tclsh.

use crate::check::{Compared, PLATFORMS, Tree, compare};
use crate::output::{complain, write};
use crate::process::adopt_orphans;
use crate::signals::Interrupts;
use std::fmt::Write as _;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cargo tap scripts --check ../genode            all run scripts of the tree: repos/*/run/*.run
  cargo tap scripts --check ../genode os/run     those whose path contains this

Nothing is built or run: calls of the run tool, of Expect, of files and processes are recorded, and the
records compared. Exit value: 0 all scripts behave alike, 1 some do not, or there is no tclsh.";

/// The arguments of `scripts`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The Genode tree whose run scripts are compared
    #[arg(long, value_name = "TREE", value_hint = clap::ValueHint::DirPath)]
    check: PathBuf,
    /// Compare those whose path in the tree contains this; * and ? work
    pattern: Option<String>,
    /// Show all scripts, with what they did on each platform, not only those that differ
    #[arg(long, short)]
    verbose: bool,
}

/// Compares the scripts; returns the exit value.
pub fn execute(args: &Args) -> u8 {
    let interrupts = match Interrupts::install().and_then(|i| adopt_orphans().map(|()| i)) {
        Ok(interrupts) => interrupts,
        Err(e) => return complain(&format!("cannot prepare for signals: {e}")),
    };
    let compared = Tree::read(&args.check, args.pattern.as_deref())
        .and_then(|tree| compare(&tree, &interrupts).map(|rows| (tree, rows)));
    let (tree, rows) = match compared {
        Ok(compared) => compared,
        Err(_) if interrupts.seen() => return 130,
        Err(message) => return complain(&format!("nothing was compared: {message}")),
    };
    let (text, differing) = table(&tree, &rows, args.verbose);
    match write(&text) {
        Err(e) => complain(&format!("cannot write to standard output: {e}")),
        Ok(()) => u8::from(differing > 0),
    }
}

/// A script on a platform in a word: how many calls it recorded, and how it ended.
fn cell(compared: &Compared) -> String {
    if compared.ours.difference(&compared.theirs).is_some() {
        return "differs".to_owned();
    }
    let end = compared.theirs.end.split(' ').next().unwrap_or("");
    format!("{} {end}", compared.theirs.lines.len())
}

/// At most so many characters of a line are shown.
const SHOWN: usize = 200;

fn shown(line: &str) -> String {
    let plain: String = line.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if line.chars().count() > SHOWN { plain + "..." } else { plain }
}

/// The table, and how many scripts differ.
fn table(tree: &Tree, rows: &[Vec<Compared>], verbose: bool) -> (String, usize) {
    let mut text = format!("{:52}", "script");
    for platform in &PLATFORMS {
        let _ = write!(text, " {:12}", platform.name);
    }
    text.push('\n');
    let (mut differing, mut errors) = (0, 0);
    for (script, row) in tree.scripts.iter().zip(rows) {
        let differences: Vec<_> =
            row.iter().map(|compared| compared.ours.difference(&compared.theirs)).collect();
        let differs = differences.iter().any(Option::is_some);
        differing += usize::from(differs);
        errors += usize::from(row.iter().all(|c| c.theirs.end.starts_with("error")));
        if !differs && !verbose {
            continue;
        }
        let name = script.strip_prefix(&tree.root).unwrap_or(script).display().to_string();
        let _ = write!(text, "{name:52}");
        for compared in row {
            let _ = write!(text, " {:12}", cell(compared));
        }
        text.push('\n');
        for (platform, difference) in PLATFORMS.iter().zip(differences) {
            if let Some((line, ours, theirs)) = difference {
                let (ours, theirs) = (shown(&ours), shown(&theirs));
                let _ = writeln!(
                    text,
                    "  {}, call {line}\n    ours:  {ours}\n    tclsh: {theirs}",
                    platform.name
                );
            }
        }
        if verbose {
            for (platform, compared) in PLATFORMS.iter().zip(row) {
                if let Some(why) = compared.theirs.end.strip_prefix("error ") {
                    let _ = writeln!(text, "  {}, in both: {}", platform.name, shown(why));
                }
            }
        }
    }
    let _ = writeln!(
        text,
        "# {} of {} scripts behave as in tclsh, {errors} of all end with an error on each platform, {differing} differ",
        rows.len() - differing,
        rows.len(),
    );
    (text, differing)
}

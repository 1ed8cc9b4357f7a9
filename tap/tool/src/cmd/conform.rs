//! `cargo tap conform`: the tests of a Genode tree, with Genode's components and with ours in their place.

use crate::genode::build_dir::BuildDir;
use crate::genode::conform::{Package, Repository, Tree, With};
use crate::genode::results::{self, Subject};
use crate::genode::{PORTS, run_script};
use crate::host::workspace::Project;
use crate::output::complain;
use crate::process::adopt_orphans;
use crate::report::{Report, Style, Verdict};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The arguments of `conform`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Test packages whose name contains one of these; a name in whole means that one only
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// A build directory of Genode's build system
    #[arg(long, value_name = "BUILD_DIR")]
    genode: PathBuf,
    /// KERNEL= for make
    #[arg(long, value_name = "NAME", default_value = "linux")]
    kernel: String,
    /// BOARD= for make
    #[arg(long, value_name = "NAME", default_value = "linux")]
    board: String,
    /// A repository of the tree whose tests are run; may be repeated
    #[arg(long, value_name = "NAME", default_values = ["base", "os", "gems"])]
    repository: Vec<String>,
    /// Only with ours, where it is known how the tests go with Genode's
    #[arg(long)]
    ours: bool,
    /// Write the table to a file
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// What the file says of Genode's tree if that is no git repository
    #[arg(long, value_name = "NAME@COMMIT", requires = "results")]
    tree: Option<String>,
    /// Show the systems' logs
    #[arg(long, short)]
    verbose: bool,
    /// Without colours and progress
    #[arg(long = "no-colour", alias = "no-color")]
    no_colour: bool,
}

/// A test, and how it went with either set of components.
struct Row {
    package: String,
    theirs: Option<Verdict>,
    ours: Verdict,
}

/// Runs the tests; returns the exit value.
pub fn execute(args: &Args) -> u8 {
    let interrupts = match Interrupts::install().and_then(|i| adopt_orphans().map(|()| i)) {
        Ok(interrupts) => interrupts,
        Err(e) => return complain(&format!("cannot prepare for signals: {e}")),
    };
    match run(args, &interrupts) {
        Ok(value) => value,
        Err(message) => complain(&message),
    }
}

fn run(args: &Args, interrupts: &Interrupts) -> Result<u8, String> {
    let project = Project::find(&std::env::current_dir().unwrap_or_default())?;
    let mut build_dir = BuildDir {
        path: args.genode.clone(),
        kernel: args.kernel.clone(),
        board: args.board.clone(),
        variables: Vec::new(),
        tap: project.sdk().root.join("tap"),
        first: None,
    };
    let tree_folder = PathBuf::from(build_dir.ask("$(GENODE_DIR)")?);
    let folders: Vec<PathBuf> =
        args.repository.iter().map(|name| tree_folder.join("repos").join(name)).collect();
    let tree = Tree::read(&folders);
    let packages = chosen(&tree, &args.patterns)?;
    let repository = Repository::create(project.user.target.join("tap-conform"))?;
    build_dir.first = Some(repository.0.clone());
    let repositories = with_folders(build_dir.repositories()?, &folders);
    let colour = !args.no_colour && std::env::var_os("NO_COLOR").is_none();
    let times = if args.ours { 1 } else { 2 };
    let style = Style { live: args.verbose, colour };
    let report = Rc::new(RefCell::new(Report::begin(packages.len() * times, style)));
    let mut rows = Vec::new();
    for package in packages {
        let go = |with| {
            let script = match repository.script(package, &tree, with) {
                Ok(script) => script,
                Err(why) => {
                    let verdict = Verdict::Skipped(why);
                    report.borrow_mut().script(&package.name);
                    report.borrow_mut().end_script(&package.name, &verdict);
                    return Some(verdict);
                }
            };
            let log = project.run_dir(&script.name).join("genode.log");
            run_script(&script, &build_dir, &repositories, &log, &report, interrupts)
                .map(without_ports)
        };
        let theirs = if args.ours { Some(None) } else { go(With::Theirs).map(Some) };
        let ours = match &theirs {
            None => None,
            // what keeps it from running has nothing to do with the components
            Some(Some(Verdict::Skipped(why))) => Some(Verdict::Skipped(why.clone())),
            Some(_) => go(With::Ours),
        };
        let (Some(theirs), Some(ours)) = (theirs, ours) else {
            report.borrow_mut().bail_out("interrupted");
            return Ok(130);
        };
        rows.push(Row { package: package.name.clone(), theirs, ours });
    }
    report.borrow_mut().finish();
    let table = table(&rows);
    eprint!("{table}");
    if let Some(file) = &args.results {
        write_results(file, args, &build_dir, &project, &report.borrow(), &table)?;
    }
    Ok(exit_value(&rows))
}

/// Says of a test whose build needs third-party code that is not there that it does not run.
fn without_ports(verdict: Verdict) -> Verdict {
    match &verdict {
        Verdict::Failed(why) => match why.strip_prefix(PORTS) {
            Some(ports) => Verdict::Skipped(format!("its build needs ports:{ports}")),
            None => verdict,
        },
        _ => verdict,
    }
}

/// Adds the folders that are not among a build directory's repositories.
fn with_folders(mut repositories: String, folders: &[PathBuf]) -> String {
    for folder in folders {
        let folder = folder.display().to_string();
        if !repositories.split(' ').any(|listed| listed == folder) {
            repositories = format!("{repositories} {folder}");
        }
    }
    repositories
}

fn write_results(
    file: &Path,
    args: &Args,
    build_dir: &BuildDir,
    project: &Project,
    report: &Report,
    table: &str,
) -> Result<(), String> {
    let subject = Subject { build_dir, tree: args.tree.as_deref(), project: &project.sdk().root };
    let lines = results::subject_lines(&subject, report)?;
    let text = format!(
        "# Tests of Genode's tree, by cargo tap conform --genode BUILD_DIR --results FILE\n{lines}#\n{table}"
    );
    std::fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

/// Finds the packages that `patterns` mean, all of them without any.
fn chosen<'a>(tree: &'a Tree, patterns: &[String]) -> Result<Vec<&'a Package>, String> {
    let meant = |pattern: &str, package: &Package| {
        let whole = tree.packages.iter().any(|p| p.name == pattern);
        if whole { package.name == pattern } else { package.name.contains(pattern) }
    };
    for pattern in patterns {
        if !tree.packages.iter().any(|package| meant(pattern, package)) {
            return Err(format!(
                "no test package of these repositories has '{pattern}' in its name"
            ));
        }
    }
    let chosen = |package: &&Package| {
        patterns.is_empty() || patterns.iter().any(|pattern| meant(pattern, package))
    };
    Ok(tree.packages.iter().filter(chosen).collect())
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "pass",
        Verdict::Failed(_) => "fail",
        Verdict::Skipped(_) => "skip",
    }
}

/// Says why a test did not pass, in one line.
fn why(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Passed => "",
        Verdict::Failed(why) | Verdict::Skipped(why) => why.lines().next().unwrap_or_default(),
    }
}

/// Makes the table: a test a line, with theirs, with ours, why not.
fn table(rows: &[Row]) -> String {
    let passed = |verdict: &Verdict| *verdict == Verdict::Passed;
    let theirs = rows.iter().filter(|r| r.theirs.as_ref().is_some_and(passed)).count();
    let ours = rows.iter().filter(|r| passed(&r.ours)).count();
    let skipped = rows.iter().filter(|r| matches!(r.ours, Verdict::Skipped(_))).count();
    let mut text = format!(
        "# result: of {} tests {theirs} pass with theirs, {ours} with ours, {skipped} do not run on their own\n\
         # <test> <with theirs> <with ours> [why not]\n",
        rows.len()
    );
    for row in rows {
        let theirs = row.theirs.as_ref().map_or("unknown", word);
        let reason = match (&row.ours, &row.theirs) {
            (Verdict::Passed, Some(theirs)) => why(theirs),
            (ours, _) => why(ours),
        };
        let line = format!("{} {theirs} {} {reason}", row.package, word(&row.ours));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Returns 1 if a test passes with theirs and not with ours.
fn exit_value(rows: &[Row]) -> u8 {
    let worse = |row: &Row| {
        matches!(row.ours, Verdict::Failed(_)) && !matches!(row.theirs, Some(Verdict::Failed(_)))
    };
    u8::from(rows.iter().any(worse))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(theirs: Verdict, ours: Verdict) -> Row {
        Row { package: "test-x".into(), theirs: Some(theirs), ours }
    }

    #[test]
    fn a_test_that_needs_ports_does_not_run() {
        let failed = Verdict::Failed(format!("{PORTS} libc"));
        let Verdict::Skipped(why) = without_ports(failed) else { panic!() };
        assert_eq!(why, "its build needs ports: libc");
        let other = Verdict::Failed("Error: else".into());
        assert_eq!(without_ports(other.clone()), other);
    }

    #[test]
    fn a_test_that_fails_with_ours_alone_fails_the_command() {
        let failed = || Verdict::Failed("line missing\nmore".into());
        assert_eq!(exit_value(&[row(Verdict::Passed, failed())]), 1);
        assert_eq!(exit_value(&[row(failed(), failed())]), 0);
        assert_eq!(exit_value(&[row(failed(), Verdict::Passed)]), 0);
        let table = table(&[row(Verdict::Passed, failed()), row(failed(), Verdict::Passed)]);
        assert!(table.contains("of 2 tests 1 pass with theirs, 1 with ours, 0 do not"), "{table}");
        assert!(table.contains("test-x pass fail line missing\n"), "{table}");
        assert!(table.contains("test-x fail pass line missing\n"), "{table}");
    }
}

//! `cargo tap conform`: the tests of a Genode tree, with Genode's components and with ours in their place.

use super::suite::variable;
use crate::genode::build_dir::BuildDir;
use crate::genode::conform::{Package, Repository, Tree, With};
use crate::genode::conformance::{Outcome, Row, exit_value, table};
use crate::genode::results::{self, Subject};
use crate::genode::run_script;
use crate::host::workspace::Project;
use crate::output::complain;
use crate::process::adopt_orphans;
use crate::report::{Report, Style, Verdict};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::path::PathBuf;
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
    /// A further variable for make; may be repeated
    #[arg(long, value_name = "VAR=VALUE", value_parser = variable)]
    make: Vec<String>,
    /// A repository of the tree whose tests are run; may be repeated
    #[arg(long, value_name = "NAME", default_values = ["base", "os", "gems"])]
    repository: Vec<String>,
    /// Only with ours, where it is known how the tests go with Genode's
    #[arg(long)]
    ours: bool,
    /// Write the table to a file, after each test
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

/// Everything that the tests are run with.
struct Bench<'a> {
    args: &'a Args,
    project: Project,
    build_dir: BuildDir,
    repositories: String,
    tree: Tree,
    repository: Repository,
    report: Rc<RefCell<Report>>,
    interrupts: &'a Interrupts,
}

impl Bench<'_> {
    /// Runs a test with one set of components; `None` when a signal ended it.
    fn run(&self, package: &Package, with: With) -> Option<Outcome> {
        match self.repository.script(package, &self.tree, with) {
            Ok(script) => {
                let log = self.project.run_dir(&script.name).join("genode.log");
                let Self { build_dir, repositories, report, interrupts, .. } = self;
                let verdict =
                    run_script(&script, build_dir, repositories, &log, report, interrupts)?;
                // what cannot be read has no sections
                let log = std::fs::read(&log).unwrap_or_default();
                Some(Outcome::of(verdict, &String::from_utf8_lossy(&log)))
            }
            Err(why) => Some(self.skip(package, why)),
        }
    }

    fn skip(&self, package: &Package, why: String) -> Outcome {
        let verdict = Verdict::Skipped(why);
        let mut report = self.report.borrow_mut();
        report.script(&package.name);
        report.end_script(&package.name, &verdict);
        Outcome::of(verdict, "")
    }

    /// Runs a test with either set of components.
    fn row(&self, package: &Package) -> Option<Row> {
        let theirs = if self.args.ours { None } else { Some(self.run(package, With::Theirs)?) };
        let ours = match &theirs {
            // what keeps it from running has nothing to do with the components
            Some(Outcome { verdict: Verdict::Skipped(why), .. }) => self.skip(package, why.clone()),
            _ => self.run(package, With::Ours)?,
        };
        Some(Row { package: package.name.clone(), theirs, ours })
    }

    /// Writes the results so far, if that is asked for: a long run that is cut short leaves them.
    fn keep(&self, rows: &[Row], tests: usize) -> Result<(), String> {
        let Some(file) = &self.args.results else { return Ok(()) };
        let (build_dir, tree) = (&self.build_dir, self.args.tree.as_deref());
        let subject = Subject { build_dir, tree, project: &self.project.sdk().root };
        let text = format!(
            "# Tests of Genode's tree, by cargo tap conform --genode BUILD_DIR --results FILE\n{}#\n{}",
            results::subject_lines(&subject, &self.report.borrow())?,
            table(rows, tests)
        );
        std::fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
    }
}

fn run(args: &Args, interrupts: &Interrupts) -> Result<u8, String> {
    let project = Project::find(&std::env::current_dir().unwrap_or_default())?;
    let mut build_dir = BuildDir {
        path: args.genode.clone(),
        kernel: args.kernel.clone(),
        board: args.board.clone(),
        variables: args.make.clone(),
        script_args: Vec::new(),
        tap: project.sdk().root.join("tap"),
        first: None,
    };
    let tree_folder = PathBuf::from(build_dir.ask("$(GENODE_DIR)")?);
    let folders: Vec<PathBuf> =
        args.repository.iter().map(|name| tree_folder.join("repos").join(name)).collect();
    let tree = Tree::read(&folders);
    let packages: Vec<Package> = chosen(&tree, &args.patterns)?.into_iter().cloned().collect();
    let repository = Repository::create(project.user.target.join("tap-conform"))?;
    build_dir.first = Some(repository.0.clone());
    let repositories = with_folders(build_dir.repositories()?, &folders);
    let colour = !args.no_colour && std::env::var_os("NO_COLOR").is_none();
    let times = if args.ours { 1 } else { 2 };
    let style = Style { live: args.verbose, colour };
    let report = Rc::new(RefCell::new(Report::begin(packages.len() * times, style)));
    let bench =
        Bench { args, project, build_dir, repositories, tree, repository, report, interrupts };
    let mut rows = Vec::new();
    for package in &packages {
        let Some(row) = bench.row(package) else {
            bench.report.borrow_mut().bail_out("interrupted");
            eprint!("{}", table(&rows, packages.len()));
            return Ok(130);
        };
        rows.push(row);
        bench.keep(&rows, packages.len())?;
    }
    bench.report.borrow_mut().finish();
    eprint!("{}", table(&rows, packages.len()));
    Ok(exit_value(&rows))
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

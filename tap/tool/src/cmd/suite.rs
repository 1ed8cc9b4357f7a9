//! Shared by `run` and `test`: their options, and the way from names to results.

use crate::genode::build_dir::BuildDir;
use crate::genode::results::{self, Subject};
use crate::genode::{self, outside};
use crate::host::workspace::Project;
use crate::output::complain;
use crate::process::adopt_orphans;
use crate::report::{Report, Style, Verdict};
use crate::run::grants::Grant;
use crate::run::{self, run_script};
use crate::scripts::{self, Script};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

const GENODE: &str = "On real Genode";

/// Options of `run` and `test`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Optimized components
    #[arg(long)]
    release: bool,
    /// The machine that core shows to components, instead of the real one
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// A core to use instead of building one
    #[arg(long, value_name = "FILE")]
    core: Option<PathBuf>,
    /// Without the system's log, which `test` never shows
    #[arg(long, short)]
    quiet: bool,
    /// Without colours and progress
    #[arg(long = "no-colour", alias = "no-color")]
    no_colour: bool,
    /// Run there: a build directory of Genode's build system
    #[arg(long, value_name = "BUILD_DIR", help_heading = GENODE)]
    genode: Option<PathBuf>,
    /// KERNEL= for make
    #[arg(long, value_name = "NAME", default_value = "linux", requires = "genode", help_heading = GENODE)]
    kernel: String,
    /// BOARD= for make
    #[arg(long, value_name = "NAME", default_value = "linux", requires = "genode", help_heading = GENODE)]
    board: String,
    /// A further variable for make; may be repeated
    #[arg(long, value_name = "VAR=VALUE", value_parser = variable, requires = "genode", help_heading = GENODE)]
    make: Vec<String>,
    /// Write how each script went, and on what, to a file
    #[arg(long, value_name = "FILE", requires = "genode", help_heading = GENODE)]
    results: Option<PathBuf>,
    /// What the results say of Genode's tree if that is no git repository
    #[arg(long, value_name = "NAME@COMMIT", requires = "results", help_heading = GENODE)]
    tree: Option<String>,
}

/// Checks a variable for make.
pub fn variable(text: &str) -> Result<String, &'static str> {
    if text.contains('=') { Ok(text.to_owned()) } else { Err("expected VAR=VALUE") }
}

/// The scripts that are asked for.
#[derive(Debug)]
pub enum Chosen<'a> {
    /// One, by name or path.
    One(&'a str),
    /// All, or those that match a pattern.
    Matching(Option<&'a str>),
}

impl Chosen<'_> {
    fn is_one(&self) -> bool {
        matches!(self, Self::One(_))
    }

    fn find(&self, folders: &[PathBuf]) -> Result<Vec<Script>, String> {
        match self {
            Self::One(name) => Ok(vec![scripts::find(folders, name)?]),
            Self::Matching(pattern) => scripts::matching(folders, *pattern),
        }
    }
}

enum Target {
    Host,
    Genode(BuildDir, String),
}

/// A request with all that is found out before the first script runs.
struct Suite<'a> {
    scripts: Vec<Script>,
    target: Target,
    project: Rc<Project>,
    options: &'a Options,
    /// Of the host target's scripts.
    run: run::Options,
    one: bool,
}

/// Parts of the machine that components are granted.
#[derive(Debug, Default)]
pub struct Granted<'a> {
    /// Directories and files.
    pub files: &'a [Grant],
    /// Label of the component that has the terminal.
    pub terminal: Option<&'a str>,
}

/// Runs the scripts, each with `grants` and `script_args`; returns the exit value.
pub fn execute(
    chosen: &Chosen<'_>,
    options: &Options,
    grants: &Granted<'_>,
    script_args: &[String],
) -> u8 {
    let interrupts = match Interrupts::install().and_then(|i| adopt_orphans().map(|()| i)) {
        Ok(interrupts) => interrupts,
        Err(e) => return complain(&format!("cannot prepare for signals: {e}")),
    };
    match prepare(chosen, options, grants, script_args) {
        Ok(suite) => suite.run(&interrupts),
        Err(message) => complain(&message),
    }
}

fn prepare<'a>(
    chosen: &Chosen<'_>,
    options: &'a Options,
    grants: &Granted<'_>,
    script_args: &[String],
) -> Result<Suite<'a>, String> {
    let here = std::env::current_dir().unwrap_or_default();
    let project = Project::find(&here)?;
    let scripts = chosen.find(&project.run_folders())?;
    let target = match &options.genode {
        None => Target::Host,
        Some(path) => genode_target(path.clone(), options, script_args, &project, &scripts)?,
    };
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let run = run::Options {
        release: options.release,
        machine: options.machine.clone(),
        core: options.core.as_ref().map(absolute),
        grants: grants.files.to_vec(),
        terminal: grants.terminal.map(str::to_owned),
        batch: !chosen.is_one(),
        script_args: script_args.to_vec(),
    };
    Ok(Suite { scripts, target, project: Rc::new(project), options, run, one: chosen.is_one() })
}

fn genode_target(
    path: PathBuf,
    options: &Options,
    script_args: &[String],
    project: &Project,
    scripts: &[Script],
) -> Result<Target, String> {
    let own =
        project.sdk.is_some() && scripts.iter().any(|s| s.path.starts_with(&project.user.root));
    let build_dir = BuildDir {
        path,
        kernel: options.kernel.clone(),
        board: options.board.clone(),
        variables: options.make.clone(),
        script_args: script_args.to_vec(),
        tap: project.sdk().root.join("tap"),
        first: if own { Some(outside::repository(&project.user, scripts)?) } else { None },
    };
    let repositories = build_dir.repositories()?;
    Ok(Target::Genode(build_dir, repositories))
}

impl Suite<'_> {
    fn run(&self, interrupts: &Interrupts) -> u8 {
        let colour = !self.options.no_colour && std::env::var_os("NO_COLOR").is_none();
        let style = Style { live: self.one && !self.options.quiet, colour };
        let report = Rc::new(RefCell::new(Report::begin(self.scripts.len(), style)));
        for script in &self.scripts {
            let Some(verdict) = self.run_one(script, &report, interrupts) else {
                report.borrow_mut().bail_out("interrupted");
                return 130;
            };
            if let (true, Verdict::Failed(message)) = (self.one, &verdict) {
                // where the result goes into a file, the reason is still seen
                report.borrow_mut().clear_status();
                complain(message);
            }
        }
        report.borrow_mut().finish();
        self.judge(&report.borrow())
    }

    fn run_one(
        &self,
        script: &Script,
        report: &Rc<RefCell<Report>>,
        interrupts: &Interrupts,
    ) -> Option<Verdict> {
        match &self.target {
            Target::Host => {
                run_script(&script.path, &script.name, &self.project, &self.run, report, interrupts)
            }
            Target::Genode(build_dir, repositories) => {
                let log = self.project.run_dir(&script.name).join("genode.log");
                genode::run_script(script, build_dir, repositories, &log, report, interrupts)
            }
        }
    }

    /// Keeps the results if that is asked for, and returns the exit value.
    fn judge(&self, report: &Report) -> u8 {
        if let (Some(file), Target::Genode(build_dir, _)) = (&self.options.results, &self.target) {
            let project = &self.project.sdk().root;
            let tree = self.options.tree.as_deref();
            let subject = Subject { build_dir, tree, project };
            if let Err(message) = results::write(file, &subject, report) {
                return complain(&message);
            }
        }
        if let Some(e) = report.lost() {
            return complain(&format!("cannot write the results to standard output: {e}"));
        }
        match (report.failed, report.passed) {
            (0, 0) => complain("nothing ran: every script was skipped, for the reasons above"),
            (0, _) => 0,
            _ => 1,
        }
    }
}

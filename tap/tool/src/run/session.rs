//! One run of one script: what it built, what runs, and how it ends.

use crate::host::accounts;
use crate::host::system::{Input, Missed, System, Tick};
use crate::host::workspace::Project;
use crate::report::{Report, Verdict};
use crate::run::grants::{self, Grant};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tap_tcl::Exception;

/// The command line's wishes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Build with optimization.
    pub release: bool,
    /// A machine description for core.
    pub machine: Option<PathBuf>,
    /// A core to use instead of building one.
    pub core: Option<PathBuf>,
    /// Parts of the machine that components are granted.
    pub grants: Vec<Grant>,
    /// Label of the component that has the terminal.
    pub terminal: Option<String>,
    /// Not interactive: `forever` cannot run.
    pub batch: bool,
    /// Arguments for the script, which asks for them by `get_cmd_arg`.
    pub script_args: Vec<String>,
}

/// The state behind the run tool's commands.
#[derive(Debug)]
pub struct Session {
    /// The script's name, without `.run`.
    pub name: String,
    /// The script's file.
    pub script: PathBuf,
    /// The folder of boot directory and log.
    pub run_dir: PathBuf,
    /// Packages.
    pub project: Rc<Project>,
    /// The command line's wishes.
    pub options: Options,
    /// The report that results go to.
    pub report: Rc<RefCell<Report>>,
    /// Ctrl-C.
    pub interrupts: Interrupts,
    /// Executables by module name.
    pub built: BTreeMap<String, PathBuf>,
    /// Names that were built, but need no module.
    pub absorbed: BTreeSet<String>,
    /// The system that runs.
    pub system: Option<System>,
    /// A pattern matched.
    pub matched: bool,
    /// Set when the run tool ends the script.
    pub verdict: Option<Verdict>,
    /// Locked until the end: two runs of a script must not share its boot directory.
    pub lock: Option<File>,
    /// The last line the script printed.
    pub last_note: String,
}

/// A session as the commands share it.
pub type Shared = Rc<RefCell<Session>>;

impl Session {
    /// The boot directory.
    pub fn boot_dir(&self) -> PathBuf {
        self.run_dir.join("genode")
    }

    /// The file that keeps the whole log.
    pub fn log_file(&self) -> PathBuf {
        self.run_dir.join("log")
    }

    /// Ends the script as failed.
    pub fn fail(&mut self, message: String) -> Exception {
        self.verdict.get_or_insert(Verdict::Failed(message));
        Exception::Abort
    }

    /// Ends the script as not possible here.
    pub fn skip(&mut self, reason: String) -> Exception {
        self.verdict.get_or_insert(Verdict::Skipped(reason));
        Exception::Abort
    }

    /// A step that went well.
    pub fn good(&self, text: &str, since: Instant) {
        self.report.borrow_mut().step(true, text, since.elapsed(), &[]);
    }

    /// A step that failed; ends the script.
    pub fn bad(
        &mut self,
        text: &str,
        since: Instant,
        message: &str,
        more: &[(&str, String)],
    ) -> Exception {
        let mut details = vec![("message", message.to_owned())];
        details.extend_from_slice(more);
        self.report.borrow_mut().step(false, text, since.elapsed(), &details);
        self.fail(message.to_owned())
    }

    /// Ends the running system, and checks that it ends well.
    pub fn stop_system(&mut self) {
        let Some(system) = self.system.take() else { return };
        let since = Instant::now();
        let report = Rc::clone(&self.report);
        let mut tail = system.tail();
        let end = system.stop(&self.interrupts, &mut |tick| {
            if let Tick::Line(line) = tick {
                report.borrow_mut().log(line);
            }
        });
        let mut problems = end.problems;
        for process in &end.leftovers {
            problems.push(format!(
                "process {} ({}) outlived core and was killed",
                process.pid, process.name
            ));
        }
        if problems.is_empty() {
            let own_core = self.options.core.is_none();
            problems.extend(accounts::problems(end.accounts.as_deref(), own_core));
        }
        let text = "the system ends and leaves no process behind";
        if problems.is_empty() {
            self.good(text, since);
        } else {
            for line in end.last_words {
                tail.push('\n');
                tail.push_str(&line);
            }
            let more = [("log", tail), ("log_file", self.log_file().display().to_string())];
            let _ = self.bad(text, since, &problems.join("\n"), &more);
        }
    }

    /// Lets the system run for some time, or until the pattern matches.
    pub fn pump(
        &mut self,
        what: &str,
        pattern: Option<&tap_tcl::regex::Pattern>,
        timeout: Option<Duration>,
    ) -> Result<String, Missed> {
        let Some(system) = &mut self.system else {
            return Err(Missed::Trouble("no system is running".into()));
        };
        let report = Rc::clone(&self.report);
        let name = self.name.as_str();
        let mut shown = Instant::now();
        let alone = self.options.terminal.is_none();
        let result = system.wait_for(pattern, timeout, &self.interrupts, &mut |tick| {
            let mut report = report.borrow_mut();
            if let Tick::Line(line) = tick {
                report.log(line);
            }
            // A component has the terminal: nothing comes and goes there beside it.
            if alone && shown.elapsed().as_millis() > 200 {
                shown = Instant::now();
                report.status(&format!("{name}: {what}"));
            }
        });
        report.borrow_mut().clear_status();
        result
    }

    /// Options for core, and its input: the command line's, and those that the script put into
    /// `host_args`.
    pub fn core_options(&self, script_args: &[String]) -> Result<(Vec<OsString>, Input), String> {
        let mut options = Vec::new();
        let mut rest = script_args.iter();
        let mut machine = self.options.machine.clone();
        let (mut by_script, mut stands_in) = (Vec::new(), None);
        while let Some(option) = rest.next() {
            match (option.as_str(), rest.next()) {
                ("--machine", Some(file)) => {
                    let beside = self.script.parent().unwrap_or(Path::new(".")).join(file);
                    machine.get_or_insert(beside);
                }
                ("--fs", Some(grant)) => by_script.push(grant.clone()),
                ("--terminal", Some(label)) => stands_in = Some(label),
                ("--storm", Some(plan)) => options.extend(["--storm".into(), plan.into()]),
                (other, _) => {
                    return Err(format!(
                        "host_args: unknown option \"{other}\"; there are --machine FILE, --fs LABEL=NAME[:rw], --terminal LABEL and --storm SEED:COUNT:LABEL"
                    ));
                }
            }
        }
        let input = match (&self.options.terminal, stands_in) {
            (None, None) => Input::Nothing,
            (Some(_), _) => Input::Terminal,
            (None, Some(_)) => Input::StandIn,
        };
        if let Some(label) = self.options.terminal.as_ref().or(stands_in) {
            options.extend(["--terminal".into(), label.into()]);
        }
        options.extend(grants::options(&self.options.grants, &by_script, &self.run_dir)?);
        if let Some(machine) = machine {
            let file = std::path::absolute(&machine).unwrap_or(machine);
            if !file.is_file() {
                return Err(format!("there is no machine description {}", file.display()));
            }
            options.extend(["--machine".into(), file.into_os_string()]);
        }
        Ok((options, input))
    }
}

/// The path as a user would type it.
pub fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

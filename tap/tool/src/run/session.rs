//! One run of one script: what it built, what runs, and how it ends.

use super::api;
use super::hints;
use crate::host::accounts;
use crate::host::system::{Missed, System, Tick};
use crate::host::workspace::Project;
use crate::report::{Report, Verdict};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tap_tcl::{Exception, Interp};

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Build with optimization.
    pub release: bool,
    /// A machine description for core.
    pub machine: Option<PathBuf>,
    /// A core to use instead of building one.
    pub core: Option<PathBuf>,
    /// Not interactive: `forever` cannot run.
    pub batch: bool,
    /// Arguments for the script, which asks for them by `get_cmd_arg`.
    pub script_args: Vec<String>,
}

/// The state behind the run tool's commands.
pub struct Session {
    /// The script's name, without `.run`.
    pub name: String,
    /// The script's file.
    pub script: PathBuf,
    /// Where boot directory and log are.
    pub run_dir: PathBuf,
    /// Packages.
    pub project: Rc<Project>,
    /// What the command line asks for.
    pub options: Options,
    /// Where results go.
    pub report: Rc<RefCell<Report>>,
    /// Ctrl-C.
    pub interrupts: Interrupts,
    /// Executables by module name.
    pub built: BTreeMap<String, PathBuf>,
    /// Names that were built, but need no module.
    pub absorbed: BTreeSet<String>,
    /// The system that runs.
    pub system: Option<System>,
    /// Whether a pattern matched.
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
        let result = system.wait_for(pattern, timeout, &self.interrupts, &mut |tick| {
            let mut report = report.borrow_mut();
            if let Tick::Line(line) = tick {
                report.log(line);
            }
            if shown.elapsed().as_millis() > 200 {
                shown = Instant::now();
                report.status(&format!("{name}: {what}"));
            }
        });
        report.borrow_mut().clear_status();
        result
    }

    /// Options for core: the command line's, and those that the script put into `host_args`.
    pub fn core_options(&self, script_args: &[String]) -> Result<Vec<OsString>, String> {
        let mut options = Vec::new();
        let mut rest = script_args.iter();
        let mut machine = self.options.machine.clone();
        while let Some(option) = rest.next() {
            match (option.as_str(), rest.next()) {
                ("--machine", Some(file)) => {
                    let beside = self.script.parent().unwrap_or(Path::new(".")).join(file);
                    machine.get_or_insert(beside);
                }
                ("--storm", Some(plan)) => options.extend(["--storm".into(), plan.into()]),
                (other, _) => {
                    return Err(format!(
                        "host_args: unknown option \"{other}\"; there are --machine FILE and --storm SEED:COUNT:LABEL"
                    ));
                }
            }
        }
        if let Some(machine) = machine {
            let file = std::path::absolute(&machine).unwrap_or(machine);
            if !file.is_file() {
                return Err(format!("there is no machine description {}", file.display()));
            }
            options.extend(["--machine".into(), file.into_os_string()]);
        }
        Ok(options)
    }
}

/// Runs a script; prints its subtest and returns its verdict. `None` when a signal ended it.
pub fn run_script(
    script: &Path,
    name: &str,
    project: &Rc<Project>,
    options: &Options,
    report: &Rc<RefCell<Report>>,
    interrupts: &Interrupts,
) -> Option<Verdict> {
    report.borrow_mut().script(name);
    let session = Rc::new(RefCell::new(Session {
        name: name.to_owned(),
        script: script.to_owned(),
        run_dir: project.run_dir(name),
        project: Rc::clone(project),
        options: options.clone(),
        report: Rc::clone(report),
        interrupts: interrupts.clone(),
        built: BTreeMap::new(),
        absorbed: BTreeSet::new(),
        system: None,
        matched: false,
        verdict: None,
        lock: None,
        last_note: String::new(),
    }));
    let outcome = interpret(script, &session);
    let mut session = session.borrow_mut();
    session.stop_system();
    if interrupts.seen() {
        return None;
    }
    let verdict = judge(&mut session, outcome);
    report.borrow_mut().end_script(name, &verdict);
    Some(verdict)
}

fn interpret(script: &Path, session: &Shared) -> Result<(), Exception> {
    let text = std::fs::read_to_string(script)
        .map_err(|e| session.borrow_mut().fail(format!("cannot read {}: {e}", script.display())))?;
    let run_dir = session.borrow().run_dir.clone();
    lock(&run_dir, session)?;
    // nothing of an earlier run may be taken for this one's
    let fresh = match std::fs::remove_dir_all(&run_dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => std::fs::create_dir_all(&run_dir),
    };
    fresh
        .map_err(|e| session.borrow_mut().fail(format!("cannot use {}: {e}", run_dir.display())))?;
    let mut interp = Interp::new();
    let notes = Rc::clone(session);
    interp.on_print(move |_, text| {
        let mut session = notes.borrow_mut();
        if let Some(line) = text.lines().rev().find(|l| !l.trim().is_empty()) {
            line.trim().clone_into(&mut session.last_note);
        }
        session.report.borrow_mut().note(text);
    });
    let interrupts = session.borrow().interrupts.clone();
    interp.on_interrupt(move || interrupts.seen());
    interp.on_missing(hints::advice);
    api::register(&mut interp, session);
    let shown = shown_path(script);
    interp.eval_file(&shown, &text).map(drop)
}

/// Waits until no other tool runs the script.
fn lock(run_dir: &Path, session: &Shared) -> Result<(), Exception> {
    let path = run_dir.with_extension("lock");
    let session = &mut *session.borrow_mut();
    let opened = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let file = match opened.and_then(|()| File::create(&path)) {
        Ok(file) => file,
        Err(e) => return Err(session.fail(format!("cannot write {}: {e}", path.display()))),
    };
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => {
                session.lock = Some(file);
                return Ok(());
            }
            Err(TryLockError::WouldBlock) if session.interrupts.seen() => {
                return Err(Exception::Abort);
            }
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut told, true) {
                    let text = "waiting for another run of this script to end";
                    session.report.borrow_mut().note(text);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(TryLockError::Error(e)) => {
                return Err(session.fail(format!("cannot lock {}: {e}", path.display())));
            }
        }
    }
}

/// The path as a user would type it.
pub fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

fn judge(session: &mut Session, outcome: Result<(), Exception>) -> Verdict {
    if let Some(verdict) = session.verdict.take() {
        return verdict;
    }
    let since = Instant::now();
    let failed = |session: &mut Session, text: &str, message: String| {
        let _ = session.bad(text, since, &message, &[]);
        Verdict::Failed(message)
    };
    match outcome {
        Err(Exception::Error(failure)) => {
            failed(session, "the script is evaluated", failure.to_string())
        }
        Err(Exception::Exit(0)) if !session.matched => {
            let said = &session.last_note;
            let why = if said.is_empty() { "the script ended itself with exit 0" } else { said };
            Verdict::Skipped(why.to_owned())
        }
        Err(Exception::Exit(status)) if status != 0 => {
            let said = session.last_note.clone();
            let said = if said.is_empty() { said } else { format!(": {said}") };
            failed(
                session,
                "the script is evaluated",
                format!("the script ended with exit {status}{said}"),
            )
        }
        Err(Exception::Break | Exception::Continue) => failed(
            session,
            "the script is evaluated",
            "break or continue outside of a loop".to_owned(),
        ),
        _ if !session.matched => failed(
            session,
            "the script waits for a line of output",
            "the script ended without run_genode_until, so nothing was tested".to_owned(),
        ),
        _ => Verdict::Passed,
    }
}

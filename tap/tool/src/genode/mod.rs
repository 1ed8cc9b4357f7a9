//! The genode target: runs the same scripts with Genode's own run tool in a build directory.

pub mod build_dir;
pub mod conform;
pub mod conformance;
pub mod memory_vfs;
pub mod outside;
pub mod results;
pub mod runtime;

use crate::process::{Event, Running, ending, sweep};
use crate::report::{Emulator, Report, SKIP, Verdict, plain};
use crate::scripts::Script;
use crate::signals::Interrupts;
use crate::transcript::Transcript;
use build_dir::BuildDir;
use std::cell::RefCell;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Silence after which a run is given up; building a kernel takes minutes without a word.
const SILENCE: Duration = Duration::from_mins(30);
/// Time for make and what it started to end.
const GRACE: Duration = Duration::from_secs(5);
/// The run tool's line at the end of a script that passed.
const SUCCESS: &str = "Run script execution successful.";

/// The meaning of the run tool's output.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reading {
    success: bool,
    requirement: Option<String>,
    error: Option<String>,
    last: String,
    /// When the build was done, since the script's start.
    built: Option<Duration>,
    booted: bool,
    /// The line before said that ports are missing; the next one names them.
    ports: bool,
}

/// Words of Genode's build system where third-party code was not prepared, in the line before the
/// ports' names.
pub const PORTS: &str = "Error: Ports not prepared or outdated:";

impl Reading {
    fn line(&mut self, line: &str, since: Instant) {
        let line = plain(line);
        let text = line.trim();
        if text.is_empty() || text.starts_with("make:") || text.starts_with("make[") {
            return;
        }
        if std::mem::take(&mut self.ports) {
            self.error.get_or_insert(format!("{PORTS} {text}"));
        }
        if text == SUCCESS {
            self.success = true;
        } else if text == PORTS {
            self.ports = true;
        } else if text == "genode build completed" {
            self.built = Some(since.elapsed());
        } else if let Some(rest) = text.strip_prefix("Test requires ") {
            self.requirement.get_or_insert(format!("requires {}", rest.trim_matches('\'')));
        } else if text.starts_with("Error: ") && self.error.is_none() {
            self.error = Some(text.to_owned());
        } else if text.starts_with("Genode ") {
            self.booted = true;
        }
        // Tcl tells the reason first, and then where it was
        if text == "while executing" && self.error.is_none() {
            self.error = Some(self.last.clone());
        }
        text.clone_into(&mut self.last);
    }

    fn verdict(&self, success: bool, how: &str) -> Verdict {
        if let (false, Some(requirement)) = (success, &self.requirement) {
            return Verdict::Skipped(requirement.clone());
        }
        match (success, self.success) {
            (true, true) => Verdict::Passed,
            // a script that ends itself early says why in its last line
            (true, false) => Verdict::Skipped(self.last.clone()),
            (false, _) => Verdict::Failed(match &self.error {
                Some(error) => error.clone(),
                None => format!("make ended with {how}: {}", self.last),
            }),
        }
    }
}

/// A call of make that ended.
struct Driven {
    reading: Reading,
    success: bool,
    /// How it ended, in words.
    how: String,
    /// The last lines of its output.
    tail: String,
    /// Processes that outlived it.
    stray: usize,
}

/// Runs one script; `None` when a signal ended it.
pub fn run_script(
    script: &Script,
    build_dir: &BuildDir,
    repositories: &str,
    log: &Path,
    report: &Rc<RefCell<Report>>,
    interrupts: &Interrupts,
) -> Option<Verdict> {
    let since = Instant::now();
    report.borrow_mut().script(&script.name);
    let mut make = build_dir.make();
    make.arg(format!("REPOSITORIES={repositories}")).arg(format!("run/{}", script.name));
    make.process_group(0);
    let verdict = match drive(make, &script.name, log, report, interrupts) {
        Ok(None) => return None,
        Ok(Some(driven)) => judge(driven, since, log, &mut report.borrow_mut()),
        Err(why) => {
            let details = [("message", why.clone())];
            report.borrow_mut().step(false, "make starts", since.elapsed(), &details);
            Verdict::Failed(why)
        }
    };
    report.borrow_mut().end_script(&script.name, &verdict);
    Some(verdict)
}

/// Reports the steps of a script that ended.
fn judge(driven: Driven, since: Instant, log: &Path, report: &mut Report) -> Verdict {
    let Driven { reading, success, how, tail, stray } = driven;
    let verdict = reading.verdict(success, &how);
    if let Some(took) = reading.built {
        report.step(true, "genode build completed", took, &[]);
    }
    let took = since.elapsed().saturating_sub(reading.built.unwrap_or_default());
    match &verdict {
        Verdict::Failed(why) => {
            let details =
                [("message", why.clone()), ("log", tail), ("log_file", log.display().to_string())];
            report.step(false, "the run script succeeds", took, &details);
        }
        Verdict::Passed => {
            report.step(true, SUCCESS, took, &[]);
            if stray > 0 {
                let why = format!("{stray} processes outlived the run tool and were killed");
                let details = [("message", why.clone())];
                report.step(false, "no process is left", Duration::ZERO, &details);
                return Verdict::Failed(why);
            }
        }
        Verdict::Skipped(_) => {}
    }
    verdict
}

/// The output of make while it runs.
struct Listener<'a> {
    file: std::fs::File,
    report: &'a RefCell<Report>,
    reading: Reading,
    transcript: Transcript,
    since: Instant,
}

impl Listener<'_> {
    fn output(&mut self, bytes: &[u8]) {
        // a full disk must not fail a test that passes
        let _ = self.file.write_all(bytes);
        for line in self.transcript.add(bytes) {
            let mut report = self.report.borrow_mut();
            // a component's line begins with a label: none can be taken for the script's
            match line.strip_prefix(SKIP) {
                Some(step) => report.skipped_step(step),
                None => report.log(&line),
            }
            if let Some(emulator) = Emulator::spawned(&line) {
                report.emulator = Some(emulator);
            }
            self.reading.line(&line, self.since);
        }
    }

    /// Listens until make ends, a signal comes (true), or there was no output for too long (false).
    fn listen(
        &mut self,
        running: &mut Running,
        name: &str,
        interrupts: &Interrupts,
    ) -> Result<bool, String> {
        let mut heard = self.since;
        loop {
            match running.wait(Some(Instant::now() + Duration::from_millis(500)), interrupts) {
                Ok(Event::Output(bytes)) => {
                    heard = Instant::now();
                    self.output(&bytes);
                }
                Ok(Event::Timeout) => {
                    let doing = if self.reading.booted { "running" } else { "building" };
                    let status = format!("{name}: {doing} in the Genode build directory");
                    self.report.borrow_mut().status(&status);
                    if heard.elapsed() > SILENCE {
                        return Ok(false);
                    }
                }
                Ok(Event::Ended | Event::Interrupted) => return Ok(true),
                Err(e) => return Err(format!("cannot read from make: {e}")),
            }
        }
    }
}

fn drive(
    make: Command,
    name: &str,
    log: &Path,
    report: &RefCell<Report>,
    interrupts: &Interrupts,
) -> Result<Option<Driven>, String> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let file =
        std::fs::File::create(log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut running = Running::start(make).map_err(|e| format!("cannot start make: {e}"))?;
    let (reading, transcript) = (Reading::default(), Transcript::default());
    let mut listener = Listener { file, report, reading, transcript, since: Instant::now() };
    let ended = listener.listen(&mut running, name, interrupts)?;
    report.borrow_mut().clear_status();
    let Listener { mut reading, mut transcript, since, .. } = listener;
    if let Some(line) = transcript.finish() {
        reading.line(&line, since);
    }
    let status = running.status();
    let _ = running.stop(GRACE, |_| {}, interrupts);
    // the run tool's children have terminals and process groups of their own
    let stray = sweep(running.pid(), Duration::from_secs(1)).len();
    if interrupts.seen() {
        return Ok(None);
    }
    let how = if ended {
        ending(status)
    } else {
        reading.error.get_or_insert(format!("no output for {} minutes", SILENCE.as_secs() / 60));
        "no output".to_owned()
    };
    let success = status.is_some_and(|s| s.success());
    Ok(Some(Driven { reading, success, how, tail: transcript.tail(), stray }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Reading {
        let mut reading = Reading::default();
        for line in lines {
            reading.line(line, Instant::now());
        }
        reading
    }

    #[test]
    fn a_pass_needs_the_run_tools_word() {
        let reading = read(&["genode build completed", "Genode 26.02", "[init] x", SUCCESS, ""]);
        assert_eq!(reading.verdict(true, ""), Verdict::Passed);
        assert!(reading.built.is_some() && reading.booted);
    }

    #[test]
    fn an_early_exit_is_a_skip_with_the_last_line() {
        let reading = read(&["Run script is not supported on this platform.", "make: Leaving x"]);
        assert_eq!(
            reading.verdict(true, ""),
            Verdict::Skipped("Run script is not supported on this platform.".into())
        );
    }

    #[test]
    fn an_unmet_requirement_is_a_skip() {
        let reading = read(&["Test requires '[have_spec arm]'", "make: *** [run/x] Error 1"]);
        assert_eq!(reading.verdict(false, ""), Verdict::Skipped("requires [have_spec arm]".into()));
    }

    #[test]
    fn an_error_in_the_script_is_told_without_its_trace() {
        let reading = read(&["bad option \"-x\"", "    while executing", "\"regsub -x\""]);
        assert_eq!(
            reading.verdict(false, "exit value 2"),
            Verdict::Failed("bad option \"-x\"".into())
        );
    }

    #[test]
    fn ports_that_are_missing_are_named() {
        let reading = read(&["", PORTS, "  libc zlib", "", "You can prepare", "Error: more"]);
        let Verdict::Failed(why) = reading.verdict(false, "exit value 2") else { panic!() };
        assert_eq!(why, "Error: Ports not prepared or outdated: libc zlib");
    }

    #[test]
    fn a_failure_names_the_first_error() {
        let reading =
            read(&["x", "Error: Test execution timed out", "make: *** [run/x] Error 254"]);
        assert_eq!(
            reading.verdict(false, "exit value 2"),
            Verdict::Failed("Error: Test execution timed out".into())
        );
        // a component's own line cannot make a failed run pass
        let reading = read(&[SUCCESS, "Error: Spawned process died unexpectedly"]);
        assert!(matches!(reading.verdict(false, "exit value 2"), Verdict::Failed(_)));
    }
}

//! The genode target: runs the same scripts with Genode's own run tool in a build directory.

pub mod outside;
pub mod results;

use crate::process::{Event, Running, ending, sweep};
use crate::report::{Report, SKIP, Verdict, plain};
use crate::run::transcript::Transcript;
use crate::scripts::Script;
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Silence after which a run is given up; building a kernel takes minutes without a word.
const SILENCE: Duration = Duration::from_mins(30);
/// Time for make and what it started to end.
const GRACE: Duration = Duration::from_secs(5);
/// What Genode's run tool says at the end of a script that passed.
const SUCCESS: &str = "Run script execution successful.";

/// A Genode build directory and what to build for.
#[derive(Debug, Clone)]
pub struct BuildDir {
    /// The directory.
    pub path: PathBuf,
    /// `KERNEL=`
    pub kernel: String,
    /// `BOARD=`
    pub board: String,
    /// Further variables.
    pub variables: Vec<String>,
    /// The project's `tap/`, to be among the repositories.
    pub tap: PathBuf,
    /// A repository in front of all others, whose names win.
    pub first: Option<PathBuf>,
}

impl BuildDir {
    fn make(&self) -> Command {
        let mut make = Command::new("make");
        make.arg("-C").arg(&self.path);
        make.arg(format!("KERNEL={}", self.kernel)).arg(format!("BOARD={}", self.board));
        make.args(&self.variables).stdin(Stdio::null());
        // variables of the cargo that runs us would change the cargo that make runs
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("CARGO") && name != "CARGO_HOME" || name == "RUSTUP_TOOLCHAIN" {
                make.env_remove(&key);
            }
        }
        make
    }

    /// A variable of the build directory's configuration, asked from make itself because the files are makefiles with
    /// conditions.
    pub fn ask(&self, expression: &str) -> Result<String, String> {
        let probe = format!(
            "REPOSITORIES :=\n-include etc/build.conf etc/tools.conf\n.PHONY: rs_ask\nrs_ask:\n\t@echo {expression}\n"
        );
        let mut child = self
            .make()
            .args(["--silent", "--no-print-directory", "--file=-", "rs_ask"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start make: {e}; install GNU make"))?;
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(probe.as_bytes());
        }
        let output = child.wait_with_output().map_err(|e| format!("make: {e}"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("make cannot read etc/build.conf: {}", why.trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The repositories that the build directory's configuration names, with `tap/` added if needed.
    pub fn repositories(&self) -> Result<String, String> {
        if !self.path.join("etc/build.conf").is_file() {
            return Err(format!(
                "{} is no Genode build directory: it has no etc/build.conf; make one with Genode's tool/create_builddir",
                self.path.display()
            ));
        }
        let tap = self.tap.canonicalize().unwrap_or_else(|_| self.tap.clone());
        let tap = tap.display().to_string();
        if tap.contains(char::is_whitespace) {
            return Err(format!("Genode's build system cannot use a path with blanks: {tap}"));
        }
        let listed = self.ask("$(realpath $(REPOSITORIES))")?;
        let mut repositories: Vec<&str> = listed.split_whitespace().collect();
        if repositories.is_empty() {
            return Err(format!(
                "{}/etc/build.conf names no REPOSITORIES for KERNEL={}",
                self.path.display(),
                self.kernel
            ));
        }
        if !repositories.contains(&tap.as_str()) {
            repositories.push(&tap);
        }
        let first = self.first.as_ref().map(|path| path.display().to_string());
        if let Some(first) = &first {
            repositories.insert(0, first);
        }
        Ok(repositories.join(" "))
    }
}

/// What the run tool's output says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reading {
    success: bool,
    requirement: Option<String>,
    error: Option<String>,
    last: String,
    /// When the build was done, since the script's start.
    built: Option<Duration>,
    booted: bool,
}

impl Reading {
    fn line(&mut self, line: &str, since: Instant) {
        let line = plain(line);
        let text = line.trim();
        if text.is_empty() || text.starts_with("make:") || text.starts_with("make[") {
            return;
        }
        if text == SUCCESS {
            self.success = true;
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
    let result = drive(make, &script.name, log, report, interrupts);
    let verdict = match result {
        Ok(None) => return None,
        Ok(Some((reading, success, how, tail, stray))) => {
            let mut verdict = reading.verdict(success, &how);
            let mut report = report.borrow_mut();
            if let Some(took) = reading.built {
                report.step(true, "genode build completed", took, &[]);
            }
            let took = since.elapsed().saturating_sub(reading.built.unwrap_or_default());
            if let Verdict::Failed(why) = &verdict {
                let details = [
                    ("message", why.clone()),
                    ("log", tail),
                    ("log_file", log.display().to_string()),
                ];
                report.step(false, "the run script succeeds", took, &details);
            } else if verdict == Verdict::Passed {
                report.step(true, SUCCESS, took, &[]);
                if stray > 0 {
                    let why = format!("{stray} processes outlived the run tool and were killed");
                    let details = [("message", why.clone())];
                    report.step(false, "no process is left", Duration::ZERO, &details);
                    verdict = Verdict::Failed(why);
                }
            }
            verdict
        }
        Err(why) => {
            let details = [("message", why.clone())];
            report.borrow_mut().step(false, "make starts", since.elapsed(), &details);
            Verdict::Failed(why)
        }
    };
    report.borrow_mut().end_script(&script.name, &verdict);
    Some(verdict)
}

type Driven = Option<(Reading, bool, String, String, usize)>;

fn drive(
    make: Command,
    name: &str,
    log: &Path,
    report: &Rc<RefCell<Report>>,
    interrupts: &Interrupts,
) -> Result<Driven, String> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut file =
        std::fs::File::create(log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut running = Running::start(make).map_err(|e| format!("cannot start make: {e}"))?;
    let mut reading = Reading::default();
    let mut transcript = Transcript::default();
    let since = Instant::now();
    let mut heard = since;
    let mut silent = false;
    loop {
        match running.wait(Some(Instant::now() + Duration::from_millis(500)), interrupts) {
            Ok(Event::Output(bytes)) => {
                heard = Instant::now();
                // a full disk must not fail a test that passes
                let _ = file.write_all(&bytes);
                for line in transcript.add(&bytes) {
                    let mut report = report.borrow_mut();
                    // lines of components begin with a label, so that none can be taken for the script's
                    match line.strip_prefix(SKIP) {
                        Some(step) => report.skipped_step(step),
                        None => report.log(&line),
                    }
                    if line.starts_with("spawn qemu-system-") {
                        report.emulator = line.split_whitespace().nth(1).map(str::to_owned);
                    }
                    reading.line(&line, since);
                }
            }
            Ok(Event::Timeout) => {
                let doing = if reading.booted { "running" } else { "building" };
                report
                    .borrow_mut()
                    .status(&format!("{name}: {doing} in the Genode build directory"));
                if heard.elapsed() > SILENCE {
                    silent = true;
                    break;
                }
            }
            Ok(Event::Ended | Event::Interrupted) => break,
            Err(e) => return Err(format!("cannot read from make: {e}")),
        }
    }
    report.borrow_mut().clear_status();
    if let Some(line) = transcript.finish() {
        reading.line(&line, since);
    }
    let ended = running.status();
    let _ = running.stop(GRACE, |_| {}, interrupts);
    // the run tool's children have terminals and process groups of their own
    let stray = sweep(running.pid(), Duration::from_secs(1)).len();
    if interrupts.seen() {
        return Ok(None);
    }
    let how = if silent {
        reading.error.get_or_insert(format!("no output for {} minutes", SILENCE.as_secs() / 60));
        "no output".to_owned()
    } else {
        ending(ended)
    };
    let success = ended.is_some_and(|s| s.success());
    Ok(Some((reading, success, how, transcript.tail(), stray)))
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

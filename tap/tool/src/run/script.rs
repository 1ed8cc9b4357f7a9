//! One run of one script, from its text to its verdict.

use super::session::{Options, Session, Shared, shown_path};
use super::{api, execute, files, hints, output, outside, prepare};
use crate::host::workspace::Project;
use crate::report::{Report, Verdict};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tap_tcl::{Exception, Interp};

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
    files::leave(&mut interp, session);
    for area in [
        api::COMMANDS,
        execute::COMMANDS,
        files::COMMANDS,
        output::COMMANDS,
        outside::COMMANDS,
        prepare::COMMANDS,
    ] {
        for command in area {
            command.define(&mut interp, session);
        }
    }
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
        Err(other @ (Exception::Other { .. } | Exception::Exhausted)) => {
            failed(session, "the script is evaluated", other.to_string())
        }
        _ if !session.matched => failed(
            session,
            "the script waits for a line of output",
            "the script ended without run_genode_until, so nothing was tested".to_owned(),
        ),
        _ => Verdict::Passed,
    }
}

//! Runs a program that the script built as a plain Linux process, outside of any system.
//!
//! For controls: what a sandbox refuses proves something only if it is possible without the sandbox.

use super::command::{Command, extend, place};
use super::session::Shared;
use crate::process::{Event, Running, ending, guarded, sweep};
use std::time::{Duration, Instant};
use tap_tcl::{Exception, Interp, Outcome, Value, number};

/// Most output that is kept.
const MAX_OUTPUT: usize = 1 << 20;

pub(super) const COMMANDS: &[Command] =
    &[Command::new(&["run_outside"], "program ?timeout?", (1, 2), run_outside)];

fn run_outside(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let since = Instant::now();
    let name = words[1].as_str();
    let seconds = words.get(2).map_or(Ok(60), number::int_arg)?;
    let limit = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let at = place(interp);
    let step = format!("{name} succeeds outside of a system");
    let (program, interrupts) = {
        let session = session.borrow();
        (session.built.get(name).cloned(), session.interrupts.clone())
    };
    let bad = |message: String, output: &str| {
        let more = [("output", output.replace('\r', ""))];
        Err(session.borrow_mut().bad(&step, since, &format!("{at}: {message}"), &more))
    };
    let Some(program) = program else {
        return bad(format!("{name} is not built: add it to build {{ ... }}"), "");
    };
    let started = guarded(&program).and_then(Running::start);
    let mut running = match started {
        Ok(running) => running,
        Err(e) => return bad(format!("cannot start {}: {e}", program.display()), ""),
    };
    let mut output = Vec::new();
    let problem = loop {
        match running.wait(Some(since + limit), &interrupts) {
            Ok(Event::Output(bytes)) => {
                let room = MAX_OUTPUT.saturating_sub(output.len()).min(bytes.len());
                output.extend_from_slice(&bytes[..room]);
            }
            Ok(Event::Ended) if running.status().is_some_and(|s| s.success()) => break None,
            Ok(Event::Ended) => break Some(format!("it ended with {}", ending(running.status()))),
            Ok(Event::Timeout) => break Some(format!("it did not end within {seconds} s")),
            Ok(Event::Interrupted) => return Err(Exception::Abort),
            Err(e) => break Some(format!("cannot read its output: {e}")),
        }
        if since.elapsed() > limit {
            break Some(format!("it did not end within {seconds} s"));
        }
    };
    // what it leaves is nobody else's
    let _ = running.stop(Duration::from_millis(100), |_| {}, &interrupts);
    let left = sweep(running.pid(), Duration::from_secs(10));
    // lines end as those of a system do
    let text = String::from_utf8_lossy(&output).replace('\n', "\r\n");
    if let Some(problem) = problem {
        return bad(problem, &text);
    }
    if !left.is_empty() {
        return bad(format!("it left {} processes, which were killed", left.len()), &text);
    }
    session.borrow().good(&step, since);
    extend(interp, "::output", &text)?;
    Ok(Value::empty())
}

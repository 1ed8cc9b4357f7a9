//! Boots a system and waits for its output.

use super::command::{Command, extend, place};
use super::session::{Session, Shared};
use crate::debugger;
use crate::host::running::{RunningSystem, STATE};
use crate::host::system::{Missed, System};
use crate::symbols::Symbols;
use crate::transcript;
use std::time::{Duration, Instant};
use tap_tcl::regex::{Flags, Pattern};
use tap_tcl::{Exception, Interp, Outcome, Value, list, number};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(&["run_genode_until"], "?regex? ?timeout? ?spawn_id?", (0, 3), run_genode_until),
    Command::new(&["output_spawn_id"], "", (0, 0), |_, session, _| {
        Ok(Value::from(if session.borrow().system.is_some() { 1i64 } else { -1 }))
    }),
    Command::new(&["sleep"], "seconds", (1, 1), sleep),
    Command::new(&["after"], "milliseconds", (1, 1), after),
];

/// Time for the calls of all components of a system that does not go on.
const CALLS: Duration = Duration::from_secs(20);
/// Components whose calls are shown.
const COMPONENTS: usize = 8;

fn run_genode_until(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let since = Instant::now();
    let expression = words.get(1).map_or("forever", Value::as_str);
    let continued = words.get(3).is_some_and(|id| id.as_str() != "-1");
    let at = place(interp);
    if expression == "forever" {
        return run_forever(interp, session, continued, &at);
    }
    let timeout = words.get(2).map_or(Ok(0), number::int_arg)?;
    // Expect takes -1 for no timeout
    let timeout = u64::try_from(timeout).ok().map(Duration::from_secs);
    let pattern = Pattern::new(expression, Flags::default())?;
    let step = format!("output matches {{{expression}}}");
    if let Err(why) = transcript::check(&pattern) {
        return Err(session.borrow_mut().bad(&step, since, &format!("{at}: {why}"), &[]));
    }
    start(interp, session, continued, &at)?;
    let mut session = session.borrow_mut();
    match session.pump("running", Some(&pattern), timeout) {
        Ok(found) => {
            session.matched = true;
            session.good(&step, since);
            extend(interp, "::output", &found)?;
            Ok(Value::empty())
        }
        Err(Missed::Interrupted) => Err(Exception::Abort),
        Err(missed) => {
            let waits = matches!(missed, Missed::Timeout(_) | Missed::Still);
            let message = match missed {
                Missed::Timeout(advice) => {
                    let advice = advice.map_or_else(String::new, |a| format!("; {a}"));
                    let seconds = timeout.map_or(0, |t| t.as_secs());
                    format!("{at}: nothing matched within {seconds} s{advice}")
                }
                Missed::Ended(how) => format!("{at}: core ended before, with {how}"),
                Missed::Flood => format!(
                    "{at}: the system printed more than {} MiB without a match",
                    transcript::FLOOD >> 20
                ),
                Missed::Still => format!(
                    "{at}: nothing matched, and nothing can happen any more: every component waits, and for no time"
                ),
                Missed::Trouble(why) => format!("{at}: {why}"),
                Missed::Interrupted => String::new(),
            };
            let mut more = failure_details(&session);
            let told = if waits { who_waits(&mut session) } else { Vec::new() };
            if !told.is_empty() {
                more.push(("who_waits", told.join("\n")));
            }
            let failed = session.bad(&step, since, &message, &more);
            // gdb takes its time: what is known is said before.
            if waits {
                calls(&session, &told);
            }
            Err(failed)
        }
    }
}

/// Asks what the components do, of which none printed the line.
fn who_waits(session: &mut Session) -> Vec<String> {
    let interrupts = session.interrupts.clone();
    session.system.as_mut().map(|system| system.who_waits(&interrupts)).unwrap_or_default()
}

/// Tells which calls led the threads of some components to where they wait, by gdb. `waits` says
/// which components come first.
fn calls(session: &Session, waits: &[String]) {
    let Some(system) = session.system.as_ref().filter(|_| session.options.core.is_none()) else {
        return;
    };
    let (name, run_dir, core) = (session.name.clone(), session.run_dir.clone(), system.core());
    let system = RunningSystem { name, run_dir, core };
    let mut say = |line: &str| session.report.borrow_mut().note(line);
    debugger::all_calls(&system, waits, COMPONENTS, CALLS, &mut say);
}

fn failure_details(session: &Session) -> Vec<(&'static str, String)> {
    let mut details = Vec::new();
    if let Some(system) = &session.system {
        details.push(("log", system.tail()));
        details.push(("log_file", session.log_file().display().to_string()));
    }
    details
}

/// Boots, unless the script goes on with the running system.
fn start(
    interp: &mut Interp,
    session: &Shared,
    continued: bool,
    at: &str,
) -> Result<(), Exception> {
    let since = Instant::now();
    let script_args = match interp.get("::host_args") {
        Ok(value) => list::parse(&value)?.iter().map(|v| v.as_str().to_owned()).collect(),
        Err(_) => Vec::new(),
    };
    let mut session = session.borrow_mut();
    if continued && session.system.is_some() {
        return Ok(());
    }
    session.stop_system();
    if session.verdict.is_some() || session.interrupts.seen() {
        return Err(Exception::Abort);
    }
    let boot = session.boot_dir();
    let core = session.built.get("core").cloned();
    let problem = match &core {
        _ if continued => Some("no system is running: drop the third argument to boot one".into()),
        None => Some("core is not built: add core to build { ... }".into()),
        Some(_) if !boot.join("config").is_file() => {
            Some("there is no configuration: call install_config first".into())
        }
        Some(_) => None,
    };
    let started = match problem {
        Some(problem) => Err(problem),
        None => session.core_options(&script_args).and_then(|(options, input)| {
            let mut folders = vec![boot.clone()];
            folders.extend(session.project.program_folders(session.options.release));
            let symbols = Symbols::of(folders);
            let own = session.options.core.is_none();
            let mut options = options;
            if own {
                options.extend(["--state".into(), session.run_dir.join(STATE).into_os_string()]);
            }
            let (core, log) = (core.unwrap_or_default(), session.log_file());
            System::boot(&core, &boot, &options, input, &log, symbols, own)
        }),
    };
    match started {
        Ok(system) => {
            session.system = Some(system);
            Ok(())
        }
        Err(why) => Err(session.bad("the system boots", since, &format!("{at}: {why}"), &[])),
    }
}

fn run_forever(interp: &mut Interp, session: &Shared, continued: bool, at: &str) -> Outcome {
    if session.borrow().options.batch {
        let why = "runs until Ctrl-C: start it with cargo tap run".to_owned();
        return Err(session.borrow_mut().skip(why));
    }
    let since = Instant::now();
    start(interp, session, continued, at)?;
    let mut session = session.borrow_mut();
    match session.pump("running, Ctrl-C ends it", None, None) {
        Err(Missed::Ended(_)) if session.system.as_ref().is_some_and(System::succeeded) => {
            session.matched = true;
            session.good("the system ends by itself", since);
            Ok(Value::empty())
        }
        Err(Missed::Interrupted) => Err(Exception::Abort),
        Err(Missed::Ended(how)) => {
            let more = failure_details(&session);
            let message = format!("{at}: core ended with {how}");
            Err(session.bad("the system ends by itself", since, &message, &more))
        }
        other => {
            let message = format!("{at}: {other:?}");
            Err(session.bad("the system runs", since, &message, &[]))
        }
    }
}

fn sleep(_: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let seconds = number::number(words[1].as_str()).map(number::Number::real);
    let Some(time) = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) else {
        return tap_tcl::fail(format!("expected seconds but got \"{}\"", words[1]));
    };
    rest(session, time)
}

fn after(_: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let milliseconds = number::int_arg(&words[1])?;
    rest(session, Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

/// Lets time pass, in which the system goes on.
fn rest(session: &Shared, time: Duration) -> Outcome {
    let mut session = session.borrow_mut();
    if session.system.is_some() {
        // the system goes on, and its output must be read; what it prints is found by a later search
        return match session.pump("sleeping", None, Some(time)) {
            Err(Missed::Interrupted) => Err(Exception::Abort),
            _ => Ok(Value::empty()),
        };
    }
    let end = Instant::now() + time;
    while Instant::now() < end && !session.interrupts.seen() {
        std::thread::sleep(Duration::from_millis(20).min(time));
    }
    Ok(Value::empty())
}

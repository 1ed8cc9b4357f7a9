//! `info`, the clock, and `after`.

use super::glob::matches;
use super::words::{Builtin, arity, subcommand};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::{Definition, Interp};
use crate::list;
use crate::number::{int, int_arg};
use crate::parse::{Parser, Source};
use crate::value::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("info", info), ("clock", clock), ("after", after), ("time", time)];

fn names(all: impl Iterator<Item = String>, pattern: Option<&Value>) -> Value {
    let chosen: Vec<Value> = all
        .filter(|name| pattern.is_none_or(|p| matches(p.as_str(), name, false)))
        .map(Value::from)
        .collect();
    list::format(&chosen)
}

fn info(interp: &mut Interp, words: &[Value]) -> Outcome {
    const SUBCOMMANDS: &[&str] = &[
        "args",
        "body",
        "commands",
        "complete",
        "default",
        "exists",
        "globals",
        "level",
        "locals",
        "patchlevel",
        "procs",
        "script",
        "tclversion",
        "vars",
    ];
    let (name, words) = subcommand(words, SUBCOMMANDS)?;
    let pattern = words.get(1);
    match name {
        "exists" => {
            arity(words, 1, 1, "info exists varName")?;
            let exists = interp.exists(words[1].as_str());
            Ok(Value::bool(exists))
        }
        "commands" => Ok(names(interp.commands().keys().cloned(), pattern)),
        "procs" => {
            let procs = interp.commands().iter();
            let procs = procs.filter(|(_, d)| matches!(d, Definition::Procedure(_)));
            Ok(names(procs.map(|(n, _)| n.clone()), pattern))
        }
        "locals" => Ok(names(interp.frame().own_names().into_iter(), pattern)),
        "vars" => Ok(names(interp.frame().names().into_iter(), pattern)),
        "complete" => {
            arity(words, 1, 1, "info complete command")?;
            Ok(Value::bool(is_complete(&words[1])))
        }
        "globals" => Ok(names(interp.frame_mut(0).names().into_iter(), pattern)),
        "script" => Ok(interp.script().map_or_else(Value::empty, |s| Value::from(&**s))),
        "tclversion" => Ok(Value::from("8.6")),
        "patchlevel" => Ok(Value::from("8.6.0")),
        "level" => match words.get(1) {
            None => Ok(Value::from(interp.frame().level)),
            Some(level) => {
                let n = int_arg(level)?;
                let absolute = if n > 0 { n } else { interp.frame().level as i64 + n };
                let Some(frame) =
                    interp.frame_at(&format!("#{absolute}")).ok().filter(|_| absolute > 0)
                else {
                    return fail(format!("bad level \"{level}\""));
                };
                Ok(list::format(&interp.frame_mut(frame).call))
            }
        },
        _ => about_procedure(interp, name, words),
    }
}

/// `info body`, `info args` and `info default`.
fn about_procedure(interp: &mut Interp, name: &str, words: &[Value]) -> Outcome {
    let Some(proc_name) = words.get(1) else { return usage(&format!("info {name} procname")) };
    let Some(Definition::Procedure(procedure)) = interp.commands().get(proc_name.as_str()) else {
        return fail(format!("\"{proc_name}\" isn't a procedure"));
    };
    match name {
        "body" => Ok(procedure.body.clone()),
        "args" => {
            let params: Vec<Value> =
                procedure.params.iter().map(|(n, _)| Value::from(n.as_str())).collect();
            Ok(list::format(&params))
        }
        _ => {
            arity(words, 3, 3, "info default procname arg varname")?;
            let param = procedure.params.iter().find(|(n, _)| n == words[2].as_str());
            let Some((_, default)) = param.cloned() else {
                return fail(format!(
                    "procedure \"{proc_name}\" doesn't have an argument \"{}\"",
                    words[2]
                ));
            };
            let known = default.is_some();
            interp.set(words[3].as_str(), default.unwrap_or_else(Value::empty))?;
            Ok(Value::bool(known))
        }
    }
}

/// True unless something in the script is opened and not closed.
fn is_complete(script: &Value) -> bool {
    let source = Source { text: script.clone(), origin: None };
    let mut parser = Parser::new(&source);
    loop {
        match parser.command(false) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(error) => return !error.message.starts_with("missing"),
        }
    }
}

/// `time SCRIPT ?COUNT?`
fn time(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "time command ?count?")?;
    let count = words.get(2).map_or(Ok(1), int_arg)?;
    let since = Instant::now();
    for _ in 0..count {
        match interp.eval(&words[1]) {
            Ok(_) | Err(Exception::Continue) => {}
            Err(Exception::Break) => break,
            Err(other) => return Err(other),
        }
    }
    let taken = since.elapsed().as_micros() as i64;
    let each = match count {
        1 => taken.to_string(),
        ..=0 => "0".to_owned(),
        _ => crate::number::print_real(taken as f64 / count as f64),
    };
    Ok(Value::from(format!("{each} microseconds per iteration")))
}

fn clock(_: &mut Interp, words: &[Value]) -> Outcome {
    let (name, _) = subcommand(words, &["clicks", "microseconds", "milliseconds", "seconds"])?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Ok(Value::from(match name {
        "seconds" => now.as_secs() as i64,
        "milliseconds" => now.as_millis() as i64,
        _ => now.as_micros() as i64,
    }))
}

/// `after MILLISECONDS`. There are no events, so that `after` with a script would never run it.
fn after(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, time, script @ ..] = words else { return usage("after option ?arg ...?") };
    let Some(milliseconds) = int(time.as_str()) else {
        return match time.as_str() {
            "cancel" | "idle" | "info" => no_events(interp),
            _ => {
                fail(format!("bad argument \"{time}\": must be cancel, idle, info, or an integer"))
            }
        };
    };
    if !script.is_empty() {
        return no_events(interp);
    }
    let end = Instant::now() + Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
        if interp.is_interrupted() {
            return Err(Exception::Abort);
        }
        std::thread::sleep(left.min(Duration::from_millis(20)));
    }
    Ok(Value::empty())
}

fn no_events(interp: &Interp) -> Outcome {
    let message = "\"after\" runs no scripts later: use after MILLISECONDS, then the script";
    fail(interp.advised(message.into(), "after SCRIPT"))
}

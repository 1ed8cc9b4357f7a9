//! `info`, `puts` and the clock.

use super::glob::matches;
use super::words::{Builtin, arity, subcommand};
use crate::error::{Outcome, fail, usage};
use crate::interp::{Definition, Interp};
use crate::list;
use crate::number::int_arg;
use crate::value::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("info", info), ("puts", puts), ("flush", |_, _| Ok(Value::empty())), ("clock", clock)];

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
        "vars" | "locals" => Ok(names(interp.frame().names().into_iter(), pattern)),
        "globals" => Ok(names(interp.frame_mut(0).names().into_iter(), pattern)),
        "script" => Ok(interp.script().map_or_else(Value::empty, |s| Value::from(&**s))),
        "tclversion" => Ok(Value::from("8.6")),
        "patchlevel" => Ok(Value::from("8.6.0")),
        "level" => match words.get(1) {
            None => Ok(Value::from(interp.frame().level)),
            Some(level) => {
                let n = int_arg(level)?;
                let absolute = if n > 0 { n } else { interp.frame().level as i64 + n };
                let frame = interp.frame_at(&format!("#{absolute}"))?;
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

fn puts(interp: &mut Interp, words: &[Value]) -> Outcome {
    let mut rest = &words[1..];
    let mut newline = "\n";
    if rest.len() > 1 && rest[0].as_str() == "-nonewline" {
        newline = "";
        rest = &rest[1..];
    }
    let (channel, text) = match rest {
        [text] => ("stdout", text),
        [channel, text] => (channel.as_str(), text),
        _ => return usage("puts ?-nonewline? ?channelId? string"),
    };
    match channel {
        "stdout" | "stderr" => {
            interp.print(channel == "stderr", &format!("{text}{newline}"));
            Ok(Value::empty())
        }
        other => {
            let message = format!("can not find channel named \"{other}\"");
            fail(interp.advised(message, "puts channel"))
        }
    }
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

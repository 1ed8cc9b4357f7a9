//! Control flow.

use super::words::{Builtin, arity};
use crate::error::{Exception, Outcome, fail, usage};
use crate::expr::{condition, evaluate};
use crate::interp::Interp;
use crate::list;
use crate::number::int_arg;
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[
    ("if", if_),
    ("while", while_),
    ("for", for_),
    ("foreach", foreach),
    ("lmap", foreach),
    ("break", |_, words| arity(words, 0, 0, "break").and(Err(Exception::Break))),
    ("continue", |_, words| arity(words, 0, 0, "continue").and(Err(Exception::Continue))),
    ("exit", exit),
    ("eval", eval),
    ("expr", expr),
];

fn if_(interp: &mut Interp, words: &[Value]) -> Outcome {
    let mut i = 1;
    let missing =
        |after: &Value| fail(format!("wrong # args: no script following \"{after}\" argument"));
    loop {
        let Some(test) = words.get(i) else {
            return fail(format!(
                "wrong # args: no expression after \"{}\" argument",
                words[i - 1]
            ));
        };
        let holds = condition(interp, test)?;
        i += 1;
        if words.get(i).is_some_and(|w| w.as_str() == "then") {
            i += 1;
        }
        let Some(body) = words.get(i) else { return missing(&words[i - 1]) };
        if holds {
            return interp.eval(body);
        }
        i += 1;
        match words.get(i).map(Value::as_str) {
            None => return Ok(Value::empty()),
            Some("elseif") => i += 1,
            Some(word) => {
                if word == "else" {
                    i += 1;
                }
                let Some(body) = words.get(i) else { return missing(&words[i - 1]) };
                if words.len() > i + 1 {
                    return fail(
                        "wrong # args: extra words after \"else\" clause in \"if\" command",
                    );
                }
                return interp.eval(body);
            }
        }
    }
}

/// Runs a loop's body; false when the loop shall end.
fn body(interp: &mut Interp, script: &Value) -> Result<(bool, Value), Exception> {
    match interp.eval(script) {
        Ok(value) => Ok((true, value)),
        Err(Exception::Continue) => Ok((true, Value::empty())),
        Err(Exception::Break) => Ok((false, Value::empty())),
        Err(other) => Err(other),
    }
}

fn while_(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 2, 2, "while test command")?;
    while condition(interp, &words[1])? && body(interp, &words[2])?.0 {}
    Ok(Value::empty())
}

fn for_(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 4, 4, "for start test next command")?;
    interp.eval(&words[1])?;
    while condition(interp, &words[2])? && body(interp, &words[4])?.0 {
        if !body(interp, &words[3])?.0 {
            break;
        }
    }
    Ok(Value::empty())
}

/// `foreach`, and `lmap`, which collects the bodies' results.
fn foreach(interp: &mut Interp, words: &[Value]) -> Outcome {
    let collect = words[0].as_str().ends_with("lmap");
    if words.len() < 4 || !words.len().is_multiple_of(2) {
        return usage(&format!("{} varList list ?varList list ...? command", words[0]));
    }
    let mut groups = Vec::new();
    let mut rounds = 0;
    for pair in words[1..words.len() - 1].chunks(2) {
        let (vars, values) = (list::parse(&pair[0])?, list::parse(&pair[1])?);
        if vars.is_empty() {
            return fail(format!("{} varlist is empty", words[0]));
        }
        rounds = rounds.max(values.len().div_ceil(vars.len()));
        groups.push((vars, values));
    }
    let script = &words[words.len() - 1];
    let mut results = Vec::new();
    for round in 0..rounds {
        for (vars, values) in &groups {
            for (i, var) in vars.iter().enumerate() {
                let value = values.get(round * vars.len() + i).cloned();
                interp.set(var.as_str(), value.unwrap_or_else(Value::empty))?;
            }
        }
        match interp.eval(script) {
            Ok(value) if collect => results.push(value),
            Ok(_) | Err(Exception::Continue) => {}
            Err(Exception::Break) => break,
            Err(other) => return Err(other),
        }
    }
    Ok(if collect { Value::from_list(results) } else { Value::empty() })
}

fn exit(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 0, 1, "exit ?returnCode?")?;
    let status = words.get(1).map_or(Ok(0), int_arg)?;
    Err(Exception::Exit(status))
}

/// Joins arguments as `concat` does, keeping the place of a single one.
fn joined(words: &[Value]) -> Outcome {
    match words {
        [single] => Ok(single.clone()),
        several => super::lists::concat(several),
    }
}

fn eval(interp: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("eval arg ?arg ...?");
    }
    interp.eval(&joined(&words[1..])?)
}

fn expr(interp: &mut Interp, words: &[Value]) -> Outcome {
    match &words[1..] {
        [] => usage("expr arg ?arg ...?"),
        [single] => evaluate(interp, single),
        several => {
            let text: Vec<_> = several.iter().map(Value::as_str).collect();
            evaluate(interp, &Value::from(text.join(" ")))
        }
    }
}

//! Control flow.

use super::glob::matches;
use super::words::{Builtin, arity};
use crate::error::{Exception, Failure, Outcome, fail, usage};
use crate::expr::{condition, evaluate};
use crate::interp::{Interp, returned};
use crate::list;
use crate::number::{int, int_arg};
use crate::regex::{Flags, Pattern};
use crate::value::{Origin, Value};
use std::rc::Rc;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[
    ("if", if_),
    ("while", while_),
    ("for", for_),
    ("foreach", foreach),
    ("lmap", foreach),
    ("switch", switch),
    ("break", |_, words| arity(words, 0, 0, "break").and(Err(Exception::Break))),
    ("continue", |_, words| arity(words, 0, 0, "continue").and(Err(Exception::Continue))),
    ("return", return_),
    ("error", error),
    ("throw", throw),
    ("catch", catch),
    ("try", try_),
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

/// The options of `switch`.
struct Matching<'w> {
    mode: &'w str,
    nocase: bool,
}

impl<'w> Matching<'w> {
    /// Reads options; the words from the subject on come with it.
    fn parse(words: &'w [Value]) -> Result<(Self, &'w [Value]), Exception> {
        let mut matching = Self { mode: "-exact", nocase: false };
        let mut rest = words;
        while let Some(option) = rest.first().map(Value::as_str).filter(|w| w.starts_with('-')) {
            // with two words left, the first is the string
            if rest.len() <= 2 && option != "--" {
                break;
            }
            rest = &rest[1..];
            match option {
                "-exact" | "-glob" | "-regexp" => matching.mode = option,
                "-nocase" => matching.nocase = true,
                "--" => break,
                other => {
                    return fail(format!(
                        "bad option \"{other}\": must be -exact, -glob, -nocase, -regexp, or --"
                    ));
                }
            }
        }
        Ok((matching, rest))
    }

    fn matches(&self, pattern: &Value, subject: &Value) -> Result<bool, Exception> {
        let (text, nocase) = (subject.as_str(), self.nocase);
        Ok(match self.mode {
            "-glob" => matches(pattern.as_str(), text, nocase),
            "-regexp" => {
                Pattern::new(pattern.as_str(), Flags { nocase, ..Flags::default() })?.is_match(text)
            }
            _ if nocase => pattern.as_str().to_lowercase() == text.to_lowercase(),
            _ => pattern == subject,
        })
    }
}

fn switch(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "switch ?-option ...? string ?pattern body ... ?default body??";
    let (matching, rest) = Matching::parse(&words[1..])?;
    let (subject, arms) = match rest {
        [] | [_] => return usage(FORM),
        [subject, single] => {
            let mut arms = list::parse(single)?;
            locate(single, &mut arms);
            (subject, arms)
        }
        [subject, several @ ..] => (subject, several.to_vec()),
    };
    if arms.is_empty() {
        return usage(FORM);
    }
    if !arms.len().is_multiple_of(2) {
        return fail("extra switch pattern with no body");
    }
    if arms[arms.len() - 1].as_str() == "-" {
        return fail(format!("no body specified for pattern \"{}\"", arms[arms.len() - 2]));
    }
    for (n, arm) in arms.chunks(2).enumerate() {
        let is_default = arm[0].as_str() == "default" && (n + 1) * 2 == arms.len();
        if is_default || matching.matches(&arm[0], subject)? {
            let script = arms[n * 2 + 1..].iter().step_by(2).find(|b| b.as_str() != "-");
            return script.map_or_else(|| Ok(Value::empty()), |script| interp.eval(script));
        }
    }
    Ok(Value::empty())
}

/// Gives the bodies of a braced `switch` their lines: each braced element is looked up in order.
fn locate(whole: &Value, arms: &mut [Value]) {
    let Some(outer) = whole.origin() else { return };
    let mut from = 0;
    for arm in arms {
        let Some(at) = whole.as_str()[from..].find(arm.as_str()) else { continue };
        let origin = Origin {
            file: Rc::clone(&outer.file),
            line: outer.line_of(whole.as_str(), from + at),
            joints: Vec::new(),
        };
        from += at + arm.as_str().len();
        *arm = Value::literal(arm.as_str(), Some(Rc::new(origin)));
    }
}

fn completion_code(text: &str) -> Result<i64, Exception> {
    match text {
        "ok" => Ok(0),
        "error" => Ok(1),
        "return" => Ok(2),
        "break" => Ok(3),
        "continue" => Ok(4),
        other => int(other).map_or_else(
            || {
                fail(format!(
                    "bad completion code \"{other}\": must be ok, error, return, break, continue, or an integer"
                ))
            },
            Ok,
        ),
    }
}

fn return_(_: &mut Interp, words: &[Value]) -> Outcome {
    let (mut code, mut level, mut errorcode) = (0, 1, None);
    let mut rest = &words[1..];
    while rest.len() >= 2 {
        match rest[0].as_str() {
            "-code" => code = completion_code(rest[1].as_str())?,
            "-level" => level = int_arg(&rest[1])?,
            "-errorcode" => errorcode = Some(rest[1].clone()),
            "-errorinfo" | "-errorstack" | "-options" => {}
            _ => break,
        }
        rest = &rest[2..];
    }
    let value = match rest {
        [] => Value::empty(),
        [value] => value.clone(),
        _ => return usage("return ?-option value ...? ?result?"),
    };
    if code == 2 {
        // `return -code return` leaves one level more
        return Err(Exception::Return { value, code: 0, level: level + 1, errorcode });
    }
    returned(value, code, level, errorcode)
}

fn raise(message: &Value, code: Value) -> Outcome {
    Err(Exception::Error(Box::new(Failure {
        message: message.as_str().to_owned(),
        place: None,
        calls: Vec::new(),
        code,
    })))
}

fn error(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 3, "error message ?errorInfo? ?errorCode?")?;
    raise(&words[1], words.get(3).cloned().unwrap_or_else(|| Value::from("NONE")))
}

fn throw(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 2, 2, "throw type message")?;
    raise(&words[2], words[1].clone())
}

/// Completion code, result and options of an outcome that a script may catch.
fn caught(outcome: Outcome) -> Result<(i64, Value, Value), Exception> {
    let (code, value, errorcode) = match outcome {
        Ok(value) => (0, value, None),
        Err(Exception::Error(failure)) => {
            (1, Value::from(failure.message.as_str()), Some(failure.code.clone()))
        }
        Err(Exception::Return { value, .. }) => (2, value, None),
        Err(Exception::Break) => (3, Value::empty(), None),
        Err(Exception::Continue) => (4, Value::empty(), None),
        Err(other @ (Exception::Exit(_) | Exception::Abort | Exception::Exhausted)) => {
            return Err(other);
        }
    };
    let level = i64::from(code == 2);
    let mut options = vec![
        Value::from("-code"),
        Value::from(if code == 2 { 0 } else { code }),
        Value::from("-level"),
        Value::from(level),
    ];
    if let Some(errorcode) = errorcode {
        options.push(Value::from("-errorcode"));
        options.push(errorcode);
    }
    Ok((code, value, list::format(&options)))
}

/// True for what a script cannot catch.
fn is_final(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Exception::Exit(_) | Exception::Abort | Exception::Exhausted))
}

fn catch(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 3, "catch script ?resultVarName? ?optionVarName?")?;
    let outcome = interp.eval(&words[1]);
    let (code, value, options) = caught(outcome)?;
    if let Some(name) = words.get(2) {
        interp.set(name.as_str(), value)?;
    }
    if let Some(name) = words.get(3) {
        interp.set(name.as_str(), options)?;
    }
    Ok(Value::from(code))
}

fn try_(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "try body ?handler ...? ?finally script?";
    if words.len() < 2 {
        return usage(FORM);
    }
    let mut outcome = interp.eval(&words[1]);
    if is_final(&outcome) {
        return outcome;
    }
    let mut rest = &words[2..];
    let mut handled = false;
    let mut finally = None;
    while let Some(kind) = rest.first() {
        match (kind.as_str(), rest) {
            ("finally", [_, script]) => {
                finally = Some(script.clone());
                rest = &[];
            }
            ("on" | "trap", [_, what, vars, script, more @ ..]) => {
                let (code, value, options) = caught(outcome.clone())?;
                let hit = !handled
                    && if kind.as_str() == "on" {
                        code == completion_code(what.as_str())?
                    } else {
                        trapped(&outcome, what)?
                    };
                if hit {
                    handled = true;
                    for (name, value) in list::parse(vars)?.iter().zip([value, options]) {
                        interp.set(name.as_str(), value)?;
                    }
                    outcome = interp.eval(script);
                    if is_final(&outcome) {
                        return outcome;
                    }
                }
                rest = more;
            }
            _ => return usage(FORM),
        }
    }
    if let Some(script) = finally {
        interp.eval(&script)?;
    }
    outcome
}

fn trapped(outcome: &Outcome, pattern: &Value) -> Result<bool, Exception> {
    let Err(Exception::Error(failure)) = outcome else { return Ok(false) };
    let (code, pattern) = (list::parse(&failure.code)?, list::parse(pattern)?);
    Ok(code.starts_with(&pattern))
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

//! Errors and completion codes: `error`, `throw`, `catch`, `try`, `return`.

use super::words::{Builtin, arity};
use crate::error::{Exception, Failure, Outcome, fail, usage};
use crate::interp::{Interp, returned};
use crate::list;
use crate::number::int;
use crate::value::Value;
use std::fmt::Write as _;

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("return", return_), ("error", error), ("throw", throw), ("catch", catch), ("try", try_)];

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

/// The options of `return`.
#[derive(Default)]
struct Return {
    code: i64,
    level: i64,
    errorcode: Option<Value>,
}

impl Return {
    fn set(&mut self, option: &str, value: &Value) -> Result<(), Exception> {
        match option {
            "-code" => self.code = completion_code(value.as_str())?,
            "-level" => match int(value.as_str()) {
                Some(level) if level >= 0 => self.level = level,
                _ => {
                    return fail(format!(
                        "bad -level value: expected non-negative integer but got \"{value}\""
                    ));
                }
            },
            "-errorcode" => self.errorcode = Some(value.clone()),
            "-options" => {
                let Ok(options) = value.as_dict() else {
                    return fail(format!("expected dict but got \"{value}\""));
                };
                for (option, value) in options.iter() {
                    self.set(option.as_str(), value)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn return_(_: &mut Interp, words: &[Value]) -> Outcome {
    let (pairs, value) = match words[1..].as_chunks::<2>() {
        (pairs, []) => (pairs, Value::empty()),
        (pairs, rest) => (pairs, rest[0].clone()),
    };
    let mut options = Return { level: 1, ..Return::default() };
    for [option, value] in pairs {
        options.set(option.as_str(), value)?;
    }
    let Return { code, level, errorcode } = options;
    if code == 2 {
        // one level more
        return returned(value, 0, level.saturating_add(1), errorcode);
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
    if words[1].as_list()?.is_empty() {
        return fail("type must be non-empty list");
    }
    raise(&words[2], words[1].clone())
}

/// Errors that a script may catch.
struct Caught {
    code: i64,
    value: Value,
    /// The dictionary of `catch`'s third argument.
    options: Value,
    /// Error code and error message with its places, of an error.
    error: Option<(Value, Value)>,
}

/// Looks at an outcome; `Err` is what a script cannot catch.
fn caught(outcome: Outcome) -> Result<Caught, Exception> {
    let (code, value, of_return) = match outcome {
        Ok(value) => (0, value, None),
        Err(Exception::Error(failure)) => return Ok(caught_error(&failure)),
        Err(Exception::Return { value, code, level, errorcode }) => {
            let errorcode = errorcode.or_else(|| (code == 1).then(|| Value::from("NONE")));
            (2, value, Some((code, level, errorcode)))
        }
        Err(Exception::Break) => (3, Value::empty(), None),
        Err(Exception::Continue) => (4, Value::empty(), None),
        Err(Exception::Other { code, value }) => (code, value, None),
        Err(other @ (Exception::Exit(_) | Exception::Abort | Exception::Exhausted)) => {
            return Err(other);
        }
    };
    let (wanted, level, errorcode) = of_return.unwrap_or((code, 0, None));
    let mut options = options(wanted, level);
    if let Some(errorcode) = errorcode {
        options.extend([Value::from("-errorcode"), errorcode]);
    }
    Ok(Caught { code, value, options: list::format(&options), error: None })
}

fn options(code: i64, level: i64) -> Vec<Value> {
    vec![Value::from("-code"), Value::from(code), Value::from("-level"), Value::from(level)]
}

fn caught_error(failure: &Failure) -> Caught {
    let mut info = failure.message.clone();
    for (name, _) in &failure.calls {
        let _ = write!(info, "\n    (procedure \"{name}\")");
    }
    let info = Value::from(info);
    let mut options = options(1, 0);
    options.extend([
        Value::from("-errorcode"),
        failure.code.clone(),
        Value::from("-errorinfo"),
        info.clone(),
    ]);
    Caught {
        code: 1,
        value: Value::from(failure.message.as_str()),
        options: list::format(&options),
        error: Some((failure.code.clone(), info)),
    }
}

impl Caught {
    /// Sets Tcl's variables about the last error.
    fn tell(&self, interp: &mut Interp) -> Result<(), Exception> {
        if let Some((code, info)) = &self.error {
            interp.set("::errorCode", code.clone())?;
            interp.set("::errorInfo", info.clone())?;
        }
        Ok(())
    }
}

fn catch(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 3, "catch script ?resultVarName? ?optionVarName?")?;
    let caught = caught(interp.eval(&words[1]))?;
    caught.tell(interp)?;
    if let Some(name) = words.get(2) {
        interp.set(name.as_str(), caught.value)?;
    }
    if let Some(name) = words.get(3) {
        interp.set(name.as_str(), caught.options)?;
    }
    Ok(Value::from(caught.code))
}

/// A handler of `try`.
struct Handler<'w> {
    what: What,
    variables: &'w [Value],
    script: &'w Value,
}

/// The outcomes that a handler is for.
enum What {
    Code(i64),
    /// Errors whose code begins so.
    Trap(Vec<Value>),
}

/// The handlers of `try`, and its last script.
fn handlers(words: &[Value]) -> Result<(Vec<Handler<'_>>, Option<&Value>), Exception> {
    let (mut handlers, mut rest) = (Vec::new(), words);
    while let Some(kind) = rest.first() {
        match (kind.as_str(), rest) {
            ("finally", [_, script]) => return Ok((handlers, Some(script))),
            ("finally", [_]) => {
                return fail("wrong # args to finally clause: must be \"... finally script\"");
            }
            ("finally", _) => return fail("finally clause must be last"),
            ("on" | "trap", [_, what, variables, script, more @ ..]) => {
                let what = if kind.as_str() == "on" {
                    What::Code(completion_code(what.as_str())?)
                } else {
                    What::Trap(list::parse(what)?)
                };
                handlers.push(Handler { what, variables: variables.as_list()?, script });
                rest = more;
            }
            ("on", _) => {
                return fail(
                    "wrong # args to on clause: must be \"... on code variableList script\"",
                );
            }
            ("trap", _) => {
                return fail(
                    "wrong # args to trap clause: must be \"... trap pattern variableList script\"",
                );
            }
            _ => {
                return fail(format!("bad handler type \"{kind}\": must be finally, on, or trap"));
            }
        }
    }
    if handlers.last().is_some_and(|handler| handler.script.as_str() == "-") {
        return fail("last non-finally clause must not have a body of \"-\"");
    }
    Ok((handlers, None))
}

impl Handler<'_> {
    fn is_for(&self, outcome: &Outcome, code: i64) -> Result<bool, Exception> {
        match (&self.what, outcome) {
            (What::Code(wanted), _) => Ok(*wanted == code),
            (What::Trap(beginning), Err(Exception::Error(failure))) => {
                Ok(failure.code.as_list()?.starts_with(beginning))
            }
            _ => Ok(false),
        }
    }
}

fn handle(interp: &mut Interp, handlers: &[Handler<'_>], outcome: Outcome) -> Outcome {
    let caught = caught(outcome.clone())?;
    caught.tell(interp)?;
    for (i, handler) in handlers.iter().enumerate() {
        if !handler.is_for(&outcome, caught.code)? {
            continue;
        }
        for (name, value) in handler.variables.iter().zip([caught.value, caught.options]) {
            interp.set(name.as_str(), value)?;
        }
        // a dash stands for the next one's script
        let script = handlers[i..].iter().map(|h| h.script).find(|s| s.as_str() != "-");
        return script.map_or_else(|| Ok(Value::empty()), |script| interp.eval(script));
    }
    outcome
}

fn try_(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, body, rest @ ..] = words else {
        return usage("try body ?handler ...? ?finally script?");
    };
    let (handlers, finally) = handlers(rest)?;
    let outcome = interp.eval(body);
    let outcome = handle(interp, &handlers, outcome);
    if is_final(&outcome) {
        return outcome;
    }
    if let Some(script) = finally {
        interp.eval(script)?;
    }
    outcome
}

/// True for what a script cannot catch.
fn is_final(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Exception::Exit(_) | Exception::Abort | Exception::Exhausted))
}

//! Procedures and what reaches out of them.

use super::words::{Builtin, arity};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::parse::element;
use crate::procedure::Procedure;
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[
    ("proc", proc_),
    ("rename", rename),
    ("global", global),
    ("variable", variable),
    ("upvar", upvar),
    ("uplevel", uplevel),
    ("apply", apply),
];

fn procedure(params: &Value, body: &Value) -> Result<Procedure, Exception> {
    let mut parsed = Vec::new();
    for param in list::parse(params)? {
        let fields = list::parse(&param)?;
        match fields.as_slice() {
            [] => return fail("argument with no name"),
            [name, ..] if name.is_empty() => return fail("argument with no name"),
            [name, ..] if element(name.as_str()).is_some() => {
                return fail(format!("formal parameter \"{name}\" is an array element"));
            }
            [name] => parsed.push((name.as_str().to_owned(), None)),
            [name, default] => parsed.push((name.as_str().to_owned(), Some(default.clone()))),
            _ => {
                return fail(format!("too many fields in argument specifier \"{param}\""));
            }
        }
    }
    let variadic = parsed.last().is_some_and(|(name, _)| name == "args");
    Ok(Procedure { params: parsed, variadic, body: body.clone() })
}

fn proc_(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 3, 3, "proc name args body")?;
    let procedure = procedure(&words[2], &words[3])?;
    interp.define_procedure(words[1].as_str(), procedure);
    Ok(Value::empty())
}

fn apply(interp: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("apply lambdaExpr ?arg ...?");
    }
    let lambda = list::parse(&words[1])?;
    let [params, body, ..] = lambda.as_slice() else {
        return fail(format!("can't interpret \"{}\" as a lambda expression", words[1]));
    };
    let procedure = procedure(params, body)?;
    let mut call = vec![Value::from("apply lambdaExpr")];
    call.extend_from_slice(&words[2..]);
    interp.call(&procedure, &call)
}

fn rename(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 2, 2, "rename oldName newName")?;
    interp.rename(words[1].as_str(), words[2].as_str())?;
    Ok(Value::empty())
}

fn global(interp: &mut Interp, words: &[Value]) -> Outcome {
    if interp.frame().level == 0 {
        return Ok(Value::empty());
    }
    for name in &words[1..] {
        let name = name.as_str().trim_start_matches("::");
        let variable = interp.frame_mut(0).make(name)?;
        interp.frame_of(name).0.link(name, variable)?;
    }
    Ok(Value::empty())
}

fn variable(interp: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("variable ?name value...? name ?value?");
    }
    for pair in words[1..].chunks(2) {
        global(interp, &[words[0].clone(), pair[0].clone()])?;
        if let Some(value) = pair.get(1) {
            interp.set(pair[0].as_str(), value.clone())?;
        }
    }
    Ok(Value::empty())
}

fn is_level(text: &str) -> bool {
    text.starts_with('#') || text.starts_with(|c: char| c.is_ascii_digit())
}

fn upvar(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "upvar ?level? otherVar localVar ?otherVar localVar ...?";
    let mut rest = &words[1..];
    let level = match rest {
        [level, _, _, ..] if rest.len() % 2 == 1 || is_level(level.as_str()) && rest.len() != 2 => {
            let level = level.as_str().to_owned();
            rest = &rest[1..];
            level
        }
        _ => "1".to_owned(),
    };
    if rest.is_empty() || !rest.len().is_multiple_of(2) {
        return usage(FORM);
    }
    let target = interp.frame_at(&level)?;
    for pair in rest.chunks(2) {
        let (other, local) = (pair[0].as_str(), pair[1].as_str());
        let variable = match other.strip_prefix("::") {
            Some(global) => interp.frame_mut(0).make(global)?,
            None => interp.frame_mut(target).make(other)?,
        };
        interp.frame_of(local).0.link(local, variable)?;
    }
    Ok(Value::empty())
}

fn uplevel(interp: &mut Interp, words: &[Value]) -> Outcome {
    let mut rest = &words[1..];
    let level = match rest {
        [level, _, ..] if is_level(level.as_str()) => {
            let level = level.as_str().to_owned();
            rest = &rest[1..];
            level
        }
        _ => "1".to_owned(),
    };
    let script = match rest {
        [] => return usage("uplevel ?level? command ?arg ...?"),
        [single] => single.clone(),
        several => super::lists::concat(several)?,
    };
    let target = interp.frame_at(&level)?;
    interp.within(target, |interp| interp.eval(&script))
}

//! Dictionaries: lists of keys and values.

use super::glob::matches;
use super::words::{Builtin, subcommand};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::number::int_arg;
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("dict", dict)];

type Pairs = Vec<(Value, Value)>;

fn parse(value: &Value) -> Result<Pairs, Exception> {
    let elements = list::parse(value)?;
    if !elements.len().is_multiple_of(2) {
        return fail("missing value to go with key");
    }
    let mut pairs = Pairs::new();
    for pair in elements.chunks(2) {
        put(&mut pairs, &pair[0], pair[1].clone());
    }
    Ok(pairs)
}

fn put(pairs: &mut Pairs, key: &Value, value: Value) {
    match pairs.iter_mut().find(|(k, _)| k == key) {
        Some((_, old)) => *old = value,
        None => pairs.push((key.clone(), value)),
    }
}

fn find(pairs: &Pairs, key: &Value) -> Option<Value> {
    pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone())
}

fn print(pairs: &Pairs) -> Value {
    list::format(pairs.iter().flat_map(|(k, v)| [k, v]))
}

/// Follows keys into nested dictionaries.
fn dig(value: &Value, path: &[Value]) -> Result<Option<Value>, Exception> {
    let Some((key, rest)) = path.split_first() else { return Ok(Some(value.clone())) };
    match find(&parse(value)?, key) {
        Some(inner) => dig(&inner, rest),
        None => Ok(None),
    }
}

/// Sets (or removes, for `None`) a nested value.
fn place(value: &Value, path: &[Value], new: Option<&Value>) -> Outcome {
    let Some((key, rest)) = path.split_first() else {
        return Ok(new.cloned().unwrap_or_else(Value::empty));
    };
    let mut pairs = parse(value)?;
    if rest.is_empty() && new.is_none() {
        pairs.retain(|(k, _)| k != key);
    } else {
        let inner = find(&pairs, key).unwrap_or_else(Value::empty);
        put(&mut pairs, key, place(&inner, rest, new)?);
    }
    Ok(print(&pairs))
}

fn variable(interp: &mut Interp, name: &Value) -> Outcome {
    if interp.exists(name.as_str()) { interp.get(name.as_str()) } else { Ok(Value::empty()) }
}

fn dict(interp: &mut Interp, words: &[Value]) -> Outcome {
    const SUBCOMMANDS: &[&str] = &[
        "append", "create", "exists", "for", "get", "incr", "keys", "lappend", "merge", "remove",
        "replace", "set", "size", "unset", "values",
    ];
    let (name, words) = subcommand(words, SUBCOMMANDS)?;
    let wrong = || usage(&format!("dict {name} arg ?arg ...?"));
    if words.len() < 2 && !matches!(name, "create" | "merge") {
        return wrong();
    }
    match name {
        "create" if words.len().is_multiple_of(2) => usage("dict create ?key value ...?"),
        "create" => Ok(print(&parse(&list::format(&words[1..]))?)),
        "merge" => merge(&words[1..]),
        "get" => {
            parse(&words[1])?;
            let found = dig(&words[1], &words[2..])?;
            found.map_or_else(
                || fail(format!("key \"{}\" not known in dictionary", words[words.len() - 1])),
                Ok,
            )
        }
        "exists" => Ok(Value::bool(matches!(dig(&words[1], &words[2..]), Ok(Some(_))))),
        "size" => Ok(Value::from(parse(&words[1])?.len())),
        "keys" | "values" => {
            let pairs = parse(&words[1])?;
            let pattern = words.get(2).map(Value::as_str);
            let side = pairs.iter().map(|(k, v)| if name == "keys" { k } else { v });
            Ok(list::format(side.filter(|e| pattern.is_none_or(|p| matches(p, e.as_str(), false)))))
        }
        "replace" => merge(&[words[1].clone(), list::format(&words[2..])]),
        "remove" => {
            let mut pairs = parse(&words[1])?;
            pairs.retain(|(k, _)| !words[2..].contains(k));
            Ok(print(&pairs))
        }
        "set" | "unset" => {
            if words.len() < 4 - usize::from(name == "unset") {
                return wrong();
            }
            let old = variable(interp, &words[1])?;
            let new = if name == "set" {
                place(&old, &words[2..words.len() - 1], words.last())?
            } else {
                place(&old, &words[2..], None)?
            };
            interp.set(words[1].as_str(), new)
        }
        "for" => for_each(interp, words),
        _ => update(interp, name, words),
    }
}

/// One dictionary of several, of which a later one's values win.
fn merge(dictionaries: &[Value]) -> Outcome {
    let mut all = Pairs::new();
    for dictionary in dictionaries {
        for (k, v) in parse(dictionary)? {
            put(&mut all, &k, v);
        }
    }
    Ok(print(&all))
}

fn for_each(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, names, dictionary, body] = words else {
        return usage("dict for {keyVarName valueVarName} dictionary script");
    };
    let names = list::parse(names)?;
    let [key, value] = names.as_slice() else {
        return fail("must have exactly two variable names");
    };
    for (k, v) in parse(dictionary)? {
        interp.set(key.as_str(), k)?;
        interp.set(value.as_str(), v)?;
        match interp.eval(body) {
            Ok(_) | Err(Exception::Continue) => {}
            Err(Exception::Break) => break,
            Err(other) => return Err(other),
        }
    }
    Ok(Value::empty())
}

/// `append`, `lappend` and `incr` of one value.
fn update(interp: &mut Interp, name: &str, words: &[Value]) -> Outcome {
    if words.len() < 3 {
        return usage(&format!("dict {name} dictVarName key ?value ...?"));
    }
    let old = variable(interp, &words[1])?;
    let mut pairs = parse(&old)?;
    let value = find(&pairs, &words[2]);
    let new = match name {
        "incr" => {
            let step = words.get(3).map_or(Ok(1), int_arg)?;
            let sum = value.map_or(Ok(0), |v| int_arg(&v))?.checked_add(step);
            let Some(sum) = sum else { return fail("integer value too large to represent") };
            Value::from(sum)
        }
        "lappend" => {
            let mut elements = list::parse(&value.unwrap_or_else(Value::empty))?;
            elements.extend_from_slice(&words[3..]);
            list::format(&elements)
        }
        _ => {
            let mut text = value.map_or_else(String::new, |v| v.as_str().to_owned());
            text.extend(words[3..].iter().map(Value::as_str));
            Value::from(text)
        }
    };
    put(&mut pairs, &words[2], new);
    interp.set(words[1].as_str(), print(&pairs))
}

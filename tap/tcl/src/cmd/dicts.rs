//! Dictionaries: lists of keys and values.

use super::glob::matches;
use super::words::{Builtin, choice, subcommand};
use crate::dict::Dict;
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::memory;
use crate::number::{boolean, int_arg};
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("dict", dict)];

const SUBCOMMANDS: &[&str] = &[
    "append", "create", "exists", "filter", "for", "get", "incr", "info", "keys", "lappend", "map",
    "merge", "remove", "replace", "set", "size", "unset", "update", "values", "with",
];

/// Follows keys into nested dictionaries.
fn dig(value: &Value, path: &[Value]) -> Result<Option<Value>, Exception> {
    let mut value = value.clone();
    for key in path {
        let Some(inner) = value.as_dict()?.get(key).cloned() else { return Ok(None) };
        value = inner;
    }
    Ok(Some(value))
}

fn unknown<T>(key: &Value) -> Result<T, Exception> {
    fail(format!("key \"{key}\" not known in dictionary"))
}

/// Applies `body` to the dictionary that a path of keys leads to; `make` makes what is missing there.
fn inside<T>(
    value: &mut Value,
    path: &[Value],
    make: bool,
    body: impl FnOnce(&mut Value) -> Result<T, Exception>,
) -> Result<T, Exception> {
    let Some((key, rest)) = path.split_first() else { return body(value) };
    if !make && value.as_dict()?.get(key).is_none() {
        return unknown(key);
    }
    let (result, depth) = value.change_dict(|dict| {
        let inner = dict.entry(key);
        let result = inside(inner, rest, make, body);
        (result, inner.depth())
    })?;
    value.holds(depth);
    result
}

/// Fails where a change along the path would, so that a change is whole or not begun.
fn check(value: &Value, path: &[Value]) -> Result<(), Exception> {
    let mut value = value.clone();
    for key in path {
        let Some(inner) = value.as_dict()?.get(key).cloned() else { return Ok(()) };
        value = inner;
    }
    value.as_dict().map(drop)
}

fn current(interp: &mut Interp, name: &Value) -> Outcome {
    if interp.exists(name.as_str()) { interp.get(name.as_str()) } else { Ok(Value::empty()) }
}

fn dict(interp: &mut Interp, words: &[Value]) -> Outcome {
    let (name, words) = subcommand(words, SUBCOMMANDS)?;
    match name {
        "set" | "unset" => change(interp, name, words),
        "append" | "lappend" | "incr" => update_one(interp, name, words),
        "for" | "map" => for_each(interp, name, words),
        "filter" => filter(interp, words),
        "update" => update(interp, words),
        "with" => with(interp, words),
        _ => question(name, words),
    }
}

/// What only reads dictionaries.
fn question(name: &str, words: &[Value]) -> Outcome {
    let form = |rest: &str| usage(&format!("dict {name} {rest}"));
    let given = words.len() - 1;
    match name {
        "create" if !given.is_multiple_of(2) => form("?key value ...?"),
        "create" => Ok(Value::from_dict(Dict::of_list(&words[1..])?)),
        "merge" => merge(&words[1..]),
        "get" if given == 0 => form("dictionary ?key ...?"),
        "get" => {
            words[1].as_dict()?;
            let mut value = words[1].clone();
            for key in &words[2..] {
                let Some(inner) = value.as_dict()?.get(key).cloned() else { return unknown(key) };
                value = inner;
            }
            Ok(value)
        }
        "exists" if given < 2 => form("dictionary key ?key ...?"),
        "exists" => Ok(Value::bool(matches!(dig(&words[1], &words[2..]), Ok(Some(_))))),
        "size" | "info" if given != 1 => form("dictionary"),
        "info" => Ok(Value::from(format!("{} entries in table", words[1].as_dict()?.len()))),
        "size" => Ok(Value::from(words[1].as_dict()?.len())),
        "keys" | "values" => {
            if !(1..=2).contains(&given) {
                return form("dictionary ?pattern?");
            }
            let dict = words[1].as_dict()?;
            let side = dict.iter().map(|(k, v)| if name == "keys" { k } else { v });
            let pattern = words.get(2).map(Value::as_str);
            Ok(list::format(side.filter(|e| pattern.is_none_or(|p| matches(p, e.as_str(), false)))))
        }
        "replace" if given == 0 || given.is_multiple_of(2) => form("dictionary ?key value ...?"),
        "replace" => {
            let mut value = words[1].clone();
            value.change_dict(|dict| {
                for pair in words[2..].chunks(2) {
                    dict.put(&pair[0], pair[1].clone());
                }
            })?;
            Ok(value)
        }
        _ if given == 0 => form("dictionary ?key ...?"),
        _ => {
            let mut value = words[1].clone();
            value.change_dict(|dict| words[2..].iter().for_each(|key| dict.remove(key)))?;
            Ok(value)
        }
    }
}

/// `set` and `unset`.
fn change(interp: &mut Interp, name: &str, words: &[Value]) -> Outcome {
    let keys = match (name, words) {
        ("set", [_, _, keys @ .., _]) | ("unset", [_, _, keys @ ..]) if !keys.is_empty() => keys,
        ("set", _) => return usage("dict set dictVarName key ?key ...? value"),
        _ => return usage("dict unset dictVarName key ?key ...?"),
    };
    let [path @ .., key] = keys else { return Ok(Value::empty()) };
    check(&current(interp, &words[1])?, path)?;
    interp.change(words[1].as_str(), |value| {
        if name == "unset" {
            if let [missing, ..] = path
                && dig(value, path)?.is_none()
            {
                return unknown(missing);
            }
            return inside(value, path, false, |dict| dict.change_dict(|d| d.remove(key)));
        }
        let new = words[words.len() - 1].clone();
        inside(value, path, true, |dict| {
            let depth = new.depth();
            dict.change_dict(|d| d.put(key, new))?;
            dict.holds(depth);
            Ok(())
        })
    })
}

/// One dictionary of several, of which a later one's values win.
fn merge(dictionaries: &[Value]) -> Outcome {
    let Some((first, rest)) = dictionaries.split_first() else { return Ok(Value::empty()) };
    let mut all = first.clone();
    all.as_dict()?;
    for dictionary in rest {
        let dictionary = dictionary.as_dict()?;
        all.change_dict(|all| {
            for (k, v) in dictionary.iter() {
                all.put(k, v.clone());
            }
        })?;
    }
    Ok(all)
}

/// The two names of a loop.
fn two_names(names: &Value) -> Result<(Value, Value), Exception> {
    match names.as_list()? {
        [key, value] => Ok((key.clone(), value.clone())),
        _ => fail("must have exactly two variable names"),
    }
}

/// `for`, and `map`, which collects the bodies' results.
fn for_each(interp: &mut Interp, name: &str, words: &[Value]) -> Outcome {
    let [_, names, dictionary, body] = words else {
        return usage(&format!("dict {name} {{keyVarName valueVarName}} dictionary script"));
    };
    let (key, value) = two_names(names)?;
    let mut results = Dict::default();
    for (k, v) in dictionary.as_dict()?.iter() {
        interp.set(key.as_str(), k.clone())?;
        interp.set(value.as_str(), v.clone())?;
        match interp.eval(body) {
            Ok(result) if name == "map" => results.put(k, result),
            Ok(_) | Err(Exception::Continue) => {}
            // as in Tcl, nothing of what was made is left
            Err(Exception::Break) => return Ok(Value::empty()),
            Err(other) => return Err(other),
        }
    }
    Ok(Value::from_dict(results))
}

fn filter(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, dictionary, kind, arguments @ ..] = words else {
        return usage("dict filter dictionary filterType ?arg ...?");
    };
    let dict = dictionary.as_dict()?;
    let mut kept = Dict::default();
    match (choice("filterType", &["key", "script", "value"], kind.as_str())?, arguments) {
        (by @ ("key" | "value"), patterns) => {
            for (k, v) in dict.iter() {
                let text = if by == "key" { k.as_str() } else { v.as_str() };
                if patterns.iter().any(|p| matches(p.as_str(), text, false)) {
                    kept.put(k, v.clone());
                }
            }
        }
        ("script", [names, body]) => {
            let (key, value) = two_names(names)?;
            for (k, v) in dict.iter() {
                interp.set(key.as_str(), k.clone())?;
                interp.set(value.as_str(), v.clone())?;
                match interp.eval(body) {
                    Ok(result) if boolean(&result)? => kept.put(k, v.clone()),
                    Ok(_) | Err(Exception::Continue) => {}
                    Err(Exception::Break) => break,
                    Err(other) => return Err(other),
                }
            }
        }
        _ => {
            return usage("dict filter dictionary script {keyVarName valueVarName} filterScript");
        }
    }
    Ok(Value::from_dict(kept))
}

/// Writes variables back into the dictionary that `path` leads to; those that are gone are removed.
fn write_back(
    interp: &mut Interp,
    name: &Value,
    path: &[Value],
    pairs: &[(Value, Value)],
) -> Result<(), Exception> {
    if !interp.exists(name.as_str()) {
        return Ok(());
    }
    let mut news = Vec::new();
    for (key, variable) in pairs {
        let exists = interp.exists(variable.as_str());
        news.push((key, if exists { Some(interp.get(variable.as_str())?) } else { None }));
    }
    interp.change(name.as_str(), |value| {
        inside(value, path, false, |dict| {
            for (key, new) in news {
                let depth = new.as_ref().map_or(0, Value::depth);
                dict.change_dict(|d| match new {
                    Some(new) => d.put(key, new),
                    None => d.remove(key),
                })?;
                dict.holds(depth);
            }
            Ok(())
        })
    })?;
    Ok(())
}

/// `dict update dictVarName key varName ?key varName ...? body`
fn update(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, name, pairs @ .., body] = words else {
        return usage("dict update dictVarName key varName ?key varName ...? script");
    };
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return usage("dict update dictVarName key varName ?key varName ...? script");
    }
    let value = interp.get(name.as_str())?;
    let dict = value.as_dict()?;
    let pairs: Vec<_> = pairs.chunks(2).map(|p| (p[0].clone(), p[1].clone())).collect();
    for (key, variable) in &pairs {
        match dict.get(key) {
            Some(value) => drop(interp.set(variable.as_str(), value.clone())?),
            None if interp.exists(variable.as_str()) => {
                let (frame, local) = interp.frame_of(variable.as_str());
                frame.unset(local)?;
            }
            None => {}
        }
    }
    drop(value);
    let outcome = interp.eval(body);
    write_back(interp, name, &[], &pairs)?;
    outcome
}

/// `dict with dictVarName ?key ...? body`
fn with(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, name, path @ .., body] = words else {
        return usage("dict with dictVarName ?key ...? script");
    };
    let value = interp.get(name.as_str())?;
    let Some(inner) = dig(&value, path)? else { return unknown(&path[path.len() - 1]) };
    let mut pairs = Vec::new();
    for (key, value) in inner.as_dict()?.iter() {
        interp.set(key.as_str(), value.clone())?;
        pairs.push((key.clone(), key.clone()));
    }
    drop((value, inner));
    let outcome = interp.eval(body);
    write_back(interp, name, path, &pairs)?;
    outcome
}

/// `append`, `lappend` and `incr` of one value.
fn update_one(interp: &mut Interp, name: &str, words: &[Value]) -> Outcome {
    let most = if name == "incr" { 4 } else { usize::MAX };
    if words.len() < 3 || words.len() > most {
        let rest = if name == "incr" { "?increment?" } else { "?value ...?" };
        return usage(&format!("dict {name} dictVarName key {rest}"));
    }
    let (key, more) = (&words[2], &words[3..]);
    let old = current(interp, &words[1])?;
    let value = old.as_dict()?.get(key).cloned();
    // checked before anything is changed
    let sum = match (name, value) {
        ("incr", value) => {
            let step = more.first().map_or(Ok(1), int_arg)?;
            match value.map_or(Ok(0), |v| int_arg(&v))?.checked_add(step) {
                Some(sum) => Some(Value::from(sum)),
                None => return fail("integer value too large to represent"),
            }
        }
        ("lappend", Some(value)) => value.as_list().map(|_| None)?,
        ("append", Some(value)) => {
            let added: usize = more.iter().map(|w| w.as_str().len()).sum();
            memory::afford(2 * (value.as_str().len() + added))?;
            None
        }
        _ => None,
    };
    drop(old);
    interp.change(words[1].as_str(), |dictionary| {
        let depth = dictionary.change_dict(|dict| {
            let value = dict.entry(key);
            match (name, sum) {
                (_, Some(sum)) => *value = sum,
                ("lappend", _) => super::lists::push(value, more)?,
                _ => more.iter().for_each(|word| value.push_str(word.as_str())),
            }
            Ok(value.depth())
        })??;
        dictionary.holds(depth);
        Ok(())
    })
}

//! Lists.

use super::words::{Builtin, arity};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::memory;
use crate::number::int_arg;
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[
    ("list", |_, words| Ok(list::format(&words[1..]))),
    ("concat", |_, words| concat(&words[1..])),
    ("join", join),
    ("split", split),
    ("lindex", lindex),
    ("llength", llength),
    ("lappend", lappend),
    ("lassign", lassign),
    ("lrange", lrange),
    ("linsert", linsert),
    ("lreplace", lreplace),
    ("lreverse", lreverse),
    ("lrepeat", lrepeat),
    ("lset", lset),
];

/// Joins values with blanks, trimming each.
pub(super) fn concat(values: &[Value]) -> Outcome {
    memory::afford(values.iter().map(|v| v.as_str().len() + 1).sum())?;
    let trimmed: Vec<_> = values
        .iter()
        .map(|v| v.as_str().trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']))
        .filter(|t| !t.is_empty())
        .collect();
    Ok(Value::from(trimmed.join(" ")))
}

fn join(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "join list ?joinString?")?;
    let separator = words.get(2).map_or(" ", Value::as_str);
    let texts: Vec<_> = words[1].as_list()?.iter().map(Value::as_str).collect();
    memory::afford(texts.iter().map(|text| text.len() + separator.len()).sum())?;
    Ok(Value::from(texts.join(separator)))
}

fn split(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "split string ?splitChars?")?;
    let text = words[1].as_str();
    let at = words.get(2).map_or(" \n\t\r", Value::as_str);
    if text.is_empty() {
        return Ok(Value::empty());
    }
    let pieces: Vec<Value> = if at.is_empty() {
        text.chars().map(|c| Value::from(c.to_string())).collect()
    } else {
        text.split(|c| at.contains(c)).map(Value::from).collect()
    };
    Ok(list::format(&pieces))
}

fn at(elements: &[Value], place: &Value) -> Result<Option<usize>, Exception> {
    let i = index(place.as_str(), elements.len())?;
    Ok(usize::try_from(i).ok().filter(|&i| i < elements.len()))
}

fn lindex(_: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("lindex list ?index ...?");
    }
    let path = match &words[2..] {
        [single] => list::parse(single)?,
        several => several.to_vec(),
    };
    let mut value = words[1].clone();
    for step in &path {
        let elements = value.as_list()?;
        value = at(elements, step)?.map_or_else(Value::empty, |i| elements[i].clone());
    }
    Ok(value)
}

fn llength(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 1, "llength list")?;
    Ok(Value::from(words[1].as_list()?.len()))
}

fn lappend(interp: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("lappend varName ?value ...?");
    }
    let name = words[1].as_str();
    interp.change(name, |value| push(value, &words[2..]))
}

/// Appends elements to a list.
pub(super) fn push(list: &mut Value, elements: &[Value]) -> Result<(), Exception> {
    if elements.is_empty() {
        return list.as_list().map(drop);
    }
    let depth = elements.iter().map(Value::depth).max().unwrap_or(0);
    list.change_list(|list| list.extend_from_slice(elements))?;
    list.holds(depth);
    Ok(())
}

fn lassign(interp: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("lassign list ?varName ...?");
    }
    let elements = list::parse(&words[1])?;
    let names = &words[2..];
    for (i, name) in names.iter().enumerate() {
        interp.set(name.as_str(), elements.get(i).cloned().unwrap_or_else(Value::empty))?;
    }
    Ok(list::format(elements.iter().skip(names.len())))
}

/// Clamps `first..=last` into the list.
fn span(elements: &[Value], first: &Value, last: &Value) -> Result<(usize, usize), Exception> {
    let len = elements.len();
    let first = index(first.as_str(), len)?.max(0) as usize;
    let last = index(last.as_str(), len)?.min(len as i64 - 1);
    Ok((first, usize::try_from(last + 1).unwrap_or(0)))
}

fn lrange(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 3, 3, "lrange list first last")?;
    let elements = list::parse(&words[1])?;
    let (first, end) = span(&elements, &words[2], &words[3])?;
    Ok(list::format(elements.iter().take(end).skip(first)))
}

fn linsert(_: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 3 {
        return usage("linsert list index ?element ...?");
    }
    let mut elements = list::parse(&words[1])?;
    // here `end` means behind the last element
    let place = index(words[2].as_str(), elements.len() + 1)?;
    let place = (place.max(0) as usize).min(elements.len());
    elements.splice(place..place, words[3..].iter().cloned());
    Ok(list::format(&elements))
}

fn lreplace(_: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 4 {
        return usage("lreplace list first last ?element ...?");
    }
    let mut elements = list::parse(&words[1])?;
    let (first, end) = span(&elements, &words[2], &words[3])?;
    let first = first.min(elements.len());
    elements.splice(first..end.max(first), words[4..].iter().cloned());
    Ok(list::format(&elements))
}

fn lreverse(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 1, "lreverse list")?;
    Ok(list::format(list::parse(&words[1])?.iter().rev()))
}

fn lrepeat(_: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("lrepeat count ?value ...?");
    }
    let count = int_arg(&words[1])?;
    if count < 0 {
        return fail(format!("bad count \"{count}\": must be integer >= 0"));
    }
    if count.saturating_mul(words.len() as i64) > 1_000_000 {
        return fail(format!("a list of {count} repetitions is too long"));
    }
    let elements = (0..count).flat_map(|_| &words[2..]);
    Ok(list::format(elements))
}

fn lset(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 2, usize::MAX, "lset listVar ?index? ?index ...? value")?;
    let name = words[1].as_str();
    interp.get(name)?;
    let new = &words[words.len() - 1];
    let path = match &words[2..words.len() - 1] {
        [single] => list::parse(single)?,
        several => several.to_vec(),
    };
    // first look, so that nothing is changed when an index is wrong
    let mut inner = interp.get(name)?;
    for step in &path {
        let elements = inner.as_list()?;
        let i = usize::try_from(index(step.as_str(), elements.len())?).ok();
        let next = match i.filter(|i| *i <= elements.len()) {
            Some(i) => elements.get(i).cloned().unwrap_or_else(Value::empty),
            None => return fail("list index out of range"),
        };
        inner = next;
    }
    drop(inner);
    interp.change(name, |value| replace(value, &path, new))
}

fn replace(value: &mut Value, path: &[Value], new: &Value) -> Result<(), Exception> {
    let Some((step, rest)) = path.split_first() else {
        *value = new.clone();
        return Ok(());
    };
    let depth = value.change_list(|elements| {
        let place = index(step.as_str(), elements.len())?;
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(elements.len());
        if place == elements.len() {
            elements.push(Value::empty());
        }
        replace(&mut elements[place], rest, new)?;
        Ok(elements[place].depth())
    })??;
    value.holds(depth);
    Ok(())
}

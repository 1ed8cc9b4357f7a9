//! Lists.

use super::glob::matches;
use super::words::{Builtin, arity};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::memory;
use crate::number::{count_arg, int_arg, number};
use crate::regex::{Flags, Pattern};
use crate::value::Value;
use std::cmp::Ordering;

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
    ("lsearch", lsearch),
    ("lsort", lsort),
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

/// The options of `lsearch`.
#[derive(Default)]
struct Search<'w> {
    mode: &'w str,
    all: bool,
    inline: bool,
    not: bool,
    nocase: bool,
    numbers: bool,
    start: usize,
}

impl<'w> Search<'w> {
    fn parse(words: &'w [Value]) -> Result<Self, Exception> {
        let mut search = Self { mode: "-glob", ..Self::default() };
        let mut options = words.iter();
        while let Some(option) = options.next() {
            match option.as_str() {
                "-exact" => search.mode = "-exact",
                "-glob" => search.mode = "-glob",
                "-regexp" => search.mode = "-regexp",
                "-all" => search.all = true,
                "-inline" => search.inline = true,
                "-not" => search.not = true,
                "-nocase" => search.nocase = true,
                "-ascii" | "-dictionary" | "-sorted" | "-increasing" => {}
                "-integer" | "-real" => search.numbers = true,
                "-start" => {
                    let Some(value) = options.next() else {
                        return fail("missing starting index");
                    };
                    search.start = count_arg(value)?;
                }
                other => {
                    return fail(format!(
                        "bad option \"{other}\": must be -all, -ascii, -exact, -glob, -inline, -integer, -nocase, -not, -real, -regexp, or -start"
                    ));
                }
            }
        }
        Ok(search)
    }
}

fn lsearch(_: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 3 {
        return usage("lsearch ?-option value ...? list pattern");
    }
    let (options, operands) = words[1..].split_at(words.len() - 3);
    let search = Search::parse(options)?;
    let (elements, pattern) = (list::parse(&operands[0])?, operands[1].as_str());
    let regex = if search.mode == "-regexp" {
        Some(Pattern::new(pattern, Flags { nocase: search.nocase, ..Flags::default() })?)
    } else {
        None
    };
    let hit = |element: &Value| {
        let text = element.as_str();
        match (&regex, search.mode) {
            (Some(regex), _) => regex.is_match(text),
            (None, "-glob") => matches(pattern, text, search.nocase),
            (None, "-exact") if search.numbers => same_number(pattern, text),
            _ if search.nocase => text.to_lowercase() == pattern.to_lowercase(),
            _ => text == pattern,
        }
    };
    let mut found =
        elements.iter().enumerate().skip(search.start).filter(|(_, e)| hit(e) != search.not);
    if search.all {
        let results: Vec<Value> =
            found.map(|(i, e)| if search.inline { e.clone() } else { Value::from(i) }).collect();
        return Ok(list::format(&results));
    }
    Ok(match found.next() {
        Some((_, element)) if search.inline => element.clone(),
        Some((i, _)) => Value::from(i),
        None if search.inline => Value::empty(),
        None => Value::from(-1i64),
    })
}

fn same_number(a: &str, b: &str) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.real().partial_cmp(&b.real()) == Some(Ordering::Equal),
        _ => false,
    }
}

/// The options of `lsort`.
#[derive(Default)]
struct Sorting<'w> {
    mode: &'w str,
    decreasing: bool,
    unique: bool,
    nocase: bool,
    column: Option<Value>,
    command: Option<Value>,
}

impl<'w> Sorting<'w> {
    fn parse(words: &'w [Value]) -> Result<Self, Exception> {
        let mut sorting = Self { mode: "-ascii", ..Self::default() };
        let mut options = words.iter();
        while let Some(option) = options.next() {
            match option.as_str() {
                m @ ("-ascii" | "-integer" | "-real" | "-dictionary") => sorting.mode = m,
                "-increasing" => sorting.decreasing = false,
                "-decreasing" => sorting.decreasing = true,
                "-unique" => sorting.unique = true,
                "-nocase" => sorting.nocase = true,
                "-index" => sorting.column = options.next().cloned(),
                "-command" => sorting.command = options.next().cloned(),
                other => {
                    return fail(format!(
                        "bad option \"{other}\": must be -ascii, -command, -decreasing, -dictionary, -increasing, -index, -integer, -nocase, -real, or -unique"
                    ));
                }
            }
        }
        Ok(sorting)
    }

    /// The part of an element that it is sorted by.
    fn key(&self, element: &Value) -> Outcome {
        let key = match &self.column {
            None => element.clone(),
            Some(column) => {
                let fields = list::parse(element)?;
                match at(&fields, column)? {
                    Some(i) => fields[i].clone(),
                    None => {
                        return fail(format!(
                            "element {column} missing from sublist \"{element}\""
                        ));
                    }
                }
            }
        };
        check_key(self.mode, &key)?;
        Ok(key)
    }

    fn compare(&self, a: &Value, b: &Value) -> Ordering {
        compare(self.mode, self.nocase, a.as_str(), b.as_str())
    }
}

fn lsort(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, options @ .., list] = words else {
        return usage("lsort ?-option value ...? list");
    };
    let sorting = Sorting::parse(options)?;
    let mut keyed = Vec::new();
    for element in list::parse(list)? {
        keyed.push((sorting.key(&element)?, element));
    }
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| {
        let order = match &sorting.command {
            Some(command) => by_command(interp, command, a, b).unwrap_or_else(|e| {
                failed.get_or_insert(e);
                Ordering::Equal
            }),
            None => sorting.compare(a, b),
        };
        if sorting.decreasing { order.reverse() } else { order }
    });
    if let Some(exception) = failed {
        return Err(exception);
    }
    if sorting.unique {
        // of equal elements Tcl keeps the last
        keyed.reverse();
        keyed.dedup_by(|(a, _), (b, _)| sorting.compare(a, b).is_eq());
        keyed.reverse();
    }
    Ok(list::format(keyed.iter().map(|(_, element)| element)))
}

fn check_key(mode: &str, key: &Value) -> Result<(), Exception> {
    match mode {
        "-integer" => int_arg(key).map(drop),
        "-real" if number(key.as_str()).is_none() => {
            fail(format!("expected floating-point number but got \"{key}\""))
        }
        _ => Ok(()),
    }
}

fn by_command(
    interp: &mut Interp,
    command: &Value,
    a: &Value,
    b: &Value,
) -> Result<Ordering, Exception> {
    let mut words = list::parse(command)?;
    words.extend([a.clone(), b.clone()]);
    Ok(int_arg(&interp.invoke(&words)?)?.cmp(&0))
}

fn compare(mode: &str, nocase: bool, a: &str, b: &str) -> Ordering {
    match mode {
        "-integer" | "-real" => {
            let key = |s| number(s).map_or(0.0, crate::number::Number::real);
            key(a).total_cmp(&key(b))
        }
        "-dictionary" => dictionary(a, b),
        _ if nocase => a.to_lowercase().cmp(&b.to_lowercase()),
        _ => a.cmp(b),
    }
}

/// Ignores case and compares numbers in the text by value; case breaks ties, as in Tcl.
fn dictionary(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.chars().peekable(), b.chars().peekable());
    loop {
        match (x.peek().copied(), y.peek().copied()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(c), Some(d)) if c.is_ascii_digit() && d.is_ascii_digit() => {
                let digits = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
                    let mut text = String::new();
                    while let Some(c) = chars.next_if(char::is_ascii_digit) {
                        text.push(c);
                    }
                    text.trim_start_matches('0').to_owned()
                };
                let (m, n) = (digits(&mut x), digits(&mut y));
                let order = m.len().cmp(&n.len()).then_with(|| m.cmp(&n));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(c), Some(d)) => {
                let order = c.to_lowercase().cmp(d.to_lowercase());
                if order.is_ne() {
                    return order;
                }
                x.next();
                y.next();
            }
        }
    }
}

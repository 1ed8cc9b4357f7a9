//! Strings, and text that is put together.

use super::case::{lower, lowered, upper};
use super::glob::matches;
use super::words::{Builtin, arity, subcommand};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::memory;
use crate::number::{count_arg, int_arg};
use crate::value::Value;
use std::cmp::Ordering;

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("string", string), ("format", super::format::format)];

const SUBCOMMANDS: &[&str] = &[
    "bytelength",
    "cat",
    "compare",
    "equal",
    "first",
    "index",
    "is",
    "last",
    "length",
    "map",
    "match",
    "range",
    "repeat",
    "replace",
    "reverse",
    "tolower",
    "totitle",
    "toupper",
    "trim",
    "trimleft",
    "trimright",
    "wordend",
    "wordstart",
];

/// Longest text that a command may make by repetition.
const LONGEST: usize = 64 << 20;

fn string(interp: &mut Interp, words: &[Value]) -> Outcome {
    let (name, words) = subcommand(words, SUBCOMMANDS)?;
    let form = |rest: &str| format!("string {name} {rest}");
    match name {
        "length" => {
            arity(words, 1, 1, &form("string"))?;
            Ok(Value::from(words[1].as_str().chars().count()))
        }
        "bytelength" => {
            arity(words, 1, 1, &form("string"))?;
            Ok(Value::from(words[1].as_str().len()))
        }
        "cat" => {
            memory::afford(words[1..].iter().map(|w| w.as_str().len()).sum())?;
            Ok(Value::from(words[1..].iter().map(Value::as_str).collect::<String>()))
        }
        "index" => {
            arity(words, 2, 2, &form("string charIndex"))?;
            let chars: Vec<char> = words[1].as_str().chars().collect();
            let i = index(words[2].as_str(), chars.len())?;
            let c = usize::try_from(i).ok().and_then(|i| chars.get(i));
            Ok(c.map_or_else(Value::empty, |c| Value::from(c.to_string())))
        }
        "range" => {
            arity(words, 3, 3, &form("string first last"))?;
            let chars: Vec<char> = words[1].as_str().chars().collect();
            let (first, end) = span(&chars, &words[2], &words[3])?;
            Ok(Value::from(chars.iter().take(end).skip(first).collect::<String>()))
        }
        "replace" => {
            arity(words, 3, 4, &form("string first last ?string?"))?;
            replace(words)
        }
        "equal" | "compare" => compare(name, words),
        "match" => is_like(words, &form("?-nocase? pattern string")),
        "map" => map(words),
        "first" | "last" => find(name, words),
        "tolower" | "toupper" | "totitle" => {
            arity(words, 1, 3, &form("string ?first? ?last?"))?;
            cased(name, words)
        }
        "trim" | "trimleft" | "trimright" => {
            arity(words, 1, 2, &form("string ?chars?"))?;
            Ok(Value::from(trimmed(name, words[1].as_str(), words.get(2).map(Value::as_str))))
        }
        "repeat" => {
            arity(words, 2, 2, &form("string count"))?;
            repeat(words[1].as_str(), count_arg(&words[2])?)
        }
        "reverse" => {
            arity(words, 1, 1, &form("string"))?;
            Ok(Value::from(words[1].as_str().chars().rev().collect::<String>()))
        }
        "wordend" | "wordstart" => {
            arity(words, 2, 2, &form("string index"))?;
            word_edge(name, words)
        }
        _ => super::classes::is(interp, words),
    }
}

/// Reads the option of a command that takes two operands.
fn no_case(words: &[Value], form: &str) -> Result<bool, Exception> {
    match words {
        [_, _, _] => Ok(false),
        [_, option, _, _]
            if option.as_str().len() > 1 && "-nocase".starts_with(option.as_str()) =>
        {
            Ok(true)
        }
        [_, option, _, _] => fail(format!("bad option \"{option}\": must be -nocase")),
        _ => usage(form),
    }
}

fn is_like(words: &[Value], form: &str) -> Outcome {
    let nocase = no_case(words, form)?;
    let (pattern, text) = (&words[words.len() - 2], &words[words.len() - 1]);
    Ok(Value::bool(matches(pattern.as_str(), text.as_str(), nocase)))
}

fn repeat(text: &str, count: usize) -> Outcome {
    if count.saturating_mul(text.len()) > LONGEST {
        return memory::afford(usize::MAX).map(|()| Value::empty());
    }
    memory::afford(count * text.len())?;
    Ok(Value::from(text.repeat(count)))
}

/// `string tolower`, `toupper` and `totitle`, of all or of a part.
fn cased(name: &str, words: &[Value]) -> Outcome {
    let mut chars: Vec<char> = words[1].as_str().chars().collect();
    let (first, end) = match words {
        [_, _, first, last @ ..] => span(&chars, first, last.first().unwrap_or(first))?,
        _ => (0, chars.len()),
    };
    for (i, c) in chars.iter_mut().enumerate().take(end).skip(first) {
        *c = if name == "toupper" || name == "totitle" && i == first {
            upper(*c)
        } else {
            lower(*c)
        };
    }
    Ok(Value::from(chars.into_iter().collect::<String>()))
}

/// `string wordend` and `wordstart`: the edges of the word, or of the single character, at an
/// index.
fn word_edge(name: &str, words: &[Value]) -> Outcome {
    let chars: Vec<char> = words[1].as_str().chars().collect();
    let place = index(words[2].as_str(), chars.len())?;
    let at = usize::try_from(place).unwrap_or(0);
    let is_word = |c: &&char| super::classes::is_word(**c);
    Ok(Value::from(if name == "wordend" {
        let at = at.min(chars.len());
        let word = chars[at..].iter().take_while(is_word).count();
        (at + word.max(1)).min(chars.len())
    } else {
        let at = at.min(chars.len().saturating_sub(1));
        let word = chars.iter().take(at + 1).rev().take_while(is_word).count();
        at + 1 - word.clamp(1, at + 1)
    }))
}

/// `string trim`, `trimleft` and `trimright`, of the characters in `set` or of white space.
fn trimmed<'t>(name: &str, text: &'t str, set: Option<&str>) -> &'t str {
    let drop = |c: char| match set {
        Some(set) => set.contains(c),
        None => c.is_whitespace() || c == '\0',
    };
    match name {
        "trim" => text.trim_matches(drop),
        "trimleft" => text.trim_start_matches(drop),
        _ => text.trim_end_matches(drop),
    }
}

fn span(chars: &[char], first: &Value, last: &Value) -> Result<(usize, usize), Exception> {
    let len = chars.len();
    let first = index(first.as_str(), len)?.max(0) as usize;
    let last = index(last.as_str(), len)?.min(len as i64 - 1);
    Ok((first, usize::try_from(last + 1).unwrap_or(0)))
}

fn replace(words: &[Value]) -> Outcome {
    let chars: Vec<char> = words[1].as_str().chars().collect();
    let (first, end) = span(&chars, &words[2], &words[3])?;
    if first >= end {
        return Ok(words[1].clone());
    }
    let mut text: String = chars[..first].iter().collect();
    text.push_str(words.get(4).map_or("", Value::as_str));
    text.extend(&chars[end..]);
    Ok(Value::from(text))
}

fn compare(name: &str, words: &[Value]) -> Outcome {
    let mut rest = &words[1..];
    let (mut nocase, mut length) = (false, None);
    while rest.len() > 2 {
        match rest[0].as_str() {
            "-nocase" => nocase = true,
            "-length" => {
                length = usize::try_from(int_arg(&rest[1])?).ok();
                rest = &rest[1..];
            }
            other => {
                return fail(format!("bad option \"{other}\": must be -nocase or -length"));
            }
        }
        rest = &rest[1..];
    }
    let [a, b] = rest else {
        return usage(&format!("string {name} ?-nocase? ?-length int? string1 string2"));
    };
    let key = |v: &Value| -> String {
        let text = if nocase { lowered(v.as_str()) } else { v.as_str().to_owned() };
        length.map_or(text.clone(), |n| text.chars().take(n).collect())
    };
    let order = key(a).cmp(&key(b));
    Ok(if name == "equal" {
        Value::bool(order.is_eq())
    } else {
        Value::from(match order {
            Ordering::Less => -1i64,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })
    })
}

fn map(words: &[Value]) -> Outcome {
    let nocase = no_case(words, "string map ?-nocase? charMap string")?;
    let table = list::parse(&words[words.len() - 2])?;
    if !table.len().is_multiple_of(2) {
        return fail("char map list unbalanced");
    }
    let mut rest = words[words.len() - 1].as_str();
    let mut out = String::new();
    while let Some(c) = rest.chars().next() {
        let hit = table.chunks(2).find_map(|pair| {
            let key = pair[0].as_str();
            let prefix = rest.get(..key.len())?;
            let same = if nocase { lowered(prefix) == lowered(key) } else { prefix == key };
            (same && !key.is_empty()).then_some((key.len(), &pair[1]))
        });
        if let Some((len, replacement)) = hit {
            memory::afford(2 * (out.len() + replacement.as_str().len()))?;
            out.push_str(replacement.as_str());
            rest = &rest[len..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(Value::from(out))
}

fn find(name: &str, words: &[Value]) -> Outcome {
    arity(words, 2, 3, &format!("string {name} needleString haystackString ?index?"))?;
    let needle: Vec<char> = words[1].as_str().chars().collect();
    let haystack: Vec<char> = words[2].as_str().chars().collect();
    let mut starts = 0..(haystack.len() + 1).saturating_sub(needle.len());
    if let Some(place) = words.get(3) {
        let place = index(place.as_str(), haystack.len())?;
        if name == "first" {
            starts.start = place.max(0) as usize;
        } else {
            let end = usize::try_from(place + 2 - needle.len() as i64).unwrap_or(0);
            starts.end = starts.end.min(end);
        }
    }
    let hit = |&i: &usize| haystack[i..].starts_with(&needle);
    let found = if needle.is_empty() {
        None
    } else if name == "first" {
        starts.find(hit)
    } else {
        starts.rev().find(hit)
    };
    Ok(found.map_or_else(|| Value::from(-1i64), Value::from))
}

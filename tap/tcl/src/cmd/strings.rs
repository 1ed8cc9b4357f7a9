//! Strings, and text that is put together.

use super::glob::matches;
use super::words::{Builtin, arity, subcommand};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::memory;
use crate::number::{self, count_arg, int_arg};
use crate::parse::{Parser, Part, Source};
use crate::value::Value;
use std::cmp::Ordering;

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("string", string), ("format", super::format::format), ("subst", subst)];

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
];

/// Longest text that a command may make by repetition.
const LONGEST: usize = 64 << 20;

fn string(_: &mut Interp, words: &[Value]) -> Outcome {
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
            arity(words, 1, 1, &form("string"))?;
            Ok(Value::from(in_case(name, words[1].as_str())))
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
        _ => is(words),
    }
}

fn is_like(words: &[Value], form: &str) -> Outcome {
    let nocase = words.len() == 4 && words[1].as_str() == "-nocase";
    if words.len() != 3 && !nocase {
        return usage(form);
    }
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

/// `string tolower`, `toupper` and `totitle`.
fn in_case(name: &str, text: &str) -> String {
    match name {
        "tolower" => text.to_lowercase(),
        "toupper" => text.to_uppercase(),
        _ => {
            let mut chars = text.chars();
            chars.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect()
            })
        }
    }
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
        let text = if nocase { v.as_str().to_lowercase() } else { v.as_str().to_owned() };
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
    let nocase = words.len() == 4 && words[1].as_str() == "-nocase";
    if words.len() != 3 && !nocase {
        return usage("string map ?-nocase? charMap string");
    }
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
            let same =
                if nocase { prefix.to_lowercase() == key.to_lowercase() } else { prefix == key };
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

const CLASSES: &[&str] = &[
    "alnum",
    "alpha",
    "ascii",
    "boolean",
    "control",
    "digit",
    "double",
    "entier",
    "false",
    "graph",
    "integer",
    "list",
    "lower",
    "print",
    "punct",
    "space",
    "true",
    "upper",
    "wideinteger",
    "wordchar",
    "xdigit",
];

fn is(words: &[Value]) -> Outcome {
    const FORM: &str = "string is class ?-strict? ?-failindex var? str";
    let mut operands = words[1..].iter().filter(|w| w.as_str() != "-strict");
    let strict =
        words.len() > 3 && words[2..words.len() - 1].iter().any(|w| w.as_str() == "-strict");
    let (Some(class), Some(text), None) = (operands.next(), operands.next(), operands.next())
    else {
        return usage(FORM);
    };
    let Some(class) = CLASSES.iter().find(|c| **c == class.as_str()) else {
        return fail(format!(
            "bad class \"{class}\": must be {}",
            super::words::alternatives(CLASSES)
        ));
    };
    let text = text.as_str();
    if text.is_empty() {
        return Ok(Value::bool(!strict || *class == "list"));
    }
    let all = |test: fn(char) -> bool| text.chars().all(test);
    Ok(Value::bool(match *class {
        "boolean" => boolean_word(text).is_some(),
        "true" => boolean_word(text) == Some(true),
        "false" => boolean_word(text) == Some(false),
        "integer" => number::int(text).is_some_and(|i| (-(1 << 32) + 1..1 << 32).contains(&i)),
        "wideinteger" => number::int(text).is_some(),
        "entier" => number::int(text).is_some() || number::is_big(text),
        "double" => number::number(text).is_some() || number::is_big(text),
        "list" => list::parse(&Value::from(text)).is_ok(),
        "alnum" => all(char::is_alphanumeric),
        "alpha" => all(char::is_alphabetic),
        "ascii" => text.is_ascii(),
        "control" => all(char::is_control),
        "digit" => all(char::is_numeric),
        "graph" => all(|c| !c.is_control() && !c.is_whitespace()),
        "lower" => all(char::is_lowercase),
        "print" => all(|c| !c.is_control()),
        "punct" => all(|c| c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c)),
        "space" => all(char::is_whitespace),
        "upper" => all(char::is_uppercase),
        "wordchar" => all(|c| c.is_alphanumeric() || c == '_'),
        _ => all(|c| c.is_ascii_hexdigit()),
    }))
}

/// `string is boolean` takes 0, 1 and the words only.
fn boolean_word(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        word => number::word_truth(&word.to_ascii_lowercase()),
    }
}

fn subst(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "subst ?-nobackslashes? ?-nocommands? ?-novariables? string";
    let (mut backslashes, mut commands, mut variables) = (true, true, true);
    if words.len() < 2 {
        return usage(FORM);
    }
    for option in &words[1..words.len() - 1] {
        match option.as_str() {
            "-nobackslashes" => backslashes = false,
            "-nocommands" => commands = false,
            "-novariables" => variables = false,
            other => {
                return fail(format!(
                    "bad option \"{other}\": must be -nobackslashes, -nocommands, or -novariables"
                ));
            }
        }
    }
    let value = &words[words.len() - 1];
    let source = Source { text: value.clone(), origin: value.origin().cloned() };
    let mut parser = Parser::new(&source);
    let mut out = String::new();
    while let Some(c) = parser.peek() {
        let part = match c {
            '\\' if backslashes => {
                parser.backslash(&mut out);
                continue;
            }
            '$' if variables => parser.variable(),
            '[' if commands => parser.script().map(Some),
            _ => Ok(None),
        };
        match part {
            Ok(Some(part)) => {
                let part = substituted(interp, &source, part)?;
                memory::afford(2 * (out.len() + part.as_str().len()))?;
                out.push_str(part.as_str());
            }
            Ok(None) => {
                out.push(c);
                parser.skip(c.len_utf8());
            }
            Err(error) => return fail(error.message),
        }
    }
    Ok(Value::from(out))
}

fn substituted(interp: &mut Interp, source: &Source, part: Part) -> Outcome {
    interp.substitute(source, &[part])
}

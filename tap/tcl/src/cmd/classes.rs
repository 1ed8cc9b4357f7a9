//! `string is`.

use super::scan::{int_span, real_span};
use super::words::{alternatives, choice};
use crate::error::{Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::number;
use crate::value::Value;

const CLASSES: &[&str] = &[
    "alnum",
    "alpha",
    "ascii",
    "control",
    "boolean",
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

/// True for the characters of a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the test that makes a character one of a class; `None` for the classes of whole texts.
fn test_of(class: &str) -> Option<fn(char) -> bool> {
    Some(match class {
        "alnum" => char::is_alphanumeric,
        "alpha" => char::is_alphabetic,
        "ascii" => |c| c.is_ascii(),
        "control" => char::is_control,
        "digit" => char::is_numeric,
        "graph" => |c| !c.is_control() && !c.is_whitespace(),
        "lower" => char::is_lowercase,
        "print" => |c| !c.is_control(),
        "punct" => |c| c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c),
        "space" => char::is_whitespace,
        "upper" => char::is_uppercase,
        "wordchar" => is_word,
        "xdigit" => |c| c.is_ascii_hexdigit(),
        _ => return None,
    })
}

/// True if the text as a whole is of the class.
fn is_whole(class: &str, text: &str) -> bool {
    match class {
        "boolean" => boolean_word(text).is_some(),
        "true" => boolean_word(text) == Some(true),
        "false" => boolean_word(text) == Some(false),
        "integer" => number::int(text).is_some_and(|i| (-(1 << 32) + 1..1 << 32).contains(&i)),
        "wideinteger" => number::int(text).is_some(),
        "entier" => number::int(text).is_some() || number::is_big(text),
        "double" => number::number(text).is_some() || number::is_big(text),
        _ => list::parse(&Value::from(text)).is_ok(),
    }
}

/// `string is boolean` takes 0, 1 and the words only.
fn boolean_word(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        word => number::word_truth(&word.to_ascii_lowercase()),
    }
}

/// The place of the first character that does not fit; -1 for numbers that are too large.
fn fails_at(class: &str, text: &str) -> i64 {
    let chars = |bytes: usize| text[..bytes].chars().count() as i64;
    if let Some(test) = test_of(class) {
        return text.find(|c| !test(c)).map_or(-1, chars);
    }
    let blank = text.len() - text.trim_start().len();
    let number = &text[blank..];
    let taken = match class {
        "integer" | "wideinteger" | "entier" => int_span(number, 0).map_or(0, |(end, ..)| end),
        "double" => real_span(number).max(int_span(number, 0).map_or(0, |(end, ..)| end)),
        "list" => return chars(broken_element(text)),
        _ => return 0,
    };
    if taken == 0 {
        return 0;
    }
    let rest = number[taken..].trim_start();
    if rest.is_empty() { -1 } else { chars(text.len() - rest.len()) }
}

/// The offset of the element at which a text ceases to be a list.
fn broken_element(text: &str) -> usize {
    let blank = |at: usize| at == 0 || text.as_bytes()[at - 1].is_ascii_whitespace();
    let starts: Vec<usize> = text
        .char_indices()
        .filter(|(at, c)| !c.is_ascii_whitespace() && blank(*at))
        .map(|(at, _)| at)
        .collect();
    // what is before the element is a list, what ends behind its beginning is none
    let good = starts.partition_point(|at| list::read(&text[..*at]).is_ok());
    good.checked_sub(1).and_then(|i| starts.get(i)).copied().unwrap_or(0)
}

pub(super) fn is(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "string is class ?-strict? ?-failindex var? str";
    let [_, class, options @ .., text] = words else { return usage(FORM) };
    let Ok(class) = choice("class", CLASSES, class.as_str()) else {
        return fail(format!("bad class \"{class}\": must be {}", alternatives(CLASSES)));
    };
    let (mut strict, mut place) = (false, None);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match choice("option", &["-strict", "-failindex"], option.as_str())? {
            "-strict" => strict = true,
            _ => match options.next() {
                Some(name) => place = Some(name),
                None => return usage(FORM),
            },
        }
    }
    let text = text.as_str();
    let holds = match test_of(class) {
        _ if text.is_empty() => !strict || class == "list",
        Some(test) => text.chars().all(test),
        None => is_whole(class, text),
    };
    if let (Some(name), false) = (place, holds) {
        let at = if text.is_empty() { 0 } else { fails_at(class, text) };
        interp.set(name.as_str(), Value::from(at))?;
    }
    Ok(Value::bool(holds))
}

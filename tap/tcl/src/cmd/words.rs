//! A command's words: their number, and the subcommand among them.

use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::value::Value;

/// A command in Rust, as the areas write it.
pub(super) type Builtin = fn(&mut Interp, &[Value]) -> Outcome;

/// Checks the number of a command's arguments.
pub(super) fn arity(
    words: &[Value],
    least: usize,
    most: usize,
    form: &str,
) -> Result<(), Exception> {
    let given = words.len() - 1;
    if given < least || given > most { usage(form) } else { Ok(()) }
}

/// The subcommand of a command such as `string`, by its unique beginning, and its arguments.
pub(super) fn subcommand<'w>(
    words: &'w [Value],
    names: &[&'static str],
) -> Result<(&'static str, &'w [Value]), Exception> {
    let Some(word) = words.get(1) else {
        return usage(&format!("{} subcommand ?arg ...?", words[0]));
    };
    let text = word.as_str();
    let mut candidates = names.iter().filter(|n| n.starts_with(text));
    let found = match names.iter().find(|n| **n == text) {
        Some(exact) => Some(exact),
        None => candidates.next().filter(|_| !text.is_empty() && candidates.next().is_none()),
    };
    match found {
        Some(name) => Ok((name, &words[1..])),
        None => fail(format!(
            "unknown or ambiguous subcommand \"{text}\": must be {}",
            alternatives(names)
        )),
    }
}

/// The name among `names` that a word means, by its unique beginning, too; `what` it is for the
/// message.
pub(super) fn choice(
    what: &str,
    names: &[&'static str],
    word: &str,
) -> Result<&'static str, Exception> {
    if let Some(exact) = names.iter().find(|name| **name == word) {
        return Ok(exact);
    }
    let mut candidates = names.iter().filter(|name| !word.is_empty() && name.starts_with(word));
    match (candidates.next(), candidates.next()) {
        (Some(name), None) => Ok(name),
        (first, _) => fail(format!(
            "{} {what} \"{word}\": must be {}",
            if first.is_some() { "ambiguous" } else { "bad" },
            alternatives(names)
        )),
    }
}

/// `a, b, or c`
pub(super) fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} or {two}"),
        [rest @ .., last] => format!("{}, or {last}", rest.join(", ")),
    }
}

//! Tcl's commands, by area.

mod arrays;
mod control;
mod dicts;
mod files;
mod format;
mod glob;
mod inspect;
mod lists;
mod procedures;
mod regexps;
mod strings;
mod variables;

pub use glob::matches as glob_matches;

use super::error::{Exception, Outcome, fail, usage};
use super::interp::Interp;
use super::value::Value;

/// A command in Rust, as the areas write it.
type Builtin = fn(&mut Interp, &[Value]) -> Outcome;

/// Defines all commands.
pub fn register(interp: &mut Interp) {
    for area in [
        arrays::COMMANDS,
        control::COMMANDS,
        dicts::COMMANDS,
        files::COMMANDS,
        inspect::COMMANDS,
        lists::COMMANDS,
        procedures::COMMANDS,
        regexps::COMMANDS,
        strings::COMMANDS,
        variables::COMMANDS,
    ] {
        for &(name, command) in area {
            interp.define(name, command);
        }
    }
}

/// Checks the number of a command's arguments.
fn arity(words: &[Value], least: usize, most: usize, form: &str) -> Result<(), Exception> {
    let given = words.len() - 1;
    if given < least || given > most { usage(form) } else { Ok(()) }
}

/// The subcommand of a command such as `string`, by its unique beginning, and its arguments.
fn subcommand<'w>(
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

/// `a, b, or c`
fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} or {two}"),
        [rest @ .., last] => format!("{}, or {last}", rest.join(", ")),
    }
}

/// `regsub -all` for the run tool.
pub(crate) fn regsub_all(pattern: &super::regex::Pattern, text: &str, template: &str) -> String {
    regexps::substitute(pattern, text, template, 0, true).0
}

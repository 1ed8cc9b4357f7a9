//! `regexp` and `regsub`.

use super::words::Builtin;
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::regex::{Flags, Pattern, next_search};
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("regexp", regexp), ("regsub", regsub)];

/// A match's place in characters, as Tcl counts.
pub(super) fn indices(text: &str, span: Option<(usize, usize)>) -> Value {
    let (first, last) = span.map_or((-1, -1), |(start, end)| {
        let first = text[..start].chars().count() as i64;
        (first, first + text[start..end].chars().count() as i64 - 1)
    });
    Value::from(format!("{first} {last}"))
}

/// Byte offset of the character that an index names.
fn offset(text: &str, place: &str) -> Result<usize, Exception> {
    // `end` is behind the last character here
    let i = index(place, text.chars().count() + 1)?.max(0) as usize;
    Ok(text.char_indices().nth(i).map_or(text.len(), |(at, _)| at))
}

/// Options of both commands, as given, and the words behind them.
#[derive(Default)]
struct Options {
    all: bool,
    inline: bool,
    places: bool,
    flags: Flags,
    about: bool,
    expanded: bool,
    start: Option<Value>,
}

impl Options {
    /// Reads options up to the first word that is none; `also` are those that only this command has,
    /// `allowed` is what the message names.
    fn parse<'a>(
        words: &'a [Value],
        also: &[&str],
        allowed: &str,
    ) -> Result<(Self, &'a [Value]), Exception> {
        let mut options = Self::default();
        let mut rest = words;
        while let Some(option) = rest.first().filter(|w| w.as_str().starts_with('-')) {
            rest = &rest[1..];
            match option.as_str() {
                "-all" => options.all = true,
                "-inline" if also.contains(&"-inline") => options.inline = true,
                "-indices" if also.contains(&"-indices") => options.places = true,
                "-nocase" => options.flags.nocase = true,
                "-line" => {
                    options.flags.line_anchors = true;
                    options.flags.line_stops = true;
                }
                "-lineanchor" => options.flags.line_anchors = true,
                "-linestop" => options.flags.line_stops = true,
                "-expanded" => options.expanded = true,
                "-about" if also.contains(&"-about") => options.about = true,
                "-start" if !rest.is_empty() => {
                    options.start = Some(rest[0].clone());
                    rest = &rest[1..];
                }
                "--" => break,
                other => {
                    return fail(format!("bad option \"{other}\": must be {allowed}"));
                }
            }
        }
        Ok((options, rest))
    }

    fn pattern(&self, expression: &Value) -> Result<Pattern, Exception> {
        if self.expanded {
            return Pattern::new(&format!("(?x){expression}"), self.flags);
        }
        Pattern::new(expression.as_str(), self.flags)
    }

    /// The byte offset in `text` to begin at.
    fn begin(&self, text: &str) -> Result<usize, Exception> {
        self.start.as_ref().map_or(Ok(0), |s| offset(text, s.as_str()))
    }
}

fn regexp(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "regexp ?-option ...? exp string ?matchVar? ?subMatchVar ...?";
    let (options, rest) = Options::parse(
        &words[1..],
        &["-about", "-inline", "-indices"],
        "-all, -about, -indices, -inline, -expanded, -line, -linestop, -lineanchor, -nocase, -start, or --",
    )?;
    let (all, inline, places) = (options.all, options.inline, options.places);
    if let ([expression], true) = (rest, options.about) {
        let pattern = options.pattern(expression)?;
        return Ok(Value::from(format!("{} {{}}", pattern.groups())));
    }
    let [expression, subject, vars @ ..] = rest else { return usage(FORM) };
    if inline && !vars.is_empty() {
        return fail("regexp match variables not allowed when using -inline");
    }
    let pattern = options.pattern(expression)?;
    if options.about {
        return Ok(Value::from(format!("{} {{}}", pattern.groups())));
    }
    let text = subject.as_str();
    let mut at = options.begin(text)?;
    let mut count = 0i64;
    let mut collected = Vec::new();
    let mut last = None;
    while at < text.len() || count == 0 {
        let Some(groups) = pattern.captures_at(text, at)? else { break };
        count += 1;
        let whole = groups[0].unwrap_or((at, at));
        if inline {
            collected.extend(groups.iter().map(|g| show(text, *g, places)));
        }
        last = Some(groups);
        at = next_search(text, whole);
        if !all || at > text.len() {
            break;
        }
    }
    if inline {
        return Ok(list::format(&collected));
    }
    if let Some(groups) = &last {
        for (i, var) in vars.iter().enumerate() {
            let group = groups.get(i).copied().flatten();
            interp.set(var.as_str(), show(text, group, places))?;
        }
    }
    Ok(Value::from(if all { count } else { i64::from(count > 0) }))
}

pub(super) fn show(text: &str, group: Option<(usize, usize)>, places: bool) -> Value {
    if places {
        return indices(text, group);
    }
    group.map_or_else(Value::empty, |(start, end)| Value::from(&text[start..end]))
}

fn regsub(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "regsub ?-option ...? exp string subSpec ?varName?";
    let (options, rest) = Options::parse(
        &words[1..],
        &[],
        "-all, -nocase, -expanded, -line, -linestop, -lineanchor, -start, or --",
    )?;
    let (expression, subject, template, var) = match rest {
        [e, s, t] => (e, s, t, None),
        [e, s, t, v] => (e, s, t, Some(v)),
        _ => return usage(FORM),
    };
    let pattern = options.pattern(expression)?;
    let text = subject.as_str();
    let from = options.begin(text)?;
    let (out, count) = pattern.replace(text, template.as_str(), from, options.all)?;
    match var {
        None => Ok(Value::from(out)),
        Some(name) => {
            interp.set(name.as_str(), Value::from(out))?;
            Ok(Value::from(count))
        }
    }
}

//! `switch`.

use super::case::lowered;
use super::glob::matches;
use super::regexps::{indices, show};
use super::words::{Builtin, choice};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::regex::{Flags, Groups, Pattern};
use crate::value::{Origin, Value};
use std::rc::Rc;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("switch", switch)];

const OPTIONS: &[&str] = &["-exact", "-glob", "-indexvar", "-matchvar", "-nocase", "-regexp", "--"];

/// The options of `switch`.
#[derive(Default)]
struct Matching<'w> {
    mode: Option<&'static str>,
    nocase: bool,
    /// Variables for the match of a regular expression with its groups: their places, their texts.
    places: Option<&'w Value>,
    texts: Option<&'w Value>,
}

/// Matches that an arm's pattern found.
enum Hit {
    No,
    Yes,
    Groups(Groups),
}

impl<'w> Matching<'w> {
    /// Reads options; the words from the subject on come with it.
    fn parse(words: &'w [Value]) -> Result<(Self, &'w [Value]), Exception> {
        let mut matching = Self::default();
        let mut rest = words;
        // the last two words are no options, whatever they look like
        while let [option, others @ .., _, _] = rest
            && option.as_str().starts_with('-')
        {
            rest = &rest[1..];
            match choice("option", OPTIONS, option.as_str())? {
                "-nocase" => matching.nocase = true,
                "--" => break,
                name @ ("-indexvar" | "-matchvar") => {
                    let Some(variable) = others.first() else {
                        return fail(format!("missing variable name argument to {name} option"));
                    };
                    rest = &rest[1..];
                    match name {
                        "-indexvar" => matching.places = Some(variable),
                        _ => matching.texts = Some(variable),
                    }
                }
                mode => {
                    if let Some(before) = matching.mode {
                        return fail(format!(
                            "bad option \"{option}\": {before} option already found"
                        ));
                    }
                    matching.mode = Some(mode);
                }
            }
        }
        if matching.mode != Some("-regexp") {
            for (name, given) in [("-indexvar", matching.places), ("-matchvar", matching.texts)] {
                if given.is_some() {
                    return fail(format!("{name} option requires -regexp option"));
                }
            }
        }
        Ok((matching, rest))
    }

    fn matches(&self, pattern: &Value, subject: &Value) -> Result<Hit, Exception> {
        let (text, nocase) = (subject.as_str(), self.nocase);
        let hit = match self.mode {
            Some("-glob") => matches(pattern.as_str(), text, nocase),
            Some("-regexp") => {
                let flags = Flags { nocase, ..Flags::default() };
                let regex = Pattern::new(pattern.as_str(), flags)?;
                if self.places.is_some() || self.texts.is_some() {
                    return Ok(regex.captures_at(text, 0)?.map_or(Hit::No, Hit::Groups));
                }
                regex.is_match(text)?
            }
            _ if nocase => lowered(pattern.as_str()) == lowered(text),
            _ => pattern == subject,
        };
        Ok(if hit { Hit::Yes } else { Hit::No })
    }

    /// Sets the variables for the match; to nothing, where the default arm is taken.
    fn tell(&self, interp: &mut Interp, text: &str, groups: &Groups) -> Result<(), Exception> {
        if let Some(name) = self.places {
            let places = groups.iter().map(|g| indices(text, *g)).collect();
            interp.set(name.as_str(), Value::from_list(places))?;
        }
        if let Some(name) = self.texts {
            let texts = groups.iter().map(|g| show(text, *g, false)).collect();
            interp.set(name.as_str(), Value::from_list(texts))?;
        }
        Ok(())
    }
}

fn switch(interp: &mut Interp, words: &[Value]) -> Outcome {
    let (matching, rest) = Matching::parse(&words[1..])?;
    let (subject, arms, split) = match rest {
        [] | [_] => {
            return usage("switch ?-option ...? string ?pattern body ...? ?default body?");
        }
        [subject, single] => {
            let mut arms = list::parse(single)?;
            if arms.is_empty() {
                return usage("switch ?-option ...? string {?pattern body ...? ?default body?}");
            }
            locate(single, &mut arms);
            (subject, arms, true)
        }
        [subject, several @ ..] => (subject, several.to_vec(), false),
    };
    if !arms.len().is_multiple_of(2) {
        let comment = split && arms.iter().step_by(2).any(|a| a.as_str().starts_with('#'));
        return fail(format!(
            "extra switch pattern with no body{}",
            if comment {
                ", this may be due to a comment incorrectly placed outside of a switch body - see the \"switch\" documentation"
            } else {
                ""
            }
        ));
    }
    if arms[arms.len() - 1].as_str() == "-" {
        return fail(format!("no body specified for pattern \"{}\"", arms[arms.len() - 2]));
    }
    for (n, arm) in arms.chunks(2).enumerate() {
        let is_default = arm[0].as_str() == "default" && (n + 1) * 2 == arms.len();
        match if is_default {
            Hit::Groups(Groups::new())
        } else {
            matching.matches(&arm[0], subject)?
        } {
            Hit::No => continue,
            Hit::Yes => {}
            Hit::Groups(groups) => matching.tell(interp, subject.as_str(), &groups)?,
        }
        let script = arms[n * 2 + 1..].iter().step_by(2).find(|b| b.as_str() != "-");
        return script.map_or_else(|| Ok(Value::empty()), |script| interp.eval(script));
    }
    Ok(Value::empty())
}

/// Gives the bodies of a braced `switch` their lines: each braced element is looked up in order.
fn locate(whole: &Value, arms: &mut [Value]) {
    let Some(outer) = whole.origin() else { return };
    let mut from = 0;
    for arm in arms {
        let Some(at) = whole.as_str()[from..].find(arm.as_str()) else { continue };
        let origin = Origin {
            file: Rc::clone(&outer.file),
            line: outer.line_of(whole.as_str(), from + at),
            joints: Vec::new(),
        };
        from += at + arm.as_str().len();
        *arm = Value::literal(arm.as_str(), Some(Rc::new(origin)));
    }
}

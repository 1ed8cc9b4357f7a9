//! `lsearch`.

use super::glob::matches;
use super::sort::{Kind, part, path};
use super::words::{Builtin, choice};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::regex::{Flags, Pattern};
use crate::value::Value;
use std::cmp::Ordering;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("lsearch", lsearch)];

const OPTIONS: &[&str] = &[
    "-all",
    "-ascii",
    "-bisect",
    "-decreasing",
    "-dictionary",
    "-exact",
    "-glob",
    "-increasing",
    "-index",
    "-inline",
    "-integer",
    "-nocase",
    "-not",
    "-real",
    "-regexp",
    "-sorted",
    "-start",
    "-subindices",
];

/// A way to compare an element with the pattern.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Glob,
    Exact,
    Regexp,
    /// As exact, in a list that is sorted.
    Sorted,
}

/// The options of `lsearch`.
#[derive(Default)]
struct Search<'w> {
    mode: Mode,
    kind: Kind,
    all: bool,
    bisect: bool,
    decreasing: bool,
    inline: bool,
    not: bool,
    nocase: bool,
    subindices: bool,
    path: Vec<Value>,
    start: Option<&'w Value>,
}

impl<'w> Search<'w> {
    fn parse(words: &'w [Value]) -> Result<Self, Exception> {
        let mut search = Self::default();
        let mut options = words.iter();
        while let Some(option) = options.next() {
            match choice("option", OPTIONS, option.as_str())? {
                "-all" => search.all = true,
                "-bisect" => {
                    search.mode = Mode::Sorted;
                    search.bisect = true;
                }
                "-decreasing" => search.decreasing = true,
                "-increasing" => search.decreasing = false,
                "-exact" => search.mode = Mode::Exact,
                "-glob" => search.mode = Mode::Glob,
                "-regexp" => search.mode = Mode::Regexp,
                "-sorted" => search.mode = Mode::Sorted,
                "-index" => search.path = path(options.next())?,
                "-inline" => search.inline = true,
                "-nocase" => search.nocase = true,
                "-not" => search.not = true,
                "-start" => match options.next() {
                    Some(start) => search.start = Some(start),
                    None => return fail("missing starting index"),
                },
                "-subindices" => search.subindices = true,
                kind => search.kind = Kind::of_option(kind).unwrap_or_default(),
            }
        }
        if search.subindices && search.path.is_empty() {
            return fail("-subindices cannot be used without -index option");
        }
        if search.bisect && (search.all || search.not) {
            return fail("-bisect is not compatible with -all or -not");
        }
        Ok(search)
    }

    fn start(&self, len: usize) -> Result<usize, Exception> {
        let Some(start) = self.start else { return Ok(0) };
        Ok(usize::try_from(index(start.as_str(), len)?).unwrap_or(0).min(len))
    }

    /// Places of the elements that are found: all of them, or the first.
    fn linear(&self, elements: &[Value], pattern: &Value) -> Result<Vec<usize>, Exception> {
        let regex = match self.mode {
            Mode::Regexp => {
                let flags = Flags { nocase: self.nocase, ..Flags::default() };
                Some(Pattern::new(pattern.as_str(), flags)?)
            }
            _ => None,
        };
        let mut found = Vec::new();
        for (place, element) in elements.iter().enumerate().skip(self.start(elements.len())?) {
            let element = part(element, &self.path)?;
            let hit = match &regex {
                Some(regex) => regex.is_match(element.as_str())?,
                None if self.mode == Mode::Glob => {
                    matches(pattern.as_str(), element.as_str(), self.nocase)
                }
                None => {
                    self.kind.check(&element)?;
                    self.compare(pattern, &element).is_eq()
                }
            };
            if hit != self.not {
                found.push(place);
                if !self.all {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn compare(&self, a: &Value, b: &Value) -> Ordering {
        self.kind.compare(self.nocase, a.as_str(), b.as_str())
    }

    /// The place in a sorted list: the first of equals; to bisect, the last that is not behind the
    /// pattern.
    fn binary(&self, elements: &[Value], pattern: &Value) -> Result<Option<usize>, Exception> {
        let (mut low, mut high) = (self.start(elements.len())?, elements.len());
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let element = part(&elements[middle], &self.path)?;
            self.kind.check(&element)?;
            let order = self.compare(pattern, &element);
            let order = if self.decreasing { order.reverse() } else { order };
            if order.is_eq() {
                found = Some(middle);
            }
            let right = if self.bisect { order.is_ge() } else { order.is_gt() };
            if right {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(if self.bisect { low.checked_sub(1) } else { found })
    }

    /// The answer for one element, found or not.
    fn show(&self, elements: &[Value], place: Option<usize>) -> Outcome {
        let number = place.map_or_else(|| Value::from(-1i64), Value::from);
        if self.inline {
            let Some(element) = place.map(|i| &elements[i]) else { return Ok(Value::empty()) };
            // a single element is shown whole
            let path = if self.subindices && self.all { self.path.as_slice() } else { &[] };
            return part(element, path);
        }
        if !self.subindices {
            return Ok(number);
        }
        let mut value = place.map(|i| elements[i].clone());
        let mut answer = vec![number];
        for step in &self.path {
            let len = value.as_ref().map_or(Ok(0), |v| v.as_list().map(<[Value]>::len))?;
            let at = index(step.as_str(), len)?;
            value = match value {
                Some(value) => Some(part(&value, std::slice::from_ref(step))?),
                None => None,
            };
            answer.push(Value::from(at));
        }
        Ok(Value::from_list(answer))
    }
}

fn lsearch(_: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 3 {
        return usage("lsearch ?-option value ...? list pattern");
    }
    let (options, operands) = words[1..].split_at(words.len() - 3);
    let search = Search::parse(options)?;
    let (elements, pattern) = (list::parse(&operands[0])?, &operands[1]);
    if matches!(search.mode, Mode::Exact | Mode::Sorted) {
        search.kind.check(pattern)?;
    }
    if search.mode == Mode::Sorted && !search.all && !search.not {
        let found = search.binary(&elements, pattern)?;
        return search.show(&elements, found);
    }
    let found = search.linear(&elements, pattern)?;
    if !search.all {
        return search.show(&elements, found.first().copied());
    }
    let mut answers = Vec::with_capacity(found.len());
    for place in found {
        answers.push(search.show(&elements, Some(place))?);
    }
    Ok(Value::from_list(answers))
}

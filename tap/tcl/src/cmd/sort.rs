//! `lsort`, and how elements of lists are compared.

use super::case::{lower, lowered};
use super::words::{Builtin, choice};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list::{self, index};
use crate::number::{Number, int, int_arg, number};
use crate::value::Value;
use std::cmp::Ordering;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("lsort", lsort)];

/// A way to compare elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// By their characters.
    #[default]
    Ascii,
    /// By their characters, numbers in the text by value.
    Dictionary,
    /// As integers.
    Integer,
    /// As numbers.
    Real,
}

impl Kind {
    /// The kind that an option asks for.
    pub(super) fn of_option(option: &str) -> Option<Self> {
        Some(match option {
            "-ascii" => Self::Ascii,
            "-dictionary" => Self::Dictionary,
            "-integer" => Self::Integer,
            "-real" => Self::Real,
            _ => return None,
        })
    }

    /// Fails unless the value is of this kind.
    pub(super) fn check(self, value: &Value) -> Result<(), Exception> {
        match self {
            Self::Integer => int_arg(value).map(drop),
            Self::Real if number(value.as_str()).is_none() => {
                fail(format!("expected floating-point number but got \"{value}\""))
            }
            _ => Ok(()),
        }
    }

    /// Compares two values that were checked.
    pub(super) fn compare(self, nocase: bool, a: &str, b: &str) -> Ordering {
        match self {
            Self::Integer => int(a).cmp(&int(b)),
            Self::Real => {
                let key = |s| number(s).map_or(0.0, Number::real);
                key(a).partial_cmp(&key(b)).unwrap_or(Ordering::Equal)
            }
            Self::Dictionary => dictionary(a, b),
            Self::Ascii if nocase => lowered(a).cmp(&lowered(b)),
            Self::Ascii => a.cmp(b),
        }
    }
}

/// The part of an element that a path of indices leads to.
pub(super) fn part(element: &Value, path: &[Value]) -> Outcome {
    let mut value = element.clone();
    for step in path {
        let fields = value.as_list()?;
        let place = index(step.as_str(), fields.len())?;
        let field = usize::try_from(place).ok().and_then(|i| fields.get(i)).cloned();
        let Some(field) = field else {
            return fail(format!("element {place} missing from sublist \"{value}\""));
        };
        value = field;
    }
    Ok(value)
}

/// Reads the path of an option `-index`; each step must be an index that can name an element.
pub(super) fn path(value: Option<&Value>) -> Result<Vec<Value>, Exception> {
    let Some(value) = value else {
        return fail("\"-index\" option must be followed by list index");
    };
    let steps = list::parse(value)?;
    for step in &steps {
        let text = step.as_str();
        let beyond_end = text.starts_with("end") && index(text, 1)? > 0;
        if beyond_end || (!text.starts_with("end") && index(text, 1)? < 0) {
            return fail(format!("index \"{text}\" cannot select an element from any list"));
        }
    }
    Ok(steps)
}

/// The options of `lsort`.
#[derive(Default)]
struct Sorting {
    kind: Kind,
    decreasing: bool,
    unique: bool,
    nocase: bool,
    indices: bool,
    stride: Option<usize>,
    path: Vec<Value>,
    command: Option<Vec<Value>>,
}

const OPTIONS: &[&str] = &[
    "-ascii",
    "-command",
    "-decreasing",
    "-dictionary",
    "-increasing",
    "-index",
    "-indices",
    "-integer",
    "-nocase",
    "-real",
    "-stride",
    "-unique",
];

impl Sorting {
    fn parse(words: &[Value]) -> Result<Self, Exception> {
        let mut sorting = Self::default();
        let mut options = words.iter();
        while let Some(option) = options.next() {
            match choice("option", OPTIONS, option.as_str())? {
                "-increasing" => sorting.decreasing = false,
                "-decreasing" => sorting.decreasing = true,
                "-unique" => sorting.unique = true,
                "-nocase" => sorting.nocase = true,
                "-indices" => sorting.indices = true,
                "-index" => sorting.path = path(options.next())?,
                "-command" => match options.next() {
                    Some(command) => sorting.command = Some(list::parse(command)?),
                    None => {
                        return fail("\"-command\" option must be followed by comparison command");
                    }
                },
                "-stride" => match options.next().map(int_arg).transpose()? {
                    None => return fail("\"-stride\" option must be followed by stride length"),
                    Some(stride) if stride < 2 => {
                        return fail("stride length must be at least 2");
                    }
                    Some(stride) => sorting.stride = usize::try_from(stride).ok(),
                },
                kind => {
                    sorting.kind = Kind::of_option(kind).unwrap_or_default();
                    sorting.command = None;
                }
            }
        }
        Ok(sorting)
    }

    /// The part of a group that it is sorted by.
    fn key(&self, group: &[Value]) -> Outcome {
        let (leading, rest) = match (self.stride, self.path.split_first()) {
            (Some(_), Some((step, rest))) => (index(step.as_str(), group.len())?, rest),
            _ => (0, self.path.as_slice()),
        };
        let Some(element) = usize::try_from(leading).ok().and_then(|i| group.get(i)) else {
            return fail(
                "when used with \"-stride\", the leading \"-index\" value must be within the group",
            );
        };
        let key = part(element, rest)?;
        if self.command.is_none() {
            self.kind.check(&key)?;
        }
        Ok(key)
    }

    /// Compares two keys. The first error of a command is kept; nothing is compared after it.
    fn compare(
        &self,
        interp: &mut Interp,
        failed: &mut Option<Exception>,
        a: &Value,
        b: &Value,
    ) -> Ordering {
        let order = match &self.command {
            None => self.kind.compare(self.nocase, a.as_str(), b.as_str()),
            Some(_) if failed.is_some() => Ordering::Equal,
            Some(command) => by_command(interp, command, a, b).unwrap_or_else(|exception| {
                *failed = Some(exception);
                Ordering::Equal
            }),
        };
        if self.decreasing { order.reverse() } else { order }
    }
}

fn lsort(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, options @ .., list] = words else {
        return usage("lsort ?-option value ...? list");
    };
    let sorting = Sorting::parse(options)?;
    let elements = list::parse(list)?;
    let size = sorting.stride.unwrap_or(1);
    if !elements.len().is_multiple_of(size) {
        return fail("list size must be a multiple of the stride length");
    }
    let mut keyed = Vec::new();
    for (place, group) in elements.chunks(size).enumerate() {
        keyed.push((sorting.key(group)?, place));
    }
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| sorting.compare(interp, &mut failed, a, b));
    if sorting.unique {
        // of equal elements Tcl keeps the last
        keyed.reverse();
        keyed.dedup_by(|(a, _), (b, _)| sorting.compare(interp, &mut failed, a, b).is_eq());
        keyed.reverse();
    }
    if let Some(exception) = failed {
        return Err(exception);
    }
    let mut sorted = Vec::with_capacity(elements.len());
    for (_, place) in keyed {
        let group = place * size..(place + 1) * size;
        if sorting.indices {
            sorted.extend(group.map(Value::from));
        } else {
            sorted.extend_from_slice(&elements[group]);
        }
    }
    Ok(Value::from_list(sorted))
}

fn by_command(
    interp: &mut Interp,
    command: &[Value],
    a: &Value,
    b: &Value,
) -> Result<Ordering, Exception> {
    let mut words = command.to_vec();
    words.extend([a.clone(), b.clone()]);
    match int(interp.invoke(&words)?.as_str()) {
        Some(order) => Ok(order.cmp(&0)),
        None => fail("-compare command returned non-integer result"),
    }
}

/// Ignores case and compares numbers in the text by value. What differs otherwise decides between
/// texts that are equal so: zeros in front of a number, then the case of letters, wherever it comes
/// first.
fn dictionary(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.chars().peekable(), b.chars().peekable());
    let mut second = Ordering::Equal;
    loop {
        match (x.peek().copied(), y.peek().copied()) {
            (None, None) => return second,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(c), Some(d)) if c.is_ascii_digit() && d.is_ascii_digit() => {
                let ((m, zeros), (n, others)) = (number_at(&mut x), number_at(&mut y));
                second = second.then(zeros.cmp(&others));
                let order = m.len().cmp(&n.len()).then_with(|| m.cmp(&n));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(c), Some(d)) => {
                let order = lower(c).cmp(&lower(d));
                if order.is_ne() {
                    return order;
                }
                if c.is_uppercase() != d.is_uppercase() {
                    second = second.then(d.is_uppercase().cmp(&c.is_uppercase()));
                }
                x.next();
                y.next();
            }
        }
    }
}

/// Takes a number: its digits without zeros in front, and how many those were.
fn number_at(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> (String, usize) {
    let mut text = String::new();
    while let Some(c) = chars.next_if(char::is_ascii_digit) {
        text.push(c);
    }
    let digits = text.trim_start_matches('0');
    // the last digit is no zero in front
    let zeros = (text.len() - digits.len()).min(text.len() - 1);
    (text[zeros..].to_owned(), zeros)
}

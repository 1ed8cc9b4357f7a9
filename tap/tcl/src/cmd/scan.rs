//! `scan`: C's sscanf.

use super::words::Builtin;
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::number;
use crate::value::Value;
use std::iter::Peekable;
use std::str::Chars;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("scan", scan)];

/// A part of the format.
enum Piece {
    /// Any white space.
    Blank,
    /// This character.
    Plain(char),
    Field(Field),
}

/// A conversion.
struct Field {
    conversion: Conversion,
    /// Most characters that it takes.
    width: Option<usize>,
    /// Read, but not kept.
    dropped: bool,
    /// Of any size: more than 64 bit are an error.
    big: bool,
    /// Place of its variable, counted from 0, where the format names it.
    place: Option<usize>,
}

enum Conversion {
    /// In this base; 0 means what the digits' prefix says.
    Int {
        radix: u32,
        unsigned: bool,
    },
    Real,
    Char,
    Word,
    Set(Set),
    /// Characters read so far.
    Count,
}

/// `[a-z]`
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    /// Reads what is behind the opening bracket.
    fn parse(chars: &mut Peekable<Chars<'_>>) -> Result<Self, Exception> {
        let negated = chars.next_if_eq(&'^').is_some();
        let mut members = Vec::new();
        loop {
            match chars.next() {
                None => return fail("unmatched [ in format string"),
                Some(']') if !members.is_empty() => break,
                Some(c) => members.push(c),
            }
        }
        let mut ranges = Vec::new();
        let mut rest = members.as_slice();
        while let Some((&first, others)) = rest.split_first() {
            if let ['-', last, more @ ..] = others {
                ranges.push((first.min(*last), first.max(*last)));
                rest = more;
            } else {
                ranges.push((first, first));
                rest = others;
            }
        }
        Ok(Self { negated, ranges })
    }

    fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != self.negated
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

fn pieces(format: &str) -> Result<Vec<Piece>, Exception> {
    let mut chars = format.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '%' if chars.next_if_eq(&'%').is_some() => Piece::Plain('%'),
            '%' => Piece::Field(field(&mut chars)?),
            c if is_blank(c) => Piece::Blank,
            c => Piece::Plain(c),
        });
    }
    Ok(pieces)
}

fn digits(chars: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut text = String::new();
    while let Some(c) = chars.next_if(char::is_ascii_digit) {
        text.push(c);
    }
    if text.is_empty() { None } else { Some(text.parse().unwrap_or(usize::MAX)) }
}

/// Reads what is behind a percent sign.
fn field(chars: &mut Peekable<Chars<'_>>) -> Result<Field, Exception> {
    let mut place = None;
    let dropped = chars.next_if_eq(&'*').is_some();
    let mut width = if dropped { None } else { digits(chars) };
    if let (Some(number), true) = (width, chars.peek() == Some(&'$')) {
        chars.next();
        match number.checked_sub(1) {
            Some(at) => place = Some(at),
            None => return fail("\"%n$\" argument index out of range"),
        }
        width = None;
    }
    let width = width.or_else(|| digits(chars)).filter(|w| *w > 0);
    let mut longs = 0;
    while let Some(size) = chars.next_if(|c| "hlL".contains(*c)) {
        longs += usize::from(size == 'l') + 2 * usize::from(size == 'L');
    }
    let int = |radix, unsigned| Conversion::Int { radix, unsigned };
    let conversion = match chars.next() {
        Some('d') => int(10, false),
        Some('u') => int(10, true),
        Some('i') => int(0, false),
        Some('x' | 'X') => int(16, false),
        Some('o') => int(8, false),
        Some('b') => int(2, false),
        Some('e' | 'E' | 'f' | 'g' | 'G') => Conversion::Real,
        Some('s') => Conversion::Word,
        Some('n') => Conversion::Count,
        Some('c') if width.is_some() => {
            return fail("field width may not be specified in %c conversion");
        }
        Some('c') => Conversion::Char,
        Some('[') => Conversion::Set(Set::parse(chars)?),
        other => {
            let other = other.map_or('\0', |c| c);
            return fail(format!("bad scan conversion character \"{other}\""));
        }
    };
    Ok(Field { conversion, width, dropped, big: longs > 1, place })
}

/// The place of each conversion's value; their number comes with it.
fn places(fields: &[&Field], variables: Option<usize>) -> Result<(Vec<usize>, usize), Exception> {
    let positional = fields.iter().filter(|f| f.place.is_some()).count();
    if positional != 0 && positional != fields.len() {
        return fail("cannot mix \"%\" and \"%n$\" conversion specifiers");
    }
    let places: Vec<usize> = fields.iter().enumerate().map(|(i, f)| f.place.unwrap_or(i)).collect();
    let most = places.iter().max().map_or(0, |p| p + 1);
    if let Some(given) = variables {
        if most > given && positional != 0 {
            return fail("\"%n$\" argument index out of range");
        }
        if most > given {
            return fail("different numbers of variable names and field specifiers");
        }
    }
    // without variables, places beyond the fields would make a list of any length
    if positional != 0 && variables.is_none() && most > fields.len() + 1000 {
        return fail("\"%n$\" argument index out of range");
    }
    let count = variables.unwrap_or(most);
    let mut seen = vec![0; count];
    for place in &places {
        seen[*place] += 1;
    }
    if seen.iter().any(|n| *n > 1) {
        return fail("variable is assigned by multiple \"%n$\" conversion specifiers");
    }
    if variables.is_some() && seen.contains(&0) {
        return fail("variable is not assigned by any conversion specifiers");
    }
    Ok((places, count))
}

/// The text that is left, and how much was read.
struct Input<'t> {
    all: &'t str,
    rest: &'t str,
}

impl Input<'_> {
    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }

    /// Takes as many characters as `wanted` says, but not more than `width`.
    fn take(&mut self, width: Option<usize>, wanted: impl Fn(char) -> bool) -> &str {
        let most = width.unwrap_or(usize::MAX);
        let end = self
            .rest
            .char_indices()
            .enumerate()
            .find(|(n, (_, c))| *n >= most || !wanted(*c))
            .map_or(self.rest.len(), |(_, (at, _))| at);
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Characters read so far.
    fn count(&self) -> usize {
        self.all[..self.all.len() - self.rest.len()].chars().count()
    }
}

/// An integer's digits: how many bytes they take, their base, and where they begin.
pub(super) fn int_span(text: &str, radix: u32) -> Option<(usize, u32, usize)> {
    let sign = usize::from(text.starts_with(['+', '-']));
    let after = &text[sign..];
    let lower = |n: usize| after.get(..n).map(str::to_ascii_lowercase);
    let (radix, prefix) = match (radix, lower(2).as_deref()) {
        (0 | 16, Some("0x")) => (16, 2),
        (2, Some("0b")) => (2, 2),
        (0, _) if after.starts_with('0') => (8, 0),
        (0, _) => (10, 0),
        (radix, _) => (radix, 0),
    };
    let count = |from: usize| after[from..].chars().take_while(|c| c.is_digit(radix)).count();
    match count(prefix) {
        // the zero of a prefix without digits
        0 if prefix > 0 => Some((sign + 1, radix, sign)),
        0 => None,
        n => Some((sign + prefix + n, radix, sign + prefix)),
    }
}

fn read_int(
    input: &mut Input<'_>,
    field: &Field,
    radix: u32,
    unsigned: bool,
) -> Result<Option<Value>, Exception> {
    let most = field.width.unwrap_or(usize::MAX);
    let end = input.rest.char_indices().nth(most).map_or(input.rest.len(), |(at, _)| at);
    let text = &input.rest[..end];
    let Some((end, radix, begin)) = int_span(text, radix) else { return Ok(None) };
    let (digits, negative) = (&text[begin..end], text.starts_with('-'));
    input.rest = &input.rest[end..];
    let magnitude = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX);
    let exact = if negative { -magnitude } else { magnitude };
    let fitting = exact.clamp(i64::MIN.into(), i64::MAX.into());
    if field.big && fitting != exact {
        return number::overflow();
    }
    let value = fitting as i64;
    let negative = unsigned && value < 0;
    Ok(Some(if negative { Value::from((value as u64).to_string()) } else { Value::from(value) }))
}

/// Bytes of the number that the text begins with.
pub(super) fn real_span(text: &str) -> usize {
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = |from: usize| from + text[from..].chars().take_while(char::is_ascii_digit).count();
    for word in ["infinity", "inf"] {
        if text.get(sign..sign + word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word)) {
            return sign + word.len();
        }
    }
    let whole = digits(sign);
    let end = if text[whole..].starts_with('.') { digits(whole + 1) } else { whole };
    if end - sign == usize::from(end > whole) {
        return 0; // a point without digits
    }
    let Some(exponent) = text[end..].strip_prefix(['e', 'E']) else { return end };
    let from = end + 1 + usize::from(exponent.starts_with(['+', '-']));
    match digits(from) {
        last if last > from => last,
        _ => end,
    }
}

fn read_real(input: &mut Input<'_>, width: Option<usize>) -> Option<Value> {
    let most = width.unwrap_or(usize::MAX);
    let end = input.rest.char_indices().nth(most).map_or(input.rest.len(), |(at, _)| at);
    let end = real_span(&input.rest[..end]);
    let value: f64 = input.rest[..end].parse().ok()?;
    input.rest = &input.rest[end..];
    Some(Value::from(number::print_real(value)))
}

/// Reads one field; `None` where the text does not fit.
fn convert(input: &mut Input<'_>, field: &Field) -> Result<Option<Value>, Exception> {
    let text = |taken: &str| (!taken.is_empty()).then(|| Value::from(taken));
    Ok(match &field.conversion {
        Conversion::Int { radix, unsigned } => return read_int(input, field, *radix, *unsigned),
        Conversion::Real => read_real(input, field.width),
        Conversion::Char => {
            let c = input.rest.chars().next();
            c.map(|c| {
                input.rest = &input.rest[c.len_utf8()..];
                Value::from(i64::from(u32::from(c)))
            })
        }
        Conversion::Word => text(input.take(field.width, |c| !is_blank(c))),
        Conversion::Set(set) => text(input.take(field.width, |c| set.contains(c))),
        Conversion::Count => Some(Value::from(input.count())),
    })
}

/// Reads the whole format; values by place. The text's end before the first conversion comes with
/// it.
fn read(
    text: &str,
    pieces: &[Piece],
    places: &[usize],
    count: usize,
) -> Result<(Vec<Option<Value>>, bool), Exception> {
    let mut input = Input { all: text, rest: text };
    let mut values = vec![None; count];
    let mut places = places.iter();
    let mut any = false;
    for piece in pieces {
        match piece {
            Piece::Blank => input.skip_blank(),
            Piece::Plain(c) => match input.rest.strip_prefix(*c) {
                Some(rest) => input.rest = rest,
                None => return Ok((values, input.rest.is_empty() && !any)),
            },
            Piece::Field(field) => {
                let keeps_blank = matches!(
                    field.conversion,
                    Conversion::Char | Conversion::Set(_) | Conversion::Count
                );
                if !keeps_blank {
                    input.skip_blank();
                }
                if input.rest.is_empty() && !matches!(field.conversion, Conversion::Count) {
                    return Ok((values, !any));
                }
                let Some(value) = convert(&mut input, field)? else {
                    // a sign or a point, and then the end
                    let cut = input.rest.trim_start_matches(['+', '-', '.']).is_empty();
                    let number =
                        matches!(field.conversion, Conversion::Int { .. } | Conversion::Real);
                    return Ok((values, cut && number && !any));
                };
                any = true;
                if !field.dropped
                    && let Some(place) = places.next()
                {
                    values[*place] = Some(value);
                }
            }
        }
    }
    Ok((values, false))
}

fn scan(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, text, format, variables @ ..] = words else {
        return usage("scan string format ?varName ...?");
    };
    let pieces = pieces(format.as_str())?;
    let fields: Vec<&Field> = pieces
        .iter()
        .filter_map(|p| match p {
            Piece::Field(field) if !field.dropped => Some(field),
            _ => None,
        })
        .collect();
    let given = (!variables.is_empty()).then_some(variables.len());
    let (places, count) = places(&fields, given)?;
    let (values, ended) = read(text.as_str(), &pieces, &places, count)?;
    if given.is_none() {
        if ended {
            return Ok(Value::empty());
        }
        return Ok(Value::from_list(
            values.into_iter().map(|v| v.unwrap_or_else(Value::empty)).collect(),
        ));
    }
    let mut kept = 0i64;
    for (name, value) in variables.iter().zip(values) {
        if let Some(value) = value {
            interp.set(name.as_str(), value)?;
            kept += 1;
        }
    }
    Ok(Value::from(if ended && kept == 0 { -1 } else { kept }))
}

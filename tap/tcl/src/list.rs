//! Tcl lists: strings whose elements are quoted where needed.

use crate::error::{Exception, fail};
use crate::memory;
use crate::parse::{Parser, Source};
use crate::value::Value;

/// The elements of a list.
pub fn parse(list: &Value) -> Result<Vec<Value>, Exception> {
    list.as_list().map(<[Value]>::to_vec)
}

/// Splits a list's text into its elements.
pub(crate) fn read(text: &str) -> Result<Vec<Value>, Exception> {
    memory::count(text.len());
    let mut out = Vec::new();
    let mut pos = 0;
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    loop {
        let rest = &text[pos..];
        let Some(begin) = rest.find(|c| !blank(c)) else { return Ok(out) };
        pos += begin;
        let rest = &text[pos..];
        let (element, used, what) = if rest.starts_with('{') {
            let end =
                closing_brace(rest).map_or_else(|| fail("unmatched open brace in list"), Ok)?;
            // as it is: only words of a script join lines in braces
            (rest[1..end].to_owned(), end + 1, "braces")
        } else if let Some(inner) = rest.strip_prefix('"') {
            let Some(end) = unescaped(inner, |c| c == '"') else {
                return fail("unmatched open quote in list");
            };
            (unquote(&inner[..end]), end + 2, "quotes")
        } else {
            let end = unescaped(rest, blank).unwrap_or(rest.len());
            (unquote(&rest[..end]), end, "")
        };
        pos += used;
        if !what.is_empty() && !text[pos..].is_empty() && !text[pos..].starts_with(blank) {
            let junk: String = text[pos..].chars().take_while(|&c| !blank(c)).collect();
            return fail(format!("list element in {what} followed by \"{junk}\" instead of space"));
        }
        out.push(Value::from(element));
    }
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

fn unescaped(text: &str, stop: impl Fn(char) -> bool) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if stop(c) {
            return Some(i);
        }
    }
    None
}

fn unquote(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let source = Source { text: Value::from(text), origin: None };
    let mut parser = Parser::new(&source);
    let mut out = String::new();
    while let Some(c) = parser.peek() {
        if c == '\\' {
            parser.backslash(&mut out);
        } else {
            out.push(c);
            parser.skip(c.len_utf8());
        }
    }
    out
}

/// Makes a list of elements.
pub fn format<'a>(elements: impl IntoIterator<Item = &'a Value>) -> Value {
    Value::from_list(elements.into_iter().cloned().collect())
}

/// Appends the text of a list. It stays incomplete when it needs more memory than there may be, which
/// ends the script.
pub(crate) fn print<'a>(elements: impl Iterator<Item = &'a Value>, out: &mut String) {
    for (i, element) in elements.enumerate() {
        let text = element.as_str();
        // quoting makes twice of it at most
        if !memory::must_fit(out.len() + 2 * text.len()) {
            return;
        }
        if i > 0 {
            out.push(' ');
        }
        quote(text, i == 0, out);
    }
    memory::count(out.len());
}

/// Appends one element, quoted where needed, by the rules of Tcl 8.6.
pub fn quote(element: &str, first: bool, out: &mut String) {
    match style(element, first) {
        Style::Plain => out.push_str(element),
        Style::Braces => {
            out.push('{');
            out.push_str(element);
            out.push('}');
        }
        Style::Escapes { braces } => {
            for (i, c) in element.chars().enumerate() {
                match c {
                    '\n' => out.push_str("\\n"),
                    '\t' => out.push_str("\\t"),
                    '\r' => out.push_str("\\r"),
                    '\u{b}' => out.push_str("\\v"),
                    '\u{c}' => out.push_str("\\f"),
                    '#' if i == 0 && first => out.push_str("\\#"),
                    c => {
                        let escape = match c {
                            ' ' | '[' | ']' | '$' | ';' | '"' | '\\' => true,
                            '{' | '}' => braces,
                            _ => false,
                        };
                        if escape {
                            out.push('\\');
                        }
                        out.push(c);
                    }
                }
            }
        }
    }
}

enum Style {
    Plain,
    Braces,
    Escapes { braces: bool },
}

fn style(element: &str, first: bool) -> Style {
    if element.is_empty() {
        return Style::Braces;
    }
    let (mut plain, mut prefer_braces, mut prefer_escapes, mut need_escapes) =
        (true, false, false, false);
    if element.starts_with(['{', '"']) || (first && element.starts_with('#')) {
        plain = false;
        prefer_braces = true;
    }
    let mut depth = 0i64;
    let mut chars = element.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                need_escapes |= depth < 0;
            }
            ']' | '"' => {
                plain = false;
                prefer_escapes = true;
            }
            '[' | '$' | ';' | ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => {
                plain = false;
                prefer_braces = true;
            }
            '\\' => {
                plain = false;
                prefer_braces = true;
                match chars.peek() {
                    None | Some('\n') => need_escapes = true,
                    Some('{' | '}' | '\\') => {
                        chars.next();
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
    }
    if need_escapes || depth != 0 {
        Style::Escapes { braces: true }
    } else if plain {
        Style::Plain
    } else if prefer_escapes && !prefer_braces {
        Style::Escapes { braces: false }
    } else {
        Style::Braces
    }
}

/// Reads an index: `3`, `end`, `end-1`, `2+1`. May lie outside of the list.
pub fn index(text: &str, len: usize) -> Result<i64, Exception> {
    let bad =
        || fail(format!("bad index \"{text}\": must be integer?[+-]integer? or end?[+-]integer?"));
    let trimmed = text.trim();
    let last = len as i64 - 1;
    let (base, rest) = if let Some(rest) = trimmed.strip_prefix("end") {
        (last, rest)
    } else {
        let digits = trimmed
            .char_indices()
            .skip(1)
            .find(|&(_, c)| c == '+' || c == '-')
            .map_or(trimmed.len(), |(i, _)| i);
        match trimmed[..digits].parse::<i64>() {
            Ok(n) => (n, &trimmed[digits..]),
            Err(_) => return bad(),
        }
    };
    if rest.is_empty() {
        return Ok(base);
    }
    let Some(sign) = rest.chars().next().filter(|c| matches!(c, '+' | '-')) else { return bad() };
    let Ok(n) = rest[1..].parse::<i64>() else { return bad() };
    if rest[1..].starts_with(['+', '-']) && sign == '+' {
        return bad();
    }
    Ok(if sign == '+' { base.saturating_add(n) } else { base.saturating_sub(n) })
}

//! Tcl's advanced regular expressions, translated for the `regex` crate.
//!
//! Both are automaton-based and linear in time. What the crate cannot do (back references,
//! look-ahead) is refused with a message. One difference remains: of several alternatives that match
//! at the same place the crate takes the first, Tcl the longest.

use super::error::{Exception, fail};
use ::regex::{Regex, RegexBuilder};

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    anchored_end: bool,
}

/// Byte ranges of the whole match and of the groups.
pub type Groups = Vec<Option<(usize, usize)>>;

impl Pattern {
    /// Compiles Tcl syntax. With `lines`, `^` and `$` match at lines and `.` stops at their ends.
    pub fn new(expression: &str, nocase: bool, lines: bool) -> Result<Self, Exception> {
        let wrong = |why: &str| {
            format!(
                "couldn't compile regular expression pattern: {why}\nin pattern \"{expression}\""
            )
        };
        let translated = match translate(expression) {
            Ok(translated) => translated,
            Err(why) => return fail(wrong(&why)),
        };
        let built = RegexBuilder::new(&translated.text)
            .case_insensitive(nocase || translated.nocase)
            .multi_line(lines || translated.lines)
            .dot_matches_new_line(!(lines || translated.lines))
            .size_limit(4 << 20)
            .build();
        match built {
            Ok(regex) => Ok(Self { regex, anchored_end: translated.anchored_end }),
            Err(::regex::Error::CompiledTooBig(_)) => {
                fail(wrong("it is too large: use smaller repetition counts"))
            }
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or("").trim_start_matches("error: ");
                fail(wrong(last))
            }
        }
    }

    /// True when it matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// True when more text can undo a match, because the expression looks at the text's end.
    pub fn looks_at_end(&self) -> bool {
        self.anchored_end
    }

    /// The end of the first match at or after `from`.
    pub fn find_end(&self, text: &str, from: usize) -> Option<usize> {
        self.regex.find_at(text, from).map(|m| m.end())
    }

    /// The first match at or after `from` with its groups.
    pub fn captures_at(&self, text: &str, from: usize) -> Option<Groups> {
        if from > text.len() {
            return None;
        }
        let captures = self.regex.captures_at(text, from)?;
        Some(captures.iter().map(|g| g.map(|g| (g.start(), g.end()))).collect())
    }

    /// Replaces every match as `regsub -all` does.
    pub fn replace_all(&self, text: &str, template: &str) -> String {
        super::cmd::regsub_all(self, text, template)
    }
}

#[derive(Default)]
struct Translated {
    text: String,
    nocase: bool,
    lines: bool,
    anchored_end: bool,
}

fn literal(c: char, out: &mut String) {
    out.push_str(&::regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn translate(expression: &str) -> Result<Translated, String> {
    let mut result = Translated::default();
    let mut rest = expression;
    if let Some(plain) = rest.strip_prefix("***=") {
        result.text = ::regex::escape(plain);
        return Ok(result);
    }
    rest = rest.strip_prefix("***:").unwrap_or(rest);
    if let Some(after) = rest.strip_prefix("(?")
        && let Some(close) = after.find(')')
        && close > 0
        && after[..close].bytes().all(|b| b.is_ascii_lowercase())
    {
        for option in after[..close].chars() {
            match option {
                'i' => result.nocase = true,
                'c' => result.nocase = false,
                'n' | 'm' | 'p' | 'w' => result.lines = true,
                's' | 't' | 'e' => {}
                other => return Err(format!("embedded option \"{other}\" is not supported")),
            }
        }
        rest = &after[close + 1..];
    }
    let mut chars = rest.chars().peekable();
    // whether a quantifier may follow
    let mut atom = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => atom = escape(&mut chars, &mut result)?,
            '[' => {
                bracket(&mut chars, &mut result.text)?;
                atom = true;
            }
            '*' | '+' | '?' => {
                if !atom {
                    return Err("quantifier operand invalid".into());
                }
                result.text.push(c);
                atom = lazy(&mut chars, &mut result.text);
            }
            '{' if chars.peek().is_some_and(char::is_ascii_digit) => {
                if !atom {
                    return Err("quantifier operand invalid".into());
                }
                bound(&mut chars, &mut result.text)?;
                atom = lazy(&mut chars, &mut result.text);
            }
            '(' => {
                result.text.push('(');
                if chars.next_if_eq(&'?').is_some() {
                    match chars.next() {
                        Some(':') => result.text.push_str("?:"),
                        Some('=' | '!') => {
                            return Err("look-ahead is not supported: match the text before and after it with separate expressions".into());
                        }
                        _ => return Err("quantifier operand invalid".into()),
                    }
                }
                atom = false;
            }
            '|' => {
                result.text.push('|');
                atom = false;
            }
            '^' => {
                result.text.push('^');
                atom = false;
            }
            ')' | '.' => {
                result.text.push(c);
                atom = true;
            }
            '$' => {
                result.text.push('$');
                result.anchored_end = true;
                atom = false;
            }
            plain => {
                literal(plain, &mut result.text);
                atom = true;
            }
        }
    }
    Ok(result)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Takes the `?` of a non-greedy quantifier. Nothing else may quantify a quantifier.
fn lazy(chars: &mut Chars<'_>, out: &mut String) -> bool {
    if chars.next_if_eq(&'?').is_some() {
        out.push('?');
    }
    false
}

fn bound(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    out.push('{');
    for c in chars.by_ref() {
        match c {
            '0'..='9' | ',' => out.push(c),
            '}' => {
                out.push('}');
                return Ok(());
            }
            _ => return Err("invalid repetition count(s)".into()),
        }
    }
    Err("braces {} not balanced".into())
}

/// Reads `\xHH`, `\uHHHH` and the like.
fn code(chars: &mut Chars<'_>, least: usize, most: usize) -> Result<char, String> {
    let mut value = 0u32;
    let mut digits = 0;
    while digits < most {
        let Some(d) = chars.peek().and_then(|c| c.to_digit(16)) else { break };
        chars.next();
        value = (value << 4) | d;
        digits += 1;
    }
    match char::from_u32(value) {
        Some(c) if digits >= least => Ok(c),
        _ => Err("invalid escape \\ sequence".into()),
    }
}

/// What an escape stands for, if it is a character.
fn escaped(c: char, chars: &mut Chars<'_>) -> Result<Option<char>, String> {
    Ok(Some(match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'B' => '\\',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => code(chars, 1, 2)?,
        'u' => code(chars, 4, 4)?,
        'U' => code(chars, 8, 8)?,
        '0' => '\0',
        'c' => match chars.next() {
            Some(c) if c.is_ascii() => char::from(c as u8 & 0x1f),
            _ => return Err("invalid escape \\ sequence".into()),
        },
        c if c.is_ascii_alphanumeric() => return Ok(None),
        other => other,
    }))
}

/// Translates an escape outside of brackets; tells whether a quantifier may follow.
fn escape(chars: &mut Chars<'_>, result: &mut Translated) -> Result<bool, String> {
    let Some(c) = chars.next() else { return Err("invalid escape \\ sequence".into()) };
    let out = &mut result.text;
    if let Some(c) = escaped(c, chars)? {
        literal(c, out);
        return Ok(true);
    }
    match c {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
            out.push('\\');
            out.push(c);
            return Ok(true);
        }
        'm' => out.push_str(r"\b{start}"),
        'M' => out.push_str(r"\b{end}"),
        'y' => out.push_str(r"\b"),
        'Y' => out.push_str(r"\B"),
        'A' => out.push_str(r"\A"),
        'Z' => out.push_str(r"\z"),
        '1'..='9' => {
            return Err(format!(
                "back reference \\{c} is not supported: capture both parts and compare them"
            ));
        }
        _ => return Err("invalid escape \\ sequence".into()),
    }
    result.anchored_end |= matches!(c, 'M' | 'y' | 'Y' | 'Z');
    Ok(false)
}

fn bracket(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    const UNBALANCED: &str = "brackets [] not balanced";
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = chars.next().ok_or(UNBALANCED)?;
        match c {
            ']' if !first => {
                out.push(']');
                return Ok(());
            }
            '[' if matches!(chars.peek(), Some(':' | '.' | '=')) => named(chars, out)?,
            '\\' => {
                let c = chars.next().ok_or(UNBALANCED)?;
                match escaped(c, chars)? {
                    Some(c) => class_literal(c, out),
                    None if "dswDSW".contains(c) => {
                        out.push('\\');
                        out.push(c);
                    }
                    None => return Err("invalid escape \\ sequence".into()),
                }
            }
            // a range needs its sign; at the edges it is a character
            '-' if !first && chars.peek() != Some(&']') => out.push('-'),
            c => class_literal(c, out),
        }
        first = false;
    }
}

fn class_literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

/// `[:alpha:]`, `[.x.]`, `[=x=]`
fn named(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    let kind = chars.next().unwrap_or(':');
    let mut name = String::new();
    loop {
        match chars.next() {
            Some(c) if c == kind && chars.peek() == Some(&']') => {
                chars.next();
                break;
            }
            Some(c) => name.push(c),
            None => return Err("brackets [] not balanced".into()),
        }
    }
    match (kind, name.chars().count()) {
        (':', _) => {
            out.push_str("[:");
            out.push_str(&name);
            out.push_str(":]");
            Ok(())
        }
        (_, 1) => {
            class_literal(name.chars().next().unwrap_or(' '), out);
            Ok(())
        }
        _ => Err("invalid collating element".into()),
    }
}

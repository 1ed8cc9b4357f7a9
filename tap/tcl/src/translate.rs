//! Tcl's advanced regular expressions in the syntax of the crate `regex`.
//!
//! Both are automaton-based and linear in time. What the crate cannot do (back references, look-ahead)
//! is refused with a message. One difference remains: of several alternatives that match at the same
//! place the crate takes the first, Tcl the longest.

/// An expression in the crate's syntax.
#[derive(Debug, Default)]
pub(crate) struct Translated {
    pub(crate) text: String,
    /// Upper and lower case are the same.
    pub(crate) nocase: bool,
    /// `^` and `$` match at lines.
    pub(crate) lines: bool,
    /// More text can undo a match, since it looks at the text's end.
    pub(crate) anchored_end: bool,
}

fn literal(c: char, out: &mut String) {
    out.push_str(&::regex::escape(c.encode_utf8(&mut [0; 4])));
}

/// Translates an expression; an error says in Tcl's words why it is none, or what is not supported.
pub(crate) fn translate(expression: &str) -> Result<Translated, String> {
    let mut result = Translated::default();
    if let Some(plain) = expression.strip_prefix("***=") {
        result.text = ::regex::escape(plain);
        return Ok(result);
    }
    let rest = expression.strip_prefix("***:").unwrap_or(expression);
    let rest = embedded_options(rest, &mut result)?;
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
                quantifies(atom)?;
                result.text.push(c);
                atom = lazy(&mut chars, &mut result.text);
            }
            '{' if chars.peek().is_some_and(char::is_ascii_digit) => {
                quantifies(atom)?;
                bound(&mut chars, &mut result.text)?;
                atom = lazy(&mut chars, &mut result.text);
            }
            '(' => {
                group(&mut chars, &mut result.text)?;
                atom = false;
            }
            '|' | '^' => {
                result.text.push(c);
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

/// Takes `(?LETTERS)` at the beginning.
fn embedded_options<'e>(text: &'e str, result: &mut Translated) -> Result<&'e str, String> {
    let Some(after) = text.strip_prefix("(?") else { return Ok(text) };
    let Some(close) = after.find(')').filter(|&close| close > 0) else { return Ok(text) };
    if !after[..close].bytes().all(|b| b.is_ascii_lowercase()) {
        return Ok(text);
    }
    for option in after[..close].chars() {
        match option {
            'i' => result.nocase = true,
            'c' => result.nocase = false,
            'n' | 'm' | 'p' | 'w' => result.lines = true,
            's' | 't' | 'e' => {}
            other => return Err(format!("embedded option \"{other}\" is not supported")),
        }
    }
    Ok(&after[close + 1..])
}

fn quantifies(atom: bool) -> Result<(), String> {
    if atom { Ok(()) } else { Err("quantifier operand invalid".into()) }
}

/// Translates a parenthesis that opens.
fn group(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    out.push('(');
    if chars.next_if_eq(&'?').is_none() {
        return Ok(());
    }
    match chars.next() {
        Some(':') => {
            out.push_str("?:");
            Ok(())
        }
        Some('=' | '!') => Err("look-ahead is not supported: match the text before and after it with separate expressions".into()),
        _ => Err("quantifier operand invalid".into()),
    }
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

/// The character that an escape stands for, if it is one.
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
    // the crate's sets have these characters for operators, and takes no other escaped
    if matches!(c, '[' | ']' | '^' | '-' | '\\' | '&' | '~') {
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

//! Tcl's syntax: scripts into commands, commands into words, words into parts.

use crate::value::{Origin, Value};
use std::rc::Rc;

/// A part of a word.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Plain text, backslash sequences replaced.
    Text(String),
    /// `$name` or `$name(index)`.
    Var(String, Option<Vec<Part>>),
    /// `[script]`
    Script(Rc<Vec<Command>>),
}

/// A word of a command.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    /// In braces: nothing is substituted.
    Literal(Value),
    /// Parts to be substituted and joined.
    Parts(Vec<Part>),
    /// `{*}word`: every element of the list is a word.
    Expand(Box<Word>),
}

/// A command before substitution.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// Its words.
    pub(crate) words: Vec<Word>,
    /// Offset of its first byte in the source.
    pub(crate) offset: usize,
}

/// Script text and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The text.
    pub(crate) text: Value,
    /// The place it was read from; unknown for text that a script put together.
    pub(crate) origin: Option<Rc<Origin>>,
}

/// A syntax error and where it is.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    /// In Tcl's words.
    pub(crate) message: String,
    /// Offset in the source.
    pub(crate) offset: usize,
}

type Parsed<T> = Result<T, SyntaxError>;

/// Reads commands out of a source, one at a time.
pub(crate) struct Parser<'a> {
    source: &'a Source,
    text: &'a str,
    /// Offset of the next byte to read.
    pub(crate) pos: usize,
    /// Brackets and indices inside of each other.
    depth: usize,
}

/// Deepest nesting of `[...]` and of indices in the text of one word.
const DEPTH: usize = 500;

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Parser<'a> {
    /// Begins at the source's first byte.
    pub(crate) fn new(source: &'a Source) -> Self {
        Self { source, text: source.text.as_str(), pos: 0, depth: 0 }
    }

    /// The next character.
    pub(crate) fn peek(&self) -> Option<char> {
        self.text[self.pos..].chars().next()
    }

    /// The text that is left.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    /// Takes `n` bytes, which must end at a character's end.
    pub(crate) fn skip(&mut self, n: usize) {
        self.pos += n;
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn error<T>(offset: usize, message: impl Into<String>) -> Parsed<T> {
        Err(SyntaxError { message: message.into(), offset })
    }

    fn at_joint(&self) -> bool {
        self.rest().starts_with("\\\n")
    }

    fn skip_blank(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\u{b}' | '\u{c}' => self.pos += 1,
                '\\' if self.at_joint() => self.pos += 2,
                _ => break,
            }
        }
    }

    /// Reads the next command; `nested` scripts end at `]`. `None` at the end.
    pub(crate) fn command(&mut self, nested: bool) -> Parsed<Option<Command>> {
        loop {
            self.skip_blank();
            match self.peek() {
                Some('\n' | ';') => self.pos += 1,
                Some('#') => self.skip_comment(),
                None => return Ok(None),
                Some(']') if nested => return Ok(None),
                Some(_) => break,
            }
        }
        let offset = self.pos;
        let mut words = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                None => break,
                Some('\n' | ';') => {
                    self.pos += 1;
                    break;
                }
                Some(']') if nested => break,
                Some(_) => words.push(self.word(nested)?),
            }
        }
        Ok(Some(Command { words, offset }))
    }

    fn skip_comment(&mut self) {
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '\n' => break,
                _ => {}
            }
        }
    }

    fn word(&mut self, nested: bool) -> Parsed<Word> {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix("{*}")
            && !after.is_empty()
            && !after.starts_with([' ', '\t', '\n', ';', '\r'])
            && !(nested && after.starts_with(']'))
        {
            self.pos += 3;
            return Ok(Word::Expand(Box::new(self.plain_word(nested)?)));
        }
        self.plain_word(nested)
    }

    /// Reads a word that is not expanded.
    fn plain_word(&mut self, nested: bool) -> Parsed<Word> {
        match self.peek() {
            Some('{') => {
                let value = self.braced()?;
                self.expect_separator(nested, "close-brace")?;
                Ok(Word::Literal(value))
            }
            Some('"') => {
                let parts = self.quoted()?;
                self.expect_separator(nested, "close-quote")?;
                Ok(Word::Parts(parts))
            }
            _ => Ok(Word::Parts(self.parts(
                |c, nested| {
                    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | ';')
                        || (nested && c == ']')
                },
                nested,
            )?)),
        }
    }

    fn expect_separator(&self, nested: bool, after: &str) -> Parsed<()> {
        match self.peek() {
            None | Some(' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | ';') => Ok(()),
            Some(']') if nested => Ok(()),
            Some('\\') if self.at_joint() => Ok(()),
            Some(_) => Self::error(self.pos, format!("extra characters after {after}")),
        }
    }

    /// Reads `{...}`.
    pub(crate) fn braced(&mut self) -> Parsed<Value> {
        let open = self.pos;
        self.pos += 1;
        let start = self.pos;
        let mut depth = 1usize;
        let mut text = String::new();
        let mut joints = Vec::new();
        while let Some(c) = self.bump() {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        let origin = self.origin_at(start, joints);
                        return Ok(Value::literal(&text, origin));
                    }
                }
                '\\' if self.peek() == Some('\n') => {
                    self.pos += 1;
                    self.skip_indent();
                    joints.push(text.len());
                    text.push(' ');
                    continue;
                }
                '\\' => {
                    text.push('\\');
                    if let Some(next) = self.bump() {
                        text.push(next);
                    }
                    continue;
                }
                _ => {}
            }
            text.push(c);
        }
        Self::error(open, "missing close-brace")
    }

    fn origin_at(&self, start: usize, joints: Vec<usize>) -> Option<Rc<Origin>> {
        self.source.origin.as_ref().map(|outer| {
            Rc::new(Origin {
                file: Rc::clone(&outer.file),
                line: outer.line_of(self.text, start),
                joints,
            })
        })
    }

    fn skip_indent(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.pos += 1;
        }
    }

    /// Reads `"..."`.
    pub(crate) fn quoted(&mut self) -> Parsed<Vec<Part>> {
        let open = self.pos;
        self.pos += 1;
        let parts = self.parts(|c, _| c == '"', false)?;
        if self.peek() == Some('"') {
            self.pos += 1;
            Ok(parts)
        } else {
            Self::error(open, "missing \"")
        }
    }

    /// Reads parts until `stop` says so, or the end.
    pub(crate) fn parts(
        &mut self,
        stop: fn(char, bool) -> bool,
        nested: bool,
    ) -> Parsed<Vec<Part>> {
        if self.depth >= DEPTH {
            return Self::error(self.pos, "brackets are nested too deeply: use several commands");
        }
        self.depth += 1;
        let parts = self.parts_inside(stop, nested);
        self.depth -= 1;
        parts
    }

    fn parts_inside(&mut self, stop: fn(char, bool) -> bool, nested: bool) -> Parsed<Vec<Part>> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if stop(c, nested) {
                break;
            }
            match c {
                '\\' => {
                    if self.at_joint() && stop(' ', nested) {
                        break;
                    }
                    self.backslash(&mut text);
                }
                '$' => {
                    if let Some(part) = self.variable()? {
                        flush(&mut parts, &mut text);
                        parts.push(part);
                    } else {
                        text.push('$');
                        self.pos += 1;
                    }
                }
                '[' => {
                    flush(&mut parts, &mut text);
                    parts.push(self.script()?);
                }
                _ => {
                    text.push(c);
                    self.pos += c.len_utf8();
                }
            }
        }
        if !text.is_empty() || parts.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(parts)
    }

    /// Reads `[script]`.
    pub(crate) fn script(&mut self) -> Parsed<Part> {
        let open = self.pos;
        self.pos += 1;
        let mut commands = Vec::new();
        while let Some(command) = self.command(true)? {
            commands.push(command);
        }
        if self.peek() == Some(']') {
            self.pos += 1;
            Ok(Part::Script(Rc::new(commands)))
        } else {
            Self::error(open, "missing close-bracket")
        }
    }

    /// Reads `$name`, `${name}` or `$name(index)`; `None` when the dollar sign is plain text.
    pub(crate) fn variable(&mut self) -> Parsed<Option<Part>> {
        let open = self.pos;
        let after = &self.text[open + 1..];
        if let Some(braced) = after.strip_prefix('{') {
            let Some(end) = braced.find('}') else {
                return Self::error(open, "missing close-brace for variable name");
            };
            self.pos = open + 2 + end + 1;
            let name = &braced[..end];
            // ${a(b)} names an element, too
            return Ok(Some(match element(name) {
                Some((array, index)) => {
                    Part::Var(array.into(), Some(vec![Part::Text(index.into())]))
                }
                None => Part::Var(name.into(), None),
            }));
        }
        let mut end = 0;
        let bytes = after.as_bytes();
        while end < bytes.len() {
            if is_name(bytes[end] as char) {
                end += 1;
            } else if bytes[end] == b':' && bytes.get(end + 1) == Some(&b':') {
                while bytes.get(end) == Some(&b':') {
                    end += 1;
                }
            } else {
                break;
            }
        }
        let name = &after[..end];
        if bytes.get(end) == Some(&b'(') {
            self.pos = open + 1 + end + 1;
            let index = self.parts(|c, _| c == ')', false)?;
            if self.peek() != Some(')') {
                return Self::error(open, "missing )");
            }
            self.pos += 1;
            return Ok(Some(Part::Var(name.into(), Some(index))));
        }
        if end == 0 {
            return Ok(None);
        }
        self.pos = open + 1 + end;
        Ok(Some(Part::Var(name.into(), None)))
    }

    /// Reads a backslash sequence and appends what it stands for.
    pub(crate) fn backslash(&mut self, out: &mut String) {
        self.pos += 1;
        let Some(c) = self.bump() else {
            out.push('\\');
            return;
        };
        match c {
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            '\n' => {
                self.skip_indent();
                out.push(' ');
            }
            'x' => self.code(c, 16, 2, 0, out),
            'u' => self.code(c, 16, 4, 0, out),
            'U' => self.code(c, 16, 8, 0, out),
            '0'..='7' => {
                self.pos -= 1;
                self.code(c, 8, 3, 0, out);
            }
            other => out.push(other),
        }
    }

    fn code(&mut self, letter: char, radix: u32, most: usize, mut value: u32, out: &mut String) {
        let mut digits = 0;
        while digits < most {
            match self.peek().and_then(|c| c.to_digit(radix)) {
                Some(d) if value < 0x0fff_ffff => value = value * radix + d,
                _ => break,
            }
            self.pos += 1;
            digits += 1;
        }
        if digits == 0 {
            out.push(letter);
        } else {
            out.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
}

fn flush(parts: &mut Vec<Part>, text: &mut String) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

/// Splits `name(index)`.
pub(crate) fn element(name: &str) -> Option<(&str, &str)> {
    let inner = name.strip_suffix(')')?;
    let open = inner.find('(')?;
    Some((&inner[..open], &inner[open + 1..]))
}

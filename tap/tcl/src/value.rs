//! Tcl values: strings that remember where they were written.
//!
//! Tcl passes bodies of `if`, `proc` or `foreach` around as plain strings. To name file and line of
//! a failing command inside of a body, a literal keeps the place it was read from.

use std::fmt;
use std::rc::Rc;

/// The place where a piece of script text was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file as the user named it.
    pub file: Rc<str>,
    /// Line of the text's first byte, counted from 1.
    pub line: u32,
    /// Offsets in the text where the source had a backslash-newline that became one space.
    pub joints: Vec<usize>,
}

impl Origin {
    /// Line of the byte at `offset` in `text`, which this origin belongs to.
    pub fn line_of(&self, text: &str, offset: usize) -> u32 {
        let end = offset.min(text.len());
        let newlines = text.get(..end).map_or(0, |before| before.matches('\n').count());
        let joints = self.joints.iter().filter(|&&j| j < end).count();
        self.line + newlines as u32 + joints as u32
    }
}

/// A place in a script, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: Rc<str>,
    /// Line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A Tcl value.
#[derive(Debug, Clone)]
pub struct Value {
    text: Rc<str>,
    origin: Option<Rc<Origin>>,
}

impl Value {
    /// The empty string.
    pub fn empty() -> Self {
        Self::from("")
    }

    /// A literal with the place it was read from.
    pub fn literal(text: &str, origin: Option<Rc<Origin>>) -> Self {
        Self { text: Rc::from(text), origin }
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The shared text.
    pub fn shared(&self) -> Rc<str> {
        Rc::clone(&self.text)
    }

    /// The place it was read from, if it is a literal.
    pub fn origin(&self) -> Option<&Rc<Origin>> {
        self.origin.as_ref()
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// 1 or 0, as Tcl's predicates answer.
    pub fn bool(b: bool) -> Self {
        Self::from(if b { "1" } else { "0" })
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Value {}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self { text: Rc::from(s), origin: None }
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self { text: Rc::from(s), origin: None }
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::from(i.to_string())
    }
}

impl From<usize> for Value {
    fn from(i: usize) -> Self {
        Self::from(i.to_string())
    }
}

//! Places in a text.

use core::fmt;

/// A place in the text from which a node was read; line 0 for a node that was not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pos {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in bytes, counted from 1.
    pub column: u32,
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("generated node"),
            _ => write!(f, "line {}, column {}", self.line, self.column),
        }
    }
}

impl From<genode_xml::Position> for Pos {
    fn from(at: genode_xml::Position) -> Self {
        Self { line: at.line, column: at.column }
    }
}

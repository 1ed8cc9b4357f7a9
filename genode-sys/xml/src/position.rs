//! Lines and columns of offsets.

use core::fmt;

use memchr::memchr_iter;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in bytes, counted from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Tells positions of offsets in a text.
///
/// It goes on from where it was last asked, so that offsets in ascending order cost one pass through
/// the text together; to go back it starts afresh.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1, line_start: 0 }
    }

    /// Returns the position of the byte at `offset`; that of the text's end if there is none.
    pub fn position(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        if offset < self.at {
            (self.at, self.line, self.line_start) = (0, 1, 0);
        }
        let gap = self.text.get(self.at..offset).unwrap_or_default();
        for found in memchr_iter(b'\n', gap) {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at + found + 1;
        }
        self.at = offset;
        let column = u32::try_from(offset - self.line_start).unwrap_or(u32::MAX);
        Position { line: self.line, column: column.saturating_add(1) }
    }
}

/// Returns the offset of the `column`-th character of `line`, both counted from 1.
pub(crate) fn offset_of(text: &str, line: u32, column: u32) -> usize {
    let skipped = (line as usize).saturating_sub(1);
    let starts = core::iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|n| n + 1));
    let start = starts.take(skipped + 1).last().unwrap_or(0);
    let rest = text.get(start..).unwrap_or_default();
    let inside = rest.char_indices().nth((column as usize).saturating_sub(1));
    start + inside.map_or(rest.len(), |(at, _)| at)
}

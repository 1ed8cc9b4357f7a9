//! Names as a person may see them: without what changes how other text is shown.
//!
//! A name may hold any character, also one that turns the direction of what follows, hides, or
//! moves a terminal's cursor. Shown as it is, it makes one name or line look like another.

use core::fmt::{self, Write};

/// Tells whether a character is not shown itself but changes how others are: a control, one of
/// general category Cf of Unicode 16, or a separator of lines or paragraphs.
pub fn is_hidden(c: char) -> bool {
    c.is_control() || is_format(c)
}

/// Tells whether a character is [hidden](is_hidden) and no control.
pub fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}')
}

/// Displays a text with each [hidden](is_hidden) character as its number, `\u{202e}`.
///
/// ```
/// use genode_args::shown::Shown;
///
/// assert_eq!(Shown("ab\u{202e}c").to_string(), "ab\\u{202e}c");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_hidden(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Displays bytes that are UTF-8 if nobody broke them: text as [`Shown`], others as `\x9b`.
///
/// ```
/// use genode_args::shown::ShownBytes;
///
/// assert_eq!(ShownBytes(b"ab\n\xffc").to_string(), "ab\\u{a}\\xffc");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ShownBytes<'a>(pub &'a [u8]);

impl fmt::Display for ShownBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            Shown(chunk.valid()).fmt(f)?;
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        Ok(())
    }
}

/// The first `N` bytes of what is written to it, for messages that must not need a heap. It is cut
/// between characters, and takes nothing behind a cut.
#[derive(Clone, Copy, Debug)]
pub struct Line<const N: usize> {
    bytes: [u8; N],
    len: usize,
    cut: bool,
}

impl<const N: usize> Line<N> {
    /// Begins with nothing.
    pub const fn new() -> Self {
        Self { bytes: [0; N], len: 0, cut: false }
    }

    /// Returns the bytes of what was written.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Returns what was written.
    pub fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default() // never cut within a character
    }
}

impl<const N: usize> Default for Line<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Write for Line<N> {
    /// Never fails, so that a message keeps what fits of its last part.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = if self.cut { 0 } else { N - self.len };
        let fits = text.floor_char_boundary(room);
        self.cut |= fits < text.len();
        let to = self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..fits));
        if let (Some(to), Some(from)) = (to, text.as_bytes().get(..fits)) {
            to.copy_from_slice(from);
            self.len += fits;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn a_line_is_cut_between_characters_and_takes_nothing_behind_the_cut() {
        let mut line = Line::<5>::new();
        assert_eq!(write!(line, "ab{}", 'c'), Ok(()));
        assert_eq!(line.as_bytes(), b"abc");
        assert_eq!(line.write_str("d\u{20ac}"), Ok(()));
        assert_eq!(line.as_bytes(), b"abcd", "three bytes do not fit");
        assert_eq!(line.write_str("e"), Ok(()));
        assert_eq!(line.as_bytes(), b"abcd", "behind a cut");
        let mut whole = Line::<4>::default();
        assert_eq!(whole.write_str("d\u{20ac}"), Ok(()));
        assert_eq!(whole.as_bytes(), "d\u{20ac}".as_bytes());
    }

    #[test]
    fn what_hides_or_turns_is_shown_by_its_number_and_the_rest_as_it_is() {
        let text = "a\u{202e}\u{2066}\u{200f}\u{61c}\u{feff}\u{2028}\t\n\x1b[31m\u{7f}\u{9b}b";
        let shown = "a\\u{202e}\\u{2066}\\u{200f}\\u{61c}\\u{feff}\\u{2028}\\u{9}\\u{a}\\u{1b}[31m\\u{7f}\\u{9b}b";
        assert_eq!(Shown(text).to_string(), shown);
        let kept = "\u{e4} \u{20ac} \u{1f600} e\u{301} [init -> x] \"'\\";
        assert_eq!(Shown(kept).to_string(), kept);
    }
}

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

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn what_hides_or_turns_is_shown_by_its_number_and_the_rest_as_it_is() {
        let text = "a\u{202e}\u{2066}\u{200f}\u{61c}\u{feff}\u{2028}\t\n\x1b[31m\u{7f}\u{9b}b";
        let shown = "a\\u{202e}\\u{2066}\\u{200f}\\u{61c}\\u{feff}\\u{2028}\\u{9}\\u{a}\\u{1b}[31m\\u{7f}\\u{9b}b";
        assert_eq!(Shown(text).to_string(), shown);
        let kept = "\u{e4} \u{20ac} \u{1f600} e\u{301} [init -> x] \"'\\";
        assert_eq!(Shown(kept).to_string(), kept);
    }
}

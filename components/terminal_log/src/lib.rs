//! Lines of `rs_terminal_log`: put together from what clients write, and made safe to show.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

use alloc::{string::String, vec::Vec};
use core::fmt::Write;

/// Longest line that is kept together, in bytes.
pub const MAX_LINE: usize = 4096;

/// Puts lines together from pieces.
#[derive(Debug, Default)]
pub struct Pieces(Vec<u8>);

impl Pieces {
    /// Takes a piece, and calls `line` for each line that is complete with it. A piece that does
    /// not end with a newline ends a line nevertheless if `whole`, as Genode's `terminal_log` has
    /// it.
    pub fn add(&mut self, piece: &[u8], whole: bool, mut line: impl FnMut(&[u8])) {
        for &byte in piece.iter().take_while(|byte| **byte != 0) {
            if byte == b'\n' || self.0.len() >= MAX_LINE {
                line(&self.0);
                self.0.clear();
            }
            if byte != b'\n' {
                self.0.push(byte);
            }
        }
        if whole && !self.0.is_empty() {
            line(&self.0);
            self.0.clear();
        }
    }
}

/// Makes a line as it is shown: seconds since the start if they are known, who wrote it, and its
/// text.
///
/// Of control characters only tabs and colours (`ESC [ .. m`) get through, others become `?`: a
/// client cannot move the cursor and write in another one's name.
pub fn line(ms: Option<u64>, label: &str, text: &[u8]) -> String {
    let mut shown = String::new();
    // A String takes all that is written.
    let _ = match ms {
        Some(ms) => write!(shown, "{}.{} [{label}] ", ms / 1000, ms / 100 % 10),
        None => write!(shown, "[{label}] "),
    };
    let text = String::from_utf8_lossy(text);
    let mut rest = &*text;
    while let Some(at) = rest.find(char::is_control) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let len = if let Some(len) = colour(from) {
            shown.push_str(&from[..len]);
            len
        } else {
            shown.push(if from.starts_with('\t') { '\t' } else { '?' });
            from.chars().next().map_or(1, char::len_utf8)
        };
        rest = &from[len..];
    }
    shown.push_str(rest);
    shown.push('\n');
    shown
}

/// Length of the colour sequence that `text` begins with.
fn colour(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    codes[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn lines(pieces: &[&[u8]], whole: bool) -> Vec<Vec<u8>> {
        let (mut all, mut found) = (Pieces::default(), Vec::new());
        for piece in pieces {
            all.add(piece, whole, |line| found.push(line.to_vec()));
        }
        found
    }

    #[test]
    fn lines_are_put_together() {
        assert_eq!(lines(&[b"a", b"b\nc\n", b"\n", b"d"], false), [&b"ab"[..], b"c", b""]);
        assert_eq!(lines(&[b"a", b"b\nc", b"d\0e\n"], true), [b"a", b"b", b"c", b"d"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let found = lines(&[&vec![b'x'; 3 * MAX_LINE], b"\n"], false);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_LINE; 3]);
    }

    #[test]
    fn a_line_says_when_and_who() {
        assert_eq!(line(Some(61_950), "init -> a", b"text"), "61.9 [init -> a] text\n");
        assert_eq!(line(None, "a", b""), "[a] \n");
    }

    #[test]
    fn colours_get_through_and_nothing_else() {
        let shown = |text: &str| line(None, "a", text.as_bytes());
        for same in
            ["\u{1b}[31mred\u{1b}[0m", "\u{1b}[m", "\u{1b}[1;31mx", "a\tb", "\u{e4}\u{1F980}"]
        {
            assert_eq!(shown(same), alloc::format!("[a] {same}\n"));
        }
        for (text, safe) in [
            ("a\rb", "a?b"),
            ("\u{1b}[2Jx", "?[2Jx"),
            ("\u{1b}[31", "?[31"),
            ("\u{1b}]0;title\u{7}", "?]0;title?"),
            ("\u{1b}", "?"),
            ("\u{9b}31m", "?31m"),
            ("\u{7f}", "?"),
        ] {
            assert_eq!(shown(text), alloc::format!("[a] {safe}\n"), "{text:?}");
        }
        assert_eq!(line(None, "a", b"x\xff"), "[a] x\u{fffd}\n");
    }
}

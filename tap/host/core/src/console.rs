//! Core's standard output: lines of components and of core itself.
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use genode_args::shown::is_hidden;

use crate::work;

/// Where lines go.
pub(crate) struct Console {
    colours: bool,
}

impl Console {
    pub(crate) fn new() -> Self {
        Self { colours: std::io::stdout().is_terminal() }
    }

    /// Print one line.
    pub(crate) fn line(&self, label: &str, text: &[u8]) {
        work::calls(2);
        work::count(label.len() + text.len());
        let mut out = String::with_capacity(label.len() + text.len() + 8);
        out.push('[');
        plain(label.as_bytes(), Colours::None, &mut out);
        out.push_str("] ");
        let colours = if self.colours { Colours::Kept } else { Colours::Dropped };
        plain(text, colours, &mut out);
        out.push('\n');
        // Nobody can be told when the log itself does not work.
        let _ = std::io::stdout().lock().write_all(out.as_bytes());
    }
}

/// What becomes of Genode's colour codes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colours {
    /// They stay: a terminal shows them.
    Kept,
    /// They go, as a whole.
    Dropped,
    /// There are none: this is no log text but names and what core says of them. Characters that
    /// are not shown appear as their numbers, so that names which differ look different.
    None,
}

/// Appends what others wrote, as it may reach a terminal: no control characters, and nothing that lets a line look like another
/// one. What is no UTF-8 is shown as replacement characters, since its bytes may be controls of an 8-bit terminal.
fn plain(text: &[u8], colours: Colours, out: &mut String) {
    let text = String::from_utf8_lossy(text);
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\x1b'
            && colours != Colours::None
            && let Some(len) = colour_code(rest)
        {
            let (code, after) = rest.split_at(len);
            if colours == Colours::Kept {
                out.push(c);
                out.push_str(code);
            }
            rest = after;
        } else if c == '\t' || !is_hidden(c) {
            out.push(c);
        } else if colours == Colours::None {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        }
    }
}

/// Length of the colour code that text after an escape begins with.
fn colour_code(text: &str) -> Option<usize> {
    let code = text.strip_prefix('[')?;
    let len = code.find('m').filter(|len| *len <= 5)?;
    let digits = code.get(..len)?.bytes().all(|c| matches!(c, b'0'..=b'9' | b';'));
    digits.then_some(len + 2)
}

/// Say something on core's own behalf.
pub(crate) fn note(text: std::fmt::Arguments<'_>) {
    // It may quote a label: no colour codes.
    Console { colours: false }.line("core", text.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{Colours, plain};

    fn shown(text: impl AsRef<[u8]>, colours: Colours) -> String {
        let mut out = String::new();
        plain(text.as_ref(), colours, &mut out);
        out
    }

    #[test]
    fn colours_are_for_terminals_and_other_controls_for_nobody() {
        let text = "\x1b[31mError: x\x1b[0m\x07\x1b[2Jy\x1b";
        assert_eq!(shown(text, Colours::Dropped), "Error: x[2Jy");
        assert_eq!(shown(text, Colours::Kept), "\x1b[31mError: x\x1b[0m[2Jy");
        let label = "\\u{1b}[31mError: x\\u{1b}[0m\\u{7}\\u{1b}[2Jy\\u{1b}";
        assert_eq!(shown(text, Colours::None), label, "a label has no colours");
        assert_eq!(shown("\x1b[1;1;1;1m\x1b[3\u{9b}1m", Colours::Kept), "[1;1;1;1m[31m");
    }

    #[test]
    fn no_line_looks_like_another_one() {
        // C1 controls as characters and as bytes, directions and their ends, what is not shown at all.
        for hidden in [
            "\u{80}",
            "\u{85}",
            "\u{9b}",
            "\u{9f}",
            "\u{7f}",
            "\r",
            "\u{202e}",
            "\u{2066}",
            "\u{2069}",
            "\u{200f}",
            "\u{61c}",
            "\u{200b}",
            "\u{2028}",
            "\u{2029}",
            "\u{feff}",
            "\u{ad}",
            "\u{e0041}",
        ] {
            let text = format!("a{hidden}b");
            for colours in [Colours::Kept, Colours::Dropped] {
                assert_eq!(shown(&text, colours), "ab", "{hidden:?}");
            }
            let number = format!("a{}b", hidden.escape_unicode());
            assert_eq!(shown(&text, Colours::None), number);
        }
        // Sequences that move the cursor, names the window, asks the terminal to answer, or ends
        // lines elsewhere than here.
        for (text, left) in [
            ("a\x1b]0;title\x07b", "a]0;titleb"),
            ("a\x1b[5;1Hb", "a[5;1Hb"),
            ("a\x1b[1Ab", "a[1Ab"),
            ("a\x1b[6nb", "a[6nb"),
            ("a\x1bPq#0\x1b\\b", "aPq#0\\b"),
            ("a\x1b]8;;http://x\x1b\\b", "a]8;;http://x\\b"),
            ("a\x0b\x0c\x1c\x1d\x1e\x1fb", "ab"),
            ("a\x08\x08[core] b", "a[core] b"),
            ("a\x0e\x0fb", "ab"),
        ] {
            assert_eq!(shown(text, Colours::Kept), left, "{text:?}");
        }
        // Controls in more bytes than they need, and halves of surrogates.
        for hidden in [&b"\xc0\x8d"[..], b"\xe0\x80\x8d", b"\xc1\x9b", b"\xed\xa0\x80"] {
            let text = shown([b"a", hidden, b"b"].concat(), Colours::Kept);
            assert!(text.chars().all(|c| matches!(c, 'a' | 'b' | '\u{fffd}')), "{text:?}");
        }
        assert_eq!(shown(b"a\x9b31mb\xff", Colours::Kept), "a\u{fffd}31mb\u{fffd}");
        let kept = "\tä € \u{1f600} e\u{301} [init] \u{a0}";
        assert_eq!(shown(kept, Colours::None), kept);
    }
}

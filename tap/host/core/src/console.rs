//! Core's standard output: lines of components and of core itself.
use std::io::{IsTerminal, Write};

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
        let mut out = Vec::with_capacity(label.len() + text.len() + 8);
        out.push(b'[');
        out.extend_from_slice(label.as_bytes());
        out.extend_from_slice(b"] ");
        plain(text, self.colours, &mut out);
        out.push(b'\n');
        // Nobody can be told when the log itself does not work.
        let _ = std::io::stdout().lock().write_all(&out);
    }
}

/// Copies text without control characters; Genode's colour codes stay if `colours` is set.
fn plain(text: &[u8], colours: bool, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&c, tail)) = rest.split_first() {
        rest = tail;
        match c {
            0x1b => {
                let end = tail.iter().position(|c| *c == b'm').map_or(0, |i| i + 1);
                let (code, after) = tail.split_at(end);
                let colour =
                    code.strip_prefix(b"[").and_then(|c| c.strip_suffix(b"m")).is_some_and(|c| {
                        c.len() <= 5 && c.iter().all(|c| matches!(c, b'0'..=b'9' | b';'))
                    });
                if colour {
                    rest = after;
                    if colours {
                        out.push(c);
                        out.extend_from_slice(code);
                    }
                }
            }
            b'\t' | 0x20.. => out.push(c),
            _ => {}
        }
    }
}

/// Say something on core's own behalf.
pub(crate) fn note(text: std::fmt::Arguments<'_>) {
    Console::new().line("core", text.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn colours_are_for_terminals_and_other_controls_for_nobody() {
        let text = b"\x1b[31mError: x\x1b[0m\x07\x1b[2Jy\x1b";
        let mut out = Vec::new();
        plain(text, false, &mut out);
        assert_eq!(out, b"Error: x[2Jy");
        out.clear();
        plain(text, true, &mut out);
        assert_eq!(out, b"\x1b[31mError: x\x1b[0m[2Jy");
    }
}

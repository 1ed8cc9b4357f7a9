//! LOG: lines of components on core's standard output, each with its label.
use std::io::{IsTerminal, Write};

use genode_host_proto::interface::log;
use genode_wire::ExceptionCode;

use super::{Response, Served, Services};

/// Calls of a LOG session.
pub(super) type Call<'m> = log::Call<'m>;

/// Longest line; longer ones are broken.
const MAX_LINE: usize = 4096;

/// A LOG session.
pub(crate) struct Log {
    label: String,
    line: Vec<u8>,
}

impl Log {
    pub(crate) fn new(label: &str) -> Self {
        Self { label: label.to_owned(), line: Vec::new() }
    }
}

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

impl Services {
    pub(super) fn log_call(
        &mut self,
        id: u64,
        &Call::Write { text }: &Call<'_>,
        response: &mut Response,
    ) -> Served {
        let text = text.terminated()?;
        let session = self.logs.get_mut(&id).ok_or(ExceptionCode::INVALID_OBJECT)?;
        for c in text {
            if *c == b'\n' || session.line.len() >= MAX_LINE {
                self.console.line(&session.label, &session.line);
                session.line.clear();
            }
            if *c != b'\n' {
                session.line.push(*c);
            }
        }
        response.put(&())
    }

    /// Print what is left of an unfinished line.
    pub(super) fn log_close(&mut self, id: u64) {
        if let Some(session) = self.logs.remove(&id)
            && !session.line.is_empty()
        {
            self.console.line(&session.label, &session.line);
        }
    }
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

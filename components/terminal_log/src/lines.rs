//! LOG sessions, and the terminal that all of them write to.

use alloc::{rc::Rc, string::String};
use core::cell::Cell;

use genode::{
    rpc::InBuffer,
    session::{
        log::{LogSession, MAX_STRING},
        terminal::TerminalConnection,
        timer::TimerConnection,
    },
};
use terminal_log::{Pieces, line};

/// The terminal.
pub(crate) struct Output {
    terminal: TerminalConnection,
    timer: Option<TimerConnection>,
    /// Bytes that the terminal did not take.
    lost: Cell<u64>,
}

impl Output {
    pub(crate) fn new(terminal: TerminalConnection, timer: Option<TimerConnection>) -> Self {
        Self { terminal, timer, lost: Cell::new(0) }
    }

    /// Shows a line. A server of many does not wait: what the terminal has no room for is lost,
    /// which the next line that it takes says.
    fn show(&self, label: &str, text: &[u8]) {
        let now = self.timer.as_ref().and_then(|timer| timer.elapsed().ok());
        let ms = now.map(|now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let lost = self.lost.take();
        if lost > 0 {
            let told = alloc::format!("\n[{lost} bytes were lost here]\n");
            if self.write(&told) < told.len() {
                self.lost.set(lost);
            }
        }
        let shown = line(ms, label, text);
        let left = shown.len() - self.write(&shown);
        self.lost.set(self.lost.get().saturating_add(left as u64));
    }

    fn write(&self, text: &str) -> usize {
        self.terminal.write(text.as_bytes()).unwrap_or_default()
    }
}

/// A session.
pub(crate) struct Lines {
    label: String,
    pieces: Pieces,
    output: Rc<Output>,
}

impl Lines {
    pub(crate) fn new(label: &str, output: &Rc<Output>) -> Self {
        Self { label: label.into(), pieces: Pieces::default(), output: output.clone() }
    }
}

impl LogSession for Lines {
    fn write(&mut self, text: InBuffer<'_, MAX_STRING>) {
        let (label, output) = (&self.label, &self.output);
        let piece = text.as_bytes();
        // A text that is as long as a call permits is continued by the next one.
        let whole = piece.len() < MAX_STRING;
        self.pieces.add(piece, whole, |line| output.show(label, line));
    }
}

//! LOG sessions of those who are waited for.
use alloc::{rc::Rc, string::String, vec::Vec};

use genode::{
    prelude::*,
    rpc::InBuffer,
    session::log::{LogSession, MAX_STRING},
};

/// Longest line that is kept together, in bytes.
const MAX_LINE: usize = 4096;

/// A session: puts lines together, passes them on with the label, and tells of them.
pub(crate) struct Lines<F> {
    label: String,
    line: Vec<u8>,
    heard: Rc<F>,
}

impl<F: Fn(&str)> Lines<F> {
    pub(crate) fn new(label: &str, heard: Rc<F>) -> Self {
        Self { label: label.into(), line: Vec::new(), heard }
    }
}

impl<F: Fn(&str)> LogSession for Lines<F> {
    fn write(&mut self, text: InBuffer<'_, MAX_STRING>) {
        for &byte in text.as_bytes().iter().filter(|byte| **byte != 0) {
            if byte != b'\n' && self.line.len() < MAX_LINE {
                self.line.push(byte);
                continue;
            }
            let line = alloc::format!("[{}] {}", self.label, String::from_utf8_lossy(&self.line));
            self.line.clear();
            log!("{line}");
            (self.heard)(&line);
        }
    }
}

//! Remarks about a configuration: what is wrong, where, and what to do.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::node::{FromAttr, Node, Pos};

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// Something else than what is written happens.
    Warning,
    /// What is written cannot be done.
    Error,
}

/// A remark about the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where in the configuration.
    pub pos: Pos,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "config {}: {}", self.pos, self.text)
    }
}

/// Collects remarks while a configuration is read.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<Diagnostic>);

impl Found {
    /// Remarks that something else than what `node` says happens.
    pub(super) fn warn(&mut self, node: &Node, text: &str) {
        self.tell(Severity::Warning, node.pos(), text);
    }

    /// Remarks that what `node` says cannot be done.
    pub(super) fn error(&mut self, node: &Node, text: &str) {
        self.tell(Severity::Error, node.pos(), text);
    }

    /// Adds a remark about the place `pos`.
    pub(super) fn tell(&mut self, severity: Severity, pos: Pos, text: &str) {
        self.0.push(Diagnostic { severity, pos, text: text.to_string() });
    }

    /// Reads an attribute; `None` if it is missing, or malformed and remarked on.
    pub(super) fn attr<T: FromAttr>(&mut self, node: &Node, name: &str) -> Option<T> {
        node.attr_checked(name).unwrap_or_else(|e| {
            let value = node.attr(name).unwrap_or_default();
            let text = format!("<{}> has {name}=\"{value}\", expected {}", node.tag(), e.expected);
            self.tell(Severity::Error, e.pos, &text);
            None
        })
    }
}

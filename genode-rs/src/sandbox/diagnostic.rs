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
        match self.pos {
            pos if pos == Pos::default() => f.write_str(&self.text),
            pos => write!(f, "config {pos}: {}", self.text),
        }
    }
}

/// Names what may have been meant by `name`: the nearest of `known`, or all of them.
pub(super) fn meant(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "it takes none".into();
    }
    let near = known.iter().map(|k| (distance(name, k), *k)).min();
    match near {
        Some((distance, near)) if distance <= 2 && distance < near.chars().count() => {
            format!("did you mean '{near}'?")
        }
        _ => format!("expected {}", known.join(", ")),
    }
}

/// Counts the letters to change, add, leave out or swap to make `b` of `a` (optimal string alignment); names that are much
/// longer than any that is known count as far away.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 2 * b.len() + 2 {
        return usize::MAX;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = alloc::vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = row[j] + usize::from(x != y);
            let mut best = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = core::mem::replace(&mut row, next);
    }
    row[b.len()]
}

/// Collects remarks while a configuration is read.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<Diagnostic>);

impl Found {
    /// Remarks that something else than what `node` says happens.
    pub(super) fn warn(&mut self, node: &Node, text: &str) {
        self.tell(Severity::Warning, node.pos(), text);
    }

    /// Remarks that a resource of the child `name` is none that there is.
    pub(super) fn resource(&mut self, node: &Node, name: &str, resource: Option<&str>) {
        let text = match resource {
            Some(other) => {
                let meant = meant(other, &["RAM", "CAP"]);
                format!("child '{name}': unknown resource '{other}'; {meant}")
            }
            None => format!(
                "child '{name}': <resource> without a name; add name=\"RAM\" or name=\"CAP\""
            ),
        };
        self.warn(node, &text);
    }

    /// Remarks that what `node` says cannot be done.
    pub(super) fn error(&mut self, node: &Node, text: &str) {
        self.tell(Severity::Error, node.pos(), text);
    }

    /// Remarks in words of Genode's that others wait for in the log, without a place.
    pub(super) fn plain(&mut self, text: &str) {
        self.tell(Severity::Warning, Pos::default(), text);
    }

    /// Remarks on attributes of `node` that mean nothing there.
    pub(super) fn known(&mut self, node: &Node, names: &[&str]) {
        for attr in node.attrs().iter().filter(|a| !names.contains(&a.name())) {
            let text = format!(
                "<{}> has no attribute '{}'; {}",
                node.tag(),
                attr.name(),
                meant(attr.name(), names)
            );
            self.tell(Severity::Warning, node.pos(), &text);
        }
    }

    /// Remarks on attributes of `node` that mean nothing there, and on what is in it: nothing may.
    pub(super) fn leaf(&mut self, node: &Node, names: &[&str]) {
        self.known(node, names);
        for child in node.children() {
            let (inner, outer) = (child.tag(), node.tag());
            self.warn(child, &format!("<{inner}> in <{outer}> is ignored: that takes no elements"));
        }
    }

    /// Remarks that `node` means nothing where it is.
    pub(super) fn unknown_node(&mut self, node: &Node, tags: &[&str]) {
        let text = format!("unknown node <{}>; {}", node.tag(), meant(node.tag(), tags));
        self.warn(node, &text);
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

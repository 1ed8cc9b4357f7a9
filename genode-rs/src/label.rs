//! Session labels and the selection of a policy by label.
//!
//! A label says who asks for what: each parent on the way puts its child's name in front, so a server can trust
//! every part but the last. Servers (and `init`'s routes) select by it, as in Genode's `os/session_policy.h`.
//! Reading and comparing never allocates.

pub use genode_args::label::*;

use crate::node::{FromAttr, Node};

impl FromAttr for Label {
    const EXPECTED: &'static str = "a label of at most 159 characters";

    fn from_attr(text: &str) -> Option<Self> {
        Label::new(text).ok()
    }
}

/// How well a node's `label`, `label_prefix` and `label_suffix` match a label. The larger one is the better match.
///
/// An exact label beats a prefix, a prefix beats a suffix, a longer prefix (then suffix) beats a shorter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score {
    label: bool,
    prefix: Option<usize>,
    suffix: Option<usize>,
}

impl Score {
    /// The score of `node` for `label`; None if one of the attributes that it has does not match.
    ///
    /// A node with none of them matches with the lowest score, see [`Score::is_selective`].
    pub fn of(node: &Node, label: &str) -> Option<Self> {
        let label = label.trim_matches(' ');
        let attr = |name| node.attr(name).map(|v| v.trim_matches(' '));
        let exact = attr("label");
        let prefix = attr("label_prefix");
        let suffix = attr("label_suffix");
        if exact.is_some_and(|v| v != label)
            || prefix.is_some_and(|v| !label.starts_with(v))
            || suffix.is_some_and(|v| !label.ends_with(v))
        {
            return None;
        }
        let exact = exact.is_some();
        // beside an exact label the other two do not count: the first of two exact matches wins
        let len = |v: Option<&str>| v.filter(|_| !exact).map(str::len);
        Some(Self { label: exact, prefix: len(prefix), suffix: len(suffix) })
    }

    /// Whether any label attribute took part.
    pub fn is_selective(self) -> bool {
        self.label || self.prefix.is_some() || self.suffix.is_some()
    }
}

/// The policy for `label`: the best of the `policy` nodes of `config`, or else its `default-policy`.
///
/// Of equally good ones the first wins. A `policy` without any label attribute never matches.
pub fn policy<'a>(config: &'a Node, label: &str) -> Option<&'a Node> {
    let mut best: Option<(Score, &Node)> = None;
    for node in config.children_of("policy") {
        match Score::of(node, label) {
            Some(score) if score.is_selective() && best.is_none_or(|(b, _)| score > b) => {
                best = Some((score, node));
            }
            _ => {}
        }
    }
    best.map(|(_, node)| node).or_else(|| config.child("default-policy"))
}

#[cfg(test)]
mod tests;

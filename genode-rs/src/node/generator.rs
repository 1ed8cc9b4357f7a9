//! Building a tree by calls, as reports are made.

use alloc::string::String;
use core::fmt::{self, Write};

use super::tree::Node;

/// Builds a node: attributes, then sub nodes or text.
///
/// ```
/// use genode::node::{Node, Syntax};
///
/// let report = Node::generate("state", |g| {
///     g.attr("version", 1);
///     g.node("child", |g| g.attr("name", "timer"));
/// });
/// assert_eq!(report.write(Syntax::Hid).unwrap(), "state | version: 1\n+ child timer\n-\n");
/// ```
#[derive(Debug)]
pub struct Generator {
    node: Node,
}

impl Generator {
    pub(super) fn run(tag: &str, build: impl FnOnce(&mut Self)) -> Node {
        let mut generator = Self { node: Node::new(tag) };
        build(&mut generator);
        generator.node
    }

    /// Sets an attribute.
    pub fn attr(&mut self, name: &str, value: impl fmt::Display) {
        self.node.set_attr(name, value);
    }

    /// Adds a sub node.
    pub fn node(&mut self, tag: &str, build: impl FnOnce(&mut Self)) {
        let child = Self::run(tag, build);
        self.node.push(child);
    }

    /// Adds a sub node without attributes and content.
    pub fn leaf(&mut self, tag: &str) {
        self.node.push(Node::new(tag));
    }

    /// Adds a copy of a node.
    pub fn copy(&mut self, node: &Node) {
        self.node.push(node.clone());
    }

    /// Appends to the node's text; ignored once the node has sub nodes.
    pub fn text(&mut self, text: impl fmt::Display) {
        if self.node.children.is_empty() {
            let all = self.node.text.get_or_insert_with(String::new);
            // a Display that fails has said what it could
            let _ = write!(all, "{text}");
        }
    }
}

//! The tree itself: nodes and attributes. Knows no syntax.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{
    attr::{AttrError, FromAttr},
    pos::Pos,
    word::Word,
};

/// Nodes may be nested this deep.
pub const MAX_DEPTH: usize = genode_xml::MAX_DEPTH;

/// A text may hold this many nodes.
pub const MAX_NODES: u32 = genode_xml::MAX_NODES;

/// A node may have this many attributes.
pub const MAX_ATTRIBUTES: usize = genode_xml::MAX_ATTRIBUTES;

/// A text may have this many bytes.
pub const MAX_SIZE: usize = genode_xml::MAX_SIZE;

/// An attribute: its name, its value, and where it was read.
#[derive(Clone, Debug)]
pub struct Attr {
    pub(super) name: Word,
    pub(super) value: Word,
    pub(super) pos: Pos,
}

impl Attr {
    /// The attribute's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The attribute's value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Where the attribute was read.
    pub fn pos(&self) -> Pos {
        self.pos
    }
}

/// A node: its type, its attributes, and either sub nodes or text.
///
/// Two nodes are equal if their content is; where they were read does not count.
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub(super) tag: Word,
    pub(super) attrs: Vec<Attr>,
    pub(super) children: Vec<Node>,
    pub(super) text: Option<String>,
    pub(super) pos: Pos,
}

impl PartialEq for Attr {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
            && self.attrs == other.attrs
            && self.text() == other.text()
            && self.children == other.children
    }
}

impl Eq for Attr {}
impl Eq for Node {}

impl Node {
    /// A node of type `tag` without attributes and content.
    pub fn new(tag: &str) -> Self {
        Self { tag: tag.into(), ..Self::default() }
    }

    /// The node's type.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether the node is of type `tag`.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tag == *tag
    }

    /// Where the node was read.
    pub fn pos(&self) -> Pos {
        self.pos
    }

    /// All attributes in order.
    pub fn attrs(&self) -> &[Attr] {
        &self.attrs
    }

    /// The value of attribute `name`.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|a| a.name == *name).map(Attr::value)
    }

    /// The value of attribute `name` as a `T`; `default` if it is missing or malformed, as Genode does it.
    ///
    /// Use [`Node::attr_checked`] where a mistake should be told.
    pub fn attr_or<T: FromAttr>(&self, name: &str, default: T) -> T {
        self.attr(name).and_then(T::from_attr).unwrap_or(default)
    }

    /// The value of attribute `name` as a `T`, None if it is missing, an error if it is malformed.
    pub fn attr_checked<T: FromAttr>(&self, name: &str) -> Result<Option<T>, AttrError> {
        match self.attrs.iter().find(|a| a.name == *name) {
            None => Ok(None),
            Some(attr) => T::from_attr(&attr.value)
                .map(Some)
                .ok_or(AttrError { pos: attr.pos, expected: T::EXPECTED }),
        }
    }

    /// All sub nodes in order.
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// The sub nodes of type `tag`.
    pub fn children_of<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |n| n.tag == *tag)
    }

    /// The first sub node of type `tag`.
    pub fn child(&self, tag: &str) -> Option<&Self> {
        self.children.iter().find(|n| n.tag == *tag)
    }

    /// The node's text (XML's character data, HID's quoted content); None if it has sub nodes, or nothing but
    /// white space, which both syntaxes have between tags and lines.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !is_blank(text))
    }

    /// Whether a text of the tree can be read again, as far as the tree's size decides that.
    pub(super) fn is_within_limits(&self) -> bool {
        let (mut left, mut stack) = (MAX_NODES, alloc::vec![self]);
        while let Some(node) = stack.pop() {
            if left == 0 || node.attrs.len() > MAX_ATTRIBUTES {
                return false;
            }
            left -= 1;
            stack.extend(&node.children);
        }
        true
    }

    /// Adds an attribute, or changes its value.
    pub fn set_attr(&mut self, name: &str, value: impl fmt::Display) -> &mut Self {
        let value = Word::of(value);
        match self.attrs.iter_mut().find(|a| a.name == *name) {
            Some(attr) => attr.value = value,
            None => self.attrs.push(Attr { name: name.into(), value, pos: Pos::default() }),
        }
        self
    }

    /// Removes an attribute.
    pub fn remove_attr(&mut self, name: &str) {
        self.attrs.retain(|a| a.name != *name);
    }

    /// Adds a sub node at the end; the node's text is gone.
    pub fn push(&mut self, child: Self) -> &mut Self {
        self.text = None;
        self.children.push(child);
        self
    }

    /// Replaces the content by text; the sub nodes are gone.
    pub fn set_text(&mut self, text: &str) -> &mut Self {
        self.children.clear();
        self.text = Some(text.to_string());
        self
    }

    /// Keeps the sub nodes for which `keep` says so.
    pub fn retain_children(&mut self, keep: impl FnMut(&Self) -> bool) {
        self.children.retain(keep);
    }

    /// The sub nodes, to be changed in place.
    pub fn children_mut(&mut self) -> &mut [Self] {
        &mut self.children
    }

    /// The same node as one of type `tag`.
    #[must_use]
    pub fn retagged(mut self, tag: &str) -> Self {
        self.tag = tag.into();
        self
    }
}

/// Whether a text is nothing but white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

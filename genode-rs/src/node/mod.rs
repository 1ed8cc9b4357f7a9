//! Configuration and reports: one tree of nodes with attributes, in two syntaxes.
//!
//! Genode's components read their configuration from a ROM and write what they have to tell into reports. Up
//! to 25.08, and in the NUMA fork, that text is XML; from 26.02 on it is HID, "human-inclined data". A component
//! should not care, so both are read into the same [`Node`], and a [`Node`] is written in either.
//!
//! ```
//! use genode::node::{Node, Syntax};
//!
//! let config = Node::parse(b"<config verbose=\"yes\"><arg value=\"8M\"/></config>")?;
//! assert!(config.attr_or("verbose", false));
//! assert_eq!(config.child("arg").and_then(|n| n.attr("value")), Some("8M"));
//! assert_eq!(config.write(Syntax::Hid).unwrap(), "config | verbose: yes\n+ arg | value: 8M\n-\n");
//! # Ok::<(), genode::node::ParseError>(())
//! ```
//!
//! A node has either sub nodes or text, as in both of Genode's syntaxes. What is read is untrusted: size, depth,
//! number of nodes and of a node's attributes are bounded, and an error names line and column. XML has some limits
//! more: those of the crate `genode-xml`.

mod attr;
mod error;
mod generator;
mod hid;
mod hid_writer;
mod xml;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{ffi::CStr, fmt};

pub use attr::{AttrError, FromAttr};
pub use error::{ParseError, ParseErrorKind, WriteError, WriteErrorKind};
pub use generator::Generator;

/// Nodes may be nested this deep.
pub const MAX_DEPTH: usize = genode_xml::MAX_DEPTH;

/// A text may hold this many nodes.
pub const MAX_NODES: u32 = genode_xml::MAX_NODES;

/// A node may have this many attributes.
pub const MAX_ATTRIBUTES: usize = genode_xml::MAX_ATTRIBUTES;

/// A text may have this many bytes.
pub const MAX_SIZE: usize = genode_xml::MAX_SIZE;

/// The two notations of a node tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// The subset of XML that Genode uses.
    Xml,
    /// Human-inclined data (Genode's `doc/hid.txt`).
    Hid,
}

/// A place in the text from which a node was read; line 0 for a node that was not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pos {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in bytes, counted from 1.
    pub column: u32,
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("generated node"),
            _ => write!(f, "line {}, column {}", self.line, self.column),
        }
    }
}

impl From<genode_xml::Position> for Pos {
    fn from(at: genode_xml::Position) -> Self {
        Self { line: at.line, column: at.column }
    }
}

/// An attribute: its name, its value, and where it was read.
#[derive(Clone, Debug)]
pub struct Attr {
    name: String,
    value: String,
    pos: Pos,
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
    tag: String,
    attrs: Vec<Attr>,
    children: Vec<Node>,
    text: Option<String>,
    pos: Pos,
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
            && self.text == other.text
            && self.children == other.children
    }
}

impl Eq for Attr {}
impl Eq for Node {}

impl Node {
    /// A node of type `tag` without attributes and content.
    pub fn new(tag: &str) -> Self {
        Self { tag: tag.to_string(), ..Self::default() }
    }

    /// Reads a tree from a text in either syntax: XML if it starts with `<`, HID otherwise.
    ///
    /// The text ends at the first NUL: a ROM dataspace is filled up with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let end = CStr::from_bytes_until_nul(bytes).map_or(bytes.len(), CStr::count_bytes);
        if end > MAX_SIZE {
            return Err(ParseError { pos: Pos::default(), kind: ParseErrorKind::TooLarge });
        }
        let text =
            core::str::from_utf8(&bytes[..end]).map_err(|e| ParseError::encoding(bytes, e))?;
        match text.trim_start_matches([' ', '\t', '\n', '\r']).chars().next() {
            None => Err(ParseError { pos: Pos::default(), kind: ParseErrorKind::Empty }),
            Some('<') => xml::parse(text),
            Some(_) => hid::parse(text),
        }
    }

    /// The syntax that [`Node::parse`] takes `bytes` for.
    pub fn syntax_of(bytes: &[u8]) -> Syntax {
        match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'<') => Syntax::Xml,
            _ => Syntax::Hid,
        }
    }

    /// Writes the tree, or says what the syntax cannot express.
    pub fn write(&self, syntax: Syntax) -> Result<String, WriteError> {
        match syntax {
            Syntax::Xml => xml::write(self),
            Syntax::Hid => hid_writer::write(self),
        }
    }

    /// Builds a tree by calls, see [`Generator`].
    pub fn generate(tag: &str, build: impl FnOnce(&mut Generator)) -> Self {
        Generator::run(tag, build)
    }

    /// The node's type.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether the node is of type `tag`.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tag == tag
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
        self.attrs.iter().find(|a| a.name == name).map(Attr::value)
    }

    /// The value of attribute `name` as a `T`; `default` if it is missing or malformed, as Genode does it.
    ///
    /// Use [`Node::attr_checked`] where a mistake should be told.
    pub fn attr_or<T: FromAttr>(&self, name: &str, default: T) -> T {
        self.attr(name).and_then(T::from_attr).unwrap_or(default)
    }

    /// The value of attribute `name` as a `T`, None if it is missing, an error if it is malformed.
    pub fn attr_checked<T: FromAttr>(&self, name: &str) -> Result<Option<T>, AttrError> {
        match self.attrs.iter().find(|a| a.name == name) {
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
        self.children.iter().filter(move |n| n.tag == tag)
    }

    /// The first sub node of type `tag`.
    pub fn child(&self, tag: &str) -> Option<&Self> {
        self.children.iter().find(|n| n.tag == tag)
    }

    /// The node's text (XML's character data, HID's quoted content), None if it has sub nodes or nothing.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Adds an attribute, or changes its value.
    pub fn set_attr(&mut self, name: &str, value: impl fmt::Display) -> &mut Self {
        let value = value.to_string();
        match self.attrs.iter_mut().find(|a| a.name == name) {
            Some(attr) => attr.value = value,
            None => self.attrs.push(Attr { name: name.to_string(), value, pos: Pos::default() }),
        }
        self
    }

    /// Removes an attribute.
    pub fn remove_attr(&mut self, name: &str) {
        self.attrs.retain(|a| a.name != name);
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
        self.tag = tag.to_string();
        self
    }
}

#[cfg(test)]
mod tests;

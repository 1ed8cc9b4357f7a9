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
mod pos;
mod tree;
mod word;
mod xml;

use alloc::string::String;
use core::ffi::CStr;

pub use attr::{AttrError, FromAttr};
pub use error::{ParseError, ParseErrorKind, WriteError, WriteErrorKind};
pub use generator::Generator;
pub use pos::Pos;
pub use tree::{Attr, MAX_ATTRIBUTES, MAX_DEPTH, MAX_NODES, MAX_SIZE, Node};

/// Editors put it in front of UTF-8; it belongs to no line.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The two notations of a node tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Syntax {
    /// The subset of XML that Genode uses.
    Xml,
    /// Human-inclined data (Genode's `doc/hid.txt`).
    Hid,
}

impl Node {
    /// Reads a tree from a text in either syntax: XML if it starts with `<`, HID otherwise.
    ///
    /// A byte-order mark is skipped. The text ends at the first NUL: a ROM dataspace is filled up with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let end = CStr::from_bytes_until_nul(bytes).map_or(bytes.len(), CStr::count_bytes);
        if end > MAX_SIZE {
            return Err(ParseError { pos: Pos::default(), kind: ParseErrorKind::TooLarge });
        }
        let text =
            core::str::from_utf8(&bytes[..end]).map_err(|e| ParseError::encoding(bytes, e))?;
        // a byte-order mark says that it is UTF-8, which it must be anyway
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        match text.trim_start_matches([' ', '\t', '\n', '\r']).chars().next() {
            None => Err(ParseError { pos: Pos::default(), kind: ParseErrorKind::Empty }),
            Some('<') => xml::parse(text),
            Some(_) => hid::parse(text),
        }
    }

    /// The syntax that [`Node::parse`] takes `bytes` for.
    pub fn syntax_of(bytes: &[u8]) -> Syntax {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(bytes);
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
}

#[cfg(test)]
mod tests;

//! XML of strangers, read with limits: configurations, reports and machine descriptions.
//!
//! Do not hand a text of another component to `roxmltree`, which does the reading here: it keeps 72
//! bytes for each `<` and `=` before it has looked at them, compares each attribute of an
//! element with all others, and does not bound the depth. [`Document::parse`] looks at these first,
//! in one linear pass.
//!
//! | limit | on |
//! |---|---|
//! | [`MAX_SIZE`] | bytes of the text |
//! | [`MAX_TAGS`] | `<` in the text |
//! | [`MAX_NODES`] | elements |
//! | [`MAX_DEPTH`] | elements inside of each other |
//! | [`MAX_ATTRIBUTES`] | attributes of one element |
//! | [`MAX_EQUALS`] | `=` in the text, hence attributes of all elements |
//! | [`MAX_NAMESPACES`] | `xmlns` in the text |
//!
//! ```
//! use genode_xml::{Document, ErrorKind};
//!
//! let text = "<config>\n  <start name=\"timer\" caps=\"100\"/>\n</config>";
//! let document = Document::parse(text)?;
//! let start = document.root().children().next();
//! assert_eq!(start.and_then(|start| start.attribute("caps")), Some("100"));
//!
//! let error = Document::parse("<config>\n  <start name=\"timer\">\n</config>").unwrap_err();
//! assert_eq!((error.position.line, error.kind), (3, ErrorKind::Mismatch));
//! # Ok::<(), genode_xml::Error>(())
//! ```
//!
//! Document types are refused, hence no entity expands. Columns and offsets count bytes, also where
//! a character has several; a byte-order mark and white space before an XML declaration are skipped
//! and counted.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod error;
mod limits;
mod open;
mod position;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::ops::Range;

pub use error::{Error, ErrorKind};
pub use limits::{
    MAX_ATTRIBUTES, MAX_DEPTH, MAX_EQUALS, MAX_NAMESPACES, MAX_NODES, MAX_SIZE, MAX_TAGS,
};
pub use open::open_element;
pub use position::{Cursor, Position};

/// Tells whether a text that is well-formed XML keeps the limits on bytes, `<`, `=` and attributes,
/// as one that is going to be read again must.
///
/// # Errors
/// Which limit it exceeds.
pub fn check_limits(text: &str) -> Result<(), ErrorKind> {
    limits::check(text).map_err(|(kind, _)| kind)
}

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A text that was read, and is within the limits.
#[derive(Debug)]
pub struct Document<'a> {
    tree: roxmltree::Document<'a>,
    text: &'a str,
    /// Bytes of white space in front of what the tree is of.
    lead: usize,
    /// Where `xmlns` stands in the text, at most [`MAX_NAMESPACES`] times.
    declared: Vec<usize>,
}

/// An element of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Element<'d> {
    node: roxmltree::Node<'d, 'd>,
    document: &'d Document<'d>,
}

/// An attribute of an [`Element`].
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'d> {
    attribute: roxmltree::Attribute<'d, 'd>,
    document: &'d Document<'d>,
}

/// A namespace that an [`Element`] declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration<'d> {
    /// `xmlns`, or `xmlns:` and a prefix.
    pub name: &'d str,
    /// The namespace's name, references replaced.
    pub value: &'d str,
    /// Its start in the text.
    pub start: usize,
}

impl<'a> Document<'a> {
    /// Reads a text with one outermost element.
    ///
    /// # Errors
    /// What is wrong with the text, or which limit it exceeds, and where.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        limits::check(text).map_err(|(kind, at)| Error::at(kind, text, at))?;
        // an XML declaration must come first, but a ROM may start with an empty line
        let marked = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lead = text.len() - marked.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let body = text.get(lead..).unwrap_or_default();
        let options = roxmltree::ParsingOptions { allow_dtd: false, ..Default::default() };
        let tree = roxmltree::Document::parse_with_options(body, options)
            .map_err(|error| Error::of_tree(&error, text, lead))?;
        limits::check_tree(&tree)
            .map_err(|(kind, at)| Error::at(kind, text, at.saturating_add(lead)))?;
        let declared = memchr::memmem::find_iter(text.as_bytes(), "xmlns").collect();
        Ok(Self { tree, text, lead, declared })
    }

    /// Returns the outermost element.
    pub fn root(&self) -> Element<'_> {
        Element { node: self.tree.root_element(), document: self }
    }

    /// The text from a place on, up to white space or what `end` says.
    fn until(&self, start: usize, end: impl Fn(char) -> bool) -> &'a str {
        let rest = self.text.get(start..).unwrap_or_default();
        rest.split(|c: char| c.is_ascii_whitespace() || end(c)).next().unwrap_or_default()
    }

    /// Returns a cursor that tells lines and columns of the text.
    pub fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self.text)
    }
}

impl<'d> Element<'d> {
    /// Returns the element's type, without prefix.
    pub fn name(self) -> &'d str {
        self.node.tag_name().name()
    }

    /// Returns the element's type as the text has it, with prefix.
    pub fn qualified_name(self) -> &'d str {
        let start = self.range().start.saturating_add(1);
        self.document.until(start, |c| c == '/' || c == '>')
    }

    /// Returns the namespaces that the element declares, in order.
    pub fn declarations(self) -> impl Iterator<Item = Declaration<'d>> {
        let (Self { node, document }, lead) = (self, self.document.lead);
        // Most texts have none.
        let tag = (!document.declared.is_empty()).then(|| {
            let first = node.first_child().map(|child| child.range().start + lead);
            self.range().start..first.unwrap_or(self.range().end)
        });
        let inside = move |at: &usize| tag.as_ref().is_some_and(|tag| tag.contains(at));
        let declared = document.declared.iter().copied().filter(inside);
        // Neither a part of a name, nor of a value.
        let own = move |at: &usize| {
            let before = at.checked_sub(1).and_then(|at| document.text.as_bytes().get(at));
            before.is_some_and(u8::is_ascii_whitespace)
                && !node.attributes().any(|a| a.range().contains(&(at - lead)))
        };
        declared.filter(own).map(move |start| {
            let name = document.until(start, |c| c == '=');
            let prefix = name.split_once(':').map(|(_, prefix)| prefix);
            let uri = node.namespaces().find(|n| n.name() == prefix);
            Declaration { name, value: uri.map_or("", |n| n.uri()), start }
        })
    }

    /// Tells whether the element's type belongs to a namespace.
    pub fn is_namespaced(self) -> bool {
        self.node.tag_name().namespace().is_some()
    }

    /// Returns the value of the attribute `name`, references replaced.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.node.attribute(name)
    }

    /// Returns all attributes in order, at most [`MAX_ATTRIBUTES`]; no two have one name.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> {
        let document = self.document;
        self.node.attributes().map(move |attribute| Attribute { attribute, document })
    }

    /// Returns the elements inside, not those inside of them.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> {
        let document = self.document;
        let elements = self.node.children().filter(roxmltree::Node::is_element);
        elements.map(move |node| Element { node, document })
    }

    /// Returns the pieces of character data between the elements inside, references replaced.
    pub fn texts(self) -> impl Iterator<Item = &'d str> {
        let texts = self.node.children().filter(roxmltree::Node::is_text);
        texts.filter_map(|node| node.text())
    }

    /// Returns where in the text the element is, tags included.
    pub fn range(self) -> Range<usize> {
        let Range { start, end } = self.node.range();
        start + self.document.lead..end + self.document.lead
    }

    /// Returns the line on which the element starts, counted from 1.
    ///
    /// It counts all lines before: use a [`Cursor`] for the positions of many elements.
    pub fn line(self) -> u32 {
        self.document.cursor().position(self.range().start).line
    }
}

impl<'d> Attribute<'d> {
    /// Returns the attribute's name, without prefix.
    pub fn name(self) -> &'d str {
        self.attribute.name()
    }

    /// Returns the attribute's name as the text has it, with prefix.
    pub fn qualified_name(self) -> &'d str {
        self.document.until(self.start(), |c| c == '=')
    }

    /// Tells whether the attribute's name belongs to a namespace.
    pub fn is_namespaced(self) -> bool {
        self.attribute.namespace().is_some()
    }

    /// Returns the attribute's value, references replaced.
    pub fn value(self) -> &'d str {
        self.attribute.value()
    }

    /// Returns where in the text the attribute starts.
    pub fn start(self) -> usize {
        self.attribute.range().start + self.document.lead
    }
}

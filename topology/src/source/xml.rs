//! XML as [`Element`]s: roxmltree, with the limits that hold for texts of others.
//!
//! A document type is refused, hence no entity expands, and the number of tags is bounded.

use super::element::Element;
use core::fmt;
use core::ops::Range;

/// A text may open and close this many tags: roxmltree takes up to 240 bytes for each, many before it looks at them.
const MAX_TAGS: usize = 1 << 16;

/// Text that is not XML, has a document type, or too many tags.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: this is not XML, or has too many tags", self.line)
    }
}

impl core::error::Error for XmlError {}

/// A text that was read.
#[derive(Debug)]
pub struct Document<'a>(roxmltree::Document<'a>);

/// An element of a [`Document`].
#[derive(Copy, Clone, Debug)]
pub struct XmlNode<'d>(roxmltree::Node<'d, 'd>);

impl<'a> Document<'a> {
    /// Reads a text with one root element.
    pub fn parse(text: &'a str) -> Result<Self, XmlError> {
        if let Some((at, _)) = text.match_indices('<').nth(MAX_TAGS) {
            let line = text.get(..at).map_or(1, |before| 1 + before.matches('\n').count());
            return Err(XmlError { line: u32::try_from(line).unwrap_or(u32::MAX) });
        }
        let options = roxmltree::ParsingOptions { allow_dtd: false, ..Default::default() };
        roxmltree::Document::parse_with_options(text, options)
            .map(Document)
            .map_err(|error| XmlError { line: error.pos().row })
    }

    /// The outermost element.
    pub fn root(&self) -> XmlNode<'_> {
        XmlNode(self.0.root_element())
    }
}

impl<'d> XmlNode<'d> {
    /// The elements inside, not those inside of them.
    pub fn children(&self) -> impl Iterator<Item = XmlNode<'d>> + use<'d> {
        self.0.children().filter(roxmltree::Node::is_element).map(XmlNode)
    }

    /// Where in the text it is, tags included.
    pub fn range(&self) -> Range<usize> {
        self.0.range()
    }
}

impl Element for XmlNode<'_> {
    fn name(&self) -> &str {
        self.0.tag_name().name()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.0.attribute(name)
    }

    fn each_attribute(&self, f: &mut dyn FnMut(&str)) {
        self.0.attributes().for_each(|attribute| f(attribute.name()));
    }

    fn each_child(&self, f: &mut dyn FnMut(&Self)) {
        self.children().for_each(|child| f(&child));
    }

    fn line(&self) -> u32 {
        self.0.document().text_pos_at(self.range().start).row
    }
}

//! The subset of XML that configurations use, read in one pass into a flat list of elements that borrow from the text.
//!
//! Descriptions of large machines are long, and all that is wanted of them is elements and attributes: a general reader
//! and a tree of owned strings cost several times what reading them takes. Left out, and refused: document types, namespaces,
//! names beyond ASCII. Character data is checked and dropped.

use super::element::Element;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// Elements may be nested this deep.
const MAX_DEPTH: usize = 64;
/// A text may hold this many elements.
const MAX_ELEMENTS: usize = 1 << 18;

/// Text that is not XML, or not of this subset.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: this is not XML", self.line)
    }
}

impl core::error::Error for XmlError {}

#[derive(Debug)]
struct Raw<'a> {
    name: &'a str,
    /// Where in the text.
    start: u32,
    end: u32,
    /// Its attributes in the list of all.
    attributes: Range<u32>,
    /// The element behind its last descendant.
    next: u32,
}

/// A text that was read.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    /// In the order of their start tags; the root is the first.
    elements: Vec<Raw<'a>>,
    attributes: Vec<(&'a str, Cow<'a, str>)>,
}

/// An element of a [`Document`].
#[derive(Copy, Clone, Debug)]
pub struct XmlNode<'d> {
    document: &'d Document<'d>,
    index: u32,
}

/// Where a part of the reader failed; the line is found last.
type Step<T> = Option<T>;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    elements: Vec<Raw<'a>>,
    attributes: Vec<(&'a str, Cow<'a, str>)>,
    open: Vec<u32>,
}

impl<'a> Document<'a> {
    /// Reads a text with one root element.
    pub fn parse(text: &'a str) -> Result<Self, XmlError> {
        let (elements, attributes, open) = (Vec::new(), Vec::new(), Vec::new());
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut reader = Reader { text, at, elements, attributes, open };
        let done = u32::try_from(text.len()).is_ok()
            && reader.run().is_some()
            && reader.open.is_empty()
            && !reader.elements.is_empty();
        if !done {
            let before = text.as_bytes().get(..reader.at).unwrap_or(text.as_bytes());
            return Err(XmlError { line: line(before) });
        }
        Ok(Document { text, elements: reader.elements, attributes: reader.attributes })
    }

    /// The outermost element.
    pub fn root(&self) -> XmlNode<'_> {
        XmlNode { document: self, index: 0 }
    }
}

fn line(before: &[u8]) -> u32 {
    before.iter().fold(1, |n: u32, byte| n.saturating_add(u32::from(*byte == b'\n')))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

impl<'a> Reader<'a> {
    fn byte(&self) -> Step<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Goes behind `lead` if the text goes on with it.
    fn skip(&mut self, lead: &str) -> bool {
        let found = self.rest().starts_with(lead);
        self.at += if found { lead.len() } else { 0 };
        found
    }

    /// Everything up to `end`, which is skipped, too.
    fn until(&mut self, end: &str) -> Step<&'a str> {
        let inside = self.rest().split_once(end)?.0;
        if !inside.bytes().all(allowed) {
            return None;
        }
        self.at += inside.len() + end.len();
        Some(inside)
    }

    fn spaces(&mut self) -> bool {
        let before = self.at;
        while self.byte().is_some_and(is_space) {
            self.at += 1;
        }
        self.at > before
    }

    fn name(&mut self) -> Step<&'a str> {
        let start = self.at;
        while self.byte().is_some_and(is_name) {
            self.at += 1;
        }
        let name = self.text.get(start..self.at)?;
        let first = name.bytes().next()?;
        (first.is_ascii_alphabetic() || first == b'_').then_some(name)
    }

    fn run(&mut self) -> Step<()> {
        while self.at < self.text.len() {
            if self.byte() != Some(b'<') {
                self.characters()?;
            } else if self.skip("<!--") {
                // a comment holds no double hyphen
                let inside = self.until("--")?;
                if inside.ends_with('-') || !self.skip(">") {
                    return None;
                }
            } else if self.skip("<![CDATA[") {
                self.open.last()?;
                self.until("]]>")?;
            } else if self.skip("<?") {
                self.until("?>")?;
            } else if self.skip("</") {
                self.close()?;
            } else {
                self.element()?;
            }
        }
        Some(())
    }

    /// Text between tags: dropped, once it is seen to be text.
    fn characters(&mut self) -> Step<()> {
        let inside = self.rest().split('<').next()?;
        if self.open.is_empty() {
            // nothing but white space outside of the root
            self.spaces();
            return inside.bytes().all(is_space).then_some(());
        }
        if inside.contains("]]>") {
            return None;
        }
        decode(inside)?;
        self.at += inside.len();
        Some(())
    }

    fn close(&mut self) -> Step<()> {
        let name = self.name()?;
        self.spaces();
        let next = self.elements.len() as u32;
        let element = self.elements.get_mut(*self.open.last()? as usize)?;
        if element.name != name || self.text.as_bytes().get(self.at) != Some(&b'>') {
            return None;
        }
        self.at += 1;
        element.next = next;
        element.end = self.at as u32;
        self.open.pop();
        Some(())
    }

    fn element(&mut self) -> Step<()> {
        let start = self.at;
        self.at += 1;
        // one root, and not too much of anything
        let second_root = self.open.is_empty() && !self.elements.is_empty();
        if second_root || self.open.len() >= MAX_DEPTH || self.elements.len() >= MAX_ELEMENTS {
            return None;
        }
        let name = self.name()?;
        let first = self.attributes.len();
        let empty = loop {
            let separated = self.spaces();
            match self.byte()? {
                b'>' => {
                    self.at += 1;
                    break false;
                }
                b'/' => {
                    if !self.skip("/>") {
                        return None;
                    }
                    break true;
                }
                _ if separated => self.attribute(first)?,
                _ => return None,
            }
        };
        let index = self.elements.len() as u32;
        self.elements.push(Raw {
            name,
            start: start as u32,
            end: self.at as u32,
            attributes: first as u32..self.attributes.len() as u32,
            next: index + 1,
        });
        if !empty {
            self.open.push(index);
        }
        Some(())
    }

    fn attribute(&mut self, first: usize) -> Step<()> {
        let name = self.name()?;
        let known = self.attributes.get(first..)?;
        if known.iter().any(|(known, _)| *known == name) || name == "xmlns" {
            return None;
        }
        self.spaces();
        if !self.skip("=") {
            return None;
        }
        self.spaces();
        let quote = self.byte().filter(|quote| matches!(quote, b'"' | b'\''))?;
        let start = self.at + 1;
        let mut plain = true;
        let mut at = start;
        loop {
            match *self.text.as_bytes().get(at)? {
                byte if byte == quote => break,
                b'<' => return None,
                byte => plain &= byte >= b' ' && byte != b'&' && byte != 0xef,
            }
            at += 1;
        }
        let raw = self.text.get(start..at)?;
        let value = if plain { Cow::Borrowed(raw) } else { Cow::Owned(decode(raw)?) };
        self.attributes.push((name, value));
        self.at = at + 1;
        Some(())
    }
}

/// Whether a byte may stand in XML; what lies beyond ASCII is seen by [`decode`].
fn allowed(byte: u8) -> bool {
    byte >= b' ' || is_space(byte)
}

/// A text with its references replaced, and white space as spaces.
fn decode(raw: &str) -> Step<String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '&' => {
                let (reference, behind) = rest.split_once(';')?;
                rest = behind;
                out.push(match reference {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => number(reference)?,
                });
            }
            '\r' if rest.starts_with('\n') => {}
            '\t' | '\n' | '\r' => out.push(' '),
            c => out.push(legal(c)?),
        }
    }
    Some(out)
}

fn legal(c: char) -> Step<char> {
    (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n' | '\r'))
        .then_some(c)
}

/// The character of `#65` or `#x41`.
fn number(reference: &str) -> Step<char> {
    let digits = reference.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    legal(char::from_u32(u32::from_str_radix(digits, radix).ok()?)?)
}

impl<'d> XmlNode<'d> {
    fn raw(&self) -> Option<&'d Raw<'d>> {
        self.document.elements.get(self.index as usize)
    }

    fn attributes(&self) -> &'d [(&'d str, Cow<'d, str>)] {
        let range = self.raw().map_or(0..0, |raw| raw.attributes.clone());
        self.document.attributes.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// The elements inside, not those inside of them.
    pub fn children(&self) -> impl Iterator<Item = XmlNode<'d>> + use<'d> {
        let document = self.document;
        let end = self.raw().map_or(0, |raw| raw.next);
        let mut index = self.index + 1;
        core::iter::from_fn(move || {
            let child = document.elements.get(index as usize).filter(|_| index < end)?;
            let node = XmlNode { document, index };
            index = child.next;
            Some(node)
        })
    }

    /// Where in the text it is, tags included.
    pub fn range(&self) -> Range<usize> {
        self.raw().map_or(0..0, |raw| raw.start as usize..raw.end as usize)
    }
}

impl Element for XmlNode<'_> {
    fn name(&self) -> &str {
        self.raw().map_or("", |raw| raw.name)
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes().iter().find(|(key, _)| *key == name).map(|(_, value)| &**value)
    }

    fn each_attribute(&self, f: &mut dyn FnMut(&str)) {
        self.attributes().iter().for_each(|(name, _)| f(name));
    }

    fn each_child(&self, f: &mut dyn FnMut(&Self)) {
        self.children().for_each(|child| f(&child));
    }

    fn line(&self) -> u32 {
        line(self.document.text.as_bytes().get(..self.range().start).unwrap_or(&[]))
    }
}

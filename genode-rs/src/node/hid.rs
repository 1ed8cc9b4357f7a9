//! Reading HID, "human-inclined data", by Genode's `doc/hid.txt`.
//!
//! The relaxed rules for run time apply: of attributes given twice the first counts, a line that means nothing is
//! skipped. Three quirks of Genode's own reader (26.02) are not copied, because its specification says otherwise:
//! the indentation of a segment behind `|` is its column in the line, an attribute's value need not be separated
//! from its tag by a space, and the text of a disabled node is not its parent's. In all else the two agree, as a
//! comparison by random texts has shown.

use alloc::{string::String, vec::Vec};

use super::{
    error::{ParseError, ParseErrorKind as Kind},
    pos::Pos,
    tree::{Attr, MAX_ATTRIBUTES, MAX_DEPTH, MAX_NODES, Node, is_blank},
};

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let body = text.trim_start_matches([' ', '\t', '\n', '\r']);
    let skipped = &text[..text.len() - body.len()];
    let first_line = 1 + skipped.matches('\n').count() as u32;
    let at = |line: usize, column: usize| Pos {
        line: first_line + line as u32,
        column: column as u32 + 1,
    };
    if identifier(body).is_empty() {
        return Err(ParseError { pos: at(0, 0), kind: Kind::NoType });
    }

    let mut tree = Tree::default();
    for (number, raw_line) in body.split_inclusive('\n').enumerate() {
        if number > 0 && raw_line.starts_with('-') {
            return Ok(tree.finish());
        }
        let Some(line) = raw_line.strip_suffix('\n') else {
            break; // a last line that is cut off
        };
        let line = line.strip_suffix('\r').unwrap_or(line);
        read_line(line, number == 0, &mut tree, &|column, kind| ParseError {
            pos: at(number, column),
            kind,
        })?;
    }
    Err(ParseError { pos: at(body.matches('\n').count(), 0), kind: Kind::NoEnd })
}

/// What a segment of a line is.
enum Segment<'a> {
    Node { enabled: bool, text: &'a str },
    Attr(&'a str),
    Text(&'a str),
    Comment(&'a str),
}

/// The segment at the start of `s`, without the spaces before it.
fn segment(s: &str) -> Segment<'_> {
    let marked = match s.as_bytes() {
        [_, b' ', ..] => Some(&s[2..]),
        [b'.' | b':'] => Some(""),
        _ => None,
    };
    match (s.as_bytes().first(), marked) {
        (Some(b'.'), Some(text)) => Segment::Comment(text),
        (Some(b':'), Some(text)) => Segment::Text(text),
        (Some(mark @ (b'+' | b'x')), Some(text)) => {
            Segment::Node { enabled: *mark == b'+', text: before_bar(text) }
        }
        _ => Segment::Attr(before_bar(s)),
    }
}

fn before_bar(s: &str) -> &str {
    s.split('|').next().unwrap_or(s)
}

fn read_line(
    line: &str,
    top: bool,
    tree: &mut Tree,
    error: &dyn Fn(usize, Kind) -> ParseError,
) -> Result<(), ParseError> {
    let column = |s: &str| line.len() - s.len();
    let printable =
        |s: &str, tabs: bool| match s.bytes().position(|b| b < b' ' && !(tabs && b == b'\t')) {
            Some(at) => Err(error(column(s) + at, Kind::Control)),
            None => Ok(()),
        };
    let mut rest = line;
    if top {
        let text = before_bar(line);
        printable(text, false)?;
        tree.open(0, true, text, error(0, Kind::TooDeep).pos)?;
        rest = line[text.len()..].strip_prefix('|').unwrap_or("");
    }
    while !rest.is_empty() {
        let start = rest.trim_start_matches(' ');
        let consumed = match segment(start) {
            Segment::Comment(text) => {
                printable(text, true)?;
                return Ok(());
            }
            Segment::Text(text) => {
                printable(text, true)?;
                tree.text(text);
                return Ok(());
            }
            Segment::Node { enabled, text } => {
                printable(text, false)?;
                let indent = column(start) + 2;
                tree.open(indent, enabled, text, error(indent, Kind::TooDeep).pos)?;
                2 + text.len()
            }
            Segment::Attr(text) => {
                printable(text, false)?;
                tree.attr(text, error(column(start), Kind::Syntax).pos)?;
                text.len()
            }
        };
        rest = start[consumed..].strip_prefix('|').unwrap_or("");
    }
    Ok(())
}

/// Nodes that are still open, outermost first.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    nodes: u32,
}

struct Open {
    indent: usize,
    enabled: bool,
    /// Attributes come before text and sub nodes.
    takes_attrs: bool,
    node: Node,
}

impl Tree {
    /// A node begins; those that are not indented less than it end.
    fn open(
        &mut self,
        indent: usize,
        enabled: bool,
        text: &str,
        pos: Pos,
    ) -> Result<(), ParseError> {
        while self.open.len() > 1 && self.open.last().is_some_and(|o| o.indent >= indent) {
            self.close();
        }
        self.nodes += 1;
        if self.open.len() >= MAX_DEPTH {
            return Err(ParseError { pos, kind: Kind::TooDeep });
        }
        if self.nodes > MAX_NODES {
            return Err(ParseError { pos, kind: Kind::TooMany });
        }
        if let Some(parent) = self.open.last_mut() {
            parent.takes_attrs = false;
        }
        let tag = match identifier(text) {
            "" => "invalid", // as Genode calls it; the node still holds what is nested in it
            tag => tag,
        };
        let node = Node { tag: tag.into(), pos, ..Node::default() };
        self.open.push(Open { indent, enabled, takes_attrs: true, node });

        // behind the type: the node's name, or its first attribute
        if let Some((_, value)) = text.split_once(' ') {
            let column = pos.column + (text.len() - value.len()) as u32;
            let value = value.trim_matches(' ');
            let after = &value[identifier(value).len()..];
            if after.len() < value.len() && (after == ":" || after.starts_with(": ")) {
                self.attr(value, Pos { column, ..pos })?;
            } else if !value.is_empty() {
                self.set("name", value, Pos { column, ..pos })?;
            }
        }
        Ok(())
    }

    fn attr(&mut self, segment: &str, pos: Pos) -> Result<(), ParseError> {
        let tag = identifier(segment);
        if let Some(value) = segment[tag.len()..].strip_prefix(':')
            && !tag.is_empty()
        {
            self.set(tag, value.trim_matches(' '), pos)?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str, pos: Pos) -> Result<(), ParseError> {
        if let Some(open) = self.open.last_mut()
            && open.takes_attrs
            && open.node.attr(name).is_none()
        {
            if open.node.attrs.len() >= MAX_ATTRIBUTES {
                return Err(ParseError { pos, kind: Kind::TooManyAttributes });
            }
            open.node.attrs.push(Attr { name: name.into(), value: value.into(), pos });
        }
        Ok(())
    }

    fn text(&mut self, line: &str) {
        if let Some(open) = self.open.last_mut() {
            open.takes_attrs = false;
            match &mut open.node.text {
                Some(text) => {
                    text.push('\n');
                    text.push_str(line);
                }
                None => open.node.text = Some(String::from(line)),
            }
        }
    }

    fn close(&mut self) -> Option<Node> {
        let mut closed = self.open.pop()?;
        // text does not stand beside sub nodes, and blank text is none, as in XML
        if !closed.node.children.is_empty() || closed.node.text.as_deref().is_some_and(is_blank) {
            closed.node.text = None;
        }
        match self.open.last_mut() {
            Some(parent) => {
                if closed.enabled {
                    parent.node.children.push(closed.node);
                }
                None
            }
            None => Some(closed.node),
        }
    }

    fn finish(mut self) -> Node {
        loop {
            if self.open.is_empty() {
                return Node::new("empty");
            }
            if let Some(node) = self.close() {
                return node;
            }
        }
    }
}

/// The node type or attribute tag at the start of `s`.
pub(super) fn identifier(s: &str) -> &str {
    if !s.starts_with(|c: char| c.is_ascii_lowercase()) {
        return "";
    }
    let end = s
        .bytes()
        .position(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-')));
    &s[..end.unwrap_or(s.len())]
}

//! XML as Genode uses it: nodes, attributes, character data; read by `genode-xml` within its limits.

use alloc::string::String;

use genode_xml::{Cursor, Document, Element, Error, ErrorKind};

use super::{
    error::{ParseError, ParseErrorKind as Kind, WriteError, WriteErrorKind},
    tree::{Attr, MAX_DEPTH, Node, is_blank},
};

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let document = Document::parse(text).map_err(error)?;
    Ok(convert(document.root(), &mut document.cursor()))
}

fn error(error: Error) -> ParseError {
    let kind = match error.kind {
        ErrorKind::Mismatch => Kind::Mismatch,
        ErrorKind::Unclosed => Kind::Unclosed,
        ErrorKind::DuplicateAttribute => Kind::DuplicateAttribute,
        ErrorKind::Name => Kind::Name,
        ErrorKind::Reference => Kind::Reference,
        ErrorKind::Control => Kind::Control,
        ErrorKind::Comment => Kind::Comment,
        ErrorKind::Namespace | ErrorKind::Doctype | ErrorKind::TooManyNamespaces => {
            Kind::Unsupported
        }
        ErrorKind::TooLarge => Kind::TooLarge,
        ErrorKind::TooDeep => Kind::TooDeep,
        ErrorKind::TooManyAttributes => Kind::TooManyAttributes,
        ErrorKind::TooManyTags | ErrorKind::TooManyNodes | ErrorKind::TooManyEquals => {
            Kind::TooMany
        }
        _ => Kind::Syntax,
    };
    ParseError { pos: error.position.into(), kind }
}

/// Copies an element; what it holds is at most [`MAX_DEPTH`] deep.
///
/// Namespaces mean nothing to components of the system: names and declarations are kept as they
/// are, for the component that the node is passed on to.
fn convert(from: Element<'_>, cursor: &mut Cursor<'_>) -> Node {
    let pos = cursor.position(from.range().start).into();
    let tag = if from.is_namespaced() { from.qualified_name() } else { from.name() };
    let mut node = Node { tag: tag.into(), pos, ..Node::default() };
    for declared in from.declarations() {
        let pos = cursor.position(declared.start).into();
        node.attrs.push(Attr { name: declared.name.into(), value: declared.value.into(), pos });
    }
    for attr in from.attributes() {
        let pos = cursor.position(attr.start()).into();
        let name = if attr.is_namespaced() { attr.qualified_name() } else { attr.name() };
        node.attrs.push(Attr { name: name.into(), value: attr.value().into(), pos });
    }
    if from.declarations().next().is_some() {
        node.attrs.sort_by_key(|attr| (attr.pos.line, attr.pos.column));
    }
    node.children = from.children().map(|child| convert(child, cursor)).collect();
    if node.children.is_empty() {
        let text: String = from.texts().collect();
        node.text = (!is_blank(&text)).then_some(text);
    }
    node
}

pub(super) fn write(node: &Node) -> Result<String, WriteError> {
    let mut out = String::new();
    write_node(node, 0, &mut out)?;
    // Prefixes want declarations, and not each letter may be in a name.
    if node.has_odd_names() && Document::parse(&out).is_err() {
        return Err(WriteError { pos: node.pos, kind: WriteErrorKind::Name });
    }
    let limits = genode_xml::check_limits(&out);
    if limits.is_err() || !node.is_within_limits() {
        return Err(WriteError { pos: node.pos, kind: WriteErrorKind::TooLarge });
    }
    Ok(out)
}

fn indent(out: &mut String, depth: usize) {
    out.extend(core::iter::repeat_n('\t', depth));
}

fn write_node(node: &Node, depth: usize, out: &mut String) -> Result<(), WriteError> {
    let fail = |kind| WriteError { pos: node.pos, kind };
    if depth >= MAX_DEPTH {
        return Err(fail(WriteErrorKind::TooDeep));
    }
    let tag = name(&node.tag).ok_or(fail(WriteErrorKind::Name))?;
    indent(out, depth);
    out.push('<');
    out.push_str(tag);
    for attr in &node.attrs {
        let attr_name = name(&attr.name).ok_or(fail(WriteErrorKind::Name))?;
        out.push(' ');
        out.push_str(attr_name);
        out.push_str("=\"");
        // '>' stays as it is: C++ components compare labels such as "a -> b" without decoding them
        escape(&attr.value, "<&\"", out).ok_or(fail(WriteErrorKind::Value))?;
        out.push('"');
    }
    if let Some(text) = node.text() {
        out.push('>');
        escape(text, "<>&\"'", out).ok_or(fail(WriteErrorKind::Text))?;
    } else if node.children.is_empty() {
        out.push_str("/>\n");
        return Ok(());
    } else {
        out.push_str(">\n");
        for child in &node.children {
            write_node(child, depth + 1, out)?;
        }
        indent(out, depth);
    }
    out.push_str("</");
    out.push_str(tag);
    out.push_str(">\n");
    Ok(())
}

fn name(s: &str) -> Option<&str> {
    let start = s.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let rest = s.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
    (start && rest).then_some(s)
}

impl Node {
    /// Tells whether a name in it may be none for XML, although [`name`] takes it.
    fn has_odd_names(&self) -> bool {
        let odd = |name: &str| !name.is_ascii() || name.contains(':') || name == "xmlns";
        odd(&self.tag)
            || self.attrs.iter().any(|attr| odd(&attr.name))
            || self.children.iter().any(Self::has_odd_names)
    }
}

/// None if a character cannot be written at all.
fn escape(s: &str, escaped: &str, out: &mut String) -> Option<()> {
    let text = escaped.contains('>');
    for c in s.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '>' if text => out.push_str("&gt;"),
            '\'' if text => out.push_str("&apos;"),
            '\t' | '\n' if text => out.push(c),
            '\r' if text => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => return None,
            c => out.push(c),
        }
    }
    Some(())
}

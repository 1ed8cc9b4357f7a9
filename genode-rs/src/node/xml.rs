//! XML as Genode uses it: nodes, attributes, character data; read by `roxmltree`.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use roxmltree as rox;

use super::{
    Attr, Lines, MAX_DEPTH, MAX_NODES, Node, ParseError, ParseErrorKind as Kind, Pos, WriteError,
    WriteErrorKind,
};

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let lines = Lines::of(text);
    // an XML declaration must come first, but a ROM may start with an empty line
    let start = text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let options = rox::ParsingOptions { nodes_limit: MAX_NODES, ..Default::default() };
    let document = rox::Document::parse_with_options(&text[start..], options)
        .map_err(|e| error(&e, &lines, start, text.len()))?;
    convert(document.root_element(), &lines, start, 1)
}

fn error(error: &rox::Error, lines: &Lines, start: usize, end: usize) -> ParseError {
    use rox::Error as E;
    let (kind, at_end) = match error {
        E::UnexpectedCloseTag(..) | E::UnexpectedEntityCloseTag(_) => (Kind::Mismatch, false),
        E::UnclosedRootNode | E::UnexpectedEndOfStream | E::NoRootNode => (Kind::Unclosed, true),
        E::DuplicatedAttribute(..) => (Kind::DuplicateAttribute, false),
        E::UnknownEntityReference(..) | E::MalformedEntityReference(_) => (Kind::Reference, false),
        E::InvalidName(_) => (Kind::Name, false),
        E::NonXmlChar(..) => (Kind::Control, false),
        E::NodesLimitReached | E::AttributesLimitReached => (Kind::TooMany, false),
        E::UnknownNamespace(..)
        | E::DuplicatedNamespace(..)
        | E::InvalidXmlPrefixUri(_)
        | E::UnexpectedXmlUri(_)
        | E::UnexpectedXmlnsUri(_)
        | E::InvalidElementNamePrefix(_)
        | E::NamespacesLimitReached
        | E::DtdDetected => (Kind::Unsupported, false),
        _ => (Kind::Syntax, false),
    };
    let pos = if at_end {
        lines.pos(end)
    } else {
        let first = lines.pos(start);
        let at = error.pos();
        let column = if at.row == 1 { at.col + first.column - 1 } else { at.col };
        Pos { line: at.row + first.line - 1, column }
    };
    ParseError { pos, kind }
}

fn convert(
    from: rox::Node<'_, '_>,
    lines: &Lines,
    start: usize,
    depth: usize,
) -> Result<Node, ParseError> {
    let pos = lines.pos(start + from.range().start);
    if depth > MAX_DEPTH {
        return Err(ParseError { pos, kind: Kind::TooDeep });
    }
    if from.tag_name().namespace().is_some() {
        return Err(ParseError { pos, kind: Kind::Unsupported });
    }
    let mut node = Node { tag: from.tag_name().name().to_string(), pos, ..Node::default() };
    for attr in from.attributes() {
        let pos = lines.pos(start + attr.range().start);
        if attr.namespace().is_some() {
            return Err(ParseError { pos, kind: Kind::Unsupported });
        }
        node.attrs.push(Attr {
            name: attr.name().to_string(),
            value: attr.value().to_string(),
            pos,
        });
    }
    node.children = from
        .children()
        .filter(rox::Node::is_element)
        .map(|child| convert(child, lines, start, depth + 1))
        .collect::<Result<Vec<_>, _>>()?;
    if node.children.is_empty() {
        let text: String =
            from.children().filter_map(|n| if n.is_text() { n.text() } else { None }).collect();
        node.text = (!text.trim().is_empty()).then_some(text);
    }
    Ok(node)
}

pub(super) fn write(node: &Node) -> Result<String, WriteError> {
    let mut out = String::new();
    write_node(node, 0, &mut out)?;
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
    if let Some(text) = &node.text {
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
    let start = s.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    (start && rest && s != "xmlns").then_some(s)
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

//! Writing HID, as Genode's generator formats it.

use alloc::string::String;

use super::{MAX_DEPTH, MAX_SIZE, Node, WriteError, WriteErrorKind as Kind, hid::identifier};

pub(super) fn write(node: &Node) -> Result<String, WriteError> {
    let mut out = String::new();
    write_node(node, 0, &mut out)?;
    out.push_str("\n-\n");
    if out.len() > MAX_SIZE || !node.is_within_limits() {
        return Err(WriteError { pos: node.pos, kind: Kind::TooLarge });
    }
    Ok(out)
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(core::iter::repeat_n("  ", depth));
}

fn write_node(node: &Node, depth: usize, out: &mut String) -> Result<(), WriteError> {
    let fail = |kind| WriteError { pos: node.pos, kind };
    if depth >= MAX_DEPTH {
        return Err(fail(Kind::TooDeep));
    }
    if depth > 0 {
        new_line(out, depth - 1);
        out.push_str("+ ");
    }
    out.push_str(name(&node.tag).ok_or(fail(Kind::Name))?);
    for (i, attr) in node.attrs.iter().enumerate() {
        let attr_name = name(&attr.name).ok_or(fail(Kind::Name))?;
        if !value_fits(&attr.value) {
            return Err(WriteError { pos: attr.pos, kind: Kind::Value });
        }
        if i == 0 && attr_name == "name" && !reads_as_attr(&attr.value) {
            out.push(' ');
        } else {
            out.push_str(" | ");
            out.push_str(attr_name);
            out.push_str(": ");
        }
        out.push_str(&attr.value);
    }
    if let Some(text) = node.text() {
        for line in text.split('\n') {
            if !line_fits(line) {
                return Err(fail(Kind::Text));
            }
            new_line(out, depth);
            out.push(':');
            if !line.is_empty() {
                out.push(' ');
                out.push_str(line);
            }
        }
    }
    node.children.iter().try_for_each(|child| write_node(child, depth + 1, out))
}

fn name(s: &str) -> Option<&str> {
    (!s.is_empty() && identifier(s) == s).then_some(s)
}

fn value_fits(s: &str) -> bool {
    !s.bytes().any(|b| b < b' ' || b == b'|') && !s.starts_with(' ') && !s.ends_with(' ')
}

/// Genode's reader takes a tab behind a `|` for a misplaced one and rejects the whole text.
fn line_fits(s: &str) -> bool {
    let control = s.bytes().any(|b| b < b' ' && b != b'\t');
    let misread = s.contains('|') && s.contains('\t');
    !(control || misread)
}

/// Whether a name could be taken for an attribute, or for nothing.
fn reads_as_attr(s: &str) -> bool {
    s.is_empty() || s.ends_with(':') || s.contains(": ")
}

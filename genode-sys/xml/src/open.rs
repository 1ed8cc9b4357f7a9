//! Which element an error is inside of, for messages to people.

use alloc::vec::Vec;

use memchr::{memchr, memchr3};

/// Finds the innermost element of `text` that is open at `offset`: its type, and where its tag starts.
///
/// The text must be well-formed up to `offset`, as it is before an [`Error`](crate::Error)'s; what is
/// found is of no use otherwise. `None` outside of all elements.
pub fn open_element(text: &str, offset: usize) -> Option<(&str, usize)> {
    let text = text.get(..offset).unwrap_or(text);
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr(b'<', text.get(at..)?.as_bytes()) {
        let start = at + found;
        let tag = text.get(start..)?;
        let skip = |opening: &str, closing: &str| {
            let inside = tag.strip_prefix(opening)?;
            let length = inside.find(closing).map_or(inside.len(), |at| at + closing.len());
            Some(opening.len() + length)
        };
        let skipped = skip("<!--", "-->").or_else(|| skip("<![CDATA[", "]]>"));
        let length = if let Some(length) = skipped.or_else(|| skip("<?", "?>")) {
            length
        } else if let Some(length) = skip("</", ">") {
            open.pop();
            length
        } else {
            let length = tag_length(tag);
            let inside = tag.get(1..length).unwrap_or_default();
            if !inside.ends_with("/>") {
                let ends = |c: char| c.is_ascii_whitespace() || c == '>';
                open.push((inside.split(ends).next().unwrap_or(inside), start));
            }
            length
        };
        at = start + length;
    }
    open.pop()
}

/// Bytes of the start tag that `text` begins with; all of it if the tag has no end.
fn tag_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let from = |at: usize| bytes.get(at..).unwrap_or_default();
    let mut at = 1;
    while let Some(found) = memchr3(b'"', b'\'', b'>', from(at)) {
        let mark = at + found;
        match bytes.get(mark) {
            Some(quote @ (b'"' | b'\'')) => match memchr(*quote, from(mark + 1)) {
                Some(length) => at = mark + length + 2,
                None => return text.len(),
            },
            _ => return mark + 1,
        }
    }
    text.len()
}

//! What a text may have of everything, and the pass that looks before `roxmltree` does.

use memchr::{memchr, memchr_iter, memchr3};

use crate::ErrorKind;

/// A text may have this many bytes.
pub const MAX_SIZE: usize = 16 << 20;

/// Elements may be nested this deep.
pub const MAX_DEPTH: usize = 64;

/// A text may have this many elements.
pub const MAX_NODES: u32 = 100_000;

/// A text may have this many `<`: two for each element.
pub const MAX_TAGS: usize = 2 * MAX_NODES as usize;

/// An element may have this many attributes.
///
/// Each is compared with all others of its element: with four times as many, texts within
/// [`MAX_EQUALS`] would take seconds.
pub const MAX_ATTRIBUTES: usize = 128;

/// A text may have this many `=`, wherever they stand: eight for each element.
pub const MAX_EQUALS: usize = 8 * MAX_NODES as usize;

/// A text may have this many `xmlns`, wherever they stand.
///
/// Each element that declares a namespace gets a list of all that are in scope.
pub const MAX_NAMESPACES: usize = 64;

/// The least that an attribute takes: a space, a name, `=` and two quotes.
const ATTRIBUTE_SIZE: usize = 5;

/// Which limit is exceeded, and the offset where.
type Excess = (ErrorKind, usize);

/// Bounds what reading `text` can cost. Linear, and allocates nothing.
pub(crate) fn check(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_SIZE {
        return Err((ErrorKind::TooLarge, MAX_SIZE));
    }
    // a start tag holds no `<`, so that one lies between two of them
    let mut last = None;
    for (number, at) in memchr_iter(b'<', bytes).enumerate() {
        if number >= MAX_TAGS {
            return Err((ErrorKind::TooManyTags, at));
        }
        check_tag(bytes, last.unwrap_or(at), at)?;
        last = Some(at);
    }
    check_tag(bytes, last.unwrap_or(bytes.len()), bytes.len())?;
    if bytes.len() > MAX_EQUALS
        && let Some(at) = memchr_iter(b'=', bytes).nth(MAX_EQUALS)
    {
        return Err((ErrorKind::TooManyEquals, at));
    }
    let rest = |at: usize| bytes.get(at..).unwrap_or_default();
    let mut namespaces = memchr_iter(b'x', bytes).filter(|at| rest(*at).starts_with(b"xmlns"));
    match namespaces.nth(MAX_NAMESPACES) {
        Some(at) => Err((ErrorKind::TooManyNamespaces, at)),
        None => Ok(()),
    }
}

/// Bounds the attributes of a tag that starts at `start` and ends before `end`.
#[inline]
fn check_tag(bytes: &[u8], start: usize, end: usize) -> Result<(), Excess> {
    if end - start <= MAX_ATTRIBUTES * ATTRIBUTE_SIZE {
        return Ok(()); // there is no room for more
    }
    count_attributes(bytes.get(..end).unwrap_or(bytes), start)
}

#[cold]
fn count_attributes(bytes: &[u8], start: usize) -> Result<(), Excess> {
    let from = |at: usize| bytes.get(at..).unwrap_or_default();
    if matches!(bytes.get(start + 1), Some(b'/' | b'!' | b'?')) {
        return Ok(()); // no start tag
    }
    let (mut at, mut count) = (start, 0);
    // each attribute has one quoted value, and nothing else in a tag is quoted
    while let Some(quote) = memchr3(b'"', b'\'', b'>', from(at)).map(|found| at + found) {
        let Some(mark @ (b'"' | b'\'')) = bytes.get(quote) else { return Ok(()) };
        let Some(length) = memchr(*mark, from(quote + 1)) else { return Ok(()) };
        if count == MAX_ATTRIBUTES {
            return Err((ErrorKind::TooManyAttributes, quote));
        }
        count += 1;
        at = quote + 1 + length + 1;
    }
    Ok(())
}

/// Bounds depth and number of elements.
pub(crate) fn check_tree(tree: &roxmltree::Document<'_>) -> Result<(), Excess> {
    let mut open = [0_usize; MAX_DEPTH]; // the ends of elements that are not over yet
    let (mut depth, mut nodes) = (0_usize, 0_u32);
    for element in tree.descendants().filter(roxmltree::Node::is_element) {
        let range = element.range();
        nodes += 1;
        if nodes > MAX_NODES {
            return Err((ErrorKind::TooManyNodes, range.start));
        }
        while depth
            .checked_sub(1)
            .and_then(|top| open.get(top))
            .is_some_and(|end| *end <= range.start)
        {
            depth -= 1;
        }
        let slot = open.get_mut(depth).ok_or((ErrorKind::TooDeep, range.start))?;
        *slot = range.end;
        depth += 1;
    }
    Ok(())
}

//! Paths below the granted directory: names with slashes between, and none in front.

use alloc::vec::Vec;

/// Makes the path of a name in a directory.
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(directory.len() + 1 + name.len());
    path.extend_from_slice(directory);
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Returns the directory of a path; the root's is itself.
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// Returns the path that `path` has once `from` is called `to`: `None` if it does not lie there.
pub(crate) fn moved(path: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    match path.strip_prefix(from)? {
        [] => Some(to.to_vec()),
        rest @ [b'/', ..] => Some([to, rest].concat()),
        _ => None,
    }
}

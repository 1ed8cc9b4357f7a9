//! Paths: names from the root on.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use genode::{
    fs::Why,
    session::file_system::{MAX_NAME, MAX_PATH, PathError},
};

/// Symbolic links that a path may lead over.
pub const MAX_LINKS: u32 = 32;

/// A name in a path.
pub(crate) type Name = Box<[u8]>;

/// Checks a path or a link's target.
pub(crate) fn check(path: &[u8]) -> Result<(), Why> {
    if path.len() > MAX_PATH {
        return Err(PathError::TooLong.into());
    }
    if path.contains(&0) {
        return Err(PathError::Zero.into());
    }
    if path.split(|&byte| byte == b'/').any(|name| name.len() > MAX_NAME) {
        return Err(PathError::NameTooLong.into());
    }
    Ok(())
}

/// Returns the names of a path or target, `..` among them.
pub(crate) fn split(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b"."))
}

/// Reads an absolute path.
pub(crate) fn absolute(path: &str) -> Result<VecDeque<Name>, Why> {
    check(path.as_bytes())?;
    if !path.starts_with('/') {
        return Err(PathError::Relative.into());
    }
    Ok(split(path.as_bytes()).map(Name::from).collect())
}

/// Returns the path as a file-system session takes it.
pub(crate) fn joined(names: &[Name]) -> Result<alloc::string::String, Why> {
    let mut path = Vec::new();
    for name in names {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    alloc::string::String::from_utf8(path).map_err(|_| genode::fs::Refusal::InvalidName.into())
}

//! Entries, and the paths that they may have.

use alloc::vec::Vec;

use crate::{MAX_PATH, Unusable};

/// Kinds of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, with its target as the archive says: it may lead anywhere.
    Symlink(Vec<u8>),
    /// Another name of an entry, with that one's path, which leads down only.
    Link(Vec<u8>),
}

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path: names with slashes between, none of them empty, `.` or `..`. Empty for the
    /// directory that the archive was made of.
    pub path: Vec<u8>,
    /// Its kind.
    pub kind: Kind,
    /// Offset of its content in bytes of the archive.
    pub offset: u64,
    /// Bytes of its content; 0 for what is no file.
    pub size: u64,
    /// Its permissions.
    pub mode: u32,
    /// Time of its last modification in seconds since 1970.
    pub modified: i64,
}

/// Makes a path that leads down of what an archive says.
pub(crate) fn path(said: &[u8]) -> Result<Vec<u8>, Unusable> {
    if said.len() > MAX_PATH {
        return Err(Unusable::PathTooLong);
    }
    if said.contains(&0) {
        return Err(Unusable::Path);
    }
    let mut path = Vec::with_capacity(said.len());
    for name in said.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => continue,
            b".." => return Err(Unusable::Path),
            _ => (),
        }
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
    }
    Ok(path)
}

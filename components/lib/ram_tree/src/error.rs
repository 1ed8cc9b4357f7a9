//! Refusals of a tree.

use core::fmt;

/// Why a tree does not do as it is asked. It stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// There is no entry of this name.
    NotFound,
    /// There is an entry of this name.
    Exists,
    /// The node is no directory.
    NotDirectory,
    /// The node is a directory.
    IsDirectory,
    /// The node is of another kind than the call is for.
    WrongKind,
    /// The directory has entries.
    NotEmpty,
    /// The name is empty, `.` or `..`, or has a slash or a zero byte.
    InvalidName,
    /// The name or the target has more bytes than allowed.
    NameTooLong,
    /// A directory would become its own descendant.
    IntoItself,
    /// The directory lies below more directories than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// The position is beyond the largest file.
    TooLarge,
    /// The tree's limit, or the memory, is used up.
    NoSpace,
    /// The node is no more, or has no name any more.
    Gone,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no entry of this name: create it, or look for another",
            Self::Exists => "an entry of this name exists: take another name, or remove it",
            Self::NotDirectory => "not a directory",
            Self::IsDirectory => "a directory: open it as such",
            Self::WrongKind => "a node of another kind",
            Self::NotEmpty => "the directory has entries: remove them first",
            Self::InvalidName => {
                "a name has at least one byte, no slash and no zero, and is neither `.` nor `..`"
            }
            Self::NameTooLong => "a name has at most 127 bytes, the target of a link 999",
            Self::IntoItself => "a directory cannot move below itself",
            Self::TooDeep => "too many directories below each other: use fewer levels",
            Self::TooLarge => "a file has at most 2^63-1 bytes",
            Self::NoSpace => "no space left: remove files, or raise the limit",
            Self::Gone => "the node was removed",
        })
    }
}

impl core::error::Error for Error {}

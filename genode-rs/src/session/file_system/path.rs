//! Paths and names: what a session takes.

use core::fmt;

/// Bytes of a name at most.
pub const MAX_NAME: usize = 127;

/// Bytes of a path at most.
///
/// Genode's buffer has 1024 bytes, which together with the rest of the call do not fit a message of
/// 1024 bytes; a longer path would be cut off there.
pub const MAX_PATH: usize = 999;

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// It does not begin with a slash.
    Relative,
    /// It leads upward by `..`.
    Upward,
    /// One of its names has more than [`MAX_NAME`] bytes.
    NameTooLong,
    /// It has more than [`MAX_PATH`] bytes.
    TooLong,
    /// It has a zero byte.
    Zero,
    /// It leads over more symbolic links than are followed.
    Links {
        /// Links that are followed.
        limit: u32,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Links { limit } => {
                return write!(f, "more than {limit} symbolic links: see where they lead round");
            }
            Self::Relative => "a path begins with a slash: it is seen from the session's root",
            Self::Upward => "a path has no `..`: name the directory itself",
            Self::NameTooLong => "a name has at most 127 bytes",
            Self::TooLong => "a path has at most 999 bytes: open a directory on the way",
            Self::Zero => "a path has no zero byte",
        };
        f.write_str(text)
    }
}

impl core::error::Error for PathError {}

/// A checked path: absolute, and never upward. Empty names and `.` count as nothing.
///
/// ```
/// use genode::session::file_system::{Path, PathError};
///
/// let path = Path::new(b"/home//./user/")?;
/// assert!(path.names().eq([&b"home"[..], b"user"]));
/// let (parent, name) = path.split_last().unwrap();
/// assert!(parent.names().eq([&b"home"[..]]));
/// assert_eq!(name, b"user");
/// assert_eq!(Path::new(b"/a/../b"), Err(PathError::Upward));
/// assert_eq!(Path::new(b"a"), Err(PathError::Relative));
/// # Ok::<(), PathError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path<'a>(&'a [u8]);

impl<'a> Path<'a> {
    /// Checks a path.
    ///
    /// # Errors
    /// Says which rule it breaks.
    pub fn new(path: &'a [u8]) -> Result<Self, PathError> {
        if path.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        if path.first() != Some(&b'/') {
            return Err(PathError::Relative);
        }
        if path.contains(&0) {
            return Err(PathError::Zero);
        }
        for name in path.split(|&byte| byte == b'/') {
            if name == b".." {
                return Err(PathError::Upward);
            }
            if name.len() > MAX_NAME {
                return Err(PathError::NameTooLong);
            }
        }
        Ok(Self(path))
    }

    /// Returns the path as it was given.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Returns the names from the root on.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'a> {
        self.0.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b"."))
    }

    /// Divides it into the directory's path and the last name; `None` for the root.
    pub fn split_last(&self) -> Option<(Self, &'a [u8])> {
        let name = self.names().next_back()?;
        // What follows the last name is slashes and dots.
        let mut end = self.0.len();
        while !self.0[..end].ends_with(name)
            || end == name.len()
            || self.0[end - name.len() - 1] != b'/'
        {
            end -= 1;
        }
        // Servers of C++ find no directory by a path that ends with a slash.
        let mut parent = end - name.len();
        while parent > 1 && self.0[parent - 1] == b'/' {
            parent -= 1;
        }
        Some((Self(&self.0[..parent]), name))
    }

    /// Tells whether it is the session's root.
    pub fn is_root(&self) -> bool {
        self.names().next().is_none()
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

/// Tells whether a node may have this name: 1 to [`MAX_NAME`] bytes, no slash, no zero, neither `.`
/// nor `..`.
pub fn is_name(name: &[u8]) -> bool {
    let special = matches!(name, b"" | b"." | b"..");
    !special && name.len() <= MAX_NAME && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

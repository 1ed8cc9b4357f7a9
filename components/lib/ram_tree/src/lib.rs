//! A tree of directories, files and symbolic links in memory.
//!
//! It is what a file-system server keeps, and knows nothing of components, sessions or packets. All
//! that it takes is counted against a limit, and running out is an error that leaves the tree as it
//! was. It never follows a symbolic link and knows no paths: callers look names up one by one.
//!
//! ```
//! use ram_tree::{Cursor, Error, Kind, Tree};
//!
//! let mut tree = Tree::new(64 * 1024);
//! let file = tree.create(tree.root(), b"greeting", Kind::File)?;
//! tree.write(file, 0, 5, &mut |offset, piece| piece.copy_from_slice(&b"hello"[offset..]))?;
//! let mut text = Vec::new();
//! tree.read(file, 1, 100, &mut |_, piece| text.extend_from_slice(piece))?;
//! assert_eq!(text, b"ello");
//!
//! // Contents are sparse: a hole takes nothing.
//! let used = tree.used();
//! tree.truncate(file, 1 << 40)?;
//! assert_eq!((tree.status(file)?.size, tree.used()), (1 << 40, used));
//! let too_much = tree.write(file, 1 << 30, 100_000, &mut |_, piece| piece.fill(1));
//! assert_eq!(too_much, Err(Error::NoSpace));
//!
//! // What is open stays when its name is gone.
//! tree.open(file)?;
//! tree.unlink(tree.root(), b"greeting")?;
//! assert_eq!(tree.lookup(tree.root(), b"greeting"), Err(Error::NotFound));
//! assert_eq!(tree.read(file, 0, 5, &mut |_, _| ())?, 5);
//! tree.close(file);
//! assert_eq!(tree.status(file), Err(Error::Gone));
//! assert!(tree.entry(tree.root(), 0, &mut Cursor::default())?.is_none());
//! # Ok::<(), Error>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod budget;
mod content;
mod error;
mod node;
mod order;
#[cfg(test)]
mod tests;
mod tree;
mod watch;

pub use content::MAX_SIZE;
pub use error::Error;
pub use node::{Cursor, Entry, Kind, NodeId, Status};
pub use tree::Tree;
pub use watch::WatchId;

/// Bytes of a name at most.
pub const MAX_NAME: usize = 127;

/// Bytes of a symbolic link's target at most.
pub const MAX_TARGET: usize = 999;

/// Directories below each other at most. Bounds the walk that finds out whether a directory would
/// move below itself.
pub const MAX_DEPTH: usize = 512;

/// Checks a name.
///
/// # Errors
/// [`Error::InvalidName`], [`Error::NameTooLong`].
pub fn check_name(name: &[u8]) -> Result<(), Error> {
    if name.len() > MAX_NAME {
        return Err(Error::NameTooLong);
    }
    let special = matches!(name, b"" | b"." | b"..");
    if special || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Err(Error::InvalidName);
    }
    Ok(())
}

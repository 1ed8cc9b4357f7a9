//! A tree of mounted file systems, for one component.
//!
//! A [`Vfs`] is made of a `<vfs>` node, as Genode's programs have it, or of [`Mount`]s:
//!
//! ```no_run
//! # use genode::prelude::*;
//! # fn f(env: Env) -> Result<(), Box<dyn core::error::Error>> {
//! // <config> <vfs> <ram/> <dir name="dev"> <log/> </dir> </vfs> </config>
//! let config = env.config().read()?;
//! let vfs = vfs::Vfs::from_config(env, config.child("vfs").ok_or(Error::Invalid)?);
//! vfs.wait(vfs.write("/notes", b"hello"))?;
//! assert_eq!(vfs.wait(vfs.read("/notes", 100))?, b"hello");
//! # Ok(()) }
//! ```
//!
//! | node | what is there |
//! |---|---|
//! | `<dir name="n">` | a directory with the mounts inside |
//! | `<ram limit="4M"/>` | files in memory |
//! | `<tar name="archive"/>` | the content of a tar archive, which is a ROM module; read-only |
//! | `<fs label="l" root="/" writeable="yes" buffer_size="128K"/>` | a File_system session |
//! | `<rom name="n" label="module" binary="yes"/>` | a ROM: to a zero byte, `binary`: all |
//! | `<inline name="n">text</inline>` | a file with that text |
//! | `<symlink name="n" target="/t"/>` | a symbolic link |
//! | `<null/>`, `<zero size="4K"/>` | empty, and zeros; what is written is gone |
//! | `<log label="l"/>` | a LOG session, or the component's own log; nothing is read |
//! | `<terminal label="l"/>` | a Terminal session |
//!
//! Of several mounts that have a path, the one counts whose directory in the tree is the deepest,
//! and of those the first; directories of all are listed together. What is new goes to the first
//! one that may be written.
//!
//! Paths are absolute. `..` leads up, at the root it stays there. Symbolic links are followed
//! within the tree, [`MAX_LINKS`] of them at most, by functions that say so; none leads out of it.
//!
//! Contents are futures, as in [`genode::fs`]: for tasks, and for code without them by
//! [`Vfs::wait`]. [`File::stream`] is a stream for others' crates, by `embedded-io` and
//! `embedded-io-async`.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod archive;
mod config;
mod content;
mod device;
mod file;
mod memory;
mod mount;
mod path;
mod resolve;
mod stream;
mod system;
#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use file::File;
pub use genode::fs::{Call, Error, Mode, NodeType, Refusal, Why};
pub use mount::Mount;
pub use path::MAX_LINKS;
pub use stream::Stream;
pub use system::{Entry, Metadata, Vfs};

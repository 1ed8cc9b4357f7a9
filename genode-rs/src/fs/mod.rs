//! Files and directories of a File_system server.
//!
//! Do not send packets by hand: a [`FileSystem`] opens, reads, writes and watches, for tasks and
//! for code without tasks.
//!
//! ```no_run
//! # use genode::{prelude::*, task::Tasks};
//! use genode::fs::{self, FileSystem};
//!
//! async fn greet(fs: FileSystem) -> Result<(), fs::Error> {
//!     fs.create_dir("/notes")?;
//!     fs.write("/notes/today", b"hello").await?;
//!     let file = fs.open_file("/notes/today", fs::Mode::READ)?;
//!     let mut start = [0; 4];
//!     assert_eq!(file.read_at(0, &mut start).await?, 4);
//!     for entry in fs.read_dir("/notes").await? {
//!         log!("{}", entry.name_str().unwrap_or("(no UTF-8)"));
//!     }
//!     let watch = fs.watch("/notes/today")?;
//!     watch.changed().await?; // until somebody else wrote it
//!     fs.remove("/notes/today")
//! }
//!
//! # fn tasks(env: Env, tasks: &Tasks) -> Result<(), fs::Error> {
//! let fs = FileSystem::open(env, "/")?;
//! tasks.try_spawn(greet(fs));
//! # Ok(()) }
//!
//! // Without tasks, for code that must not return before it is done:
//! fn config(env: Env) -> Result<Vec<u8>, fs::Error> {
//!     let fs = FileSystem::open(env, "/")?;
//!     fs.wait(fs.read("/config", 1 << 20))
//! }
//! ```
//!
//! A system has a server of the service `File_system`, such as `rs_ram_fs`, whose policy says who
//! may write: its README (components/ram_fs) has a start node to copy.
//!
//! | to | use |
//! |---|---|
//! | read or write a whole file | [`FileSystem::read`], [`write`], [`append`] |
//! | work on parts of one | [`FileSystem::open_file`] or [`create`], [`File`] |
//! | read and write as a stream, by `embedded-io` or `embedded-io-async` | [`File::stream`] |
//! | list, make, move, remove | [`read_dir`], [`create_dir`], [`rename`], [`remove`] |
//! | know more of a node | [`metadata`], [`read_link`] |
//! | be told of changes | [`watch`] |
//!
//! [`write`]: FileSystem::write
//! [`append`]: FileSystem::append
//! [`create`]: FileSystem::create
//! [`read_dir`]: FileSystem::read_dir
//! [`create_dir`]: FileSystem::create_dir
//! [`rename`]: FileSystem::rename
//! [`remove`]: FileSystem::remove
//! [`metadata`]: FileSystem::metadata
//! [`read_link`]: FileSystem::read_link
//! [`watch`]: FileSystem::watch
//!
//! Paths begin with a slash, which stands for the session's root directory. Symbolic links are not
//! followed. Opening, looking up, renaming and removing are calls: they keep the entrypoint until
//! the server answers, whereas contents are waited for by tasks. What the server needs for handles
//! is donated to the session as it is asked for.
//!
//! A future that is dropped takes back nothing: what was asked for may still happen. A server that
//! dies answers nothing any more: whoever must go on bounds its waiting by
//! [`Timers::timeout`](crate::time::Timers::timeout).

mod dir;
mod error;
mod file;
mod requests;
mod stream;
mod system;

pub use dir::Watch;
pub use error::{Call, Error, Why};
pub use file::File;
pub use requests::DEFAULT_BUFFER;
pub use stream::{Positioned, StreamIo};
pub use system::{Builder, FileSystem, Metadata};

pub use crate::session::file_system::{Dialect, DirEntry, Mode, NodeType, Refusal, Rwx};

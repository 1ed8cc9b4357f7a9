//! File_system: directories, files and symbolic links of a server.
//!
//! A session has a root directory, which its client cannot leave. Names are looked up and nodes
//! opened by calls; contents travel as packets through shared memory.
//!
//! | module of this one | has |
//! |---|---|
//! | handles, [`Mode`], [`Status`], [`DirEntry`] | what calls and directories carry |
//! | [`Packets`], [`Header`] | what the queues carry |
//! | [`Path`] | which paths a session takes |
//! | [`Server`], [`Volume`] | serving sessions over what a server keeps its files in |
//! | [`Refusal`] | why a server does not do as it is asked, and the exceptions that say so |
//!
//! The interface is that of Genode 26.02 and 24.11, whose messages agree; [`Dialect`] holds what
//! they mean by them where that differs.
//!
//! Reference: `repos/os/include/file_system_session/file_system_session.h`.

mod packet;
mod path;
mod refusal;
mod server;
#[cfg(test)]
mod tests;
mod types;
mod volume;

pub use packet::{Header, Operation, Packets, QUEUE, SEEK_TAIL};
pub use path::{MAX_NAME, MAX_PATH, Path, PathError, is_name};
pub use refusal::{
    DirError, HandleError, MoveError, NodeError, OpenError, Refusal, StatusError, TruncateError,
    UnlinkError, WatchError,
};
pub use server::{Server, Session};
pub use types::{
    Control, Dialect, DirEntry, DirHandle, FileHandle, Mode, NodeHandle, NodeType, Rwx, Status,
    SymlinkHandle, TimeUnit, WatchHandle,
};
pub use volume::Volume;

use crate::{cap::Capability, packet_stream::TxChannel, rpc::InBuffer};

/// A name in a call: as Genode's, [`MAX_NAME`] bytes and the terminating zero.
pub type NameBuf<'a> = InBuffer<'a, { MAX_NAME + 1 }>;

/// A path in a call: [`MAX_PATH`] bytes and the terminating zero.
pub type PathBuf<'a> = InBuffer<'a, { MAX_PATH + 1 }>;

/// A File_system session (`file_system_session/file_system_session.h`).
#[genode::rpc(service = "File_system", caps = 12, ram = 192 * 1024)]
pub trait FileSystemSession {
    /// Returns the packet stream.
    fn tx(&mut self) -> Capability<dyn TxChannel>;
    /// Opens a file, or creates it and opens it.
    #[throws]
    fn file(
        &mut self,
        directory: DirHandle,
        name: NameBuf<'_>,
        mode: Mode,
        create: bool,
    ) -> Result<FileHandle, OpenError>;
    /// Opens a symbolic link, or creates it and opens it.
    #[throws]
    fn symlink(
        &mut self,
        directory: DirHandle,
        name: NameBuf<'_>,
        create: bool,
    ) -> Result<SymlinkHandle, OpenError>;
    /// Opens a directory, or creates it and opens it.
    #[throws]
    fn dir(&mut self, path: PathBuf<'_>, create: bool) -> Result<DirHandle, DirError>;
    /// Opens a node of any kind for its status.
    #[throws]
    fn node(&mut self, path: PathBuf<'_>) -> Result<NodeHandle, NodeError>;
    /// Watches a node of any kind: with each change the server sends a packet with the handle.
    #[throws]
    fn watch(&mut self, path: PathBuf<'_>) -> Result<WatchHandle, WatchError>;
    /// Closes a node.
    #[throws]
    fn close(&mut self, node: NodeHandle) -> Result<(), HandleError>;
    /// Returns what is known of a node.
    #[throws]
    fn status(&mut self, node: NodeHandle) -> Result<Status, StatusError>;
    /// Changes a node's attributes; there are none so far.
    #[throws]
    fn control(&mut self, node: NodeHandle, control: Control) -> Result<(), StatusError>;
    /// Removes an entry of a directory.
    #[throws]
    fn unlink(&mut self, directory: DirHandle, name: NameBuf<'_>) -> Result<(), UnlinkError>;
    /// Cuts a file at `size`, or makes it as long.
    #[throws]
    fn truncate(&mut self, file: FileHandle, size: u64) -> Result<(), TruncateError>;
    /// Moves an entry to another directory or name.
    #[throws]
    fn rename(
        &mut self,
        from: DirHandle,
        from_name: NameBuf<'_>,
        to: DirHandle,
        to_name: NameBuf<'_>,
    ) -> Result<(), MoveError>;
    /// Returns the number of a directory's entries.
    #[throws]
    fn num_entries(&mut self, directory: DirHandle) -> Result<u32, HandleError>;
}

//! The storage of a file-system server, as a trait.

use core::fmt::Debug;

use super::{DirEntry, NodeType, Refusal, Status};
use crate::packet_stream::View;

/// A tree of nodes that sessions of a [`Server`](super::Server) work on.
///
/// Its functions are called between calls and packets of clients and must not wait. Names were
/// checked by [`is_name`](super::is_name). A node that is open stays, whatever happens to its name.
pub trait Volume: 'static {
    /// A node.
    type Node: Copy + Debug + Eq + 'static;
    /// A reader's place in a directory.
    type Cursor: Copy + Debug + Default + 'static;
    /// A watch.
    type Watch: Copy + Debug + 'static;

    /// Bytes charged to a client for each handle: what session and volume remember of it at most.
    const HANDLE_COST: usize = 512;

    /// Returns the root directory.
    fn root(&self) -> Self::Node;

    /// Returns the node called `name`.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`].
    fn lookup(&self, directory: Self::Node, name: &[u8]) -> Result<Self::Node, Refusal>;

    /// Makes a node called `name`.
    ///
    /// # Errors
    /// [`Refusal::NodeAlreadyExists`], [`Refusal::NoSpace`], [`Refusal::PermissionDenied`].
    fn create(
        &mut self,
        directory: Self::Node,
        name: &[u8],
        kind: NodeType,
    ) -> Result<Self::Node, Refusal>;

    /// Removes a name.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], [`Refusal::NotEmpty`], [`Refusal::PermissionDenied`].
    fn unlink(&mut self, directory: Self::Node, name: &[u8]) -> Result<(), Refusal>;

    /// Moves a name, and replaces what has it.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], [`Refusal::PermissionDenied`].
    fn rename(&mut self, from: (Self::Node, &[u8]), to: (Self::Node, &[u8]))
    -> Result<(), Refusal>;

    /// Keeps a node until [`close`](Self::close).
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    fn open(&mut self, node: Self::Node) -> Result<(), Refusal>;

    /// Ends what [`open`](Self::open) began.
    fn close(&mut self, node: Self::Node);

    /// Returns what is known of a node, as if every session might write it.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    fn status(&self, node: Self::Node) -> Result<Status, Refusal>;

    /// Returns the number of a directory's entries.
    ///
    /// # Errors
    /// [`Refusal::InvalidHandle`] if it is none.
    fn entries(&self, directory: Self::Node) -> Result<u32, Refusal>;

    /// Returns the entry at `index`; `None` behind the last.
    ///
    /// # Errors
    /// [`Refusal::InvalidHandle`] if it is no directory.
    fn entry(
        &self,
        directory: Self::Node,
        index: u64,
        cursor: &mut Self::Cursor,
    ) -> Result<Option<DirEntry>, Refusal>;

    /// Hands up to `len` bytes from `at` of a file, or a link's target, to `sink`, piece by piece
    /// with their offset from `at`. Returns how many there were.
    ///
    /// # Errors
    /// [`Refusal::InvalidHandle`] for a directory, [`Refusal::Unavailable`].
    fn read(
        &self,
        node: Self::Node,
        at: u64,
        len: usize,
        sink: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<usize, Refusal>;

    /// Writes `len` bytes at `at` of a file, all or none, which `source` fills in piece by piece.
    ///
    /// # Errors
    /// [`Refusal::NoSpace`], [`Refusal::InvalidHandle`], [`Refusal::Unavailable`].
    fn write(
        &mut self,
        node: Self::Node,
        at: u64,
        len: usize,
        source: &mut dyn FnMut(usize, &mut [u8]),
    ) -> Result<(), Refusal>;

    /// Reads as [`read`](Self::read) does, as many bytes as a packet's content has, into that. For
    /// a volume that fills it without a buffer between.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_into(&self, node: Self::Node, at: u64, content: View<'_>) -> Result<usize, Refusal> {
        let mut written = Ok(());
        let length = self.read(node, at, content.len(), &mut |offset, piece| {
            written = written.and_then(|()| content.write(offset, piece));
        })?;
        written.map_err(|_| Refusal::InvalidHandle)?;
        Ok(length)
    }

    /// Writes as [`write`](Self::write) does, the content of a packet.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn write_from(&mut self, node: Self::Node, at: u64, content: View<'_>) -> Result<(), Refusal> {
        self.write(node, at, content.len(), &mut |offset, piece| {
            // The whole packet lies in the bulk buffer: reading it does not fail.
            if content.read(offset, piece).is_err() {
                piece.fill(0);
            }
        })
    }

    /// Sets a file's size.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn truncate(&mut self, node: Self::Node, size: u64) -> Result<(), Refusal>;

    /// Replaces a link's target.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn set_target(&mut self, node: Self::Node, target: &[u8]) -> Result<(), Refusal>;

    /// Sets the time of a node's last modification.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    fn set_modified(&mut self, node: Self::Node, stamp: i64) -> Result<(), Refusal>;

    /// Makes durable what was written to a node.
    ///
    /// # Errors
    /// [`Refusal::NoSpace`], [`Refusal::Unavailable`].
    fn sync(&mut self, node: Self::Node) -> Result<(), Refusal>;

    /// Watches a node: with each change, [`next_change`](Self::next_change) has `token`.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] where nodes are not watched, [`Refusal::NoSpace`].
    fn watch(&mut self, node: Self::Node, token: u64) -> Result<Self::Watch, Refusal>;

    /// Ends a watch.
    fn unwatch(&mut self, watch: Self::Watch);

    /// Tells those that watch a node that its content changed.
    fn changed(&mut self, node: Self::Node);

    /// Takes the token of a watch whose node changed.
    fn next_change(&mut self) -> Option<u64>;
}

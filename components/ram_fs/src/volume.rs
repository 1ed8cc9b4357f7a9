//! The tree as a volume of File_system sessions.

use genode::session::file_system::{DirEntry, NodeType, Refusal, Rwx, Status, Volume};
use ram_tree::{Cursor, Entry, Error, Kind, NodeId, Tree, WatchId};

/// A tree in memory.
pub(crate) struct Memory {
    pub(crate) tree: Tree,
    /// A directory is removed with all that it holds.
    pub(crate) recursive: bool,
}

/// News for a client.
fn refusal(error: Error) -> Refusal {
    match error {
        Error::NotFound | Error::NotDirectory | Error::IsDirectory | Error::WrongKind => {
            Refusal::LookupFailed
        }
        Error::Exists => Refusal::NodeAlreadyExists,
        Error::NotEmpty => Refusal::NotEmpty,
        Error::InvalidName => Refusal::InvalidName,
        Error::NameTooLong => Refusal::NameTooLong,
        Error::NoSpace | Error::TooLarge => Refusal::NoSpace,
        Error::Gone => Refusal::Unavailable,
        // Directories below each other without end among them.
        _ => Refusal::PermissionDenied,
    }
}

fn node_type(kind: Kind) -> NodeType {
    match kind {
        Kind::Directory => NodeType::Directory,
        Kind::File => NodeType::ContinuousFile,
        Kind::Symlink => NodeType::Symlink,
    }
}

/// As Genode's: what is in memory can be used for everything.
const ALL: Rwx = Rwx { readable: true, writeable: true, executable: true };

impl Volume for Memory {
    type Node = NodeId;
    type Cursor = Cursor;
    type Watch = WatchId;

    fn root(&self) -> NodeId {
        self.tree.root()
    }

    fn lookup(&self, directory: NodeId, name: &[u8]) -> Result<NodeId, Refusal> {
        self.tree.lookup(directory, name).map_err(refusal)
    }

    fn create(
        &mut self,
        directory: NodeId,
        name: &[u8],
        kind: NodeType,
    ) -> Result<NodeId, Refusal> {
        let kind = match kind {
            NodeType::Directory => Kind::Directory,
            NodeType::Symlink => Kind::Symlink,
            NodeType::ContinuousFile | NodeType::TransactionalFile => Kind::File,
        };
        self.tree.create(directory, name, kind).map_err(refusal)
    }

    fn unlink(&mut self, directory: NodeId, name: &[u8]) -> Result<(), Refusal> {
        let done = if self.recursive {
            self.tree.unlink_all(directory, name)
        } else {
            self.tree.unlink(directory, name)
        };
        done.map_err(refusal)
    }

    fn rename(&mut self, from: (NodeId, &[u8]), to: (NodeId, &[u8])) -> Result<(), Refusal> {
        self.tree.rename(from, to).map_err(|error| match error {
            Error::NotDirectory | Error::IsDirectory => Refusal::PermissionDenied,
            error => refusal(error),
        })
    }

    fn open(&mut self, node: NodeId) -> Result<(), Refusal> {
        self.tree.open(node).map_err(refusal)
    }

    fn close(&mut self, node: NodeId) {
        self.tree.close(node);
    }

    fn status(&self, node: NodeId) -> Result<Status, Refusal> {
        let status = self.tree.status(node).map_err(refusal)?;
        let (kind, inode) = (node_type(status.kind), node.number());
        let size = if status.kind == Kind::Directory { 0 } else { status.size };
        Ok(Status { size, kind, rwx: ALL, inode, modified: status.modified as i64 })
    }

    fn entries(&self, directory: NodeId) -> Result<u32, Refusal> {
        match self.tree.status(directory).map_err(refusal)? {
            status if status.kind == Kind::Directory => {
                Ok(u32::try_from(status.size).unwrap_or(u32::MAX))
            }
            _ => Err(Refusal::InvalidHandle),
        }
    }

    fn entry(
        &self,
        directory: NodeId,
        index: u64,
        cursor: &mut Cursor,
    ) -> Result<Option<DirEntry>, Refusal> {
        let found = self.tree.entry(directory, index, cursor).map_err(refusal)?;
        Ok(found.and_then(|Entry { node, kind, name }| {
            DirEntry::new(&name, node_type(kind), ALL, node.number())
        }))
    }

    fn read(
        &self,
        node: NodeId,
        at: u64,
        len: usize,
        sink: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<usize, Refusal> {
        match self.tree.read(node, at, len, sink) {
            Err(Error::WrongKind) => {
                let target = self.tree.target(node).map_err(refusal)?;
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(target.len());
                let part = &target[at..target.len().min(at.saturating_add(len))];
                sink(0, part);
                Ok(part.len())
            }
            read => read.map_err(refusal),
        }
    }

    fn write(
        &mut self,
        node: NodeId,
        at: u64,
        len: usize,
        source: &mut dyn FnMut(usize, &mut [u8]),
    ) -> Result<(), Refusal> {
        self.tree.write(node, at, len, source).map_err(refusal)
    }

    fn truncate(&mut self, node: NodeId, size: u64) -> Result<(), Refusal> {
        self.tree.truncate(node, size).map_err(refusal)
    }

    fn set_target(&mut self, node: NodeId, target: &[u8]) -> Result<(), Refusal> {
        self.tree.set_target(node, target).map_err(refusal)
    }

    fn set_modified(&mut self, node: NodeId, stamp: i64) -> Result<(), Refusal> {
        self.tree.set_modified(node, stamp as u64).map_err(refusal)
    }

    /// Memory is as durable as it gets.
    fn sync(&mut self, node: NodeId) -> Result<(), Refusal> {
        self.tree.status(node).map(|_| ()).map_err(refusal)
    }

    fn watch(&mut self, node: NodeId, token: u64) -> Result<WatchId, Refusal> {
        self.tree.watch(node, token).map_err(refusal)
    }

    fn unwatch(&mut self, watch: WatchId) {
        self.tree.unwatch(watch);
    }

    fn changed(&mut self, node: NodeId) {
        self.tree.changed(node);
    }

    fn next_change(&mut self) -> Option<u64> {
        self.tree.next_change()
    }
}

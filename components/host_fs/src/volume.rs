//! The granted directory as a volume of File_system sessions.

use alloc::vec::Vec;
use core::cell::RefCell;

use genode::{
    packet_stream::View,
    session::file_system::{DirEntry, NodeType, Refusal, Rwx, Status, Volume},
};
use host_files::{Errno, HostFiles, Kind, Listing, Status as Found};
use rustix::fd::OwnedFd;

use crate::{
    names::{join, parent},
    nodes::{Entry, NodeId, Nodes, ROOT},
    refusal::refusal,
    watches::Watches,
};

type Done<T = ()> = Result<T, Refusal>;

/// Entries that one request may skip: a client that reads a directory in order skips none.
const MAX_SKIP: u64 = 16 << 10;

/// Longest path of a node, in bytes: a part of what its handle is charged.
pub(crate) const KEPT_PATH: usize = 1600;

/// A directory of the machine.
pub(crate) struct Host {
    files: HostFiles,
    writeable: bool,
    nodes: RefCell<Nodes>,
    listed: RefCell<Listed>,
    watches: Watches,
}

/// Entries of a directory that were read last.
#[derive(Default)]
struct Listed {
    of: Option<NodeId>,
    entries: Listing,
    /// The entry that was returned last.
    at: usize,
}

/// A reader's place in a directory: the entry that it is at, and the machine's name for that.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    index: u64,
    place: u64,
}

impl Host {
    pub(crate) fn new(files: HostFiles, writeable: bool) -> Self {
        let (nodes, listed) = (RefCell::new(Nodes::new()), RefCell::default());
        Self { files, writeable, nodes, listed, watches: Watches::default() }
    }

    fn path(&self, node: NodeId) -> Done<Vec<u8>> {
        self.with(node, |entry| Ok(entry.path.clone()))
    }

    fn with<T>(&self, node: NodeId, act: impl FnOnce(&mut Entry) -> Done<T>) -> Done<T> {
        act(self.nodes.borrow_mut().get(node).ok_or(Refusal::Unavailable)?)
    }

    fn may_write(&self) -> Done {
        if self.writeable { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }

    /// Opens what has a path, for writing too if that is possible. A link has no descriptor.
    fn find(&self, path: &[u8]) -> Result<(Found, Option<OwnedFd>), Errno> {
        let mut opened = self.files.open(path, self.writeable);
        if matches!(opened, Err(Errno::ISDIR | Errno::ACCESS | Errno::ROFS | Errno::TXTBSY)) {
            opened = self.files.open(path, false);
        }
        match opened {
            Ok((file, found)) => Ok((found, Some(file))),
            Err(Errno::LOOP) => Ok((self.files.status(path)?, None)),
            Err(error) => Err(error),
        }
    }

    /// Opens a node unless it is open; runs `act` with its descriptor, which a link has not.
    fn opened<T>(
        &self,
        node: NodeId,
        act: impl FnOnce(&Entry, Option<&OwnedFd>) -> Done<T>,
    ) -> Done<T> {
        let mut nodes = self.nodes.borrow_mut();
        let entry = nodes.get(node).ok_or(Refusal::Unavailable)?;
        let link = matches!(entry.known, Some((Kind::Link, ..)));
        if entry.file.is_none() && !entry.pending && !link {
            if entry.nameless {
                return Err(Refusal::Unavailable);
            }
            let path = entry.path.clone();
            nodes.make_room();
            let (found, file) = self.find(&path).map_err(refusal)?;
            let entry = nodes.get(node).ok_or(Refusal::Unavailable)?;
            if found.kind == Kind::Other {
                return Err(Refusal::LookupFailed);
            }
            if !entry.is(&found) {
                entry.nameless = true;
                return Err(Refusal::Unavailable);
            }
            entry.keep(&found, file);
        }
        let entry = nodes.get(node).ok_or(Refusal::Unavailable)?;
        act(entry, entry.file.as_ref())
    }

    /// Runs `act` with the descriptor of a file.
    fn file<T>(&self, node: NodeId, act: impl FnOnce(&OwnedFd) -> Done<T>) -> Done<T> {
        self.opened(node, |entry, file| match (entry.known, file) {
            (Some((Kind::File, ..)), Some(file)) => act(file),
            _ => Err(Refusal::InvalidHandle),
        })
    }

    /// Runs `act` with the descriptor of a directory.
    fn directory<T>(&self, node: NodeId, act: impl FnOnce(&OwnedFd) -> Done<T>) -> Done<T> {
        self.opened(node, |entry, file| match (entry.known, file) {
            (Some((Kind::Directory, ..)), Some(file)) => act(file),
            _ => Err(Refusal::InvalidHandle),
        })
    }

    /// Nodes whose path goes to something else, or to nothing: each keeps its descriptor if it can.
    fn lose(&self, path: &[u8]) {
        let mut nodes = self.nodes.borrow_mut();
        let mut pin = nodes.may_pin();
        for entry in nodes.iter_mut().filter(|entry| entry.path == path && entry.opened > 0) {
            entry.nameless = true;
            if !pin {
                entry.file = None;
            }
            pin = false;
        }
    }

    /// Makes the names on the way to a node durable.
    fn sync_names(&self, path: &[u8]) -> Done {
        let mut path = path;
        while !path.is_empty() {
            path = parent(path);
            let (directory, _) = self.files.open(path, false).map_err(refusal)?;
            rustix::fs::fsync(directory).map_err(refusal)?;
        }
        Ok(())
    }

    /// Finds the entry behind a place, among those that were read or by reading more.
    fn at_place<T>(
        &self,
        node: NodeId,
        place: u64,
        take: impl FnOnce(host_files::Entry<'_>) -> T,
    ) -> Done<Option<T>> {
        let listed = &mut *self.listed.borrow_mut();
        let before = listed.at.checked_sub(1);
        let goes_on = listed.of == Some(node)
            && place != 0
            && before.and_then(|at| listed.entries.get(at)).is_some_and(|e| e.next == place)
            && listed.at < listed.entries.len();
        if !goes_on {
            listed.of = None;
            self.directory(node, |directory| {
                listed.entries.read(directory, place).map_err(refusal)
            })?;
            (listed.of, listed.at) = (Some(node), 0);
        }
        let entry = listed.entries.get(listed.at).map(take);
        listed.at += 1;
        Ok(entry)
    }

    /// Moves a cursor by an entry that can be shown; returns it.
    fn step(&self, node: NodeId, cursor: &mut Cursor) -> Done<Option<DirEntry>> {
        loop {
            let found = self.at_place(node, cursor.place, |entry| {
                let rwx = Rwx { readable: true, writeable: self.writeable, executable: false };
                let kind = entry.kind.filter(|kind| *kind != Kind::Other).map(node_type);
                let shown = kind.and_then(|kind| DirEntry::new(entry.name, kind, rwx, entry.inode));
                let unknown = entry.kind.is_none().then(|| entry.name.to_vec());
                (shown, unknown, entry.next)
            })?;
            let Some((shown, unknown, next)) = found else { return Ok(None) };
            cursor.place = next;
            let shown = match unknown {
                Some(name) => self.looked_at(node, &name)?,
                None => shown,
            };
            if shown.is_some() {
                cursor.index += 1;
                return Ok(shown);
            }
        }
    }

    /// Makes an entry where the machine's file system does not tell its kind.
    fn looked_at(&self, directory: NodeId, name: &[u8]) -> Done<Option<DirEntry>> {
        let found = self.files.status(&join(&self.path(directory)?, name));
        Ok(found.ok().filter(|found| found.kind != Kind::Other).and_then(|found| {
            let Status { kind, rwx, inode, .. } = status_of(&found);
            DirEntry::new(name, kind, rwx, inode)
        }))
    }
}

fn status_of(found: &Found) -> Status {
    let kind = node_type(found.kind);
    let size = if found.kind == Kind::Directory { 0 } else { found.size };
    let has = |bit| found.permissions & bit != 0;
    let rwx = Rwx { readable: has(4), writeable: has(2), executable: has(1) };
    Status { size, kind, rwx, inode: found.inode, modified: found.modified }
}

fn node_type(kind: Kind) -> NodeType {
    match kind {
        Kind::Directory => NodeType::Directory,
        Kind::Link => NodeType::Symlink,
        Kind::File | Kind::Other => NodeType::ContinuousFile,
    }
}

impl Volume for Host {
    /// A path, and what is known of it.
    const HANDLE_COST: usize = 2048;

    type Node = NodeId;
    type Cursor = Cursor;
    type Watch = u64;

    fn root(&self) -> NodeId {
        ROOT
    }

    /// Looks at nothing yet: the machine resolves a path as a whole, when its node is used.
    fn lookup(&self, directory: NodeId, name: &[u8]) -> Done<NodeId> {
        let path = join(&self.path(directory)?, name);
        if path.len() > KEPT_PATH {
            return Err(Refusal::NameTooLong);
        }
        Ok(self.nodes.borrow_mut().add(path))
    }

    fn create(&mut self, directory: NodeId, name: &[u8], kind: NodeType) -> Done<NodeId> {
        self.may_write()?;
        let parent = self.path(directory)?;
        let path = join(&parent, name);
        if path.len() > KEPT_PATH {
            return Err(Refusal::NameTooLong);
        }
        let made = match kind {
            NodeType::Directory => self.files.make_directory(&path).map(|()| None),
            // It gets its name with its target: there is no link without one.
            NodeType::Symlink => match self.files.status(&path) {
                Ok(_) => Err(Errno::EXIST),
                Err(Errno::NOENT) => Ok(None),
                Err(error) => Err(error),
            },
            NodeType::ContinuousFile | NodeType::TransactionalFile => {
                self.nodes.borrow_mut().make_room();
                self.files.create(&path).map(Some)
            }
        };
        let made = made.map_err(refusal)?;
        let node = self.nodes.borrow_mut().add(path);
        self.with(node, |entry| {
            entry.pending = kind == NodeType::Symlink;
            entry.fresh = true;
            if let Some((file, found)) = made {
                entry.keep(&found, Some(file));
            }
            Ok(())
        })?;
        if kind != NodeType::Symlink {
            self.watches.changed(&parent);
        }
        Ok(node)
    }

    fn unlink(&mut self, directory: NodeId, name: &[u8]) -> Done {
        self.may_write()?;
        let parent = self.path(directory)?;
        let path = join(&parent, name);
        self.files.remove(&path).map_err(refusal)?;
        self.lose(&path);
        self.watches.changed(&parent);
        self.watches.changed(&path);
        Ok(())
    }

    fn rename(&mut self, from: (NodeId, &[u8]), to: (NodeId, &[u8])) -> Done {
        self.may_write()?;
        let (old, new) = (self.path(from.0)?, self.path(to.0)?);
        let (from, to) = (join(&old, from.1), join(&new, to.1));
        self.files.rename(&from, &to).map_err(|error| match error {
            Errno::NOENT => Refusal::LookupFailed,
            Errno::IO => Refusal::Unavailable,
            _ => Refusal::PermissionDenied,
        })?;
        if from != to {
            self.lose(&to);
            for entry in self.nodes.borrow_mut().iter_mut().filter(|entry| !entry.nameless) {
                match crate::names::moved(&entry.path, &from, &to) {
                    Some(path) if path.len() <= KEPT_PATH => {
                        (entry.path, entry.fresh) = (path, true);
                    }
                    // Nobody pays for more: it is found again by opening directories on the way.
                    Some(_) => (entry.nameless, entry.file) = (true, None),
                    None => {}
                }
            }
            self.watches.moved(&from, &to);
        }
        self.watches.changed(&old);
        self.watches.changed(&new);
        Ok(())
    }

    fn open(&mut self, node: NodeId) -> Done {
        self.opened(node, |_, _| Ok(()))?;
        self.nodes.borrow_mut().opened(node);
        Ok(())
    }

    fn close(&mut self, node: NodeId) {
        self.nodes.borrow_mut().closed(node);
    }

    fn status(&self, node: NodeId) -> Done<Status> {
        let at_path = self.opened(node, |entry, file| {
            if entry.pending {
                let rwx = Rwx { readable: true, writeable: true, executable: false };
                let kind = NodeType::Symlink;
                return Ok(Ok(Status { size: 0, kind, rwx, inode: 0, modified: 0 }));
            }
            let Some(file) = file else { return Ok(Err(entry.path.clone())) };
            let stat = rustix::fs::fstat(file).map_err(refusal)?;
            let (kind, ..) = entry.known.ok_or(Refusal::Unavailable)?;
            let seconds = stat.st_mtime.saturating_mul(1000);
            Ok(Ok(status_of(&Found {
                kind,
                permissions: ((stat.st_mode >> 6) & if self.writeable { 7 } else { 5 }) as u8,
                size: stat.st_size as u64,
                inode: stat.st_ino,
                device: stat.st_dev,
                modified: seconds + stat.st_mtime_nsec as i64 / 1_000_000,
            })))
        })?;
        match at_path {
            Ok(status) => Ok(status),
            Err(path) => Ok(status_of(&self.files.status(&path).map_err(refusal)?)),
        }
    }

    fn entries(&self, directory: NodeId) -> Done<u32> {
        let mut cursor = Cursor::default();
        while self.step(directory, &mut cursor)?.is_some() {}
        Ok(u32::try_from(cursor.index).unwrap_or(u32::MAX))
    }

    fn entry(&self, directory: NodeId, index: u64, cursor: &mut Cursor) -> Done<Option<DirEntry>> {
        if index < cursor.index {
            *cursor = Cursor::default();
        }
        if index - cursor.index > MAX_SKIP {
            return Err(Refusal::InvalidHandle);
        }
        while cursor.index < index {
            if self.step(directory, cursor)?.is_none() {
                return Ok(None);
            }
        }
        self.step(directory, cursor)
    }

    fn read(
        &self,
        node: NodeId,
        at: u64,
        len: usize,
        sink: &mut dyn FnMut(usize, &[u8]),
    ) -> Done<usize> {
        let link = self.opened(node, |entry, _| match entry.known {
            _ if entry.pending => Ok(None),
            Some((Kind::Link, ..)) => Ok(Some(entry.path.clone())),
            _ => Err(Refusal::InvalidHandle),
        })?;
        let Some(path) = link else { return Ok(0) };
        let target = self.files.read_link(&path).map_err(refusal)?;
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(target.len());
        let part = target.get(at..target.len().min(at.saturating_add(len))).unwrap_or_default();
        sink(0, part);
        Ok(part.len())
    }

    fn read_into(&self, node: NodeId, at: u64, content: View<'_>) -> Done<usize> {
        match self.file(node, |file| host_files::read_at(file, at, content).map_err(refusal)) {
            // A link.
            Err(Refusal::InvalidHandle) => {
                self.read(node, at, content.len(), &mut |offset, piece| {
                    // It was cut at the packet's size.
                    let _ = content.write(offset, piece);
                })
            }
            read => read,
        }
    }

    fn write(
        &mut self,
        node: NodeId,
        at: u64,
        len: usize,
        source: &mut dyn FnMut(usize, &mut [u8]),
    ) -> Done {
        let mut bytes = alloc::vec![0; len];
        source(0, &mut bytes);
        self.file(node, |file| {
            let mut done = 0;
            while done < len {
                let rest = bytes.get(done..).unwrap_or_default();
                done += rustix::io::pwrite(file, rest, at + done as u64).map_err(refusal)?;
            }
            Ok(())
        })
    }

    fn write_from(&mut self, node: NodeId, at: u64, content: View<'_>) -> Done {
        self.file(node, |file| host_files::write_at(file, at, content).map_err(refusal))
    }

    fn truncate(&mut self, node: NodeId, size: u64) -> Done {
        self.file(node, |file| self.files.truncate(file, size).map_err(refusal))
    }

    fn set_target(&mut self, node: NodeId, target: &[u8]) -> Done {
        self.may_write()?;
        let (path, new) = self.with(node, |entry| match entry.known {
            _ if entry.nameless => Err(Refusal::Unavailable),
            _ if entry.pending => Ok((entry.path.clone(), true)),
            Some((Kind::Link, ..)) => Ok((entry.path.clone(), false)),
            _ => Err(Refusal::InvalidHandle),
        })?;
        self.files.make_link(&path, target, !new).map_err(refusal)?;
        let found = self.files.status(&path).map_err(refusal)?;
        self.with(node, |entry| {
            entry.pending = false;
            entry.fresh = true;
            entry.keep(&found, None);
            Ok(())
        })?;
        if new {
            self.watches.changed(parent(&path));
        }
        Ok(())
    }

    fn set_modified(&mut self, node: NodeId, stamp: i64) -> Done {
        self.file(node, |file| self.files.set_modified(file, stamp).map_err(refusal))
    }

    /// Makes content and name durable, as far as the disk keeps what it says.
    fn sync(&mut self, node: NodeId) -> Done {
        let (path, fresh) = self.opened(node, |entry, file| {
            if let Some(file) = file {
                rustix::fs::fsync(file).map_err(refusal)?;
            }
            Ok((entry.path.clone(), entry.fresh && !entry.nameless && !entry.pending))
        })?;
        if fresh {
            self.sync_names(&path)?;
            self.with(node, |entry| {
                entry.fresh = false;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn watch(&mut self, node: NodeId, token: u64) -> Done<u64> {
        self.opened(node, |_, _| Ok(()))?;
        Ok(self.watches.add(&self.path(node)?, token))
    }

    fn unwatch(&mut self, watch: u64) {
        self.watches.remove(watch);
    }

    fn changed(&mut self, node: NodeId) {
        if let Ok(path) = self.path(node) {
            self.watches.changed(&path);
        }
    }

    fn next_change(&mut self) -> Option<u64> {
        self.watches.next()
    }
}

//! A session's open nodes, and the calls that open, look at, and close them.

use alloc::{collections::BTreeMap, rc::Rc};

use super::{Inbox, Server};
use crate::{
    root::Account,
    session::file_system::{
        DirHandle, FileHandle, Mode, NodeHandle, NodeType, Path, PathError, Refusal, Status,
        SymlinkHandle, WatchHandle, is_name, volume::Volume,
    },
};

/// Uses of a handle.
#[derive(Debug)]
pub(super) enum Role<V: Volume> {
    /// Status only.
    Node,
    Directory(V::Cursor),
    File(Mode),
    Symlink(Mode),
    Watch(V::Watch),
}

#[derive(Debug)]
pub(super) struct Open<V: Volume> {
    pub(super) node: V::Node,
    pub(super) role: Role<V>,
    /// Changed by this handle, and not told yet.
    pub(super) wrote: bool,
}

/// A session without its stream.
pub(super) struct Handles<V: Volume> {
    pub(super) server: Rc<Server<V>>,
    pub(super) inbox: Rc<Inbox>,
    id: u32,
    root: V::Node,
    writeable: bool,
    account: Account,
    open: BTreeMap<u32, Open<V>>,
    last: u32,
}

/// Looks a path up below `root`.
pub(super) fn find<V: Volume>(
    volume: &V,
    root: V::Node,
    path: Path<'_>,
) -> Result<V::Node, Refusal> {
    path.names().try_fold(root, |directory, name| volume.lookup(directory, name))
}

/// Checks a path that came with a call.
fn path(bytes: Option<&[u8]>) -> Result<Path<'_>, Refusal> {
    Path::new(bytes.ok_or(Refusal::LookupFailed)?).map_err(|error| match error {
        PathError::NameTooLong | PathError::TooLong => Refusal::NameTooLong,
        _ => Refusal::LookupFailed,
    })
}

/// Checks a name that came with a call.
fn name(bytes: Option<&[u8]>) -> Result<&[u8], Refusal> {
    bytes.filter(|bytes| is_name(bytes)).ok_or(Refusal::InvalidName)
}

impl<V: Volume> Handles<V> {
    /// Makes a session that sees what is below `root`, a directory.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when it was removed.
    pub(super) fn new(
        server: &Rc<Server<V>>,
        root: V::Node,
        writeable: bool,
        account: &Account,
    ) -> Result<Self, Refusal> {
        server.volume.borrow_mut().open(root)?;
        let (id, inbox) = server.join();
        let (server, account) = (server.clone(), account.clone());
        Ok(Self { server, inbox, id, root, writeable, account, open: BTreeMap::new(), last: 0 })
    }

    /// Returns what a handle stands for.
    pub(super) fn get(&mut self, handle: NodeHandle) -> Result<&mut Open<V>, Refusal> {
        let number = u32::try_from(handle.0).map_err(|_| Refusal::InvalidHandle)?;
        self.open.get_mut(&number).ok_or(Refusal::InvalidHandle)
    }

    fn directory(&mut self, handle: DirHandle) -> Result<V::Node, Refusal> {
        match self.get(handle.into())? {
            Open { node, role: Role::Directory(_), .. } => Ok(*node),
            _ => Err(Refusal::InvalidHandle),
        }
    }

    /// Fails unless the session may write.
    fn writeable(&self) -> Result<(), Refusal> {
        if self.writeable { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }

    /// Finds a number for a handle that is not in use.
    fn number(&self) -> u32 {
        let mut number = self.last.wrapping_add(1);
        while self.open.contains_key(&number) {
            number = number.wrapping_add(1);
        }
        number
    }

    /// Makes a handle, at the client's expense; `make` gets its number.
    fn add(
        &mut self,
        make: impl FnOnce(&mut V, u32) -> Result<(V::Node, Role<V>), Refusal>,
    ) -> Result<u64, Refusal> {
        self.account.charge(V::HANDLE_COST).map_err(|_| Refusal::OutOfRam)?;
        let number = self.number();
        let made = make(&mut self.server.volume.borrow_mut(), number);
        match made {
            Ok((node, role)) => {
                self.last = number;
                self.open.insert(number, Open { node, role, wrote: false });
                Ok(number.into())
            }
            Err(refusal) => {
                self.account.refund(V::HANDLE_COST);
                Err(refusal)
            }
        }
    }

    /// Opens, or creates and opens, an entry of a directory.
    fn entry(
        &mut self,
        directory: DirHandle,
        bytes: Option<&[u8]>,
        create: Option<NodeType>,
        fits: impl FnOnce(NodeType) -> bool,
        role: Role<V>,
    ) -> Result<u64, Refusal> {
        let directory = self.directory(directory)?;
        let name = name(bytes)?;
        self.add(|volume, _| {
            let node = match create {
                Some(kind) => volume.create(directory, name, kind)?,
                None => volume.lookup(directory, name)?,
            };
            if !fits(volume.status(node)?.kind) {
                return Err(Refusal::LookupFailed);
            }
            volume.open(node)?;
            Ok((node, role))
        })
    }

    pub(super) fn file(
        &mut self,
        directory: DirHandle,
        name: Option<&[u8]>,
        mode: Mode,
        create: bool,
    ) -> Result<FileHandle, Refusal> {
        if create || mode.contains(Mode::WRITE) {
            self.writeable()?;
        }
        let kind = create.then_some(NodeType::ContinuousFile);
        self.entry(directory, name, kind, NodeType::is_file, Role::File(mode)).map(FileHandle)
    }

    pub(super) fn symlink(
        &mut self,
        directory: DirHandle,
        name: Option<&[u8]>,
        create: bool,
    ) -> Result<SymlinkHandle, Refusal> {
        if create {
            self.writeable()?;
        }
        let mode = if self.writeable { Mode::all() } else { Mode::READ };
        let kind = create.then_some(NodeType::Symlink);
        let fits = |kind| kind == NodeType::Symlink;
        self.entry(directory, name, kind, fits, Role::Symlink(mode)).map(SymlinkHandle)
    }

    pub(super) fn dir(&mut self, bytes: Option<&[u8]>, create: bool) -> Result<DirHandle, Refusal> {
        if create {
            self.writeable()?;
        }
        let (root, path) = (self.root, path(bytes)?);
        let handle = self.add(|volume, _| {
            let node = match path.split_last() {
                None if create => return Err(Refusal::NodeAlreadyExists),
                Some((parent, name)) if create => {
                    let parent = find(volume, root, parent)?;
                    volume.create(parent, name, NodeType::Directory)?
                }
                _ => find(volume, root, path)?,
            };
            if volume.status(node)?.kind != NodeType::Directory {
                return Err(Refusal::LookupFailed);
            }
            volume.open(node)?;
            Ok((node, Role::Directory(V::Cursor::default())))
        });
        handle.map(DirHandle)
    }

    pub(super) fn node(&mut self, bytes: Option<&[u8]>) -> Result<NodeHandle, Refusal> {
        let (root, path) = (self.root, path(bytes)?);
        let handle = self.add(|volume, _| {
            let node = find(volume, root, path)?;
            volume.open(node)?;
            Ok((node, Role::Node))
        });
        handle.map(NodeHandle)
    }

    pub(super) fn watch(&mut self, bytes: Option<&[u8]>) -> Result<WatchHandle, Refusal> {
        let (root, path, id) = (self.root, path(bytes)?, self.id);
        let handle = self.add(|volume, number| {
            let node = find(volume, root, path)?;
            let watch = volume.watch(node, u64::from(id) << 32 | u64::from(number))?;
            Ok((node, Role::Watch(watch)))
        });
        handle.map(WatchHandle)
    }

    pub(super) fn close(&mut self, handle: NodeHandle) -> Result<(), Refusal> {
        let number = u32::try_from(handle.0).map_err(|_| Refusal::InvalidHandle)?;
        let open = self.open.remove(&number).ok_or(Refusal::InvalidHandle)?;
        self.end(number, &open);
        Ok(())
    }

    /// Gives back what a handle holds.
    fn end(&mut self, number: u32, open: &Open<V>) {
        let mut volume = self.server.volume.borrow_mut();
        if open.wrote {
            volume.changed(open.node);
        }
        match open.role {
            Role::Watch(watch) => {
                volume.unwatch(watch);
                self.inbox.handles.borrow_mut().remove(&number);
            }
            _ => volume.close(open.node),
        }
        self.account.refund(V::HANDLE_COST);
    }

    pub(super) fn status(&mut self, handle: NodeHandle) -> Result<Status, Refusal> {
        let node = self.get(handle)?.node;
        let mut status = self.server.volume.borrow().status(node)?;
        status.rwx.writeable &= self.writeable;
        Ok(status)
    }

    pub(super) fn unlink(
        &mut self,
        directory: DirHandle,
        bytes: Option<&[u8]>,
    ) -> Result<(), Refusal> {
        self.writeable()?;
        let directory = self.directory(directory)?;
        self.server.volume.borrow_mut().unlink(directory, name(bytes)?)
    }

    pub(super) fn truncate(&mut self, handle: FileHandle, size: u64) -> Result<(), Refusal> {
        let server = self.server.clone();
        match self.get(handle.into())? {
            Open { node, role: Role::File(mode), wrote } => {
                if !mode.contains(Mode::WRITE) {
                    return Err(Refusal::PermissionDenied);
                }
                server.volume.borrow_mut().truncate(*node, size)?;
                *wrote = true;
                Ok(())
            }
            _ => Err(Refusal::InvalidHandle),
        }
    }

    pub(super) fn rename(
        &mut self,
        from: (DirHandle, Option<&[u8]>),
        to: (DirHandle, Option<&[u8]>),
    ) -> Result<(), Refusal> {
        self.writeable()?;
        let directories = (self.directory(from.0)?, self.directory(to.0)?);
        let names = (name(from.1)?, name(to.1)?);
        let mut volume = self.server.volume.borrow_mut();
        volume.rename((directories.0, names.0), (directories.1, names.1))
    }

    pub(super) fn num_entries(&mut self, handle: DirHandle) -> Result<u32, Refusal> {
        let directory = self.directory(handle)?;
        self.server.volume.borrow().entries(directory)
    }

    /// Tells whether entries are to be shown as writeable.
    pub(super) const fn may_write(&self) -> bool {
        self.writeable
    }

    /// Number of open handles.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

impl<V: Volume> Drop for Handles<V> {
    fn drop(&mut self) {
        self.server.leave(self.id);
        while let Some((number, open)) = self.open.pop_first() {
            self.end(number, &open);
        }
        self.server.volume.borrow_mut().close(self.root);
        self.server.deliver();
    }
}

//! Files in memory.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::cell::RefCell;

use genode::fs::{NodeType, Refusal, Why};
use ram_tree::{Cursor, Kind, NodeId, Tree};

use crate::{
    path::Name,
    system::{Entry, Metadata},
};

/// A tree that mounts and open files share.
pub(crate) type Shared = Rc<RefCell<Tree>>;

/// Tells a refusal of the tree as one of a file system.
pub(crate) fn refusal(error: ram_tree::Error) -> Why {
    use ram_tree::Error;
    let refusal = match error {
        Error::NotFound | Error::NotDirectory | Error::IsDirectory | Error::WrongKind => {
            Refusal::LookupFailed
        }
        Error::Exists => Refusal::NodeAlreadyExists,
        Error::NotEmpty => Refusal::NotEmpty,
        Error::InvalidName => Refusal::InvalidName,
        Error::NameTooLong => Refusal::NameTooLong,
        Error::NoSpace | Error::TooLarge => Refusal::NoSpace,
        Error::Gone => Refusal::Unavailable,
        _ => Refusal::PermissionDenied,
    };
    refusal.into()
}

const fn node_type(kind: Kind) -> NodeType {
    match kind {
        Kind::Directory => NodeType::Directory,
        Kind::File => NodeType::ContinuousFile,
        Kind::Symlink => NodeType::Symlink,
    }
}

fn find(tree: &Tree, names: &[Name]) -> Result<NodeId, Why> {
    let found = names.iter().try_fold(tree.root(), |node, name| tree.lookup(node, name));
    found.map_err(refusal)
}

/// Divides a path into the directory and the last name.
fn parent<'a>(tree: &Tree, names: &'a [Name]) -> Result<(NodeId, &'a Name), Why> {
    let (name, above) = names.split_last().ok_or(Refusal::PermissionDenied)?;
    Ok((find(tree, above)?, name))
}

pub(crate) fn metadata(tree: &Shared, names: &[Name]) -> Result<Metadata, Why> {
    let tree = tree.borrow();
    status(&tree, find(&tree, names)?)
}

fn status(tree: &Tree, node: NodeId) -> Result<Metadata, Why> {
    let status = tree.status(node).map_err(refusal)?;
    let size = if status.kind == Kind::Directory { 0 } else { status.size };
    let mut metadata = Metadata::new(node_type(status.kind), size);
    metadata.modified = Some(status.modified as i64);
    Ok(metadata)
}

pub(crate) fn link(tree: &Shared, names: &[Name]) -> Result<Option<Box<[u8]>>, Why> {
    let tree = tree.borrow();
    let node = find(&tree, names)?;
    Ok(tree.target(node).ok().map(Box::from))
}

pub(crate) fn entries(tree: &Shared, names: &[Name]) -> Result<Vec<Entry>, Why> {
    let tree = tree.borrow();
    let directory = find(&tree, names)?;
    let (mut all, mut cursor) = (Vec::new(), Cursor::default());
    for index in 0.. {
        let Some(entry) = tree.entry(directory, index, &mut cursor).map_err(refusal)? else {
            break;
        };
        all.push(Entry { name: (&*entry.name).into(), kind: node_type(entry.kind) });
    }
    Ok(all)
}

/// Makes a node; of a link with its target.
pub(crate) fn create(tree: &Shared, names: &[Name], kind: Kind, target: &[u8]) -> Result<(), Why> {
    let mut tree = tree.borrow_mut();
    let (directory, name) = parent(&tree, names)?;
    let node = tree.create(directory, name, kind).map_err(refusal)?;
    if kind == Kind::Symlink
        && let Err(error) = tree.set_target(node, target)
    {
        // All of it or nothing.
        let _ = tree.unlink(directory, name);
        return Err(refusal(error));
    }
    Ok(())
}

pub(crate) fn remove(tree: &Shared, names: &[Name]) -> Result<(), Why> {
    let mut tree = tree.borrow_mut();
    let (directory, name) = parent(&tree, names)?;
    tree.unlink(directory, name).map_err(refusal)
}

pub(crate) fn rename(tree: &Shared, from: &[Name], to: &[Name]) -> Result<(), Why> {
    let mut tree = tree.borrow_mut();
    let (from, to) = (parent(&tree, from)?, parent(&tree, to)?);
    tree.rename((from.0, from.1), (to.0, to.1)).map_err(|error| match error {
        ram_tree::Error::NotDirectory | ram_tree::Error::IsDirectory => {
            Refusal::PermissionDenied.into()
        }
        error => refusal(error),
    })
}

/// An open file, which stays when its name is gone.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    tree: Shared,
    node: NodeId,
}

impl MemoryFile {
    pub(crate) fn open(tree: &Shared, names: &[Name]) -> Result<Self, Why> {
        let mut inner = tree.borrow_mut();
        let node = find(&inner, names)?;
        if inner.status(node).map_err(refusal)?.kind != Kind::File {
            return Err(Refusal::LookupFailed.into());
        }
        inner.open(node).map_err(refusal)?;
        Ok(Self { tree: tree.clone(), node })
    }

    pub(crate) fn metadata(&self) -> Result<Metadata, Why> {
        status(&self.tree.borrow(), self.node)
    }

    pub(crate) fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, Why> {
        let len = into.len();
        let read = self.tree.borrow().read(self.node, at, len, &mut |offset, piece| {
            if let Some(place) = into.get_mut(offset..offset + piece.len()) {
                place.copy_from_slice(piece);
            }
        });
        read.map_err(refusal)
    }

    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Why> {
        let mut tree = self.tree.borrow_mut();
        let written = tree.write(self.node, at, bytes.len(), &mut |offset, piece| {
            if let Some(from) = bytes.get(offset..offset + piece.len()) {
                piece.copy_from_slice(from);
            }
        });
        written.map_err(refusal)
    }

    pub(crate) fn truncate(&self, size: u64) -> Result<(), Why> {
        self.tree.borrow_mut().truncate(self.node, size).map_err(refusal)
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.tree.borrow_mut().close(self.node);
    }
}

//! Nodes: what a tree consists of.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use crate::{Error, WatchId, content::Content, order::Order};

/// A node of a tree. Not reused: the identifier of a node that is no more stays invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl NodeId {
    /// Returns a number that no other node of the tree has, for use as inode number.
    pub const fn number(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }
}

/// Kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A symbolic link.
    Symlink,
}

/// Facts of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its kind.
    pub kind: Kind,
    /// Bytes of a file or of a link's target, entries of a directory.
    pub size: u64,
    /// Time of its last modification as [`Tree::set_modified`](crate::Tree::set_modified) said; 0
    /// before.
    pub modified: u64,
    /// Tells whether it has a name.
    pub linked: bool,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The node.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: Arc<[u8]>,
}

/// A reader's place in a directory, which makes its walk see each entry once whatever comes and
/// goes meanwhile. Starts at the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Rank that the reader asks for next if it goes on.
    pub(crate) rank: u64,
    /// Number of the entry that it saw last.
    pub(crate) number: u64,
}

/// Names of a directory.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) names: BTreeMap<Arc<[u8]>, (u64, NodeId)>,
    pub(crate) order: Order,
}

#[derive(Debug)]
pub(crate) enum Body {
    Directory(Directory),
    File(Content),
    Symlink(Box<[u8]>),
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) body: Body,
    /// Its name, and the directory that has it; `None` of the root and of what was unlinked.
    pub(crate) place: Option<(NodeId, Arc<[u8]>)>,
    /// Handles and watches.
    pub(crate) opened: u32,
    pub(crate) modified: u64,
    pub(crate) watches: Vec<WatchId>,
}

impl Node {
    pub(crate) fn new(kind: Kind) -> Self {
        let body = match kind {
            Kind::Directory => Body::Directory(Directory::default()),
            Kind::File => Body::File(Content::default()),
            Kind::Symlink => Body::Symlink(Box::default()),
        };
        Self { body, place: None, opened: 0, modified: 0, watches: Vec::new() }
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self.body {
            Body::Directory(_) => Kind::Directory,
            Body::File(_) => Kind::File,
            Body::Symlink(_) => Kind::Symlink,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match &self.body {
            Body::Directory(directory) => directory.names.len() as u64,
            Body::File(content) => content.size(),
            Body::Symlink(target) => target.len() as u64,
        }
    }

    pub(crate) const fn directory(&self) -> Result<&Directory, Error> {
        match &self.body {
            Body::Directory(directory) => Ok(directory),
            _ => Err(Error::NotDirectory),
        }
    }

    pub(crate) const fn directory_mut(&mut self) -> Result<&mut Directory, Error> {
        match &mut self.body {
            Body::Directory(directory) => Ok(directory),
            _ => Err(Error::NotDirectory),
        }
    }
}

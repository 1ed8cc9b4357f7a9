//! Nodes that clients have open, or are about to open.
//!
//! A node is a path, and once it is open a descriptor as well, so that it stays what it is when its
//! name goes to something else. Descriptors are few: beyond [`MAX_FILES`] the one that was used
//! least recently is closed, and opened anew by its path when it is needed. A node that has no name
//! any more keeps its own, as long as those are at most half of all.

use alloc::{collections::BTreeMap, vec::Vec};

use host_files::{Kind, Status};
use rustix::fd::OwnedFd;

/// Descriptors of files and directories at a time.
pub(crate) const MAX_FILES: usize = 256;
/// Nodes that were looked up and not opened: a lookup needs the last two.
const LOOKED_UP: usize = 8;

/// Name of a node, of which none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u64);

/// Number of the root directory, which is always there.
pub(crate) const ROOT: NodeId = NodeId(0);

/// A node.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: Vec<u8>,
    /// Handles that have it open.
    pub(crate) opened: u32,
    /// Kind, device and inode, once it was looked at.
    pub(crate) known: Option<(Kind, u64, u64)>,
    pub(crate) file: Option<OwnedFd>,
    /// Its name went to something else, or is gone.
    pub(crate) nameless: bool,
    /// A link without a target so far, of which the machine knows nothing.
    pub(crate) pending: bool,
    /// It got its name since it was synced: the name is not on the disk.
    pub(crate) fresh: bool,
    /// Number of its last use.
    used: u64,
}

impl Entry {
    /// Tells whether a path still leads to this node.
    pub(crate) fn is(&self, status: &Status) -> bool {
        self.known.is_none_or(|known| known == (status.kind, status.device, status.inode))
    }

    /// Keeps what is known of it.
    pub(crate) fn keep(&mut self, status: &Status, file: Option<OwnedFd>) {
        self.known = Some((status.kind, status.device, status.inode));
        self.file = file;
    }
}

/// All nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    all: BTreeMap<NodeId, Entry>,
    looked_up: Vec<NodeId>,
    last: u64,
    uses: u64,
    files: usize,
}

impl Nodes {
    /// Makes the table, with the root in it.
    pub(crate) fn new() -> Self {
        let mut nodes = Self::default();
        nodes.all.insert(ROOT, entry(Vec::new()));
        nodes
    }

    /// Adds a node of a path, which is forgotten unless it is opened soon.
    pub(crate) fn add(&mut self, path: Vec<u8>) -> NodeId {
        self.last += 1;
        let id = NodeId(self.last);
        self.all.insert(id, entry(path));
        self.looked_up.push(id);
        if self.looked_up.len() > LOOKED_UP {
            let oldest = self.looked_up.remove(0);
            self.forget(oldest);
        }
        id
    }

    /// Returns a node, which is used now.
    pub(crate) fn get(&mut self, id: NodeId) -> Option<&mut Entry> {
        self.uses += 1;
        let entry = self.all.get_mut(&id)?;
        entry.used = self.uses;
        Some(entry)
    }

    /// All nodes, for what concerns those of a path.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.all.values_mut()
    }

    /// A handle more has it.
    pub(crate) fn opened(&mut self, id: NodeId) {
        if let Some(entry) = self.all.get_mut(&id) {
            entry.opened = entry.opened.saturating_add(1);
        }
        self.looked_up.retain(|other| *other != id);
    }

    /// A handle less has it.
    pub(crate) fn closed(&mut self, id: NodeId) {
        let Some(entry) = self.all.get_mut(&id) else { return };
        entry.opened = entry.opened.saturating_sub(1);
        if entry.opened == 0 {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: NodeId) {
        if id != ROOT && self.all.get(&id).is_some_and(|entry| entry.opened == 0) {
            self.all.remove(&id);
        }
    }

    /// Closes the descriptor that was used least recently if there are too many for one more.
    pub(crate) fn make_room(&mut self) {
        let open = self.all.values().filter(|entry| entry.file.is_some());
        self.files = open.count();
        if self.files < MAX_FILES {
            return;
        }
        let candidates = self.all.values_mut().filter(|e| e.file.is_some() && !e.nameless);
        if let Some(oldest) = candidates.min_by_key(|entry| entry.used) {
            oldest.file = None;
        }
    }

    /// Tells whether one more node may keep its descriptor though it has no name.
    pub(crate) fn may_pin(&self) -> bool {
        self.all.values().filter(|e| e.nameless && e.file.is_some()).count() < MAX_FILES / 2
    }
}

fn entry(path: Vec<u8>) -> Entry {
    Entry {
        path,
        opened: 0,
        known: None,
        file: None,
        nameless: false,
        pending: false,
        fresh: false,
        used: 0,
    }
}

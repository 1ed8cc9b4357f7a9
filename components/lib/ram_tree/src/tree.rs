//! The tree: nodes in a table, names in directories.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use crate::{
    Cursor, Entry, Error, Kind, MAX_DEPTH, MAX_TARGET, NodeId, Status, WatchId,
    budget::Budget,
    check_name,
    node::{Body, Node},
    watch::Watches,
};

/// Taken for a node, beside its name and content: its place in the table, in its directory's map
/// and order, and what their own structure takes.
const NODE_COST: u64 = 384;

/// Taken for a watch.
const WATCH_COST: u64 = 96;

/// A place of the table.
#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    node: Option<Node>,
}

/// Directories, files and symbolic links.
#[derive(Debug)]
pub struct Tree {
    slots: Vec<Slot>,
    free: Vec<u32>,
    root: NodeId,
    budget: Budget,
    watches: Watches,
}

impl Tree {
    /// Makes a tree of an empty root that takes `limit` bytes at most, as far as
    /// [`used`](Self::used) counts.
    pub fn new(limit: u64) -> Self {
        let root = NodeId { index: 0, generation: 0 };
        let node = Some(Node { opened: 1, ..Node::new(Kind::Directory) });
        Self {
            slots: alloc::vec![Slot { generation: 0, node }],
            free: Vec::new(),
            root,
            budget: Budget { limit, used: 0 },
            watches: Watches::default(),
        }
    }

    /// Returns the root directory, which is always there.
    pub const fn root(&self) -> NodeId {
        self.root
    }

    /// Returns the bytes that are in use: contents, names, and fixed costs for the rest.
    pub const fn used(&self) -> u64 {
        self.budget.used
    }

    /// Returns the bytes that may be in use.
    pub const fn limit(&self) -> u64 {
        self.budget.limit
    }

    /// Changes the limit; what is in use beyond it stays.
    pub const fn set_limit(&mut self, limit: u64) {
        self.budget.limit = limit;
    }

    fn node(&self, id: NodeId) -> Result<&Node, Error> {
        let slot = self.slots.get(id.index as usize);
        let slot = slot.filter(|slot| slot.generation == id.generation);
        slot.and_then(|slot| slot.node.as_ref()).ok_or(Error::Gone)
    }

    fn node_mut(&mut self, id: NodeId) -> Result<&mut Node, Error> {
        let slot = self.slots.get_mut(id.index as usize);
        let slot = slot.filter(|slot| slot.generation == id.generation);
        slot.and_then(|slot| slot.node.as_mut()).ok_or(Error::Gone)
    }

    /// Puts a node into the table.
    fn insert(&mut self, node: Node) -> Result<NodeId, Error> {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.node = Some(node);
            return Ok(NodeId { index, generation: slot.generation });
        }
        let index = u32::try_from(self.slots.len()).map_err(|_| Error::NoSpace)?;
        self.slots.try_reserve(1).map_err(|_| Error::NoSpace)?;
        self.slots.push(Slot { generation: 0, node: Some(node) });
        Ok(NodeId { index, generation: 0 })
    }

    /// Frees a node that has no name and is not open.
    fn free_unused(&mut self, id: NodeId) {
        if !self.node(id).is_ok_and(|node| node.place.is_none() && node.opened == 0) {
            return;
        }
        let slot = &mut self.slots[id.index as usize];
        let Some(node) = slot.node.take() else { return };
        let content = match &node.body {
            Body::Directory(_) => 0,
            Body::File(content) => content.cost(),
            Body::Symlink(target) => target.len() as u64,
        };
        self.budget.refund(NODE_COST + content);
        // A place whose generations are used up stays empty.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(id.index);
        }
    }

    fn notify(&mut self, id: NodeId) {
        if let Some(Slot { node: Some(node), generation }) = self.slots.get(id.index as usize)
            && *generation == id.generation
        {
            self.watches.notify(&node.watches);
        }
    }

    /// Checks that `id` is a directory that has not been removed.
    fn usable(&self, id: NodeId) -> Result<(), Error> {
        let node = self.node(id)?;
        node.directory()?;
        if node.place.is_none() && id != self.root { Err(Error::Gone) } else { Ok(()) }
    }

    /// Counts the directories above `id`, `below` among them if it is one.
    ///
    /// # Errors
    /// [`Error::TooDeep`]; [`Error::IntoItself`] when `below` is `id` or above it.
    fn check_depth(&self, mut id: NodeId, below: Option<NodeId>) -> Result<(), Error> {
        for _ in 0..MAX_DEPTH {
            if Some(id) == below {
                return Err(Error::IntoItself);
            }
            match &self.node(id)?.place {
                Some((parent, _)) => id = *parent,
                None => return Ok(()),
            }
        }
        Err(Error::TooDeep)
    }

    /// Returns the node that has `name` in `directory`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotDirectory`], [`Error::Gone`].
    pub fn lookup(&self, directory: NodeId, name: &[u8]) -> Result<NodeId, Error> {
        let names = &self.node(directory)?.directory()?.names;
        names.get(name).map(|&(_, id)| id).ok_or(Error::NotFound)
    }

    /// Makes an empty node called `name`, and tells those that watch the directory.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::InvalidName`], [`Error::NameTooLong`], [`Error::NotDirectory`],
    /// [`Error::Gone`], [`Error::NoSpace`], [`Error::TooDeep`].
    pub fn create(&mut self, directory: NodeId, name: &[u8], kind: Kind) -> Result<NodeId, Error> {
        self.usable(directory)?;
        check_name(name)?;
        if self.lookup(directory, name).is_ok() {
            return Err(Error::Exists);
        }
        self.check_depth(directory, None)?;
        self.budget.charge(NODE_COST + name.len() as u64)?;
        let id = self.insert(Node::new(kind)).inspect_err(|_| {
            self.budget.refund(NODE_COST + name.len() as u64);
        })?;
        self.link(directory, name.into(), id)?;
        self.notify(directory);
        Ok(id)
    }

    /// Gives a node a name that is free and paid for.
    fn link(&mut self, directory: NodeId, name: Arc<[u8]>, id: NodeId) -> Result<(), Error> {
        self.node_mut(id)?.place = Some((directory, name.clone()));
        let entries = self.node_mut(directory)?.directory_mut()?;
        let number = entries.order.push(id);
        entries.names.insert(name, (number, id));
        Ok(())
    }

    /// Takes a node's name, without giving back what it costs.
    fn unlink_node(&mut self, id: NodeId) -> Result<(), Error> {
        let Some((directory, name)) = self.node_mut(id)?.place.take() else { return Ok(()) };
        let entries = self.node_mut(directory)?.directory_mut()?;
        if let Some((number, _)) = entries.names.remove(&name) {
            entries.order.remove(number);
        }
        Ok(())
    }

    /// Removes the name of a node; the node itself once nobody has it open. Tells those that watch
    /// it or the directory.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotEmpty`], [`Error::NotDirectory`], [`Error::Gone`].
    pub fn unlink(&mut self, directory: NodeId, name: &[u8]) -> Result<(), Error> {
        self.usable(directory)?;
        let id = self.lookup(directory, name)?;
        if self.node(id)?.directory().is_ok_and(|entries| !entries.names.is_empty()) {
            return Err(Error::NotEmpty);
        }
        self.remove_entry(id, name.len())?;
        self.notify(directory);
        Ok(())
    }

    /// Removes the name of a node, and if it is a directory those of all below it first, deepest
    /// first. Takes time by their number.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotDirectory`], [`Error::Gone`].
    pub fn unlink_all(&mut self, directory: NodeId, name: &[u8]) -> Result<(), Error> {
        self.usable(directory)?;
        let top = self.lookup(directory, name)?;
        let mut id = top;
        loop {
            let below = self.node(id)?.directory().ok().and_then(|entries| entries.order.at(0));
            if let Some((_, child)) = below {
                id = child;
            } else if id == top {
                return self.unlink(directory, name);
            } else {
                let (parent, name) = self.node(id)?.place.clone().ok_or(Error::Gone)?;
                self.unlink(parent, &name)?;
                id = parent;
            }
        }
    }

    fn remove_entry(&mut self, id: NodeId, name: usize) -> Result<(), Error> {
        self.unlink_node(id)?;
        self.budget.refund(name as u64);
        self.notify(id);
        self.free_unused(id);
        Ok(())
    }

    /// Moves a node to another name, and replaces what has that name: a directory by a directory
    /// only, and only an empty one. Tells those that watch either directory or what is replaced.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotEmpty`], [`Error::IsDirectory`], [`Error::NotDirectory`],
    /// [`Error::IntoItself`], [`Error::TooDeep`], [`Error::InvalidName`], [`Error::NameTooLong`],
    /// [`Error::NoSpace`], [`Error::Gone`].
    pub fn rename(&mut self, from: (NodeId, &[u8]), to: (NodeId, &[u8])) -> Result<(), Error> {
        self.usable(from.0)?;
        self.usable(to.0)?;
        check_name(to.1)?;
        let id = self.lookup(from.0, from.1)?;
        let replaced = self.lookup(to.0, to.1).ok();
        if replaced == Some(id) {
            return Ok(());
        }
        let directory = self.node(id)?.kind() == Kind::Directory;
        if let Some(other) = replaced {
            match self.node(other)?.directory() {
                Ok(entries) if !entries.names.is_empty() => return Err(Error::NotEmpty),
                Ok(_) if !directory => return Err(Error::IsDirectory),
                Err(_) if directory => return Err(Error::NotDirectory),
                _ => (),
            }
        }
        self.check_depth(to.0, directory.then_some(id))?;
        self.budget.charge(to.1.len() as u64)?;
        self.budget.refund(from.1.len() as u64);
        if let Some(other) = replaced {
            self.remove_entry(other, to.1.len())?;
        }
        self.unlink_node(id)?;
        self.link(to.0, to.1.into(), id)?;
        self.notify(from.0);
        self.notify(to.0);
        Ok(())
    }

    /// Keeps a node beyond its name, until [`close`](Self::close).
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::NoSpace`] when it is open 2^32 times.
    pub fn open(&mut self, id: NodeId) -> Result<(), Error> {
        let node = self.node_mut(id)?;
        node.opened = node.opened.checked_add(1).ok_or(Error::NoSpace)?;
        Ok(())
    }

    /// Ends what [`open`](Self::open) began.
    pub fn close(&mut self, id: NodeId) {
        if let Ok(node) = self.node_mut(id) {
            node.opened = node.opened.saturating_sub(1);
            self.free_unused(id);
        }
    }

    /// Tells those that watch a node that its content changed.
    pub fn changed(&mut self, id: NodeId) {
        self.notify(id);
    }

    /// Returns what is known of a node.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub fn status(&self, id: NodeId) -> Result<Status, Error> {
        let node = self.node(id)?;
        let linked = node.place.is_some() || id == self.root;
        Ok(Status { kind: node.kind(), size: node.size(), modified: node.modified, linked })
    }

    /// Sets the time of a node's last modification, in the caller's unit.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub fn set_modified(&mut self, id: NodeId, time: u64) -> Result<(), Error> {
        self.node_mut(id)?.modified = time;
        Ok(())
    }

    /// Reads up to `len` bytes of a file from `at`, and hands them to `sink` piece by piece with
    /// their offset from `at`. Returns how many there were.
    ///
    /// # Errors
    /// [`Error::IsDirectory`], [`Error::WrongKind`], [`Error::Gone`].
    pub fn read(
        &self,
        id: NodeId,
        at: u64,
        len: usize,
        sink: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<usize, Error> {
        match &self.node(id)?.body {
            Body::File(content) => Ok(content.read(at, len, sink)),
            Body::Directory(_) => Err(Error::IsDirectory),
            Body::Symlink(_) => Err(Error::WrongKind),
        }
    }

    /// Writes `len` bytes of a file at `at`, which `source` fills in piece by piece, each with its
    /// offset from `at`. All of them are written, or none.
    ///
    /// # Errors
    /// [`Error::IsDirectory`], [`Error::WrongKind`], [`Error::TooLarge`], [`Error::NoSpace`],
    /// [`Error::Gone`].
    pub fn write(
        &mut self,
        id: NodeId,
        at: u64,
        len: usize,
        source: &mut dyn FnMut(usize, &mut [u8]),
    ) -> Result<(), Error> {
        self.with_content(id, |content, budget| content.write(at, len, budget, source))
    }

    /// Cuts a file at `size`, or makes it longer by a hole.
    ///
    /// # Errors
    /// [`Error::IsDirectory`], [`Error::WrongKind`], [`Error::TooLarge`], [`Error::Gone`].
    pub fn truncate(&mut self, id: NodeId, size: u64) -> Result<(), Error> {
        self.with_content(id, |content, budget| content.truncate(size, budget))
    }

    fn with_content<T>(
        &mut self,
        id: NodeId,
        act: impl FnOnce(&mut crate::content::Content, &mut Budget) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let slot = self.slots.get_mut(id.index as usize);
        let slot = slot.filter(|slot| slot.generation == id.generation);
        match slot.and_then(|slot| slot.node.as_mut()).ok_or(Error::Gone)?.body {
            Body::File(ref mut content) => act(content, &mut self.budget),
            Body::Directory(_) => Err(Error::IsDirectory),
            Body::Symlink(_) => Err(Error::WrongKind),
        }
    }

    /// Returns a symbolic link's target.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::Gone`].
    pub fn target(&self, id: NodeId) -> Result<&[u8], Error> {
        match &self.node(id)?.body {
            Body::Symlink(target) => Ok(target),
            _ => Err(Error::WrongKind),
        }
    }

    /// Replaces a symbolic link's target.
    ///
    /// # Errors
    /// [`Error::NameTooLong`], [`Error::WrongKind`], [`Error::NoSpace`], [`Error::Gone`].
    pub fn set_target(&mut self, id: NodeId, target: &[u8]) -> Result<(), Error> {
        if target.len() > MAX_TARGET {
            return Err(Error::NameTooLong);
        }
        let before = self.target(id)?.len() as u64;
        let mut copy = Vec::new();
        copy.try_reserve_exact(target.len()).map_err(|_| Error::NoSpace)?;
        copy.extend_from_slice(target);
        let more = (target.len() as u64).saturating_sub(before);
        self.budget.charge(more)?;
        self.budget.refund(before.saturating_sub(target.len() as u64));
        self.node_mut(id)?.body = Body::Symlink(Box::from(copy));
        Ok(())
    }

    /// Returns the entry of a directory that has `index` entries in front of it; `None` behind the
    /// last.
    ///
    /// With a `cursor` of its own, a reader that asks for one index after another gets each entry
    /// that is there all the time exactly once, whatever others create and remove meanwhile.
    ///
    /// # Errors
    /// [`Error::NotDirectory`], [`Error::Gone`].
    pub fn entry(
        &self,
        directory: NodeId,
        index: u64,
        cursor: &mut Cursor,
    ) -> Result<Option<Entry>, Error> {
        let order = &self.node(directory)?.directory()?.order;
        let goes_on = index > 0 && index == cursor.rank;
        let item = if goes_on { order.after(cursor.number) } else { order.at(index) };
        let Some((number, node)) = item else { return Ok(None) };
        *cursor = Cursor { rank: index.saturating_add(1), number };
        let found = self.node(node)?;
        let name = found.place.as_ref().map(|(_, name)| name.clone());
        Ok(name.map(|name| Entry { node, kind: found.kind(), name }))
    }

    /// Watches a node: with each change, [`next_change`](Self::next_change) has `token`. The node
    /// stays as if it were open.
    ///
    /// # Errors
    /// [`Error::NoSpace`], [`Error::Gone`].
    pub fn watch(&mut self, id: NodeId, token: u64) -> Result<WatchId, Error> {
        self.budget.charge(WATCH_COST)?;
        let reserved = self.open(id).and_then(|()| {
            let watches = &mut self.node_mut(id)?.watches;
            watches.try_reserve(1).map_err(|_| Error::NoSpace)
        });
        if let Err(error) = reserved {
            self.budget.refund(WATCH_COST);
            return Err(error);
        }
        let watch = self.watches.add(id, token);
        self.node_mut(id)?.watches.push(watch);
        Ok(watch)
    }

    /// Ends a watch, and forgets a change that was not taken yet.
    pub fn unwatch(&mut self, watch: WatchId) {
        let Some(id) = self.watches.remove(watch) else { return };
        self.budget.refund(WATCH_COST);
        if let Ok(node) = self.node_mut(id) {
            node.watches.retain(|&other| other != watch);
        }
        self.close(id);
    }

    /// Takes the token of a watch whose node changed since it was last taken.
    pub fn next_change(&mut self) -> Option<u64> {
        self.watches.pop()
    }
}

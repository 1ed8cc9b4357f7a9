//! Watches: whoever wants to know of a node's changes.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use crate::NodeId;

/// A watch of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchId(u64);

#[derive(Debug)]
struct Watch {
    node: NodeId,
    token: u64,
    /// Told in the queue already, so that the queue has each watch once.
    queued: bool,
}

/// All watches of a tree, and those whose node changed.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    next: u64,
    all: BTreeMap<WatchId, Watch>,
    changed: VecDeque<WatchId>,
}

impl Watches {
    pub(crate) fn add(&mut self, node: NodeId, token: u64) -> WatchId {
        self.next += 1;
        let id = WatchId(self.next);
        self.all.insert(id, Watch { node, token, queued: false });
        id
    }

    /// Removes a watch, and returns its node.
    pub(crate) fn remove(&mut self, id: WatchId) -> Option<NodeId> {
        let watch = self.all.remove(&id)?;
        if watch.queued {
            self.changed.retain(|&other| other != id);
        }
        Some(watch.node)
    }

    /// Notes a change for each of `ids`.
    pub(crate) fn notify(&mut self, ids: &Vec<WatchId>) {
        for id in ids {
            if let Some(watch) = self.all.get_mut(id)
                && !watch.queued
            {
                watch.queued = true;
                self.changed.push_back(*id);
            }
        }
    }

    /// Takes the token of the watch whose node changed first.
    pub(crate) fn pop(&mut self) -> Option<u64> {
        let watch = self.all.get_mut(&self.changed.pop_front()?)?;
        watch.queued = false;
        Some(watch.token)
    }
}

//! The memory that no thread owns: the nodes' global heaps and the huge blocks.

use crate::env::Env;
use crate::global::{Locked, Node};
use crate::huge::Huge;
use crate::pages;
use crate::platform::Platform;
use crate::superblock::{Superblock, Table};
use core::ops::Deref;

/// Most nodes told apart; nodes beyond share the last one's heap.
pub const MAX_NODES: usize = 8;

/// What threads' heaps take from and give back to.
pub struct Memory {
    env: Env,
    nodes: [Node; MAX_NODES],
    pub(crate) huge: Huge,
}

impl Deref for Memory {
    type Target = Env;

    #[inline(always)]
    fn deref(&self) -> &Env {
        &self.env
    }
}

impl Memory {
    /// None taken from `platform` yet; its segments will be noted in `table`.
    #[allow(clippy::large_stack_arrays)] // made for statics
    pub const fn new(platform: &'static dyn Platform, table: &'static Table) -> Self {
        Self {
            env: Env::new(platform, table),
            nodes: [const { Node::new() }; MAX_NODES],
            huge: Huge::new(),
        }
    }

    /// Locks the global heap of `node`.
    pub fn node(&self, node: usize) -> Locked<'_> {
        let index = node.min(MAX_NODES - 1);
        self.nodes[index].lock(self, index)
    }

    /// Locks the global heap of the node that the superblock's memory belongs to.
    pub fn node_of(&self, sb: &Superblock) -> Locked<'_> {
        self.node(pages::node_of(sb))
    }

    /// Gives all idle memory back when the system refuses more; whether there was any.
    #[cold]
    pub(crate) fn relieve(&self) -> bool {
        self.trim(0) > 0
    }

    /// Gives idle memory back to the system, all but `keep` bytes a node; how many bytes.
    pub fn trim(&self, keep: usize) -> usize {
        let kept = self.huge.trim(self);
        (0..MAX_NODES).map(|node| self.node(node).trim(keep)).sum::<usize>() + kept
    }

    /// Takes every lock, in order, so that a fork finds nothing half done.
    pub(crate) fn before_fork(&self) {
        let wait = || self.platform.yield_now();
        self.huge.lock.acquire(wait);
        for node in &self.nodes {
            node.raw_lock().acquire(wait);
        }
    }

    /// Opens every lock.
    pub(crate) fn after_fork(&self) {
        for node in &self.nodes {
            node.raw_lock().release();
        }
        self.huge.lock.release();
    }
}

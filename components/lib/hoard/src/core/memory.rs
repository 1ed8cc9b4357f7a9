//! The memory that no thread owns: the nodes' global heaps and the huge blocks.

use super::env::Env;
use super::global::{Locked, Node};
use super::huge::Huge;
use super::superblock::{Superblock, Table};
use crate::platform::Platform;
use core::ops::Deref;

/// Most nodes told apart; nodes beyond share the last one's heap.
pub(crate) const MAX_NODES: usize = 8;

/// The source of superblocks and blocks for threads' heaps, and where they go back to.
pub(crate) struct Memory {
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
    /// Makes a memory of `platform` that has taken none yet and notes its segments in `table`.
    #[allow(clippy::large_stack_arrays)] // made for statics
    pub(crate) const fn new(platform: &'static dyn Platform, table: &'static Table) -> Self {
        let env = Env::new(platform, table);
        let nodes = [
            Node::new(env, 0),
            Node::new(env, 1),
            Node::new(env, 2),
            Node::new(env, 3),
            Node::new(env, 4),
            Node::new(env, 5),
            Node::new(env, 6),
            Node::new(env, 7),
        ];
        Self { env, nodes, huge: Huge::new(env) }
    }

    /// Locks the global heap of `node`.
    pub(crate) fn node(&self, node: usize) -> Locked<'_> {
        self.nodes[node.min(MAX_NODES - 1)].lock()
    }

    /// Locks the global heap of the node that the superblock's memory belongs to.
    ///
    /// # Safety
    /// This is the record of a superblock of this memory.
    pub(crate) unsafe fn node_of(&self, sb: &Superblock) -> Locked<'_> {
        // SAFETY: the caller's promise: it is in a segment.
        self.node(unsafe { Superblock::segment_of(sb.address()) }.0)
    }

    /// Gives all idle memory back when the system refuses more, and tells if there was any.
    #[cold]
    pub(crate) fn relieve(&self) -> bool {
        self.trim(0) > 0
    }

    /// Gives idle memory back to the system, all but `keep` bytes a node, and returns how many bytes
    /// that was.
    pub(crate) fn trim(&self, keep: usize) -> usize {
        let kept = self.huge.trim();
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
    ///
    /// # Safety
    /// [`Memory::before_fork`] was called by this thread, or by the one that forked it.
    pub(crate) unsafe fn after_fork(&self) {
        // SAFETY: the caller's promise.
        unsafe {
            for node in &self.nodes {
                node.raw_lock().release();
            }
            self.huge.lock.release();
        }
    }
}

//! A node's global heap: superblocks that no thread owns, by class and emptiness, and the slices.
//!
//! Heaps put superblocks here when they have too many sparse ones and when their thread ends;
//! other threads put full ones here that they emptied enough. Every heap of the node looks here
//! before it takes fresh slices.

use crate::class::CLASSES;
use crate::env::Env;
use crate::lock::Lock;
use crate::pages::Pages;
use crate::seeded;
use crate::superblock::{FLOATING, GLOBAL, NOBODY, SLICE, Superblock};
use core::cell::Cell;

const GROUPS: usize = 4;

type List = Cell<Option<&'static Superblock>>;

/// The global heap of one node. All fields but the lock are its holder's.
pub struct Node {
    lock: Lock,
    pages: Pages,
    /// By class, fullest group first.
    bins: [[List; GROUPS]; CLASSES],
}

// SAFETY: the cells are touched only with the lock held.
unsafe impl Sync for Node {}

/// The lock of a node, held.
pub struct Locked<'a> {
    node: &'a Node,
    env: &'a Env,
    index: usize,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.node.lock.release();
    }
}

impl Node {
    /// An empty heap.
    #[allow(clippy::new_without_default)] // made for statics
    pub const fn new() -> Self {
        Self {
            lock: Lock::new(),
            pages: Pages::new(),
            bins: [const { [const { Cell::new(None) }; GROUPS] }; CLASSES],
        }
    }

    /// The lock itself, for fork.
    pub fn raw_lock(&self) -> &Lock {
        &self.lock
    }

    /// Waits for the lock.
    pub fn lock<'a>(&'a self, env: &'a Env, index: usize) -> Locked<'a> {
        self.lock.acquire(|| env.platform.yield_now());
        Locked { node: self, env, index }
    }
}

fn group_of(sb: &Superblock) -> usize {
    let (capacity, used) = (sb.capacity() as usize, sb.used().max(0) as usize);
    let free = capacity.saturating_sub(used) + sb.remote().waiting() as usize;
    (free * GROUPS / (capacity + 1)).min(GROUPS - 1)
}

impl Locked<'_> {
    fn link(&self, sb: &'static Superblock) {
        let group = group_of(sb);
        let head = &self.node.bins[sb.class()][group];
        sb.group.set(group as u8);
        sb.prev.set(None);
        sb.next.set(head.get());
        if let Some(next) = head.get() {
            next.prev.set(Some(sb));
        }
        head.set(Some(sb));
    }

    fn unlink(&self, sb: &'static Superblock) {
        match sb.prev.get() {
            Some(prev) => prev.next.set(sb.next.get()),
            None => self.node.bins[sb.class()][sb.group.get() as usize].set(sb.next.get()),
        }
        if let Some(next) = sb.next.get() {
            next.prev.set(sb.prev.get());
        }
        sb.next.set(None);
        sb.prev.set(None);
    }

    /// Takes a superblock that the caller owns and that is on no list.
    pub fn put(&self, sb: &'static Superblock) {
        sb.set_used(sb.used(), 0);
        sb.set_owner(GLOBAL);
        let waiting = sb.remote().publish();
        self.link(sb);
        self.settle(sb, waiting);
    }

    /// After `waiting` blocks came to wait in a superblock that may still be global: moves it to
    /// the list of its emptiness, or dissolves it if nothing is out.
    pub fn settle(&self, sb: &'static Superblock, waiting: u32) {
        if sb.owner() != GLOBAL {
            return;
        }
        let used = sb.used().max(0) as u32;
        if (waiting >= used && sb.remote().retire(used)) || (seeded::bug(10) && waiting > 0) {
            self.unlink(sb);
            self.dissolve(sb);
        } else if group_of(sb) != sb.group.get() as usize {
            self.unlink(sb);
            self.link(sb);
        }
    }

    /// Finds a superblock of `class` with a free block for the heap `owner`: the fullest.
    pub fn adopt(&self, class: usize, owner: usize) -> Option<&'static Superblock> {
        for list in &self.node.bins[class] {
            if let Some(sb) = list.get() {
                self.unlink(sb);
                sb.set_owner(owner);
                sb.remote().adopt();
                return Some(sb);
            }
        }
        None
    }

    /// Makes a fresh superblock of `class` with `slices` slices; true with it if the memory reads
    /// as zero.
    pub fn form(
        &self,
        class: usize,
        slices: usize,
        owner: usize,
    ) -> Option<(&'static Superblock, bool)> {
        let (sb, zero) = self.node.pages.take(self.env, self.index, slices)?;
        sb.form(class, slices, owner);
        Some((sb, zero))
    }

    /// Gives the slices of a superblock back whose blocks are all free and that is on no list.
    pub fn dissolve(&self, sb: &'static Superblock) {
        debug_assert!(sb.owner() & FLOATING == 0);
        sb.dissolve();
        debug_assert_eq!(sb.owner(), NOBODY);
        self.node.pages.give(self.env, sb.address(), sb.slices());
    }

    /// Changes the size of a large block where it is.
    pub fn resize(&self, sb: &'static Superblock, slices: usize) -> bool {
        let done = self.node.pages.resize(self.env, sb.address(), sb.slices(), slices);
        if done {
            sb.set_slices(slices);
        }
        done
    }

    /// Gives idle memory back to the system; how many bytes.
    pub fn trim(&self, keep: usize) -> usize {
        let before = self.node.pages.bytes().1;
        self.node.pages.trim(self.env, keep / SLICE);
        before - self.node.pages.bytes().1
    }

    /// The slices.
    pub fn pages(&self) -> &Pages {
        &self.node.pages
    }
}

//! A node's global heap: superblocks that no thread owns, by class and emptiness, and the slices.
//!
//! Heaps put superblocks here when they have too many sparse ones and when their thread ends;
//! other threads put full ones here that they emptied enough. Every heap of the node looks here
//! before it takes fresh slices.

use super::class::CLASSES;
use super::env::Env;
use super::pages::Pages;
use super::superblock::{FLOATING, GLOBAL, NOBODY, SLICE, Superblock};
use crate::lockfree::lock::Lock;
use crate::platform::Platform;
use core::cell::Cell;

const GROUPS: usize = 4;

type List = Cell<Option<&'static Superblock>>;

/// The global heap of one node. All fields but the lock are its holder's.
pub(crate) struct Node {
    platform: &'static dyn Platform,
    lock: Lock,
    pages: Pages,
    /// By class, fullest group first.
    bins: [[List; GROUPS]; CLASSES],
}

// SAFETY: the cells are touched only with the lock held.
unsafe impl Sync for Node {}

/// The lock of a node, held until this is dropped.
#[must_use]
pub(crate) struct Locked<'a> {
    node: &'a Node,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: taken by `Node::lock`, and this was all that gave access.
        unsafe { self.node.lock.release() };
    }
}

impl Node {
    /// Makes the empty heap of the node of that index.
    pub(crate) const fn new(env: Env, index: usize) -> Self {
        Self {
            platform: env.platform,
            lock: Lock::new(),
            pages: Pages::new(env, index),
            bins: [const { [const { Cell::new(None) }; GROUPS] }; CLASSES],
        }
    }

    /// Returns the lock itself, for fork.
    pub(crate) fn raw_lock(&self) -> &Lock {
        &self.lock
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> Locked<'_> {
        self.lock.acquire(|| self.platform.yield_now());
        Locked { node: self }
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

    /// Takes a superblock.
    ///
    /// # Safety
    /// The superblock is of this node, the caller owns it until now, and it is on no list.
    pub(crate) unsafe fn put(&self, sb: &'static Superblock) {
        // SAFETY: the caller's promise, and the lock is held.
        unsafe {
            sb.set_used(sb.used(), 0);
            sb.set_owner(GLOBAL);
            let waiting = sb.remote().publish();
            self.link(sb);
            self.settle(sb, waiting);
        }
    }

    /// After `waiting` blocks came to wait in a superblock that may still be global: moves it to
    /// the list of its emptiness, or dissolves it if nothing is out.
    ///
    /// # Safety
    /// The superblock is of this node.
    pub(crate) unsafe fn settle(&self, sb: &'static Superblock, waiting: u32) {
        if sb.owner() != GLOBAL {
            return;
        }
        let used = sb.used().max(0) as u32;
        // SAFETY: global under the lock, which is held, so it and its count are the caller's.
        if waiting >= used && unsafe { sb.remote().retire(used) } {
            self.unlink(sb);
            // SAFETY: no block is out, and it is on no list.
            unsafe { self.dissolve(sb) };
        } else if group_of(sb) != sb.group.get() as usize {
            self.unlink(sb);
            self.link(sb);
        }
    }

    /// Finds a superblock of `class` with a free block for the heap `owner`: the fullest.
    ///
    /// # Safety
    /// `owner` is the identity of a heap that the caller may use.
    pub(crate) unsafe fn adopt(&self, class: usize, owner: usize) -> Option<&'static Superblock> {
        for list in &self.node.bins[class] {
            if let Some(sb) = list.get() {
                self.unlink(sb);
                // SAFETY: global, as all in the lists; the lock is held; the caller's heap.
                unsafe {
                    sb.set_owner(owner);
                    sb.remote().adopt();
                }
                return Some(sb);
            }
        }
        None
    }

    /// Makes a fresh superblock of `class` with `slices` slices; true with it if the memory reads
    /// as zero.
    ///
    /// # Safety
    /// `owner` is the identity of a heap that the caller may use, or that of large blocks.
    pub(crate) unsafe fn form(
        &self,
        class: usize,
        slices: usize,
        owner: usize,
    ) -> Option<(&'static Superblock, bool)> {
        let (sb, zero) = self.node.pages.take(slices)?;
        // SAFETY: slices that were just taken; the owner is the caller's.
        unsafe { sb.form(class, slices, owner) };
        Some((sb, zero))
    }

    /// Gives the slices of a superblock back.
    ///
    /// # Safety
    /// The superblock is of this node and the caller's, all its blocks are free, and it is on no list.
    pub(crate) unsafe fn dissolve(&self, sb: &'static Superblock) {
        debug_assert!(sb.owner() & FLOATING == 0);
        // SAFETY: the caller's promise: its slices were taken, and nobody uses them any more.
        unsafe {
            sb.set_owner(NOBODY);
            self.node.pages.give(sb.address(), sb.slices());
        }
    }

    /// Changes the size of a large block where it is.
    ///
    /// # Safety
    /// This is a large block of this node and the caller's, who uses no more than `slices` of it.
    pub(crate) unsafe fn resize(&self, sb: &'static Superblock, slices: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            let done = self.node.pages.resize(sb.address(), sb.slices(), slices);
            if done {
                sb.set_slices(slices);
            }
            done
        }
    }

    /// Gives idle memory back to the system, and returns how many bytes that was.
    pub(crate) fn trim(&self, keep: usize) -> usize {
        let before = self.node.pages.bytes().1;
        self.node.pages.trim(keep / SLICE);
        before - self.node.pages.bytes().1
    }

    /// Returns the slices.
    pub(crate) fn pages(&self) -> &Pages {
        &self.node.pages
    }
}

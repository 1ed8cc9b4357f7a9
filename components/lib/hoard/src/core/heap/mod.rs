//! A thread's heap: the paths that need nobody else, and their slow continuations.
//!
//! By class a heap keeps a list of superblocks that have free blocks; allocation takes from the
//! first. A superblock without free blocks floats: it is on no list, until enough of its blocks
//! came back. Blocks of other owners are gathered by superblock before they are pushed.
//!
//! The *user* of a heap is the thread it is attached to, or the holder of the lock if many use it; of
//! [`MISSING`] and [`GONE`], which nothing is ever written to, any thread. What only the user may do is
//! unsafe to call.

mod allocate;
pub(crate) mod free;
mod lists;

pub use lists::{GONE, Heap, Kind, MISSING};

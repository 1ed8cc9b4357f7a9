//! The allocator: superblocks, the heaps that own them, and where they come from and go to.
//!
//! Each module uses only those before it: [`class`], [`superblock`], [`text`], [`env`], [`mask`],
//! [`pages`], [`huge`], [`global`], [`memory`], [`gather`], [`heap`], [`shared`], [`stats`].

pub(crate) mod class;
mod env;
mod gather;
mod global;
pub(crate) mod heap;
pub(crate) mod huge;
mod mask;
pub(crate) mod memory;
mod pages;
pub(crate) mod shared;
pub(crate) mod stats;
pub(crate) mod superblock;
pub(crate) mod text;

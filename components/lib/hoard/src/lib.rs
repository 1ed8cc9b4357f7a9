//! A memory allocator after Hoard: bounded blowup, no induced false sharing, and what was learnt
//! since. See the README for the design, its constants and the bound.
//!
//! Layers, each using only those before it: [`platform`], [`remote`] and [`lock`] (all that is
//! lock-free), [`class`], [`superblock`], [`mod@env`], [`pages`], [`huge`], [`global`], [`memory`],
//! [`heap`], [`ops`], [`shared`], [`stats`], [`face`]; a test holds them to it.
#![no_std]
#![deny(missing_docs)]

#[cfg(any(loom, test))]
extern crate std;

#[path = "core/class.rs"]
pub mod class;
#[path = "lockfree/lock.rs"]
pub mod lock;
pub mod platform;
#[path = "lockfree/remote.rs"]
pub mod remote;
#[path = "lockfree/sync.rs"]
pub mod sync;

#[cfg(all(target_os = "linux", not(loom)))]
#[path = "front/c.rs"]
pub mod c;
#[cfg(not(loom))]
#[path = "core/env.rs"]
pub mod env;
#[cfg(not(loom))]
#[path = "front/face.rs"]
pub mod face;
#[cfg(not(loom))]
#[path = "core/gather.rs"]
mod gather;
#[cfg(not(loom))]
#[path = "core/global.rs"]
pub mod global;
#[cfg(not(loom))]
#[path = "core/heap/mod.rs"]
pub mod heap;
#[cfg(not(loom))]
#[path = "core/huge.rs"]
pub mod huge;
#[cfg(not(loom))]
#[path = "core/mask.rs"]
mod mask;
#[cfg(not(loom))]
#[path = "core/memory.rs"]
pub mod memory;
#[cfg(not(loom))]
#[path = "front/ops.rs"]
pub mod ops;
#[cfg(not(loom))]
#[path = "core/pages.rs"]
pub mod pages;
#[cfg(all(target_os = "linux", not(loom)))]
#[path = "front/process.rs"]
pub mod process;
#[cfg(not(loom))]
mod seeded;
#[cfg(not(loom))]
#[path = "core/shared.rs"]
pub mod shared;
#[cfg(not(loom))]
#[path = "core/stats.rs"]
pub mod stats;
#[cfg(not(loom))]
#[path = "core/superblock.rs"]
pub mod superblock;
#[cfg(all(target_os = "linux", not(loom)))]
#[path = "front/thread.rs"]
pub mod thread;

#[cfg(all(target_os = "linux", not(loom)))]
pub use process::Hoard;

#[cfg(all(test, not(loom)))]
mod tests;

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

pub mod class;
pub mod lock;
pub mod platform;
pub mod remote;
pub mod sync;

#[cfg(all(target_os = "linux", not(loom)))]
pub mod c;
#[cfg(not(loom))]
pub mod env;
#[cfg(not(loom))]
pub mod face;
#[cfg(not(loom))]
mod gather;
#[cfg(not(loom))]
pub mod global;
#[cfg(not(loom))]
pub mod heap;
#[cfg(not(loom))]
pub mod huge;
#[cfg(not(loom))]
mod mask;
#[cfg(not(loom))]
pub mod memory;
#[cfg(not(loom))]
pub mod ops;
#[cfg(not(loom))]
pub mod pages;
#[cfg(all(target_os = "linux", not(loom)))]
pub mod process;
#[cfg(not(loom))]
mod seeded;
#[cfg(not(loom))]
pub mod shared;
#[cfg(not(loom))]
pub mod stats;
#[cfg(not(loom))]
pub mod superblock;
#[cfg(all(target_os = "linux", not(loom)))]
pub mod thread;

#[cfg(all(target_os = "linux", not(loom)))]
pub use process::Hoard;

#[cfg(all(test, not(loom)))]
mod tests;

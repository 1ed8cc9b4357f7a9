//! A memory allocator after Hoard: bounded blowup, no induced false sharing, and what was learnt
//! since. See the README for the design, its constants and the bound.
//!
//! [`Hoard`](type@Hoard) is the global allocator of a program on Linux. An allocator for another system takes three
//! things: a [`Platform`](platform::Platform) that has memory, a static [`Core`] on it, and a [`Process`]
//! that knows the calling thread's heap; [`Allocator`] makes a global allocator of them.
//!
//! ```
//! use hoard::{Allocator, Core, Heap, MISSING, Process, Table, platform::Linux};
//! use std::cell::Cell;
//!
//! static TABLE: Table = Table::new();
//! static CORE: Core = Core::new(&Linux, &TABLE);
//! thread_local! {
//!     static HEAP: Cell<&'static Heap> = const { Cell::new(&MISSING) };
//! }
//!
//! struct Mine;
//! // SAFETY: one core; each thread keeps the heap that was attached for it.
//! unsafe impl Process for Mine {
//!     fn core() -> &'static Core {
//!         &CORE
//!     }
//!     fn heap() -> &'static Heap {
//!         HEAP.get()
//!     }
//!     fn attach() -> &'static Heap {
//!         HEAP.set(CORE.attach().unwrap_or(&MISSING));
//!         HEAP.get()
//!     }
//! }
//!
//! let block = Allocator::<Mine>::allocate(100);
//! assert!(Allocator::<Mine>::usable(block) >= 100);
//! // SAFETY: allocated above.
//! unsafe { Allocator::<Mine>::free(block) };
//! assert_eq!(Allocator::<Mine>::stats().blocks, 0);
//! ```
//!
//! Four floors, each a folder that uses only those below it: `platform`, `lockfree`, `core`, `front`; a
//! test holds them to it.
#![no_std]
#![deny(missing_docs)]
#![allow(unsafe_code, reason = "an allocator")]
// What only `internals` shows is `pub` in modules that are private without it.
#![cfg_attr(not(feature = "internals"), allow(unreachable_pub))]

#[cfg(any(loom, test))]
extern crate std;

#[cfg(not(loom))]
mod core;
#[cfg(not(loom))]
mod front;
mod lockfree;
pub mod platform;
#[cfg(all(test, not(loom)))]
mod tests;

/// The examples of the README, compiled and run.
#[cfg(all(doctest, target_os = "linux", not(loom)))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[path = "tests/contracts.rs"]
mod contracts;

#[cfg(not(loom))]
pub use crate::core::{
    heap::{GONE, Heap, MISSING},
    shared::Core,
    stats::Stats,
    superblock::Table,
};
#[cfg(not(loom))]
pub use front::allocator::{Allocator, Process};
#[cfg(all(target_os = "linux", not(loom)))]
pub use front::process::{Hoard, Local};

/// The parts that tests, models, fuzzers and the sibling crates need of the inside. They change without
/// notice, in any release.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    #[cfg(not(loom))]
    pub use crate::core::heap::Kind;
    #[cfg(all(target_os = "linux", not(loom)))]
    pub use crate::front::{c, thread};
    pub use crate::lockfree::{lock, remote};
}

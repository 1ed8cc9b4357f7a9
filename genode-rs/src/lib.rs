//! Rust components for the [Genode](https://genode.org) OS framework.
//!
//! Write components, not system calls: a component is a function that takes its [`Env`] and returns the
//! state it wants to keep. Everything it may do is reached from there.
//!
//! ```no_run
//! #![no_std]
//! #![no_main]
//! use genode::prelude::*;
//!
//! #[genode::component]
//! fn main(env: Env) {
//!     log!("hello from {} bytes of RAM quota", env.quota().ram_limit);
//!     env.exit(0)
//! }
//! ```
//!
//! | you want to | use |
//! |---|---|
//! | define or call an RPC interface | [`rpc`](mod@rpc) |
//! | open a session at a service | [`connection::Connection`] |
//! | offer a service | [`root`] |
//! | be told of an event | [`signal::SignalHandler`] |
//! | share or map memory | [`dataspace`] |
//! | provide memory on demand | [`region_map`] |
//! | move bulk data between components | [`packet_stream`] |
//! | read and write files | [`fs`] |
//! | read a configuration and follow it | [`Env::config`], [`node`] |
//! | read another ROM module, write a report | [`session::rom`], [`session::report`] |
//! | wait for several things at once | [`task`] |
//! | sleep, bound a wait, do something each second | [`time`] |
//! | use more threads, locks | [`thread`], [`sync`] |
//! | allocate memory by `alloc` | [`heap`] |
//! | start children | [`sandbox`] |
//!
//! # Errors
//!
//! An [`Error`] tells that the system refused something; calls of other components, nodes and files
//! have errors of their own, all of which implement [`core::error::Error`]. Where several kinds
//! meet in one function, and in a component's `main`, let it return a boxed one:
//!
//! ```no_run
//! # extern crate alloc;
//! # use alloc::boxed::Box;
//! # use genode::{prelude::*, fs::FileSystem};
//! #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
//! #[repr(u32)]
//! enum Refused { TooMany }
//!
//! impl core::fmt::Display for Refused {
//!     fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
//!         f.write_str("too many: ask for less")
//!     }
//! }
//!
//! #[genode::rpc(service = "Store", caps = 4, ram = 8192)]
//! trait Store {
//!     fn take(&mut self, count: u32) -> Result<u32, Refused>;
//! }
//!
//! fn start(env: Env) -> Result<(), Box<dyn core::error::Error>> {
//!     let store = Connection::<dyn Store>::open(env, "")?; // Error
//!     let left = store.take(3)?; // CallError<Refused>: Refused can be displayed
//!     let fs = FileSystem::open(env, "/")?; // fs::Error
//!     let notes = fs.wait(fs.read("/notes", 4096))?;
//!     log!("{left} left, {} bytes of notes", notes.len());
//!     Ok(())
//! }
//! ```
//!
//! The same source runs on the host target (Linux processes), and on every kernel Genode supports.
//! `unsafe` is confined to [`sys`], the safe side of the C seam in `genode-sys`, and to the few modules that
//! say so where they are declared.
#![no_std]
// The model checker sees the lock-free parts only, included by its tests (tests/loom.rs).
#![cfg(not(loom))]
#![deny(missing_docs)]

extern crate alloc;
// The macros name this crate `::genode`, inside it as well.
#[allow(unused_extern_crates)]
extern crate self as genode;

#[doc(hidden)]
pub mod __private;
pub mod affinity;
pub mod cap;
pub mod connection;
pub mod dataspace;
pub mod entrypoint;
pub mod env;
pub mod error;
pub mod fs;
pub mod heap;
pub mod info_page;
pub mod label;
#[macro_use]
pub mod log;
pub mod node;
pub mod packet_stream;
pub mod quota;
pub mod region_map;
pub mod root;
pub mod rpc;
pub mod sandbox;
pub mod session;
pub mod signal;
pub mod sync;
pub mod sys;
pub mod task;
pub mod thread;
pub mod time;

pub use cap::{Capability, RawCap};
pub use env::Env;
pub use error::Error;
pub use genode_args as args;
pub use genode_macros::{Exceptions, Wire, component, rpc};

/// What most components use.
pub mod prelude {
    pub use crate::{
        Capability, Env, Error, connection::Connection, error, log, signal::SignalHandler, warning,
    };
}

//! Rust components for the [Genode](https://genode.org) OS framework.
//!
//! Write components, not system calls: a component is a function that takes its [`Env`] and returns the
//! state it wants to keep. Everything it may do is reached from there.
//!
//! ```ignore
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
//! | define or call an RPC interface | [`rpc`] |
//! | open a session at a service | [`connection::Connection`] |
//! | offer a service | [`root`] |
//! | be told of an event | [`signal::SignalHandler`] |
//! | share or map memory | [`dataspace`] |
//! | read a configuration, write a report | [`node`] |
//! | start children | [`sandbox`] |
//!
//! The same source runs on the host target (Linux processes), and on every kernel Genode supports.
//! `unsafe` is confined to [`sys`], the safe side of the C seam in `genode-sys`, and to the few modules that
//! say so where they are declared.
#![no_std]
#![deny(missing_docs, unsafe_code)]

extern crate alloc;
// The macros name this crate `::genode`, inside it as well.
extern crate self as genode;

pub mod cap;
pub mod error;
#[macro_use]
pub mod log;
pub mod quota;
#[allow(unsafe_code, reason = "the safe side of the seam")]
pub mod sys;

pub use cap::{Capability, RawCap};
pub use error::Error;

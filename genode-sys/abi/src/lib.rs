//! Types and constants of `genode-sys/include/rs_genode.h`, generated. The header documents them.
//!
//! They are a crate of their own because both sides of the seam need them: `genode-sys`, which declares the
//! functions, and the host target, which defines them in Rust.
#![no_std]
#![deny(missing_docs)]
#![allow(non_camel_case_types)] // C names, so that header and bindings read the same

#[rustfmt::skip] // generated
#[allow(missing_docs, reason = "the header documents them")]
mod types;
pub use types::*;

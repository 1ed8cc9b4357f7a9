//! The seam between Rust and a Genode system, as raw C functions.
//!
//! `include/rs_genode.h` is the contract and documents every item here. On the host target the functions
//! are Rust (crate `genode_host_rt`), on Genode they are C++ against Genode's API (`shim/`). Use the crate `genode`
//! instead: it is the safe side of this.
//!
//! A component starts by [`component_entry`], once; nobody else may start it again:
//!
//! ```compile_fail,E0133
//! extern "C" fn construct() {}
//! genode_sys::rs_host_start(construct);
//! ```
#![no_std]
#![deny(missing_docs)]
#![allow(unsafe_code, reason = "declares and calls the functions of the seam")]

pub use genode_abi::*;

#[cfg(target_os = "genode")]
#[rustfmt::skip] // generated
#[allow(missing_docs, reason = "the header documents each")]
mod functions;
#[cfg(target_os = "genode")]
pub use functions::*;
#[cfg(target_os = "genode")]
mod panic;

/// Runs what a thread does. A panic in it ends the component before it could end the thread.
#[cfg(target_os = "genode")]
pub fn run_thread(body: impl FnOnce()) {
    body();
}

#[cfg(not(target_os = "genode"))]
#[rustfmt::skip]
mod host_check;
#[cfg(not(target_os = "genode"))]
pub use genode_host_rt::*;

/// Defines what the system calls to start the component: `$construct` is an `extern "C" fn()` that runs on
/// the main entrypoint, before it serves anything.
#[cfg(not(target_os = "genode"))]
#[macro_export]
macro_rules! component_entry {
    ($construct:path) => {
        const _: () = {
            #[unsafe(export_name = "main")]
            extern "C" fn __genode_start(_argc: i32, _argv: *const *const u8) -> i32 {
                // SAFETY: the process starts here, so this is its only thread, and it comes by once.
                unsafe { $crate::rs_host_start($construct) }
            }
        };
    };
}

/// Defines what the system calls to start the component: `$construct` is an `extern "C" fn()` that runs on
/// the main entrypoint, before it serves anything.
#[cfg(target_os = "genode")]
#[macro_export]
macro_rules! component_entry {
    ($construct:path) => {
        const _: () = {
            #[unsafe(no_mangle)]
            extern "C" fn rs_component_construct() {
                $construct()
            }
        };
    };
}

//! What the macros expand to. Not part of the interface: it may change in any version.
#![allow(unsafe_code, reason = "where a component begins: called by the seam alone")]

use core::fmt::Display;

pub use genode_sys::component_entry;

pub use crate::{
    rpc::{
        client::{Call, Peer, Reply, body_size, flatten},
        dispatch::serve,
        seal::{Carrier, Derived},
    },
    sys::rpc::Answer,
};

use crate::{
    entrypoint::Entrypoint,
    env::Env,
    sys::{self, entrypoint::Here},
};

/// What a component's main function may return: nothing, or what it wants to keep, or why it could not start.
pub trait Outcome {
    /// Keeps the value for the component's life, or ends the component with a message.
    fn settle(self);
}

impl Outcome for () {
    fn settle(self) {}
}

impl<T: 'static, E: Display> Outcome for Result<T, E> {
    fn settle(self) {
        match self {
            // Not dropped: handlers and sessions in it are what the component goes on with.
            Ok(kept) => core::mem::forget(kept),
            Err(why) => {
                crate::error!("{why}");
                sys::parent::exit(-1)
            }
        }
    }
}

/// Runs the component's main function, on the main entrypoint. Only what the macro generates calls it,
/// and nobody can call that:
///
/// ```compile_fail,E0133
/// genode::__private::construct(|_| ());
/// ```
///
/// ```compile_fail,E0425
/// #![no_std]
/// #![no_main]
///
/// #[genode::component]
/// fn main(_: genode::Env) {}
///
/// fn again() {
///     __genode_construct();
/// }
/// ```
///
/// # Safety
/// The calling thread is the main entrypoint's.
pub unsafe fn construct<R: Outcome>(main: impl FnOnce(Env) -> R) {
    // SAFETY: promised by the caller.
    let here = unsafe { Here::main() };
    main(Env::new(Entrypoint::new(here))).settle();
}

//! `Native_pd` of base-linux, and a function of ours.

use genode_wire::{Cap, structs, values};

use super::calls;

calls! {
    /// Calls of a native PD.
    pub enum Call<H> of native_pd {
        /// Starts the program in a dataspace, once.
        Start = start { binary: Cap<H> },
        /// Ours: how the component ended, a [`Termination`].
        Termination = termination,
    }
}

values! {
    /// Whether a component ended, and how.
    pub enum Ended {
        /// It runs, or was not started.
        Not = 0,
        /// Its process ended with an exit code.
        Exited = 1,
        /// Its process was ended by a signal.
        Killed = 2,
    }
}

/// How a component ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Termination {
    /// Whether, and how.
    pub ended: Ended,
    /// Exit code or signal.
    pub value: i64,
}

structs! { Termination { ended: Ended, value: i64 } }

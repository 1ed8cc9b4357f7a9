//! Exercises the SDK's base mechanisms inside a system: the same program on the host and on Genode.
//!
//! Each check prints what it found; the first that fails ends the component with a message. The last line says
//! that all passed.
#![no_std]
#![no_main]

extern crate alloc;

mod memory;
mod signals;
mod threads;

use alloc::string::String;

use genode::prelude::*;

#[genode::component]
fn main(env: Env) -> Result<signals::Test, String> {
    memory::heap(env)?;
    memory::dataspaces(env)?;
    memory::exhaustion(env)?;
    threads::run(env)?;
    // Signals arrive when this returns: the rest runs in handlers and tasks.
    signals::Test::start(env)
}

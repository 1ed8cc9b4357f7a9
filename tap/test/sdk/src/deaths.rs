//! rs_deaths: dies in the way that its configuration names, so that a script sees what is said of
//! it.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "it is about accesses that no safe code makes")]
#![allow(clippy::panic, reason = "it dies in all ways that there are")]

use core::{fmt, hint::black_box};

use genode::{prelude::*, session::rom::RomConnection, thread::Builder};

/// Calls itself until the stack is used up.
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let here = black_box([depth; 32]);
    if black_box(depth) == u64::MAX { depth } else { deeper(depth + 1) + here[7] }
}

#[inline(never)]
fn read_at(address: usize) -> u64 {
    let pointer = core::ptr::with_exposed_provenance::<u64>(black_box(address));
    // SAFETY: none: the access is what ends the component.
    unsafe { pointer.read_volatile() }
}

#[inline(never)]
fn write_to_a_constant() {
    static CONSTANT: u64 = 7;
    let pointer = (&raw const CONSTANT).cast_mut();
    // SAFETY: none, as above.
    unsafe { black_box(pointer).write_volatile(8) };
}

/// A function of another program, at address zero.
#[inline(never)]
fn call_null() {
    // SAFETY: none, as above.
    let function: extern "C" fn() = unsafe {
        core::mem::transmute::<*const (), extern "C" fn()>(black_box(
            core::ptr::without_provenance(8),
        ))
    };
    function();
}

/// Panics when it is shown.
struct Rude;

impl fmt::Display for Rude {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("shown");
    }
}

/// Takes more memory than the component has.
#[inline(never)]
fn all_memory() -> usize {
    black_box(alloc::vec![1_u8; 16 << 20]).len()
}

fn die(how: &str) {
    match how {
        "memory" => drop(black_box(all_memory())),
        "overflow" => drop(black_box(deeper(0))),
        "null" => drop(black_box(read_at(8))),
        "nowhere" => drop(black_box(read_at(0x10_0000_0000))),
        "constant" => write_to_a_constant(),
        "call" => call_null(),
        "panic" => panic!("as it was told to"),
        "panic_twice" => panic!("{}", Rude),
        _ => error!("no way to die: {how}"),
    }
}

extern crate alloc;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = RomConnection::open(env, "config")?.read_node(4 << 10)?;
    let how = config.attr("how").unwrap_or_default();
    match config.attr("thread") {
        Some(name) => {
            let how = alloc::string::String::from(how);
            Builder::new(name).spawn(move || die(&how))?.join()?;
        }
        None => die(how),
    }
    log!("still alive");
    env.exit(1);
}

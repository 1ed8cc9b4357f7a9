//! Panics in its constructor.
#![no_main]
#![allow(clippy::panic)] // what the test is about

extern "C" fn construct() {
    panic!("on purpose, {}", 1 + 1);
}

genode_sys::component_entry!(construct);

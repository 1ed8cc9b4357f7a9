//! Any calls of the C family, in any order: `cargo +nightly fuzz run c_api`.
//!
//! The interpreter is the one that the stable test `corpus` replays this corpus with.
#![no_main]

#[path = "../../tests/c_api/mod.rs"]
mod c_api;

libfuzzer_sys::fuzz_target!(|data: &[u8]| c_api::interpret(data));

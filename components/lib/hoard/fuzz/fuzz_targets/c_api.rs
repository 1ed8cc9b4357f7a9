//! Any calls of the C family, in any order. With stable Rust and a C++ compiler, in this folder, whose
//! `.cargo/config.toml` has the coverage that libFuzzer wants:
//!
//! `mkdir -p found && cargo run --release -- found corpus/c_api -max_total_time=60`
//!
//! What fails is written to `crash-...` here; give that file as the only argument to see it again.
//! The interpreter is the one that the test `corpus` replays this corpus with.
#![no_main]

#[path = "../../tests/c_api/mod.rs"]
mod c_api;

libfuzzer_sys::fuzz_target!(|data: &[u8]| c_api::interpret(data));

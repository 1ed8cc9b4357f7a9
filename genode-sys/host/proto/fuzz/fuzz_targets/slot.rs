#![no_main]
#![allow(dead_code, reason = "each target uses one of the shared functions")]

include!("../targets.rs");

libfuzzer_sys::fuzz_target!(|data: &[u8]| slot(data));

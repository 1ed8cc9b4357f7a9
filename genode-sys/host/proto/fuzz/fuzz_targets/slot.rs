#![no_main]

#[path = "../sides/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each target uses one of the shared functions")]
mod sides;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sides::slot(data));

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| genode_fuzz::devices::events(bytes));

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| components_lib_fuzz::archives::archive(bytes));

//! Work of the fuzz targets on their bytes. Knows nothing of the fuzzer, so that
//! `tests/fuzz_corpus*.rs` of the crate `genode` replay the corpus with it on a stable compiler.

pub mod devices;
pub mod file_system;
pub mod rpc;
pub mod stream;
pub mod text;

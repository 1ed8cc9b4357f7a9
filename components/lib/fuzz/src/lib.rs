//! Work of the fuzz targets on their bytes. Knows nothing of the fuzzer, so that tests of the
//! libraries replay the corpus with it on a stable compiler.

pub mod archives;
pub mod tables;

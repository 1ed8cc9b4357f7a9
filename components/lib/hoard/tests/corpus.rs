//! Replays the fuzz corpus, and as many inputs from a fixed sequence, with stable Rust.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "calls of C's malloc family")]

mod c_api;

use std::path::Path;

#[test]
fn the_corpus_breaks_no_promise() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/c_api");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        c_api::interpret(&std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 8, "the corpus is there");
}

#[test]
fn neither_do_inputs_that_a_generator_makes() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..30 {
        let input: Vec<u8> = (0..1500).map(|_| random.u8(..)).collect();
        c_api::interpret(&input);
    }
}

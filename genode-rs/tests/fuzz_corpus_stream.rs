//! Replays the packet streams' corpus on a stable compiler, with mutations, and runs steps that a
//! seed chose.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../fuzz/src/stream.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod stream;

use std::{fs, path::Path};

use proptest::prelude::*;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/stream")
}

#[test]
fn the_corpus_and_its_mutations() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        count += 1;
        stream::stream(&bytes);
        for len in 0..bytes.len() {
            stream::stream(&bytes[..len]);
        }
        let mut mutant = bytes.clone();
        for at in 0..mutant.len() {
            for value in [0, 1, 2, 5, 3, 4, 7, 8, 206, 0x80, 0xff] {
                let byte = std::mem::replace(&mut mutant[at], value);
                stream::stream(&mutant);
                mutant[at] = byte;
            }
        }
    }
    assert!(count > 0, "{} is empty", folder().display());
}

/// Steps that end without a hostile one: each side's promises are checked to the end.
fn honest() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..195, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn honest_sides_lose_no_packet_and_no_wake_up(bytes in honest()) {
        stream::stream(&bytes);
    }

    #[test]
    fn a_hostile_peer_changes_its_own_traffic_only(bytes in prop::collection::vec(any::<u8>(), 1..600)) {
        stream::stream(&bytes);
    }
}

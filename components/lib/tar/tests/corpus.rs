//! Replays the corpus of the fuzz target `tar` on a stable compiler, with mutations of each
//! file.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../../fuzz/src/archives.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod archives;

use std::{fs, path::Path};

/// Mutations of each file.
const MUTATIONS: usize = 400;

#[test]
fn archives_of_any_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/tar");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.sort();
    let mut random = fastrand::Rng::with_seed(7);
    for path in paths {
        let bytes = fs::read(path).unwrap();
        archives::archive(&bytes);
        for _ in 0..MUTATIONS {
            let mut mutant = bytes.clone();
            for _ in 0..random.usize(1..6) {
                // The beginning has more that matters.
                let end = if random.bool() { mutant.len() } else { mutant.len().min(1200) };
                let at = random.usize(..end.max(1));
                if let Some(byte) = mutant.get_mut(at) {
                    *byte = random.u8(..);
                }
            }
            archives::archive(&mutant);
        }
    }
}

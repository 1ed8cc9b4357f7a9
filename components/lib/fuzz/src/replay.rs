//! Replays the corpus of a fuzz target on a stable compiler, with mutations of each file.

use std::{fs, path::Path};

/// Mutations of each file.
const MUTATIONS: usize = 400;

/// Runs a target on each file of the corpus that it is named after, and on mutations of these, half
/// of which change one of the first `beginning` bytes: they have more that matters.
pub fn replay(target: &str, beginning: usize, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.sort();
    let mut random = fastrand::Rng::with_seed(7);
    for path in paths {
        let bytes = fs::read(path).unwrap();
        run(&bytes);
        for _ in 0..MUTATIONS {
            let mut mutant = bytes.clone();
            for _ in 0..random.usize(1..6) {
                let end = if random.bool() { mutant.len() } else { mutant.len().min(beginning) };
                let at = random.usize(..end.max(1));
                if let Some(byte) = mutant.get_mut(at) {
                    *byte = random.u8(..);
                }
            }
            run(&mutant);
        }
    }
}

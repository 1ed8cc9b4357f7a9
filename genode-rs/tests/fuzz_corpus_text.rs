//! Replays the corpus of the fuzz targets `args` and `node` on a stable compiler, with mutations of each file.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../fuzz/src/text.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod text;

use std::{fs, path::Path};

/// Bytes that the texts' syntaxes care for.
const SPECIAL: &[u8] = b"\0\t\n\r \"'&<>=,\\|:+x.-/0K\xff\xc3";

/// Runs `target` on each file, on its prefixes, and with bytes exchanged, left out and repeated.
fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        target(&bytes);
        for at in 0..bytes.len() {
            target(&bytes[..at]);
            // a third of them at each place: what one place misses the next one has
            for with in SPECIAL.iter().skip(at % 3).step_by(3) {
                let mut mutant = bytes.clone();
                mutant[at] = *with;
                target(&mutant);
                mutant.insert(at, *with);
                target(&mutant);
            }
            let mut shorter = bytes.clone();
            shorter.remove(at);
            target(&shorter);
        }
        files += 1;
    }
    assert!(files > 0, "{} is empty", folder.display());
}

#[test]
fn session_arguments() {
    replay("args", text::args);
}

#[test]
fn trees() {
    replay("node", text::node);
}

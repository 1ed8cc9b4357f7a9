//! Replays the corpus of the fuzz targets `args`, `node`, of file systems and of devices on a
//! stable compiler, with mutations of each file.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../fuzz/src/text.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod text;

#[path = "../fuzz/src/file_system.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic, clippy::expect_used)]
// a module of another crate
mod file_system;

#[path = "../fuzz/src/devices.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic, clippy::expect_used)]
// a module of another crate
mod devices;

use std::{fs, path::Path};

/// Bytes that the texts' syntaxes care for.
const SPECIAL: &[u8] = b"\0\t\n\r \"'&<>=,\\|:+x.-/0K\xff\xc3";

/// Places that are mutated, of all files together: as evenly as they have bytes, so that a corpus
/// may grow.
const PLACES: usize = 2000;

/// Runs `target` on each file, and at [`PLACES`] on what is before, and with the byte there
/// exchanged, left out and repeated.
fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.sort();
    let files: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let step = files.iter().map(Vec::len).sum::<usize>().div_ceil(PLACES).max(1);
    let mut place = 0_usize;
    for bytes in files {
        target(&bytes);
        for at in 0..bytes.len() {
            place += 1;
            if place.is_multiple_of(step) {
                mutate(&bytes, at, place / step, target);
            }
        }
    }
}

/// Runs `target` on the mutants of one place, the `number`-th.
fn mutate(bytes: &[u8], at: usize, number: usize, target: fn(&[u8])) {
    target(&bytes[..at]);
    // a third of them at each place: what one place misses the next one has
    for with in SPECIAL.iter().skip(number % 3).step_by(3) {
        let mut mutant = bytes.to_vec();
        mutant[at] = *with;
        target(&mutant);
        mutant.insert(at, *with);
        target(&mutant);
    }
    let mut shorter = bytes.to_vec();
    shorter.remove(at);
    target(&shorter);
}

#[test]
fn session_arguments() {
    replay("args", text::args);
}

#[test]
fn trees() {
    replay("node", text::node);
}

#[test]
fn paths_of_clients() {
    replay("fs_path", file_system::path);
}

#[test]
fn entries_of_directories() {
    replay("fs_entry", file_system::entry);
}

#[test]
fn descriptors_of_packets() {
    replay("fs_header", file_system::header);
}

#[test]
fn batches_of_events() {
    replay("events", devices::events);
}

#[test]
fn addresses_of_adapters() {
    replay("mac", devices::mac);
}

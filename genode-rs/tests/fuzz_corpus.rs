//! Replays the fuzz targets' corpus on a stable compiler, with a few thousand mutations of each file.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../fuzz/src/rpc.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod rpc;

use std::{fs, path::Path};

/// Where fuzzing starts from: the files of a target's corpus.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// Runs `target` on the bytes, on each prefix, with each bit flipped, and with some bytes at their limits.
fn mutate(bytes: &[u8], target: fn(&[u8])) {
    target(bytes);
    for len in 0..bytes.len() {
        target(&bytes[..len]);
    }
    let mut mutant = bytes.to_vec();
    for at in 0..mutant.len() {
        for bit in 0..8 {
            mutant[at] ^= 1 << bit;
            target(&mutant);
            mutant[at] ^= 1 << bit;
        }
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let byte = std::mem::replace(&mut mutant[at], value);
            target(&mutant);
            mutant[at] = byte;
        }
        if at + 8 <= mutant.len() {
            for value in [u64::MAX, u64::MAX - 7, 1 << 63, 17, 161] {
                let mut words = mutant.clone();
                words[at..at + 8].copy_from_slice(&value.to_ne_bytes());
                target(&words);
            }
        }
    }
}

#[test]
fn calls() {
    for (_, bytes) in corpus("rpc_call") {
        mutate(&bytes, rpc::call);
    }
}

#[test]
fn replies() {
    for (_, bytes) in corpus("rpc_reply") {
        mutate(&bytes, rpc::reply);
    }
}

/// The corpus holds a call of each function, as a client sends it today. With `UPDATE_CORPUS` set, it is written.
#[test]
fn the_corpus_has_each_function() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/rpc_call");
    for (name, bytes) in rpc::honest_calls() {
        if std::env::var_os("UPDATE_CORPUS").is_some() {
            fs::write(folder.join(name), &bytes).unwrap();
        }
        assert_eq!(fs::read(folder.join(name)).unwrap(), bytes, "{name}: run with UPDATE_CORPUS=1");
    }
}

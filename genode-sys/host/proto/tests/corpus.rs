//! Replays the fuzzers' committed corpus on the stable compiler, and hundreds of variants of each file: the same functions
//! as the fuzz targets run, which end where something is wrong.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "the fuzz target counts what is allocated")]
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "shared with the fuzz targets, which end where something is wrong"
)]

include!("../fuzz/targets.rs");

#[path = "../fuzz/sides/mod.rs"]
mod sides;

mod replay {
    use std::path::Path;

    /// Variants of all files of a target, divided among them.
    const VARIANTS: usize = 6000;

    fn replay(target: &str, run: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        assert!(files.len() > 3, "no corpus for {target}");
        run(&[]);
        let mut rng = fastrand::Rng::with_seed(1);
        let mut random = |n: usize| rng.usize(..n.max(1));
        let variants = VARIANTS / files.len();
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            run(&bytes);
            for variant in 0..variants {
                let mut bytes = bytes.clone();
                for _ in 0..=random(4) {
                    let at = random(bytes.len());
                    match random(4) {
                        0 => bytes.truncate(at),
                        1 => bytes.extend_from_within(at..),
                        2 => bytes.iter_mut().skip(at).take(8).for_each(|b| *b = 0xff),
                        _ => bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << random(8)),
                    }
                }
                println!("{} variant {variant}", path.display()); // shown if it fails
                run(&bytes);
            }
        }
    }

    #[test]
    fn wire() {
        replay("wire", super::wire);
    }

    #[test]
    fn packet() {
        replay("packet", super::sides::packet);
    }

    #[test]
    fn slot() {
        replay("slot", super::sides::slot);
    }

    #[test]
    fn signals() {
        replay("signals", super::sides::signals);
    }

    #[test]
    fn doorbell() {
        replay("doorbell", super::sides::doorbell);
    }
}

//! Replays the fuzzers' committed corpus on the stable compiler, and hundreds of variants of each file: the same functions
//! as the fuzz targets run, which end where something is wrong.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "the fuzz target counts what is allocated")]
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "shared with the fuzz targets, which end where something is wrong"
)]

include!("../fuzz/targets.rs");

mod replay {
    use std::path::Path;

    /// Variants of each file.
    const VARIANTS: u64 = 500;

    fn replay(target: &str, run: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        assert!(files.len() > 3, "no corpus for {target}");
        run(&[]);
        let mut rng = fastrand::Rng::with_seed(1);
        let mut random = |n: usize| rng.usize(..n.max(1));
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            run(&bytes);
            for variant in 0..VARIANTS {
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
        replay("packet", super::packet);
    }

    #[test]
    fn slot() {
        replay("slot", super::slot);
    }

    #[test]
    fn signals() {
        replay("signals", super::signals);
    }
}

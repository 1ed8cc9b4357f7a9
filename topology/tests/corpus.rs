//! Replays the fuzzers' committed corpus, and the fixtures, on the stable compiler: each file goes
//! through the same function that the fuzz target of its folder runs.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "shared with the fuzz targets, which end where something is wrong"
)]

include!("../fuzz/targets.rs");

mod replay {
    use std::path::{Path, PathBuf};

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut list: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.is_file())
            .collect();
        list.sort();
        list
    }

    /// Changes `bytes` here and there, at random: bytes flipped, doubled, cut out, copied.
    fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
        let mut next = |below: usize| random.usize(..below.max(1));
        for _ in 0..=next(4) {
            let (at, len) = (next(bytes.len()), 1 + next(8));
            let end = (at + len).min(bytes.len());
            match next(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << next(8),
                1 if at < bytes.len() => bytes[at] = [0, 255, b'9', b'-', b',', b'0'][next(6)],
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let part = bytes[at..end].to_vec();
                    let to = next(bytes.len());
                    bytes.splice(to..to, part);
                }
                _ => bytes.truncate(bytes.len() - next(bytes.len() / 16)),
            }
        }
    }

    /// How often each small file is changed: few times, or as the environment says.
    fn mutations() -> u64 {
        std::env::var("MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
    }

    fn replay(target: &str, fixtures: &[&str], run: fn(&[u8])) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let corpus = files(&root.join("fuzz/corpus").join(target));
        assert!(!corpus.is_empty(), "no corpus for {target}");
        let more = fixtures.iter().flat_map(|f| files(&root.join("tests/fixtures").join(f)));
        for path in corpus.into_iter().chain(more) {
            println!("{}", path.display());
            let bytes = std::fs::read(&path).unwrap();
            run(&bytes);
            if bytes.len() > 1 << 14 || path.file_name().is_some_and(|n| n == "large-caches") {
                continue;
            }
            for n in 0..mutations() {
                let mut changed = bytes.clone();
                mutate(&mut changed, &mut fastrand::Rng::with_seed(n));
                run(&changed);
            }
        }
    }

    #[test]
    fn acpi() {
        let cases = ["hmat-overflow", "qemu-maxcpus", "qemu-maxmem", "uid-spaces"];
        let cases = cases.map(|c| format!("cases/{c}"));
        let known = ["acpi/iasl", "acpi/hmat", "acpi/sixty-four-nodes"].into_iter();
        let all: Vec<&str> = known.chain(cases.iter().map(String::as_str)).collect();
        replay("acpi", &all, super::acpi);
    }

    #[test]
    fn tip() {
        replay("tip", &[], super::tip);
    }

    #[test]
    fn cpuid() {
        replay("cpuid", &[], super::cpuid);
    }

    #[test]
    fn sysfs() {
        replay("sysfs", &["sysfs", "cases"], super::sysfs);
    }

    #[test]
    fn description() {
        replay("description", &[], super::description);
    }

    #[test]
    fn synthetic() {
        replay("synthetic", &[], super::synthetic);
    }

    #[test]
    fn platform_info() {
        replay("platform_info", &[], super::platform_info);
    }

    #[test]
    fn snapshot() {
        replay("snapshot", &[], super::snapshot);
    }

    #[test]
    fn wire() {
        replay("wire", &[], super::wire);
    }
}

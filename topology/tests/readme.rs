//! What README.md claims about this crate is backed: each test it names exists, and the library is
//! what it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

#[test]
fn every_test_in_the_table_exists() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let rows =
        readme.lines().filter(|l| l.starts_with("| ")).skip_while(|l| !l.contains("hwloc 3"));
    let mut seen = 0;
    for row in rows.skip(1) {
        let own = row.split('|').nth(2).unwrap();
        let names: Vec<&str> = own.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || own.trim() == "not yet", "no test in: {row}");
        for name in names {
            let (file, test) = name.split_once("::").unwrap_or_else(|| panic!("{name}"));
            let path =
                if file == "cli" { "tool/tests/cli.rs".into() } else { format!("tests/{file}.rs") };
            let source = std::fs::read_to_string(root().join(path));
            let source = source.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(source.contains(&format!("fn {test}(")), "{name} does not exist");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen} tests found in the table");
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

#[test]
fn the_library_names_no_std_outside_its_feature() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
    assert!(lib.contains("#[cfg(feature = \"std\")]\nextern crate std;"));
    let mut list = Vec::new();
    files(&root().join("src"), &mut list);
    for path in list {
        let text = std::fs::read_to_string(&path).unwrap();
        let Some((before, _)) = text.split_once("std::fs") else { continue };
        // sysfs and this_machine alone touch files, and only with the feature
        let gated =
            before.contains("#[cfg(feature = \"std\")]") || path.ends_with("this_machine.rs");
        assert!(gated, "{}", path.display());
    }
}

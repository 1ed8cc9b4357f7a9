//! ARCHITECTURE.md's rules on unsafe code, operating systems and sizes hold.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests report by panicking")]

use rs_rules_test::{files, packages, read, table};
use std::path::Path;

fn sources() -> Vec<String> {
    files("", |path| Path::new(path).extension().is_some_and(|e| e == "rs"))
}

/// Whether `path` is one that a row of a table names: a file, a folder, or all below `folder/*`.
fn named(path: &str, row: &str) -> bool {
    path == row
        || path
            .strip_prefix(row.trim_end_matches('*'))
            .is_some_and(|rest| row.ends_with('*') || row.ends_with('/') || rest.starts_with('/'))
}

/// Compares the files where something stands with the places that ARCHITECTURE.md allows.
fn compare(what: &str, found: &[String], head: &str) {
    let rows = table("ARCHITECTURE.md", head).unwrap();
    let places: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    for row in &rows {
        assert!(row.len() > 1 && !row[1].is_empty(), "{} has no reason in ARCHITECTURE.md", row[0]);
    }
    for file in found {
        let known = places.iter().any(|row| named(file, row));
        assert!(
            known,
            "{file} has {what}, and ARCHITECTURE.md's table \"{head}\" does not name it"
        );
    }
    for place in places {
        let used = found.iter().any(|file| named(file, place));
        assert!(used, "ARCHITECTURE.md allows {what} in {place}, where there is none any more");
    }
}

#[test]
fn unsafe_code_is_denied_but_for_the_named_places() {
    let manifest = read("Cargo.toml").unwrap();
    assert!(
        manifest.contains("\nunsafe_code = \"deny\""),
        "the workspace's lints deny unsafe code"
    );
    for package in packages("").unwrap() {
        let own = read(&format!("{}/Cargo.toml", package.folder)).unwrap();
        assert!(
            own.contains("[lints]\nworkspace = true"),
            "{} has lints of its own",
            package.folder
        );
    }
    let mut found = Vec::new();
    for path in sources() {
        let text = read(&path).unwrap();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("allow(") {
            rest = &rest[at + 6..];
            let list = rest.split(")]").next().unwrap();
            let lints = list.split("reason").next().unwrap();
            if lints.contains("unsafe_code") {
                assert!(list.contains("reason = \""), "{path} allows unsafe code without a reason");
                found.push(path.clone());
            }
        }
    }
    found.dedup();
    // tests of a crate's own are outside of what users run; the lint holds there all the same
    found.retain(|path| {
        !path.contains("/tests/") && !path.contains("/fuzz/") && !path.contains("/peers/")
    });
    compare("unsafe code", &found, "unsafe code in");
}

#[test]
fn operating_systems_are_told_apart_in_the_named_places_only() {
    let found: Vec<String> = sources()
        .into_iter()
        .filter(|path| !path.contains("/tests/") && !path.starts_with("tap/test/rules"))
        .filter(|path| {
            let text = read(path).unwrap();
            text.lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains("target_os"))
        })
        .collect();
    compare("cfg(target_os)", &found, "`cfg(target_os)` in");
}

/// Files of about 500 lines ask to become two.
#[test]
fn files_are_not_long() {
    let generated = |text: &str| text.starts_with("// Generated");
    for path in sources() {
        let text = read(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines <= 520 || generated(&text), "{path} has {lines} lines: make it two");
    }
}

#[test]
fn documentation_has_no_code_that_is_not_compiled() {
    for path in sources() {
        let text = read(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
            let fence = doc.and_then(|doc| doc.trim_start().strip_prefix("```"));
            let ignored = fence.is_some_and(|words| words.split(',').any(|w| w.trim() == "ignore"));
            assert!(!ignored, "{path}:{} is not compiled", number + 1);
        }
    }
}

#[test]
fn no_module_of_hoard_names_one_above_it() {
    let test = read("components/lib/hoard/tests/layers.rs").unwrap();
    assert!(
        test.contains("every_module_uses_only_what_is_below_it"),
        "the heap's own test is gone"
    );
}

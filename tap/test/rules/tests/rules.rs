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

/// The lists of the attributes in `text` that lift a denial: `allow`, `expect`, `warn`.
fn lifting(text: &str) -> impl Iterator<Item = &str> {
    let lists = ["allow(", "expect(", "warn("].into_iter();
    lists.flat_map(|level| {
        text.match_indices(level).filter_map(|(at, _)| {
            let attribute = text[..at].ends_with(['[', ' ', ',', '(', '\n']);
            attribute.then(|| text[at + level.len()..].split(")]").next().unwrap())
        })
    })
}

/// The lints of such a list, without its reason.
fn lints_of(list: &str) -> &str {
    list.split("reason").next().unwrap()
}

#[test]
fn each_way_to_lift_a_denial_is_seen() {
    for text in [
        "#![allow(unsafe_code, reason = \"x\")]",
        "#[expect(unsafe_code)]",
        "#![warn(missing_docs, unsafe_code)]",
        "#![cfg_attr(test, allow(\n    unsafe_code\n))]",
    ] {
        assert!(lifting(text).any(|list| lints_of(list).contains("unsafe_code")), "{text}");
    }
    for text in
        ["value.expect(\"unsafe_code\")]", "#![allow(dead_code, reason = \"no unsafe_code\")]"]
    {
        assert!(!lifting(text).any(|list| lints_of(list).contains("unsafe_code")), "{text}");
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
    for path in sources().into_iter().filter(|path| !path.starts_with("tap/test/rules")) {
        let text = read(&path).unwrap();
        for list in lifting(&text).filter(|list| lints_of(list).contains("unsafe_code")) {
            assert!(list.contains("reason = \""), "{path} allows unsafe code without a reason");
            found.push(path.clone());
        }
    }
    found.dedup();
    // tests of a crate's own are outside of what users run; the lint holds there all the same
    found.retain(|path| {
        !path.contains("/tests/") && !path.contains("/fuzz/") && !path.contains("/peers/")
    });
    compare("unsafe code", &found, "unsafe code in");
}

/// Tells whether a line of a source or a manifest asks for the operating system.
fn asks_for_system(line: &str) -> bool {
    let ways = ["target_os", "TARGET_OS", "target_family", "consts::OS", "(unix)", "(windows)"];
    let code = line.trim_start();
    let comment = code.starts_with("//") || code.starts_with("# ");
    !comment && ways.iter().any(|way| code.contains(way))
}

#[test]
fn each_way_to_ask_for_the_system_is_seen() {
    for line in [
        "#[cfg(target_os = \"linux\")]",
        "    if cfg!(unix) {",
        "[target.'cfg(not(target_os = \"genode\"))'.dependencies]",
        "    let os = env::var(\"CARGO_CFG_TARGET_OS\");",
    ] {
        assert!(asks_for_system(line), "{line}");
    }
    assert!(!asks_for_system("// target_os"));
    assert!(!asks_for_system("# target_os, in a manifest's comment"));
}

#[test]
fn operating_systems_are_told_apart_in_the_named_places_only() {
    let manifests = files("", |path| path.ends_with("/Cargo.toml"));
    let found: Vec<String> = sources()
        .into_iter()
        .chain(manifests)
        .filter(|path| !path.contains("/tests/") && !path.ends_with("/tests.rs"))
        .filter(|path| !path.starts_with("tap/test/rules"))
        .filter(|path| read(path).unwrap().lines().any(asks_for_system))
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

/// Examples whose first versions a newcomer wrote: folder, and lines that these had.
const BY_NEWCOMERS: [(&str, usize); 2] =
    [("components/examples/kv/src", 234), ("components/examples/supervisor/src", 89)];

/// They show that the SDK says it in fewer words, and not that one knows it better.
#[test]
fn examples_take_two_thirds_of_a_newcomers_lines() {
    let counts = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    for (folder, theirs) in BY_NEWCOMERS {
        let sources = files(folder, |_| true);
        let lines = |path: &String| read(path).unwrap().lines().filter(counts).count();
        let ours: usize = sources.iter().map(lines).sum();
        assert!(sources.len() > 2 && ours * 3 <= theirs * 2, "{folder}: {ours} of {theirs} lines");
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

//! The layers are strictly one way: no module names one that comes after it.
#![cfg(not(loom))]
#![allow(clippy::panic, clippy::unwrap_used)] // these are tests

use std::path::Path;

/// Lowest first, as in the README.
const LAYERS: &[&str] = &[
    "seeded",
    "sync",
    "platform",
    "remote",
    "lock",
    "class",
    "superblock",
    "env",
    "mask",
    "pages",
    "huge",
    "global",
    "memory",
    "gather",
    "heap",
    "ops",
    "shared",
    "stats",
    "face",
    "thread",
    "process",
    "c",
];

fn place(module: &str) -> usize {
    let place = LAYERS.iter().position(|layer| *layer == module);
    place.unwrap_or_else(|| panic!("module {module} has no place among the layers"))
}

/// The modules that code names as `crate::module`, also in braces after `crate::`.
fn named(text: &str) -> Vec<String> {
    let code: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let inner = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap());
        let count = if rest.starts_with('{') { usize::MAX } else { 1 };
        for part in inner.split(',').take(count) {
            let part = part.trim();
            let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
            names.push(part[..end].to_owned());
        }
    }
    names
}

/// Checks the files below `folder`, those of folders as part of the module of that name.
fn check(folder: &Path, module: Option<&str>) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "tests" || name == "lib" {
            continue;
        }
        let floor = ["lockfree", "core", "front"].contains(&name);
        let layer = module.unwrap_or(name);
        if path.is_dir() {
            files += check(&path, (!floor).then_some(layer));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for other in named(&text) {
            assert!(place(&other) <= place(layer), "{layer} uses {other}, which is above it");
        }
        files += 1;
    }
    files
}

#[test]
fn every_module_uses_only_what_is_below_it() {
    assert_eq!(
        named("use crate::{class, seeded};\nlet x = crate::pages::f();"),
        ["class", "seeded", "pages"]
    );
    let files = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None);
    assert!(files >= LAYERS.len(), "only {files} files");
}

//! The floors and their modules are strictly one way: none names one that comes after it.
#![cfg(not(loom))]
#![allow(clippy::panic, clippy::unwrap_used)] // these are tests

use std::path::{Path, PathBuf};

/// The floors, each a folder, with their modules: lowest first, as in the README.
const FLOORS: &[(&str, &[&str])] = &[
    ("platform", &["linux"]),
    ("lockfree", &["sync", "remote", "lock"]),
    (
        "core",
        &[
            "class",
            "superblock",
            "text",
            "env",
            "mask",
            "pages",
            "huge",
            "global",
            "memory",
            "gather",
            "heap",
            "shared",
            "stats",
        ],
    ),
    ("front", &["allocator", "thread", "process", "c"]),
];

/// A floor and one of its modules, or the floor's own file.
type Place = (usize, Option<usize>);

fn floor(name: &str) -> usize {
    let found = FLOORS.iter().position(|(floor, _)| *floor == name);
    found.unwrap_or_else(|| panic!("{name} is no floor"))
}

fn module(floor: usize, name: &str) -> usize {
    let (title, modules) = FLOORS[floor];
    let found = modules.iter().position(|module| *module == name);
    found.unwrap_or_else(|| panic!("{name} has no place on the floor {title}"))
}

/// The names that follow `start` in `code`: one, or all in braces. Types and constants, which are in
/// the floor's own file, have capitals and are left out.
fn named(code: &str, start: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(start) {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + start.len()..];
        let (list, count) = match rest.strip_prefix('{') {
            Some(list) => (list.split('}').next().unwrap(), usize::MAX),
            None => (rest, 1),
        };
        for part in list.split(',').take(count) {
            let part = part.trim();
            let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
            names.push(part[..end].to_owned());
        }
    }
    names.retain(|name| name.starts_with(|c: char| c.is_lowercase()));
    names
}

/// The places that the text of a module at `place` names; `deep` if it is in a folder of the module.
fn uses(text: &str, place: Place, deep: bool) -> Vec<Place> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    let code: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    assert!(!code.contains("crate::{"), "what a floor names it names by floor and module");
    let mut used = Vec::new();
    for name in named(&code, "crate::") {
        let floor = floor(&name);
        used.push((floor, None));
        let inside = named(&code, &format!("crate::{name}::"));
        used.extend(inside.iter().map(|inner| (floor, Some(module(floor, inner)))));
    }
    if !deep && place.1.is_some() {
        let beside = named(&code, "super::");
        used.extend(beside.iter().map(|name| (place.0, Some(module(place.0, name)))));
    }
    used
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn every_module_uses_only_what_is_below_it() {
    let heap = (2, Some(module(2, "heap")));
    let text =
        "use super::{class, pages};\nuse crate::lockfree::lock::Lock;\nuse crate::platform::PAGE;";
    let below = [(1, None), (1, Some(2)), (0, None), (2, Some(0)), (2, Some(5))];
    let mut found = uses(text, heap, false);
    found.dedup();
    assert!(below.iter().all(|place| found.contains(place)), "{found:?}");

    let mut count = 0;
    for (level, (title, _)) in FLOORS.iter().enumerate() {
        let folder = source().join(title);
        for path in files(&folder) {
            let inside = path.strip_prefix(&folder).unwrap().with_extension("");
            let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
            let own = if parts[0] == "mod" { None } else { Some(module(level, parts[0])) };
            let deep = parts.len() > 1 && parts[1] != "mod";
            for other in uses(&std::fs::read_to_string(&path).unwrap(), (level, own), deep) {
                // The floor's own file names all of the floor, and all of the floor may name it.
                let beside = other.0 == level && (own.is_none() || other.1 <= own);
                assert!(other.0 < level || beside, "{} uses {other:?}, above it", path.display());
            }
            count += 1;
        }
    }
    let modules: usize = FLOORS.iter().map(|(_, modules)| modules.len()).sum();
    assert!(count >= modules, "only {count} files");
}

#[test]
fn a_floor_is_a_folder_and_the_readme_names_each_module() {
    let readme = std::fs::read_to_string(source().join("../README.md")).unwrap();
    for (title, modules) in FLOORS {
        assert!(source().join(title).join("mod.rs").is_file(), "{title} is no folder");
        for name in modules.iter().chain([title]) {
            assert!(readme.contains(&format!("`{name}`")), "the README does not name {name}");
        }
    }
    for path in files(&source()) {
        let inside = path.strip_prefix(source()).unwrap();
        let top = inside.iter().next().unwrap().to_str().unwrap();
        let known = FLOORS.iter().any(|(title, _)| *title == top);
        assert!(known || ["lib.rs", "tests"].contains(&top), "{top} is on no floor");
    }
}

//! Packages, binaries and folders are named by one rule, and what is published is fit for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests report by panicking")]

use rs_rules_test::{Package, files, has_extension, packages, read, root};
use std::collections::BTreeSet;
use std::process::Command;

/// Packages whose binaries people call on the command line.
const TOOLS: &[&str] = &["cargo-tap", "topo"];

fn short(name: &str) -> &str {
    name.strip_prefix("rs_").or_else(|| name.strip_prefix("tap-")).unwrap_or(name)
}

#[test]
fn binaries_have_the_names_of_their_roms() {
    let mut seen = 0;
    for package in packages("").unwrap().iter().filter(|p| !TOOLS.contains(&p.name.as_str())) {
        for bin in &package.bins {
            assert!(bin.starts_with("rs_"), "{bin} in {} lacks the prefix rs_", package.folder);
            seen += 1;
        }
        if let [bin] = package.bins.as_slice() {
            assert_eq!(*bin, package.name, "{} has one binary, so it has its name", package.folder);
        }
    }
    assert!(seen > 30, "only {seen} binaries were found");
}

/// Whether the last part of `folder` is what remains of the package's name without what the folders
/// around it say.
fn fits(name: &str, folder: &str) -> bool {
    let parts: Vec<&str> = folder.split('/').collect();
    let last = *parts.last().unwrap();
    let said = |affix: &str| parts.contains(&affix);
    let mut name = short(name);
    for (suffix, around) in [("_test", "test"), ("_bench", "bench")] {
        if said(around) {
            name = name.strip_suffix(suffix).unwrap_or(name);
        }
    }
    name.replace('-', "_").ends_with(&last.replace('-', "_"))
}

#[test]
fn a_folder_is_the_name_without_prefix() {
    for package in packages("").unwrap() {
        let tool = TOOLS.contains(&package.name.as_str()) || package.folder == "genode-rs";
        assert!(
            tool || fits(&package.name, &package.folder),
            "{} in {}",
            package.name,
            package.folder
        );
    }
    assert!(fits("rs_heap_bench", "tap/bench/heap") && !fits("rs_larson", "tap/bench/heap"));
    assert!(!fits("rs_timer", "components/clock"));
}

#[test]
fn target_files_of_genode_name_packages_and_binaries_that_exist() {
    let all = packages("").unwrap();
    let mut seen = 0;
    for path in files("tap/src", |path| path.ends_with("/target.mk")) {
        let text = read(&path).unwrap();
        if !text.contains("rs_component.inc") {
            continue;
        }
        let value = |key: &str| {
            let line = text.lines().find(|line| line.split('=').next().unwrap().trim() == key);
            line.map(|line| line.split('=').nth(1).unwrap().trim().to_owned())
        };
        let bin = value("TARGET").unwrap();
        let package = value("RS_PACKAGE").unwrap_or_else(|| bin.clone());
        let found = all.iter().find(|p| p.name == package);
        let found = found.unwrap_or_else(|| panic!("{path}: there is no package {package}"));
        assert!(found.bins.contains(&bin), "{path}: {package} has no binary {bin}");
        seen += 1;
    }
    assert!(seen >= 30, "only {seen} target files were found");
}

/// Genode's build system takes the first repository that has a name.
#[test]
fn run_scripts_and_recipes_have_the_prefix() {
    let scripts = files("tap/run", |path| has_extension(path, "run"));
    let recipes = files("tap/src", |path| path.ends_with("/target.mk"));
    assert!(scripts.len() > 30 && recipes.len() > 30, "some were not found");
    for path in scripts.iter().chain(&recipes) {
        let name = path.split('/').nth(2).unwrap();
        assert!(name.starts_with("rs_"), "{path} lacks the prefix rs_");
    }
}

/// What is meant for crates.io, in the order of publication.
const PUBLISHED: &[&str] = &[
    "genode-abi",
    "genode-affinity",
    "genode-xml",
    "genode-args",
    "genode-wire",
    "genode-host-proto",
    "genode-host-rt",
    "genode-sys",
    "genode-macros",
    "genode",
    "genode-embassy-time",
    "numa-topology",
    "numa-topology-session",
    "numa-hoard",
    "numa-hoard-genode",
    "numa-hoard-malloc",
];

fn published() -> Vec<Package> {
    packages("").unwrap().into_iter().filter(|p| PUBLISHED.contains(&p.name.as_str())).collect()
}

#[test]
fn a_manifest_allows_publishing_only_to_what_is_listed() {
    for package in packages("").unwrap() {
        assert_eq!(
            package.published,
            PUBLISHED.contains(&package.name.as_str()),
            "{}: list it in PUBLISHED, or write `publish.workspace = true` in its manifest",
            package.name
        );
    }
}

/// The files that cargo packs for a published crate, relative to its folder.
fn packed(name: &str) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["package", "--list", "--allow-dirty", "--package", name];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The files that a source includes or has as modules by path, relative to the source's folder.
fn included(text: &str) -> impl Iterator<Item = &str> {
    let ways = ["include_str!(\"", "include_bytes!(\"", "include!(\"", "#[path = \""];
    ways.into_iter()
        .flat_map(|way| text.split(way).skip(1).filter_map(|rest| rest.split('"').next()))
}

/// The path that `path` is, seen from the folder of the file `from`; `None` if it leaves the root.
fn resolved(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// Tells whether a line of a test names a file outside of its package to read when it runs.
fn reads_outside(line: &str) -> bool {
    line.contains("join(\"../../") || line.contains("join(\"fuzz/")
}

/// A crate can be tested from its package alone: no packed source needs a file that is not packed.
#[test]
fn packages_are_complete() {
    let mut seen = 0;
    for package in published() {
        let packed = packed(&package.name);
        for path in packed.iter().filter(|path| has_extension(path, "rs")) {
            let text = read(&format!("{}/{path}", package.folder)).unwrap();
            for other in included(&text) {
                let found = resolved(path, other).is_some_and(|other| packed.contains(&other));
                assert!(found, "{}: {path} needs {other}, which is not packed", package.name);
                seen += 1;
            }
            if path.starts_with("tests/") {
                let line = text.lines().find(|line| reads_outside(line));
                assert_eq!(line, None, "{}: {path} reads what is not packed", package.name);
            }
        }
    }
    assert!(seen > 5, "only {seen} included files were looked at");
    assert_eq!(resolved("tests/a.rs", "../src/b.rs").as_deref(), Some("src/b.rs"));
    assert_eq!(resolved("tests/a.rs", "../../b.rs"), None);
}

#[test]
fn published_crates_are_documented_and_hyphenated() {
    let found = published();
    assert_eq!(
        found.len(),
        PUBLISHED.len(),
        "{:?}",
        found.iter().map(|p| &p.name).collect::<Vec<_>>()
    );
    for package in found {
        assert!(!package.name.contains('_'), "{} is not hyphenated", package.name);
        let lib = read(package.lib.as_deref().unwrap()).unwrap();
        // the runtime's functions are the seam's, which the header documents
        let by_header = package.name == "genode-host-rt" && lib.contains("is in the header");
        let documented = by_header
            || lib.lines().any(|l| l.starts_with("#![deny(") && l.contains("missing_docs"));
        assert!(documented, "{} lacks #![deny(missing_docs)]", package.name);
        let manifest = read(&format!("{}/Cargo.toml", package.folder)).unwrap();
        for key in ["description", "readme", "keywords", "categories"] {
            let has = manifest.lines().any(|l| l.starts_with(key));
            assert!(has, "{}/Cargo.toml has no {key}", package.folder);
        }
    }
}

#[test]
fn the_target_specifications_hold_the_linker_script() {
    let script = read("tap/target/genode.ld").unwrap();
    let quoted =
        script.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    for arch in ["x86_64", "aarch64"] {
        let path = format!("tap/target/{arch}-unknown-genode.json");
        assert!(read(&path).unwrap().contains(&quoted), "{path} is out of date");
    }
}

/// Names of the files or folders in a folder, without the ending `.rs`.
fn entries(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|e| name(e.unwrap()).trim_end_matches(".rs").to_owned()).collect()
}

#[test]
fn a_fuzz_target_has_its_program_its_corpus_and_its_replay() {
    let mut seen = 0;
    for manifest in files("", |path| path.ends_with("/fuzz/Cargo.toml")) {
        let folder = manifest.trim_end_matches("Cargo.toml");
        if !root().join(folder).join("fuzz_targets").is_dir() {
            continue; // one without libFuzzer's runtime
        }
        let programs = entries(&format!("{folder}fuzz_targets"));
        assert_eq!(programs, entries(&format!("{folder}corpus")), "{folder}: programs, corpora");
        let text = read(&manifest).unwrap();
        let bins: BTreeSet<_> = text
            .split("[[bin]]")
            .skip(1)
            .map(|bin| bin.split('"').nth(1).unwrap().to_owned())
            .collect();
        assert_eq!(programs, bins, "{manifest}: programs, [[bin]]");
        let tests = files(folder.trim_end_matches("fuzz/"), |path| {
            path.contains("/tests") && has_extension(path, "rs")
        });
        let tests: String = tests.iter().map(|path| read(path).unwrap()).collect();
        for program in &programs {
            assert!(tests.contains(program.as_str()), "no test of {folder}.. replays {program}");
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} fuzz targets were found");
}

#[test]
fn what_a_script_builds_for_genode_has_a_target_there() {
    let mut seen = 0;
    for script in files("tap/run", |path| has_extension(path, "run")) {
        let text = read(&script).unwrap();
        if text.contains("![have_spec host]") {
            continue;
        }
        for list in text.split("\nbuild {").skip(1).filter_map(|rest| rest.split('}').next()) {
            for name in list.split_whitespace().filter(|name| name.starts_with("rs_")) {
                let target = format!("tap/src/{name}/target.mk");
                assert!(
                    root().join(&target).exists(),
                    "{script} builds {name}: {target} is missing"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "only {seen} programs were found");
}

//! Packages, binaries and folders are named by one rule, and what is published is fit for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests report by panicking")]

use rs_rules_test::{Package, files, packages, read};

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

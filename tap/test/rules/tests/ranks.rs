//! Dependencies point down: every crate has a rank, and needs crates of lower rank only.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests report by panicking")]

use rs_rules_test::{Package, excluded, files, packages};

/// Folders, lowest rank first; those of one row share a rank. A crate has the rank of the longest
/// folder here that it is in.
const RANKS: &[&[&str]] = &[
    &["genode-sys/abi", "genode-sys/affinity", "genode-sys/xml"],
    &["genode-sys/args"],
    &["genode-sys/wire"],
    &["genode-sys/host/proto"],
    &["genode-sys/host/rt"],
    &["genode-sys"],
    &["genode-rs/macros"],
    &["genode-rs"],
    &["genode-rs/embassy_time", "topology/session"],
    &["components/lib"],
    &["components"],
    &["tap"],
];

/// The model of a machine stands beside the SDK: it may need these alone.
const TOPOLOGY_NEEDS: &[&str] = &["genode-sys/affinity", "genode-sys/xml", "genode-sys/args"];

/// The tool of the model, which stands above it in the same folder.
const TOPOLOGY_TOOL: &str = "topology/tool";

/// Folders whose crates need no other crate of the project.
const ALONE: &[&str] = &["tap/tcl"];

/// Where topology stands for those that need it: above what it may need itself.
const TOPOLOGY_RANK: usize = 3;

fn within(folder: &str, outer: &str) -> bool {
    folder == outer || folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

/// Folder and rank; `None` for a folder that has no place.
fn place(folder: &str) -> Option<(&'static str, usize)> {
    let listed =
        RANKS.iter().enumerate().flat_map(|(rank, row)| row.iter().map(move |f| (*f, rank)));
    let listed = listed.chain([("topology", TOPOLOGY_RANK)]);
    listed.filter(|(outer, _)| within(folder, outer)).max_by_key(|(outer, _)| outer.len())
}

/// Why `from` may not need `to`, or `None` where it may.
fn objection(from: &str, to: &str) -> Option<String> {
    let Some((from_place, rank)) = place(from) else {
        return Some(format!("{from} has no rank: add its folder to RANKS"));
    };
    let Some((to_place, needed)) = place(to) else {
        return Some(format!("{from} needs {to}, which has no rank"));
    };
    let allowed = if ALONE.iter().any(|folder| within(from, folder)) {
        from == to
    } else if from_place == "topology" {
        let down = within(from, TOPOLOGY_TOOL) || !within(to, TOPOLOGY_TOOL);
        to_place == "topology" && down || TOPOLOGY_NEEDS.contains(&to)
    } else if from_place == to_place {
        true // a folder of several crates, and fuzz targets beside their crate
    } else {
        needed < rank
    };
    (!allowed).then(|| format!("{from} needs {to}, which is not below it"))
}

fn everything() -> Vec<Package> {
    let mut all = packages("").unwrap();
    for folder in excluded().unwrap() {
        all.extend(packages(&folder).unwrap());
    }
    all
}

#[test]
fn no_arrow_points_up() {
    let all = everything();
    let arrows: Vec<_> = all
        .iter()
        .flat_map(|p| p.needs.iter().map(|to| (p.folder.as_str(), to.as_str())))
        .collect();
    let wrong: Vec<_> = arrows.iter().filter_map(|(from, to)| objection(from, to)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(arrows.len() > 60, "only {} arrows were looked at", arrows.len());
}

#[test]
fn an_arrow_up_is_noticed() {
    for (from, to) in [
        ("genode-sys/abi", "genode-sys/args"),
        ("genode-sys/xml", "genode-sys/affinity"),
        ("genode-sys/host/proto/fuzz", "genode-sys/host/rt"),
        ("genode-sys/host/rt", "genode-sys"),
        ("genode-rs", "topology/session"),
        ("genode-rs/macros", "genode-rs"),
        ("topology", "genode-rs"),
        ("topology", "genode-sys/wire"),
        ("topology", "topology/tool"),
        ("topology/fuzz", "topology/tool"),
        ("topology/tool", "genode-rs"),
        ("topology/fuzz", "topology/session"),
        ("components/lib/hoard", "components/timer"),
        ("components/init", "tap/test/checks"),
        ("tap/tcl", "genode-sys/args"),
        ("tap/tcl", "tap/tool"),
        ("somewhere", "genode-rs"),
    ] {
        assert!(objection(from, to).is_some(), "{from} -> {to} passes");
    }
    for (from, to) in [
        ("topology/tool", "topology"),
        ("topology/session", "topology"),
        ("components/lib/hoard_genode", "components/lib/hoard"),
        ("components/examples/hello", "genode-rs"),
        ("tap/tool", "topology/tool"),
        ("tap/host/core", "topology"),
        ("genode-rs/fuzz", "genode-rs"),
    ] {
        assert_eq!(objection(from, to), None);
    }
}

#[test]
fn every_manifest_is_a_member_or_a_workspace_of_its_own() {
    let members: Vec<String> = everything().into_iter().map(|p| p.folder).collect();
    let own = excluded().unwrap();
    for manifest in files("", |path| path.ends_with("/Cargo.toml")) {
        let folder = manifest.trim_end_matches("/Cargo.toml");
        assert!(
            members.iter().chain(&own).any(|known| known == folder),
            "{manifest} is neither a member of the workspace nor of one of {own:?}: add it to the \
             workspace's Cargo.toml"
        );
    }
    assert!(members.len() > 40, "only {} packages were found", members.len());
}

#[test]
fn members_are_listed_one_by_one() {
    let manifest = rs_rules_test::read("Cargo.toml").unwrap();
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    assert!(!members.contains('*'), "a glob takes in folders that nobody looked at:\n{members}");
}

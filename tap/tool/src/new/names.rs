//! Names that a component cannot have, and why.

use super::kind::{Kind, trait_name};
use crate::host::workspace::{CORE, STANDARD, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// Rust's keywords, those reserved for later among them.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];

/// Names that the sources of an RPC component use for something else than its trait.
const TAKEN_TYPES: [&str; 12] = [
    "Capability",
    "Connection",
    "Default",
    "Env",
    "Error",
    "Result",
    "Root",
    "Self",
    "Session",
    "SessionRequest",
    "SignalHandler",
    "Sized",
];

/// Checks a component's name, `rs_` in front or not.
pub(super) fn check(name: &str, kind: Kind) -> Result<(), String> {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !(first && rest && name.len() <= 40) {
        return refuse(
            name,
            "use lower-case letters, digits and _, beginning with a letter, at most 40",
        );
    }
    let supplied = STANDARD.iter().any(|(plain, _)| *plain == name);
    let reason = match name {
        _ if supplied => "in run scripts it means what the platform supplies",
        "std" | "alloc" | "proc_macro" => "a crate of Rust itself has it",
        "test" => "Rust's test library has it",
        "build" | "deps" | "examples" | "incremental" => "cargo builds into a folder of that name",
        "config" => "the boot module with init's configuration has it",
        "ld" => "Genode's dynamic linker has it",
        _ if KEYWORDS.contains(&name) => "it is a keyword of Rust",
        _ => "",
    };
    if !reason.is_empty() {
        return refuse(name, reason);
    }
    let taken = trait_name(name);
    if kind == Kind::Rpc && TAKEN_TYPES.contains(&taken.as_str()) {
        return refuse(name, &format!("its sources need the name {taken} for something else"));
    }
    Ok(())
}

fn refuse(name: &str, reason: &str) -> Result<(), String> {
    Err(format!("\"{name}\" cannot name a component: {reason}"))
}

/// Checks that no package, binary or library of the SDK's workspace has the name.
pub(super) fn check_inside(package: &str, kind: Kind, sdk: &Workspace) -> Result<(), String> {
    let bins = kind.bins(package);
    for name in [package].into_iter().chain(bins.iter().map(|(bin, _)| bin.as_str())) {
        let taken = sdk.bins.contains_key(name)
            || sdk.bins.values().any(|p| p == name)
            || sdk.libs.iter().any(|lib| lib == name);
        if taken {
            return Err(format!("{name} exists in this workspace; choose another name"));
        }
    }
    Ok(())
}

/// Checks that the name is none of a crate that the new one is built with, according to the SDK's lock
/// file: cargo could not tell the two apart.
pub(super) fn check_outside(name: &str, lock: &str) -> Result<(), String> {
    if STANDARD.iter().any(|(_, bin)| *bin == name) || name == CORE {
        return refuse(name, "the SDK has a component of that name, which run scripts need");
    }
    let packages = Packages::read(lock);
    if packages.own.contains(name) {
        return refuse(name, "a crate of the SDK has it");
    }
    if packages.below("genode").contains(name) {
        return refuse(
            name,
            "a crate that the SDK depends on has it, and cargo could not tell them apart",
        );
    }
    Ok(())
}

/// The packages of a lock file.
#[derive(Default)]
struct Packages<'l> {
    /// Those without a source, which are the workspace's own; with _ for -, as crates are named.
    own: BTreeSet<String>,
    dependencies: BTreeMap<&'l str, Vec<&'l str>>,
}

impl<'l> Packages<'l> {
    fn read(lock: &'l str) -> Self {
        let mut packages = Self::default();
        for entry in lock.split("[[package]]").skip(1) {
            let quoted = |line: &'l str| line.split('"').nth(1);
            let name = entry.lines().find(|l| l.starts_with("name = ")).and_then(quoted);
            let Some(name) = name else { continue };
            if !entry.lines().any(|line| line.starts_with("source = ")) {
                packages.own.insert(name.replace('-', "_"));
            }
            let needed = entry.lines().filter(|line| line.starts_with(" \""));
            // a name may be followed by a version
            let needed = needed.filter_map(quoted).filter_map(|d| d.split(' ').next());
            packages.dependencies.entry(name).or_default().extend(needed);
        }
        packages
    }

    /// All that `package` depends on, with _ for -.
    fn below(&self, package: &'l str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut next = vec![package];
        while let Some(package) = next.pop() {
            for &dependency in self.dependencies.get(package).into_iter().flatten() {
                if found.insert(dependency.replace('-', "_")) {
                    next.push(dependency);
                }
            }
        }
        found
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["clock", "a1_b", "error", "counter"] {
            assert_eq!(check(good, Kind::Plain), Ok(()));
        }
        for bad in ["", "1a", "A", "a-b", "a/b", "../a", "a b", &"x".repeat(41)] {
            assert!(check(bad, Kind::Plain).unwrap_err().contains("use lower-case"), "{bad}");
        }
        for (name, reason) in [
            ("core", "platform supplies"),
            ("init", "platform supplies"),
            ("timer", "platform supplies"),
            ("report_rom", "platform supplies"),
            ("dynamic_rom", "platform supplies"),
            ("std", "Rust itself"),
            ("alloc", "Rust itself"),
            ("test", "test library"),
            ("build", "cargo builds"),
            ("config", "boot module"),
            ("fn", "keyword"),
            ("gen", "keyword"),
        ] {
            let refused = check(name, Kind::Plain).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
        for bad in ["error", "env", "session_request", "rs_root", "sized", "self_"] {
            assert!(check(bad, Kind::Rpc).unwrap_err().contains("something else"), "{bad}");
        }
    }

    const LOCK: &str = "\
version = 4

[[package]]
name = \"genode\"
version = \"0.2.0\"
dependencies = [
 \"genode-sys\",
 \"talc\",
]

[[package]]
name = \"genode-sys\"
version = \"0.2.0\"
dependencies = [
 \"spin 0.12.0\",
]

[[package]]
name = \"regex\"
version = \"1.0.0\"
source = \"registry\"

[[package]]
name = \"spin\"
version = \"0.12.0\"
source = \"registry\"

[[package]]
name = \"talc\"
version = \"5.0.0\"
source = \"registry\"
";

    #[test]
    fn crates_of_the_sdk_keep_their_names() {
        for (name, reason) in [
            ("genode", "crate of the SDK"),
            ("genode_sys", "crate of the SDK"),
            ("talc", "depends on"),
            ("spin", "depends on"),
            ("rs_init", "run scripts need"),
            ("rs_host_core", "run scripts need"),
        ] {
            let refused = check_outside(name, LOCK).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
        assert_eq!(check_outside("regex", LOCK), Ok(()));
        assert_eq!(check_outside("clock", ""), Ok(()));
    }

    #[test]
    fn names_in_the_workspace_are_taken_once() {
        let sdk = Workspace {
            root: "/sdk".into(),
            target: "/sdk/target".into(),
            bins: [("rs_hello_server".to_owned(), "rs_hello".to_owned())].into(),
            libs: vec!["rs_checks".into()],
        };
        for (name, kind) in
            [("rs_hello", Kind::Plain), ("rs_hello_server", Kind::Plain), ("rs_checks", Kind::Rpc)]
        {
            assert!(check_inside(name, kind, &sdk).unwrap_err().contains("exists"), "{name}");
        }
        assert_eq!(check_inside("rs_clock", Kind::Rpc, &sdk), Ok(()));
    }
}

//! Every configuration of a Genode tree, read and written in both syntaxes without a change.
//!
//! `GENODE_DIR=TREE cargo test -p genode --test tree_configs`. Configurations are what run scripts
//! hand to `install_config`, files `*.config`, and runtime files, each from the tree itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use genode::node::{Node, Syntax};

/// A configuration, and where it is from.
struct Found {
    path: PathBuf,
    line: usize,
    text: String,
}

/// The outcome of the configurations.
#[derive(Default)]
struct Tally {
    /// Read, and the same after each way through both syntaxes.
    same: usize,
    /// Completed by the run script or the recipe that they are part of: no text of either syntax
    /// yet.
    templates: usize,
    /// Values that one of the syntaxes has no way to write, each told by an error.
    told: Vec<String>,
    /// Changed without a word.
    changed: Vec<String>,
}

/// The texts between braces behind `install_config`.
fn installed(path: &Path, text: &str, found: &mut Vec<Found>) {
    const CALL: &str = "install_config {";
    for (at, _) in text.match_indices(CALL) {
        let from = at + CALL.len();
        let mut depth = 1;
        let mut escaped = false;
        let end = text[from..].find(|c| {
            match c {
                _ if escaped => {}
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            escaped = c == '\\' && !escaped;
            depth == 0
        });
        if let Some(end) = end {
            let line = text[..from].matches('\n').count() + 1;
            found.push(Found { path: path.into(), line, text: text[from..from + end].into() });
        }
    }
}

/// All configurations below a folder.
fn collect(folder: &Path, found: &mut Vec<Found>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let whole = extension == "config" || path.file_name().is_some_and(|n| n == "runtime");
        if !whole && !matches!(extension, "run" | "inc") {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if whole {
            found.push(Found { path, line: 1, text });
        } else {
            installed(&path, &text, found);
        }
    }
}

/// Writes a tree and reads it again; `None` with an error told if the syntax cannot express it.
fn through(node: &Node, syntax: Syntax, place: &str, tally: &mut Tally) -> Option<Node> {
    match node.write(syntax) {
        Ok(text) => match Node::parse(text.as_bytes()) {
            Ok(again) => Some(again),
            Err(e) => {
                tally.changed.push(format!("{place}: own {syntax:?} is not read: {e}\n{text}"));
                None
            }
        },
        Err(e) => {
            tally.told.push(format!("{place}: {syntax:?}: {e}"));
            None
        }
    }
}

fn check(found: &Found, root: &Path, tally: &mut Tally) {
    let short = found.path.strip_prefix(root).unwrap_or(&found.path);
    let place = format!("{}:{}", short.display(), found.line);
    let Ok(node) = Node::parse(found.text.as_bytes()) else {
        tally.templates += 1;
        return;
    };
    let (changed, told) = (tally.changed.len(), tally.told.len());
    for (first, second) in [(Syntax::Xml, Syntax::Hid), (Syntax::Hid, Syntax::Xml)] {
        let once = through(&node, first, &place, tally);
        let twice = once.as_ref().and_then(|once| through(once, second, &place, tally));
        for again in [once, twice].into_iter().flatten() {
            if again != node {
                tally.changed.push(format!("{place}: changed on the way by {first:?}"));
            }
        }
    }
    tally.same += usize::from((tally.changed.len(), tally.told.len()) == (changed, told));
}

#[test]
fn configurations_of_a_tree_are_the_same_in_either_syntax() {
    let Some(root) = std::env::var_os("GENODE_DIR").filter(|dir| !dir.is_empty()) else {
        return eprintln!("skipped: GENODE_DIR names no Genode source tree");
    };
    let root = PathBuf::from(root);
    let mut found = Vec::new();
    collect(&root.join("repos"), &mut found);
    assert!(!found.is_empty(), "{} has no configurations below repos/", root.display());
    let mut tally = Tally::default();
    for one in &found {
        check(one, &root, &mut tally);
    }
    for told in &tally.told {
        eprintln!("{told}");
    }
    eprintln!(
        "{} configurations: {} the same in both, {} that one syntax cannot express, {} templates",
        found.len(),
        tally.same,
        found.len() - tally.same - tally.templates,
        tally.templates
    );
    assert!(
        tally.changed.is_empty(),
        "{} changed:\n{}",
        tally.changed.len(),
        tally.changed.join("\n")
    );
}

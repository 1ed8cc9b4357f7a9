//! A Genode tree: its run scripts, repositories, and the names of its run tool's procedures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Things that are read of a tree.
#[derive(Debug)]
pub struct Tree {
    /// Its folder.
    pub root: PathBuf,
    /// Its run scripts.
    pub scripts: Vec<PathBuf>,
    /// Its repositories.
    pub repositories: Vec<String>,
    /// The procedures that its run tool defines, but for the questions.
    pub procedures: Vec<String>,
    /// Those whose name asks for a truth value.
    pub questions: Vec<String>,
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Adds the names of the procedures that the files of a folder define, to some depth.
fn collect(folder: &Path, depth: usize, names: &mut BTreeSet<String>) {
    for path in entries(folder) {
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, names);
            }
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let defined = text.lines().filter_map(|line| line.trim_start().strip_prefix("proc "));
            names.extend(
                defined.filter_map(|rest| rest.split_whitespace().next().map(str::to_owned)),
            );
        }
    }
}

fn is_question(name: &str) -> bool {
    ["have_", "is_", "looks_", "run_", "check_", "requires_"].iter().any(|b| name.starts_with(b))
        || ["_available", "_exists"].iter().any(|e| name.ends_with(e))
}

impl Tree {
    /// Reads a tree; of its scripts those whose path contains the pattern, `*` and `?` work.
    pub fn read(root: &Path, pattern: Option<&str>) -> Result<Self, String> {
        let shown = root.display();
        let root = root.canonicalize().map_err(|e| format!("cannot read {shown}: {e}"))?;
        let tool = root.join("tool/run");
        if !tool.join("run").is_file() {
            return Err(format!("{shown} is no Genode tree: it has no tool/run/run"));
        }
        let mut names = BTreeSet::new();
        collect(&tool, 2, &mut names);
        // names that are Tcl's own stay Tcl's
        names.retain(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        let (questions, procedures) = names.into_iter().partition(|name| is_question(name));
        let repositories: Vec<PathBuf> =
            entries(&root.join("repos")).into_iter().filter(|path| path.is_dir()).collect();
        let wanted = pattern.map(|pattern| format!("*{pattern}*"));
        let chosen = |path: &Path| {
            let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy();
            wanted.as_ref().is_none_or(|wanted| tap_tcl::glob_matches(wanted, &name, false))
        };
        let scripts: Vec<PathBuf> = repositories
            .iter()
            .flat_map(|repository| entries(&repository.join("run")))
            .filter(|path| path.extension().is_some_and(|e| e == "run") && chosen(path))
            .collect();
        if scripts.is_empty() {
            return Err(match pattern {
                Some(pattern) => format!("no run script of {shown} matches \"{pattern}\""),
                None => format!("{shown} has no run scripts: repos/*/run/*.run"),
            });
        }
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        Ok(Self {
            scripts,
            repositories: repositories.iter().map(text).collect(),
            questions,
            procedures,
            root,
        })
    }
}

//! Finds run scripts by name.

use crate::names::{did_you_mean, nearest};
use std::path::{Path, PathBuf};

/// A run script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its name, without `.run`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

/// A script's name becomes a folder's, whose content is removed before each run.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.starts_with('.') && !name.is_empty() && name.chars().all(allowed)
}

/// All scripts of a folder, by name.
pub fn all(folder: &Path) -> Vec<Script> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut scripts: Vec<Script> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "run"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            is_name(&name).then_some(Script { name, path })
        })
        .collect();
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    scripts
}

/// Finds one script: by path, by name, or by name without our prefix `rs_`.
pub fn find(folders: &[PathBuf], name: &str) -> Result<Script, String> {
    let as_path = Path::new(name);
    if name.contains('/') || as_path.extension().is_some_and(|e| e == "run") {
        let stem = as_path.file_stem().and_then(|s| s.to_str());
        return match (as_path.is_file(), stem) {
            (true, Some(stem)) if !is_name(stem) => {
                Err(format!("\"{stem}\" cannot name a run script: use letters, digits, _, - and ."))
            }
            (true, Some(stem)) => {
                let path = std::path::absolute(as_path).unwrap_or_else(|_| as_path.into());
                Ok(Script { name: stem.to_owned(), path })
            }
            _ => Err(format!("there is no run script {name}")),
        };
    }
    for folder in folders {
        for candidate in [name.to_owned(), format!("rs_{name}")] {
            let path = folder.join(format!("{candidate}.run"));
            if path.is_file() {
                return Ok(Script { name: candidate, path });
            }
        }
    }
    let known: Vec<String> = folders.iter().flat_map(|f| all(f)).map(|s| s.name).collect();
    let message = format!("there is no run script \"{name}\"");
    if let Some(question) = did_you_mean(&nearest(name, known.iter().map(String::as_str))) {
        return Err(format!("{message}; {question}"));
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(format!("{message}; there are: {known}"))
}

/// The scripts of the first folder that has any, whose name contains the pattern; `*` and `?` work.
pub fn matching(folders: &[PathBuf], pattern: Option<&str>) -> Result<Vec<Script>, String> {
    let known = folders.iter().map(|f| all(f)).find(|s| !s.is_empty()).unwrap_or_default();
    let Some(pattern) = pattern else {
        return if known.is_empty() { Err(none_in(folders, "")) } else { Ok(known) };
    };
    let anywhere = format!("*{pattern}*");
    let (chosen, others): (Vec<Script>, Vec<Script>) =
        known.into_iter().partition(|s| tap_tcl::glob_matches(&anywhere, &s.name, false));
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let mut message = none_in(folders, &format!(" matching \"{pattern}\""));
    if let Some(question) = did_you_mean(&nearest(pattern, others.iter().map(|s| s.name.as_str())))
    {
        message.push_str("; ");
        message.push_str(&question);
    }
    Err(message)
}

fn none_in(folders: &[PathBuf], about: &str) -> String {
    let shown: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
    format!("no run script{about} in {}", shown.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert!(is_name("rs_hello") && is_name("a-b.c"));
        for bad in ["", ".", "..", "...", ".x", "a/b", "a b"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}

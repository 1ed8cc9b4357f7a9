//! `cargo tap new`: a component that runs as it is made.

use crate::host::workspace::{Project, cargo};
use std::fs;
use std::path::{Path, PathBuf};

const SOURCE: &str = include_str!("templates/main.rs.in");
const MANIFEST: &str = include_str!("templates/Cargo.toml.in");
const MANIFEST_INSIDE: &str = include_str!("templates/inside.toml.in");
const RUN: &str = include_str!("templates/component.run.in");
const TARGET_MK: &str = include_str!("templates/target.mk.in");
const CARGO_CONFIG: &str = include_str!("templates/config.toml.in");
const README: &str = include_str!("templates/README.md.in");

/// The SDK that this tool was built from.
fn own_sdk() -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR"));
    tool.ancestors().nth(2).unwrap_or(tool).to_owned()
}

/// Checks a component's name.
fn check(name: &str) -> Result<(), String> {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if first && rest && name.len() <= 40 {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" cannot name a component: use lower-case letters, digits and _, beginning with a letter, at most 40"
    ))
}

/// Makes a component in or below `here`; returns what to do next.
pub fn create(here: &Path, name: &str, git: Option<&str>) -> Result<String, String> {
    check(name)?;
    let inside = cargo_project(here).filter(|project| project.sdk.is_none());
    match inside {
        Some(project) if git.is_none() => within(&project.user.root, name),
        Some(_) => Err("--git is for crates outside of the SDK's workspace".into()),
        None => outside(here, name, git),
    }
}

fn cargo_project(here: &Path) -> Option<Project> {
    let located = cargo().arg("locate-project").current_dir(here).output().ok()?;
    if located.status.success() { Project::find(here).ok() } else { None }
}

/// Writes files, and none if one of them exists.
fn write(folder: &Path, files: &[(String, String)]) -> Result<(), String> {
    for (path, _) in files {
        if folder.join(path).exists() {
            return Err(format!("{} exists; choose another name", folder.join(path).display()));
        }
    }
    for (path, text) in files {
        let file = folder.join(path);
        let made =
            file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, text));
        made.map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(())
}

/// In the SDK's workspace every binary, run script and target carries our prefix.
fn within(root: &Path, name: &str) -> Result<String, String> {
    let short = name.strip_prefix("rs_").unwrap_or(name);
    let binary = format!("rs_{short}");
    let fill = |text: &str| text.replace("@NAME@", &binary);
    let files = [
        (format!("components/{short}/Cargo.toml"), fill(MANIFEST_INSIDE)),
        (format!("components/{short}/src/main.rs"), fill(SOURCE)),
        (format!("tap/run/{binary}.run"), fill(RUN)),
        (format!("tap/src/{binary}/target.mk"), fill(TARGET_MK)),
    ];
    write(root, &files)?;
    Ok(format!(
        "made components/{short}, tap/run/{binary}.run and tap/src/{binary}/target.mk\nrun it: cargo tap run {short}"
    ))
}

/// Outside: a crate with its own run script and the alias `cargo tap`.
fn outside(here: &Path, name: &str, git: Option<&str>) -> Result<String, String> {
    let empty = fs::read_dir(here)
        .map_err(|e| format!("cannot read {}: {e}", here.display()))?
        .flatten()
        .all(|entry| entry.file_name() == ".git");
    let folder = if empty { here.to_owned() } else { here.join(name) };
    if !empty && folder.exists() {
        return Err(format!("{} exists; choose another name", folder.display()));
    }
    let sdk = own_sdk();
    let quoted = |path: PathBuf| {
        path.to_str().map(|p| p.replace('\\', "\\\\").replace('"', "\\\"")).ok_or_else(|| {
            format!("{} is no valid UTF-8: move the SDK, or use --git URL", sdk.display())
        })
    };
    let source = match git {
        Some(url) if !url.contains(['"', '\\', '\n']) => format!("git = \"{url}\""),
        Some(url) => return Err(format!("{url} is no URL")),
        None if sdk.join("genode-rs/Cargo.toml").is_file() => {
            format!("path = \"{}\"", quoted(sdk.join("genode-rs"))?)
        }
        None => {
            return Err(format!(
                "the SDK that this tool was built from is no longer in {}: use --git URL",
                sdk.display()
            ));
        }
    };
    let alias = match git {
        // a binary of a git dependency cannot be run from the crate: `cargo install` it
        Some(_) => String::new(),
        None => CARGO_CONFIG.replace("@SDK@", &quoted(sdk.clone())?),
    };
    let how = match git {
        Some(url) => {
            format!("\nfirst install the tool, once: cargo install --locked --git {url} cargo-tap")
        }
        None => String::new(),
    };
    let fill = |text: &str| text.replace("@NAME@", name).replace("@SOURCE@", &source);
    let mut files = vec![
        ("Cargo.toml".to_owned(), fill(MANIFEST)),
        ("src/main.rs".to_owned(), fill(SOURCE)),
        (format!("run/{name}.run"), fill(RUN)),
        ("README.md".to_owned(), fill(README).replace("@HOW@", how.trim_start())),
        (".gitignore".to_owned(), "/target\n".to_owned()),
    ];
    // the versions that the SDK is tested with
    if let (None, Ok(lock)) = (git, fs::read_to_string(sdk.join("Cargo.lock"))) {
        files.push(("Cargo.lock".to_owned(), lock));
    }
    if !alias.is_empty() {
        files.push((".cargo/config.toml".to_owned(), alias));
    }
    write(&folder, &files)?;
    let enter = if empty { String::new() } else { format!("cd {name} && ") };
    Ok(format!(
        "made the crate {name} in {}{how}\nrun it: {enter}cargo tap run {name}",
        folder.display()
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["clock", "a1_b"] {
            assert_eq!(check(good), Ok(()));
        }
        for bad in ["", "1a", "A", "a-b", "a/b", "../a", "a b", &"x".repeat(41)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn templates_are_filled_completely() {
        for text in [SOURCE, MANIFEST_INSIDE, RUN, TARGET_MK] {
            assert!(!text.replace("@NAME@", "x").contains('@'), "{text}");
        }
    }
}

//! `cargo tap new`: a component that runs as it is made.

mod kind;
mod names;

pub use kind::Kind;

use crate::host::workspace::{Project, Workspace, cargo};
use std::fs;
use std::path::{Path, PathBuf};

const MANIFEST: &str = include_str!("templates/Cargo.toml.in");
const MANIFEST_INSIDE: &str = include_str!("templates/inside.toml.in");
const TARGET_MK: &str = include_str!("templates/target.mk.in");
const CARGO_CONFIG: &str = include_str!("templates/config.toml.in");
const README: &str = include_str!("templates/README.md.in");

/// The SDK that this tool was built from.
fn own_sdk() -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR"));
    tool.ancestors().nth(2).unwrap_or(tool).to_owned()
}

/// Makes a component in or below `here`, or in the folder that `name` is a path of; returns the next
/// step.
pub fn create(here: &Path, name: &str, kind: Kind, git: Option<&str>) -> Result<String, String> {
    let name = name.trim_end_matches('/');
    if let Some((parent, last)) = name.rsplit_once('/') {
        let parent = here.join(if parent.is_empty() { "/" } else { parent });
        names::check(last, kind)?;
        if !parent.is_dir() {
            return Err(format!("there is no folder {}", parent.display()));
        }
        if cargo_project(&parent).is_some_and(|project| project.sdk.is_none()) {
            return create(&parent, last, kind, git);
        }
        return outside(&parent.join(last), last, kind, git)
            .map(|text| text.replace("run it: ", &format!("run it: cd {name} && ")));
    }
    names::check(name, kind)?;
    let inside = cargo_project(here).filter(|project| project.sdk.is_none());
    match inside {
        Some(project) if git.is_none() => within(&project.user, name, kind),
        Some(_) => Err("--git is for crates outside of the SDK's workspace".into()),
        None => {
            let empty = fs::read_dir(here)
                .map_err(|e| format!("cannot read {}: {e}", here.display()))?
                .flatten()
                .all(|entry| entry.file_name() == ".git");
            let folder = if empty { here.to_owned() } else { here.join(name) };
            let text = outside(&folder, name, kind, git)?;
            let enter = if empty { "run it: ".into() } else { format!("run it: cd {name} && ") };
            Ok(text.replace("run it: ", &enter))
        }
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

/// The workspace's manifest with `components/short` behind the last component that it lists.
fn with_member(manifest: &str, short: &str) -> Result<String, String> {
    let lines: Vec<&str> = manifest.lines().collect();
    let is_component = |line: &&str| {
        let listed = line.trim().strip_prefix("\"components/");
        listed.is_some_and(|rest| !rest.trim_end_matches("\",").contains('/'))
    };
    let opened = lines.iter().position(|line| line.trim_end() == "members = [");
    let Some(last) = lines.iter().rposition(is_component).or(opened) else {
        return Err(format!(
            "the workspace's Cargo.toml has no list of members, one a line: add \"components/{short}\" to it by hand"
        ));
    };
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        out.push_str(line);
        out.push('\n');
        if number == last {
            out.extend(["    \"components/", short, "\",\n"]);
        }
    }
    Ok(out)
}

/// In the SDK's workspace every binary, run script and target carries our prefix.
fn within(sdk: &Workspace, name: &str, kind: Kind) -> Result<String, String> {
    let short = name.strip_prefix("rs_").unwrap_or(name);
    let package = format!("rs_{short}");
    names::check(short, kind)?;
    names::check_inside(&package, kind, sdk)?;
    let root = &sdk.root;
    let fill = |text: &str| kind.fill(text, &package);
    let mut files = vec![
        (format!("components/{short}/Cargo.toml"), fill(MANIFEST_INSIDE)),
        (format!("tap/run/{package}.run"), fill(kind.run())),
    ];
    for (file, text) in kind.sources() {
        files.push((format!("components/{short}/src/{file}"), fill(text)));
    }
    for (bin, _) in kind.bins(&package) {
        let text = fill(TARGET_MK).replace("@BIN@", &bin);
        files.push((format!("tap/src/{bin}/target.mk"), text));
    }
    let manifest = root.join("Cargo.toml");
    let listed = fs::read_to_string(&manifest)
        .map_err(|e| format!("cannot read {}: {e}", manifest.display()))
        .and_then(|text| with_member(&text, short))?;
    write(root, &files)?;
    fs::write(&manifest, listed)
        .map_err(|e| format!("cannot write {}: {e}", manifest.display()))?;
    Ok(format!(
        "made components/{short}, tap/run/{package}.run and what Genode's build system needs, in tap/src\n\
         run it: cargo tap run {short}"
    ))
}

/// A crate outside of the workspace: how it reaches the SDK.
struct Reach {
    /// The dependency, as in a manifest.
    source: String,
    /// The alias `cargo tap`, as in cargo's configuration.
    alias: Option<String>,
    /// The versions that the SDK is tested with.
    lock: Option<String>,
    /// What the user must do once.
    how: String,
}

impl Reach {
    fn by_git(url: &str) -> Result<Self, String> {
        if url.contains(['"', '\\', '\n']) {
            return Err(format!("{url} is no URL"));
        }
        // a binary of a git dependency cannot be run from the crate: `cargo install` it
        let how =
            format!("\nfirst install the tool, once: cargo install --locked --git {url} cargo-tap");
        Ok(Self { source: format!("git = \"{url}\""), alias: None, lock: None, how })
    }

    fn by_path(sdk: &Path) -> Result<Self, String> {
        if !sdk.join("genode-rs/Cargo.toml").is_file() {
            return Err(format!(
                "the SDK that this tool was built from is no longer in {}: use --git URL",
                sdk.display()
            ));
        }
        let Some(path) = sdk.to_str() else {
            return Err(format!(
                "{} is no valid UTF-8: move the SDK, or use --git URL",
                sdk.display()
            ));
        };
        let quoted = path.replace('\\', "\\\\").replace('"', "\\\"");
        Ok(Self {
            source: format!("path = \"{quoted}/genode-rs\""),
            alias: Some(CARGO_CONFIG.replace("@SDK@", &quoted)),
            lock: fs::read_to_string(sdk.join("Cargo.lock")).ok(),
            how: String::new(),
        })
    }
}

/// Outside: a crate with its own run script and the alias `cargo tap`.
fn outside(folder: &Path, name: &str, kind: Kind, git: Option<&str>) -> Result<String, String> {
    if fs::read_dir(folder).is_ok_and(|mut f| f.any(|e| e.is_ok_and(|e| e.file_name() != ".git"))) {
        return Err(format!("{} exists; choose another name", folder.display()));
    }
    let sdk = own_sdk();
    names::check_outside(name, &fs::read_to_string(sdk.join("Cargo.lock")).unwrap_or_default())?;
    let reach = git.map_or_else(|| Reach::by_path(&sdk), Reach::by_git)?;
    let how = &reach.how;
    let fill = |text: &str| kind.fill(text, name).replace("@SDK@", &reach.source);
    let mut files = vec![
        ("Cargo.toml".to_owned(), fill(MANIFEST)),
        (format!("run/{name}.run"), fill(kind.run())),
        ("README.md".to_owned(), fill(README).replace("@HOW@", how)),
        (".gitignore".to_owned(), "/target\n".to_owned()),
    ];
    for (file, text) in kind.sources() {
        files.push((format!("src/{file}"), fill(text)));
    }
    files.extend(reach.lock.clone().map(|lock| ("Cargo.lock".to_owned(), lock)));
    files.extend(reach.alias.clone().map(|alias| (".cargo/config.toml".to_owned(), alias)));
    write(folder, &files)?;
    Ok(format!("made the crate {name} in {}{how}\nrun it: cargo tap run {name}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_around_the_sources_are_filled_completely() {
        for text in [MANIFEST, MANIFEST_INSIDE, TARGET_MK, README] {
            let text = Kind::Rpc.fill(text, "x");
            let left = text.replace("@SDK@", "").replace("@HOW@", "").replace("@BIN@", "");
            assert!(!left.contains('@'), "{left}");
        }
    }
}

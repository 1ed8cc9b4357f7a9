//! `cargo tap new`: a component that runs as it is made.

use crate::host::workspace::{Project, cargo};
use std::fs;
use std::path::{Path, PathBuf};

const SOURCE: &str = include_str!("templates/main.rs.in");
const RPC_INTERFACE: &str = include_str!("templates/rpc/lib.rs.in");
const RPC_SERVER: &str = include_str!("templates/rpc/server.rs.in");
const RPC_CLIENT: &str = include_str!("templates/rpc/client.rs.in");
const RPC_RUN: &str = include_str!("templates/rpc/component.run.in");
const BIN: &str = include_str!("templates/bin.toml.in");
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

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component that says hello.
    Plain,
    /// An RPC interface, and a server and a client of it.
    Rpc,
}

impl Kind {
    fn about(self) -> &'static str {
        match self {
            Self::Plain => "Says hello, and ends",
            Self::Rpc => "An RPC interface, and a server and a client of it",
        }
    }

    fn run(self) -> &'static str {
        match self {
            Self::Plain => RUN,
            Self::Rpc => RPC_RUN,
        }
    }

    fn sources(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Plain => &[("main.rs", SOURCE)],
            Self::Rpc => {
                &[("lib.rs", RPC_INTERFACE), ("server.rs", RPC_SERVER), ("client.rs", RPC_CLIENT)]
            }
        }
    }

    /// The binaries of the package `name`, and their sources.
    fn bins(self, name: &str) -> Vec<(String, &'static str)> {
        match self {
            Self::Plain => vec![(name.into(), "main.rs")],
            Self::Rpc => {
                vec![
                    (format!("{name}_server"), "server.rs"),
                    (format!("{name}_client"), "client.rs"),
                ]
            }
        }
    }

    /// A template's text for the package `name`, whose trait has the name without prefix.
    fn fill(self, template: &str, name: &str) -> String {
        let bins = self.bins(name).into_iter();
        let bins: String = bins
            .map(|(bin, source)| BIN.replace("@BIN@", &bin).replace("@SOURCE@", source))
            .collect();
        let short = name.strip_prefix("rs_").unwrap_or(name);
        template
            .replace("@BINS@", &bins)
            .replace("@WHAT@", self.about())
            .replace("@NAME@", name)
            .replace("@TRAIT@", &camel(short))
    }
}

/// `my_clock` as the name of a type.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_') {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

/// Makes a component in or below `here`, or in the folder that `name` is a path of; returns what to do next.
pub fn create(here: &Path, name: &str, kind: Kind, git: Option<&str>) -> Result<String, String> {
    if let Some((parent, last)) = name.rsplit_once('/') {
        let parent = here.join(if parent.is_empty() { "/" } else { parent });
        check(last)?;
        if !parent.is_dir() {
            return Err(format!("there is no folder {}", parent.display()));
        }
        if cargo_project(&parent).is_some_and(|project| project.sdk.is_none()) {
            return create(&parent, last, kind, git);
        }
        return outside(&parent.join(last), last, kind, git)
            .map(|text| text.replace("run it: ", &format!("run it: cd {name} && ")));
    }
    check(name)?;
    let inside = cargo_project(here).filter(|project| project.sdk.is_none());
    match inside {
        Some(project) if git.is_none() => within(&project.user.root, name, kind),
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
fn within(root: &Path, name: &str, kind: Kind) -> Result<String, String> {
    let short = name.strip_prefix("rs_").unwrap_or(name);
    let package = format!("rs_{short}");
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

/// Outside: a crate with its own run script and the alias `cargo tap`.
fn outside(folder: &Path, name: &str, kind: Kind, git: Option<&str>) -> Result<String, String> {
    if fs::read_dir(folder).is_ok_and(|mut f| f.any(|e| e.is_ok_and(|e| e.file_name() != ".git"))) {
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
    let fill = |text: &str| kind.fill(text, name).replace("@SDK@", &source);
    let mut files = vec![
        ("Cargo.toml".to_owned(), fill(MANIFEST)),
        (format!("run/{name}.run"), fill(kind.run())),
        ("README.md".to_owned(), fill(README).replace("@HOW@", &how)),
        (".gitignore".to_owned(), "/target\n".to_owned()),
    ];
    for (file, text) in kind.sources() {
        files.push((format!("src/{file}"), fill(text)));
    }
    // the versions that the SDK is tested with
    if let (None, Ok(lock)) = (git, fs::read_to_string(sdk.join("Cargo.lock"))) {
        files.push(("Cargo.lock".to_owned(), lock));
    }
    if !alias.is_empty() {
        files.push((".cargo/config.toml".to_owned(), alias));
    }
    write(folder, &files)?;
    Ok(format!("made the crate {name} in {}{how}\nrun it: cargo tap run {name}", folder.display()))
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
        for kind in [Kind::Plain, Kind::Rpc] {
            let sources = kind.sources().iter().map(|(_, text)| *text);
            for text in sources.chain([MANIFEST_INSIDE, kind.run()]) {
                assert!(!kind.fill(text, "x").contains('@'), "{text}");
            }
        }
    }

    #[test]
    fn a_trait_is_named_without_the_prefix() {
        let text = Kind::Rpc.fill("@NAME@ @TRAIT@", "rs_my_clock");
        assert_eq!(text, "rs_my_clock MyClock");
        assert_eq!(Kind::Rpc.fill("@TRAIT@", "a1__b"), "A1B");
    }
}

//! Reads the project as cargo and its documents see it, for tests that compare the two.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package of the project: of its workspace, or of a workspace of its own.
#[derive(Debug, Clone)]
pub struct Package {
    /// Name in its manifest.
    pub name: String,
    /// Folder, relative to the project's.
    pub folder: String,
    /// Folders of the project's packages that it depends on, for building and testing too.
    pub needs: Vec<String>,
    /// Names of its binaries.
    pub bins: Vec<String>,
    /// The file of its library, relative to the project's folder.
    pub lib: Option<String>,
    /// Whether its manifest allows it to be published.
    pub published: bool,
}

/// The project's folder.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here).to_owned()
}

/// Reads a file of the project.
///
/// # Errors
/// The file's name and why it cannot be read.
pub fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

/// Finds files below `folder` that `wanted` takes, relative to the project's folder and in order.
/// Build results and hidden folders are left out.
#[must_use]
pub fn files(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root().join(&folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                let built = name == "target" && folder != "tap";
                if !built && !name.starts_with('.') {
                    open.push(path);
                }
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Tells whether a path ends with this extension.
#[must_use]
pub fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// Asks cargo for the packages of the workspace in `folder`, without their dependencies' own.
///
/// # Errors
/// Cargo's own message.
pub fn packages(folder: &str) -> Result<Vec<Package>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(root().join(folder).join("Cargo.toml"))
        .output()
        .map_err(|e| format!("cannot start cargo: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    Ok(elements(&metadata["packages"]).map(package).collect())
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A path that cargo names, relative to the project's folder; a manifest's path is its folder.
fn relative(path: &str) -> String {
    let path = Path::new(path);
    let path = if path.ends_with("Cargo.toml") { path.parent().unwrap_or(path) } else { path };
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let of_kind = |wanted: &'static [&'static str]| {
        elements(&value["targets"]).filter(move |target| {
            elements(&target["kind"]).filter_map(Value::as_str).any(|k| wanted.contains(&k))
        })
    };
    Package {
        name: text(&value["name"]),
        folder: relative(&text(&value["manifest_path"])),
        needs: elements(&value["dependencies"])
            .filter_map(|d| d["path"].as_str())
            .map(relative)
            .collect(),
        bins: of_kind(&["bin"]).map(|t| text(&t["name"])).collect(),
        lib: of_kind(&["lib", "proc-macro", "cdylib", "staticlib"])
            .map(|t| relative(&text(&t["src_path"])))
            .next(),
        published: value["publish"].is_null(),
    }
}

/// Folders that the workspace's manifest names as workspaces of their own.
///
/// # Errors
/// The manifest cannot be read.
pub fn excluded() -> Result<Vec<String>, String> {
    let manifest = read("Cargo.toml")?;
    let list = manifest.split("exclude = [").nth(1).and_then(|rest| rest.split(']').next());
    let list = list.ok_or("Cargo.toml has no list `exclude`")?;
    Ok(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Rows of the first table of `document` whose head begins with `| head `: the cells of each row.
///
/// # Errors
/// There is no such table.
pub fn table(document: &str, head: &str) -> Result<Vec<Vec<String>>, String> {
    let text = read(document)?;
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("| {head} |")));
    if lines.next().is_none() {
        return Err(format!("{document} has no table that begins with \"| {head} |\""));
    }
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    Ok(rows
        .map(|row| {
            let cells = row.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect())
}

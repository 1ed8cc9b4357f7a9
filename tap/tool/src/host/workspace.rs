//! The packages there are: the user's, and the SDK's standard components.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Name of the package that is the host's core.
pub const CORE: &str = "rs_host_core";

/// Names that mean what the platform supplies, and the packages that are it on the host.
pub const STANDARD: [(&str, &str); 5] = [
    ("core", CORE),
    ("init", "rs_init"),
    ("timer", "rs_timer"),
    ("report_rom", "rs_report_rom"),
    ("dynamic_rom", "rs_dynamic_rom"),
];

/// A cargo workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    /// The folder that cargo builds in.
    pub target: PathBuf,
    /// Binaries and the packages they belong to.
    pub bins: BTreeMap<String, String>,
    /// Libraries.
    pub libs: Vec<String>,
}

/// The user's workspace and the SDK's, which may be the same.
#[derive(Debug, Clone)]
pub struct Project {
    /// The workspace that the user is in.
    pub user: Workspace,
    /// The SDK, if it is elsewhere.
    pub sdk: Option<Workspace>,
}

/// The cargo that runs us, or the one in PATH.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // a relative folder is meant where the user is, not where cargo is called
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(folder) = std::env::var_os(variable).filter(|folder| !folder.is_empty()) {
            cargo.env(variable, std::path::absolute(&folder).unwrap_or_else(|_| folder.into()));
        }
    }
    cargo
}

fn metadata(arguments: &[&str], folder: &Path) -> Result<Value, String> {
    let output = cargo()
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot start cargo: {e}; is it in PATH?"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        let hint = if why.contains("could not find `Cargo.toml`") {
            "\nrun this in the SDK or in a component's folder, or make one with `cargo tap new NAME`"
        } else {
            ""
        };
        return Err(format!("cargo metadata fails in {}:\n{}{hint}", folder.display(), why.trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata is no JSON: {e}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("")
}

fn elements<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value[key].as_array().into_iter().flatten()
}

fn workspace(metadata: &Value) -> Workspace {
    let mut bins = BTreeMap::new();
    let mut libs = Vec::new();
    for package in elements(metadata, "packages") {
        for target in elements(package, "targets") {
            let name = text(target, "name").to_owned();
            for kind in elements(target, "kind").filter_map(Value::as_str) {
                match kind {
                    "bin" => {
                        bins.insert(name.clone(), text(package, "name").to_owned());
                    }
                    "lib" | "rlib" | "staticlib" | "cdylib" => libs.push(name.clone()),
                    _ => {}
                }
            }
        }
    }
    Workspace {
        root: text(metadata, "workspace_root").into(),
        target: text(metadata, "target_directory").into(),
        bins,
        libs,
    }
}

impl Project {
    /// Finds the workspace that `folder` is in, and the SDK that it depends on.
    pub fn find(folder: &Path) -> Result<Self, String> {
        let user = workspace(&metadata(&["--no-deps"], folder)?);
        if user.bins.contains_key(CORE) {
            return Ok(Self { user, sdk: None });
        }
        // an SDK by path or git: its checkout is a whole workspace
        let all = metadata(&[], folder)?;
        let manifest = elements(&all, "packages")
            .find(|p| text(p, "name") == "genode")
            .map(|p| PathBuf::from(text(p, "manifest_path")));
        let Some(sdk_folder) = manifest.as_deref().and_then(Path::parent) else {
            return Err(format!(
                "{} does not depend on the crate `genode`: add it to [dependencies], by path or git",
                user.root.display()
            ));
        };
        let mut sdk = workspace(&metadata(&["--no-deps"], sdk_folder)?);
        if !sdk.bins.contains_key(CORE) {
            return Err(format!(
                "the crate `genode` in {} comes without its workspace: depend on the SDK by path or git",
                sdk_folder.display()
            ));
        }
        // cargo's own checkouts are shared by all users of that revision: build elsewhere
        if sdk.root.components().any(|c| c.as_os_str() == "checkouts") {
            sdk.target = user.target.join("tap-sdk");
        }
        Ok(Self { user, sdk: Some(sdk) })
    }

    /// The SDK's workspace.
    pub fn sdk(&self) -> &Workspace {
        self.sdk.as_ref().unwrap_or(&self.user)
    }

    /// Folders that hold run scripts, the user's first.
    pub fn run_folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if self.sdk.is_some() {
            folders.push(self.user.root.join("run"));
        }
        folders.push(self.sdk().root.join("tap/run"));
        folders
    }

    /// Folders into which cargo puts programs, the user's first, and first those of the profile
    /// that is asked for.
    pub fn program_folders(&self, release: bool) -> Vec<PathBuf> {
        let workspaces = [Some(&self.user), self.sdk.as_ref()];
        let profiles = if release { ["release", "debug"] } else { ["debug", "release"] };
        let targets = workspaces.into_iter().flatten().map(|w| &w.target);
        targets.flat_map(|t| profiles.map(|p| t.join(p))).collect()
    }

    /// The folder of all run directories.
    pub fn run_dirs(&self) -> PathBuf {
        self.user.target.join("tap")
    }

    /// The folder of a script's boot directory and log.
    pub fn run_dir(&self, name: &str) -> PathBuf {
        self.run_dirs().join(name)
    }
}

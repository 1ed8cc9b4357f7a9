//! The `build` step: Genode's target names become cargo packages.

use super::workspace::{Project, STANDARD, Workspace, cargo};
use crate::names::nearest;
use crate::process::{Event, Running};
use crate::signals::Interrupts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The meaning of a target name of a run script.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing to build: part of every component, or a library linked into it.
    Nothing,
    /// A binary.
    Binary {
        /// Is it the SDK's, seen from a crate outside of it?
        sdk: bool,
        /// Name in cargo.
        bin: String,
        /// Name of the boot module.
        module: String,
    },
    /// Built by Genode's build system only, from this folder.
    GenodeOnly(PathBuf),
    /// No such target; names that are near.
    Unknown(Vec<String>),
}

/// Looks up a target name, with or without a path in front.
pub fn resolve(project: &Project, name: &str) -> Target {
    let module = name.rsplit('/').next().unwrap_or(name);
    let library = name.starts_with("lib/");
    if library && module == "ld" {
        return Target::Nothing;
    }
    let bin = STANDARD.iter().find(|(plain, _)| *plain == module).map_or(module, |(_, bin)| bin);
    let workspaces = [(false, Some(&project.user)), (true, project.sdk.as_ref())];
    for (sdk, workspace) in workspaces {
        let Some(workspace) = workspace else { continue };
        if workspace.bins.contains_key(bin) {
            return Target::Binary { sdk, bin: bin.into(), module: module.into() };
        }
        if library && workspace.libs.iter().any(|lib| lib == bin) {
            return Target::Nothing;
        }
    }
    let sources = project.sdk().root.join("tap/src");
    if let Some(folder) = target_mk(&sources, name, 4) {
        return Target::GenodeOnly(folder);
    }
    Target::Unknown(near(project, bin))
}

/// Finds `NAME/target.mk`, or `NAME.mk` for a library, below a folder.
fn target_mk(folder: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    if let Some(lib) = name.strip_prefix("lib/") {
        let mk = folder.parent()?.join("lib/mk").join(format!("{lib}.mk"));
        return mk.is_file().then_some(mk);
    }
    let direct = folder.join(name);
    if direct.join("target.mk").is_file() {
        return Some(direct);
    }
    if depth == 0 {
        return None;
    }
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let mut folders: Vec<_> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    folders.iter().find_map(|f| target_mk(f, name, depth - 1))
}

/// Binaries whose name is like the wanted one.
fn near(project: &Project, wanted: &str) -> Vec<String> {
    let all = project.user.bins.keys().chain(project.sdk.iter().flat_map(|s| s.bins.keys()));
    nearest(wanted, all.map(String::as_str))
}

/// The reason why nothing was built.
#[derive(Debug)]
pub enum BuildError {
    /// With what cargo said.
    Failed(String),
    /// A signal asked the tool to stop.
    Interrupted,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => f.write_str(why),
            Self::Interrupted => f.write_str("the build was interrupted"),
        }
    }
}

impl std::error::Error for BuildError {}

/// Builds binaries with one cargo call per workspace; returns the executables by name.
pub fn build(
    project: &Project,
    bins: &[(bool, String)],
    release: bool,
    quiet: bool,
    interrupts: &Interrupts,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let mut built = BTreeMap::new();
    for from_sdk in [false, true] {
        let wanted: Vec<&str> =
            bins.iter().filter(|(sdk, _)| *sdk == from_sdk).map(|(_, bin)| bin.as_str()).collect();
        if wanted.is_empty() {
            continue;
        }
        let workspace = if from_sdk { project.sdk() } else { &project.user };
        let command = command(workspace, &wanted, from_sdk, release, quiet);
        let messages = run(command, interrupts)?;
        for line in messages.lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
            let name = message["target"]["name"].as_str().unwrap_or("");
            let executable = message["executable"].as_str();
            if let (true, Some(path)) = (wanted.contains(&name), executable) {
                built.insert(name.to_owned(), PathBuf::from(path));
            }
        }
        if let Some(missing) = wanted.iter().find(|bin| !built.contains_key(**bin)) {
            return Err(BuildError::Failed(format!("cargo built no executable named {missing}")));
        }
    }
    Ok(built)
}

fn command(
    workspace: &Workspace,
    bins: &[&str],
    from_sdk: bool,
    release: bool,
    quiet: bool,
) -> Command {
    let mut command = cargo();
    command.args(["build", "--message-format=json-render-diagnostics"]);
    command.arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
    if from_sdk {
        command.arg("--target-dir").arg(&workspace.target);
    }
    for bin in bins {
        command.args(["--package", &workspace.bins[*bin], "--bin", bin]);
    }
    if release {
        command.arg("--release");
    }
    if quiet {
        command.arg("--quiet");
    }
    // what cargo tells the tool about the tool itself is not about the component
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&key);
        }
    }
    command
}

/// Runs cargo; its messages for machines are returned, those for people go to stderr.
fn run(mut command: Command, interrupts: &Interrupts) -> Result<String, BuildError> {
    let failed = |why: String| BuildError::Failed(why);
    command.stdin(Stdio::null()).process_group(0);
    let mut running = Running::start_stdout(command)
        .map_err(|e| failed(format!("cannot start cargo: {e}; is it in PATH?")))?;
    let mut output = Vec::new();
    loop {
        match running.wait(None, interrupts) {
            Ok(Event::Output(bytes)) => output.extend_from_slice(&bytes),
            Ok(Event::Ended) => break,
            Ok(Event::Timeout) => {}
            Ok(Event::Interrupted) => return Err(BuildError::Interrupted),
            Err(e) => return Err(failed(format!("cannot read from cargo: {e}"))),
        }
    }
    if !running.status().is_some_and(|s| s.success()) {
        return Err(failed("cargo build failed; its messages are above".into()));
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        let workspace = |bins: &[&str]| Workspace {
            root: "/nonexistent".into(),
            target: "/nonexistent/target".into(),
            bins: bins.iter().map(|b| ((*b).to_owned(), (*b).to_owned())).collect(),
            libs: vec!["rs_hoard".into()],
        };
        Project {
            user: workspace(&["mine"]),
            sdk: Some(workspace(&["rs_host_core", "rs_init", "rs_timer", "rs_hello_server"])),
        }
    }

    fn binary(sdk: bool, bin: &str, module: &str) -> Target {
        Target::Binary { sdk, bin: bin.into(), module: module.into() }
    }

    #[test]
    fn names_mean_what_the_platform_supplies() {
        let project = project();
        assert_eq!(resolve(&project, "core"), binary(true, "rs_host_core", "core"));
        assert_eq!(resolve(&project, "init"), binary(true, "rs_init", "init"));
        assert_eq!(resolve(&project, "lib/ld"), Target::Nothing);
        assert_eq!(resolve(&project, "lib/rs_hoard"), Target::Nothing);
        assert_eq!(resolve(&project, "rs_init"), binary(true, "rs_init", "rs_init"));
        assert_eq!(
            resolve(&project, "server/rs_hello_server"),
            binary(true, "rs_hello_server", "rs_hello_server")
        );
        assert_eq!(resolve(&project, "mine"), binary(false, "mine", "mine"));
    }

    #[test]
    fn unknown_names_get_suggestions() {
        assert_eq!(
            resolve(&project(), "hello_servr"),
            Target::Unknown(vec!["rs_hello_server".into()])
        );
        assert_eq!(resolve(&project(), "something_else"), Target::Unknown(vec![]));
    }
}

//! A build directory of Genode's build system, and what make says of it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A Genode build directory and what to build for.
#[derive(Debug, Clone)]
pub struct BuildDir {
    /// The directory.
    pub path: PathBuf,
    /// `KERNEL=`
    pub kernel: String,
    /// `BOARD=`
    pub board: String,
    /// Further variables.
    pub variables: Vec<String>,
    /// Arguments for the run script, which asks by `get_cmd_arg`.
    pub script_args: Vec<String>,
    /// The project's `tap/`, to be among the repositories.
    pub tap: PathBuf,
    /// A repository in front of all others, whose names win.
    pub first: Option<PathBuf>,
}

impl BuildDir {
    /// Starts a call of make in the directory.
    pub(super) fn make(&self) -> Command {
        let mut make = Command::new("make");
        make.arg("-C").arg(&self.path);
        make.arg(format!("KERNEL={}", self.kernel)).arg(format!("BOARD={}", self.board));
        make.args(&self.variables).stdin(Stdio::null());
        // in the environment, so that the makefiles' own options of the run tool are added to these
        if !self.script_args.is_empty() {
            let given = std::env::var("RUN_OPT").unwrap_or_default();
            make.env("RUN_OPT", format!("{given} {}", quoted(&self.script_args)));
        }
        // variables of the cargo that runs us would change the cargo that make runs
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("CARGO") && name != "CARGO_HOME" || name == "RUSTUP_TOOLCHAIN" {
                make.env_remove(&key);
            }
        }
        make
    }

    /// Asks make for a variable of the directory's configuration, which is makefiles with conditions.
    pub fn ask(&self, expression: &str) -> Result<String, String> {
        let probe = format!(
            "REPOSITORIES :=\n-include etc/build.conf etc/tools.conf\n.PHONY: rs_ask\nrs_ask:\n\t@echo {expression}\n"
        );
        let mut child = self
            .make()
            .args(["--silent", "--no-print-directory", "--file=-", "rs_ask"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start make: {e}; install GNU make"))?;
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(probe.as_bytes());
        }
        let output = child.wait_with_output().map_err(|e| format!("make: {e}"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("make cannot read etc/build.conf: {}", why.trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The repositories that the build directory's configuration names, with `tap/` added if needed.
    pub fn repositories(&self) -> Result<String, String> {
        if !self.path.join("etc/build.conf").is_file() {
            return Err(format!(
                "{} is no Genode build directory: it has no etc/build.conf; make one with Genode's tool/create_builddir",
                self.path.display()
            ));
        }
        let tap = self.tap.canonicalize().unwrap_or_else(|_| self.tap.clone());
        let tap = tap.display().to_string();
        if tap.contains(char::is_whitespace) {
            return Err(format!("Genode's build system cannot use a path with blanks: {tap}"));
        }
        let listed = self.ask("$(realpath $(REPOSITORIES))")?;
        let mut repositories: Vec<&str> = listed.split_whitespace().collect();
        if repositories.is_empty() {
            return Err(format!(
                "{}/etc/build.conf names no REPOSITORIES for KERNEL={}",
                self.path.display(),
                self.kernel
            ));
        }
        if !repositories.contains(&tap.as_str()) {
            repositories.push(&tap);
        }
        let first = self.first.as_ref().map(|path| path.display().to_string());
        if let Some(first) = &first {
            repositories.insert(0, first);
        }
        Ok(repositories.join(" "))
    }
}

/// Joins words so that make and then the shell hand them on as they are.
fn quoted(words: &[String]) -> String {
    let quote = |word: &String| format!("'{}'", word.replace('\'', r"'\''").replace('$', "$$"));
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

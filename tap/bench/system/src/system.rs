//! Boots a system of release binaries and listens to it.
#![allow(unsafe_code, reason = "signals by C functions")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The folder of the release binaries: this program's own.
fn binaries() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    own.parent().map(Path::to_path_buf).ok_or_else(|| "no directory of binaries".into())
}

/// Builds packages that systems consist of, in the profile of this program.
///
/// # Errors
/// Text that says what failed.
pub fn build(packages: &[&str]) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--manifest-path"]);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.toml"));
    // wherever this program is called from
    if let Some(target) = binaries()?.parent() {
        command.arg("--target-dir").arg(target);
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    for package in packages {
        command.args(["--package", package]);
    }
    let status = command.status().map_err(|e| format!("cannot run cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err("the build failed".into()) }
}

/// A running system.
pub struct System {
    core: Child,
    dir: PathBuf,
    start: Instant,
}

/// A line of its log, and when it came.
pub struct Line {
    pub text: String,
    pub at: Duration,
}

impl System {
    /// Boot the binary `init` with `config` and `modules`.
    ///
    /// # Errors
    /// Text that says what failed.
    pub fn boot(name: &str, init: &str, config: &str, modules: &[&str]) -> Result<Self, String> {
        Self::boot_with(name, init, config, modules, &[])
    }

    /// As [`boot`](Self::boot), with more arguments of core's.
    ///
    /// # Errors
    /// As there.
    pub fn boot_with(
        name: &str,
        init: &str,
        config: &str,
        modules: &[&str],
        arguments: &[String],
    ) -> Result<Self, String> {
        let from = binaries()?;
        let dir =
            std::env::temp_dir().join(format!("rs_system_bench_{}_{name}", std::process::id()));
        let place = |module: &str, binary: &str| {
            let from = from.join(binary);
            std::fs::copy(&from, dir.join(module))
                .map_err(|e| format!("{}: {e}", from.display()))
                .map(drop)
        };
        std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        place("init", init)?;
        for module in modules {
            place(module, module)?;
        }
        std::fs::write(dir.join("config"), config).map_err(|e| e.to_string())?;
        let start = Instant::now();
        let core = Command::new(from.join("rs_host_core"))
            .arg("--boot")
            .arg(&dir)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start core: {e}"))?;
        Ok(Self { core, dir, start })
    }

    /// Lines until `enough` says so.
    pub fn listen(&mut self, mut enough: impl FnMut(&str) -> bool) -> Result<Vec<Line>, String> {
        let out = self.core.stdout.take().ok_or("the log was read already")?;
        let mut lines = Vec::new();
        let mut reader = BufReader::new(out);
        loop {
            let mut text = String::new();
            let n = reader.read_line(&mut text).map_err(|e| e.to_string())?;
            if n == 0 {
                let log: String = lines.iter().map(|l: &Line| l.text.as_str()).collect();
                return Err(format!("the system ended early:\n{log}"));
            }
            let done = enough(&text);
            lines.push(Line { text, at: self.start.elapsed() });
            if done {
                // Keep the pipe open, so that the system can go on writing.
                self.core.stdout = Some(reader.into_inner());
                return Ok(lines);
            }
        }
    }

    /// Processes of components whose name ends with `name`.
    pub fn components(&self, name: &str) -> Vec<u32> {
        let children = format!("/proc/{0}/task/{0}/children", self.core.id());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|p| p.parse().ok());
        pids.filter(|pid: &u32| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.trim_end_matches('\0').contains(name)
        })
        .collect()
    }

    /// Descriptors that core has open.
    pub fn descriptors(&self) -> u64 {
        std::fs::read_dir(format!("/proc/{}/fd", self.core.id())).map_or(0, Iterator::count) as u64
    }

    /// CPU time that the whole system used so far.
    pub fn cpu_time(&self) -> Duration {
        let all = self.components("").into_iter().chain([self.core.id()]);
        let spent = |task: PathBuf| {
            let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let spent = |pid| -> u64 {
            let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
            tasks.map_or(0, |t| t.flatten().map(|t| spent(t.path())).sum())
        };
        Duration::from_nanos(all.map(spent).sum())
    }

    /// End it; returns how long that took.
    pub fn stop(mut self) -> Duration {
        let start = Instant::now();
        // SAFETY: sends a signal to our own child.
        unsafe { libc::kill(self.core.id() as i32, libc::SIGTERM) };
        let _ = self.core.wait();
        start.elapsed()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.core.kill();
        let _ = self.core.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Private memory of a process in bytes.
pub fn private_memory(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kib = |l: &str| l.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    Some(text.lines().filter(|l| l.starts_with("Private_")).filter_map(kib).sum::<u64>() * 1024)
}

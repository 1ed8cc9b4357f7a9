//! Systems that run: found by their core's command line, whoever started them.

use rustix::process::Pid;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A core that runs a script's boot directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningSystem {
    /// The script's name.
    pub name: String,
    /// The folder of boot directory and log.
    pub run_dir: PathBuf,
    /// Core.
    pub core: Pid,
}

impl RunningSystem {
    /// The file that keeps the whole log.
    pub fn log(&self) -> PathBuf {
        self.run_dir.join("log")
    }

    /// The socket at which core tells of its state.
    pub fn state(&self) -> PathBuf {
        self.run_dir.join(STATE)
    }
}

/// The name of the socket in the run directory.
pub const STATE: &str = "state";

/// Lists the systems whose run directories are in a folder.
pub fn running(folder: &Path) -> Vec<RunningSystem> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<RunningSystem> = processes
        .filter_map(|process| {
            let core = process.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
            let line = std::fs::read(process.path().join("cmdline")).ok()?;
            let run_dir = boot(&line)?.parent()?.to_owned();
            let name = run_dir.strip_prefix(folder).ok()?.to_str()?.to_owned();
            Some(RunningSystem { name, run_dir, core })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Lists the systems in a folder that are meant by a name, with or without `rs_`; all for none.
///
/// # Errors
/// What to do if there is none.
pub fn named(folder: &Path, name: Option<&str>) -> Result<Vec<RunningSystem>, String> {
    let mut systems = running(folder);
    if let Some(name) = name {
        let names = [name.to_owned(), format!("rs_{name}")];
        systems.retain(|s| names.contains(&s.name));
    }
    if systems.is_empty() {
        let what =
            name.map_or_else(|| "no system".to_owned(), |name| format!("no system of {name}"));
        return Err(format!("{what} runs: start one by `cargo tap run NAME` in another terminal"));
    }
    Ok(systems)
}

/// Finds the one system that is meant.
///
/// # Errors
/// What to do if there is none, or more than one.
pub fn one(folder: &Path, name: Option<&str>) -> Result<RunningSystem, String> {
    let mut systems = named(folder, name)?;
    match (systems.pop(), systems.is_empty()) {
        (Some(system), true) => Ok(system),
        (last, _) => {
            let names = systems.iter().chain(&last).map(|s| s.name.as_str());
            let names: Vec<&str> = names.collect();
            Err(format!("several systems run: name one of {}", names.join(", ")))
        }
    }
}

/// The boot directory in the command line of a core, whose arguments end in zeros.
fn boot(line: &[u8]) -> Option<&Path> {
    let mut words = line.split(|c| *c == 0);
    words.next()?.ends_with(b"core").then_some(())?;
    words.find(|word| *word == b"--boot")?;
    words.next().map(|word| Path::new(std::ffi::OsStr::from_bytes(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_known_by_its_boot_directory() {
        let line = b"/x/target/debug/rs_host_core\0--boot\0/x/target/tap/rs_hello/genode\0";
        assert_eq!(boot(line), Some(Path::new("/x/target/tap/rs_hello/genode")));
        assert_eq!(boot(b"cat\0--boot\0/x\0"), None, "another program");
        assert_eq!(boot(b"/x/rs_host_core\0--boot"), None);
        assert_eq!(boot(b""), None);
    }
}

//! `cargo tap why`: what the components of a running system do, and who waits for whom.

use crate::host::system::{WAITS, WAITS_TOTAL};
use crate::host::workspace::Project;
use crate::output::{complain, say};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
While `cargo tap run hello` runs in another terminal:
  cargo tap why                 a line for each component: what it does, for whose answer it waits
  cargo tap why hello           the same of that system alone

A run whose line does not come in time says the same by itself.";

/// The arguments of `why`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The run script, with or without `rs_`; all that run if it is missing
    name: Option<String>,
}

/// Time that core has for its answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Runs the command.
pub fn execute(args: &Args) -> u8 {
    let here = std::env::current_dir().unwrap_or_default();
    let told = Project::find(&here).and_then(|project| why(&project, args.name.as_deref()));
    match told {
        Ok(text) => say(&text),
        Err(message) => complain(&message),
    }
}

fn why(project: &Project, name: Option<&str>) -> Result<String, String> {
    let mut systems = running(&project.user.target.join("tap"));
    if let Some(name) = name {
        let names = [name.to_owned(), format!("rs_{name}")];
        systems.retain(|s| names.contains(&s.name));
    }
    if systems.is_empty() {
        let what =
            name.map_or_else(|| "no system".to_owned(), |name| format!("no system of {name}"));
        return Err(format!("{what} runs: start one by `cargo tap run NAME` in another terminal"));
    }
    let mut out = String::new();
    for system in systems {
        let _ = writeln!(out, "{} (process {})", system.name, system.core.as_raw_nonzero());
        for line in system.ask()? {
            let _ = writeln!(out, "  {line}");
        }
    }
    Ok(out)
}

/// A core that runs a script's boot directory.
#[derive(Debug, PartialEq, Eq)]
struct System {
    name: String,
    log: PathBuf,
    core: Pid,
}

/// The systems whose boot directories are in a folder.
fn running(folder: &Path) -> Vec<System> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<System> = processes
        .filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
            let line = std::fs::read(process.path().join("cmdline")).ok()?;
            let run = boot(&line)?.parent()?.to_owned();
            let name = run.strip_prefix(folder).ok()?.to_str()?.to_owned();
            Some(System { name, log: run.join("log"), core: pid })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The boot directory in the command line of a core, whose arguments end in zeros.
fn boot(line: &[u8]) -> Option<&Path> {
    let mut words = line.split(|c| *c == 0);
    words.next()?.ends_with(b"core").then_some(())?;
    words.find(|word| *word == b"--boot")?;
    words.next().map(|word| Path::new(std::ffi::OsStr::from_bytes(word)))
}

impl System {
    /// Asks core, and reads what it says from the system's log.
    fn ask(&self) -> Result<Vec<String>, String> {
        let trouble = |e: std::io::Error| format!("cannot read {}: {e}", self.log.display());
        let mut log = File::open(&self.log).map_err(trouble)?;
        log.seek(SeekFrom::End(0)).map_err(trouble)?;
        kill_process(self.core, Signal::USR1).map_err(|e| format!("cannot ask its core: {e}"))?;
        let end = Instant::now() + ANSWER;
        let mut text = Vec::new();
        loop {
            log.read_to_end(&mut text).map_err(trouble)?;
            let all = String::from_utf8_lossy(&text);
            let told: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix(WAITS)).collect();
            if told.last().is_some_and(|last| last.ends_with(WAITS_TOTAL)) {
                return Ok(told.into_iter().map(str::to_owned).collect());
            }
            if Instant::now() > end {
                let seconds = ANSWER.as_secs();
                return Err(format!("the core of {} did not answer within {seconds} s", self.name));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
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

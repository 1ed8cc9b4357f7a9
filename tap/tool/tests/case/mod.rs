//! Small shell scripts in the place of core, the tool that runs them, and what it is to say.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) const SCRIPT: &str = "
build { core }
create_boot_directory
install_config { <config/> }
build_boot_image { core }
run_genode_until {test done.*\\n} 120
";

/// The script, for systems of which no match is expected.
pub(crate) fn impatient() -> String {
    SCRIPT.replace("} 120", "} 10")
}

/// Time that a busy machine may take for what takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Tells cases of one process apart.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Case {
    pub(crate) folder: PathBuf,
    /// A word that no other process has on its command line.
    pub(crate) mark: String,
}

impl Case {
    pub(crate) fn new(name: &str, core: &str, script: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mark = format!("7{}{number:03}", std::process::id());
        let core = core.replace("MARK", &mark);
        fs::write(folder.join("core"), format!("#!/bin/sh\n{core}\n")).unwrap();
        fs::set_permissions(folder.join("core"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join(format!("{name}.run")), script).unwrap();
        Self { folder, mark }
    }

    pub(crate) fn command(&self) -> Command {
        let name = self.folder.file_name().unwrap().to_str().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
        // as cargo calls a subcommand
        command.args(["tap", "run", "--core"]).arg(self.folder.join("core"));
        command.arg(self.folder.join(format!("{name}.run")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self) -> (Output, String) {
        let output = self.command().output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (output, text)
    }

    /// Processes that this case's core left: `sleep MARK`, where MARK is a number of seconds.
    pub(crate) fn left(&self) -> usize {
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|e| fs::read(e.path().join("cmdline")).ok())
            .filter(|line| line.starts_with(b"sleep\0") && contains(line, self.mark.as_bytes()))
            .count()
    }

    pub(crate) fn assert_nothing_left(&self) {
        let end = Instant::now() + PATIENCE;
        while self.left() > 0 {
            assert!(Instant::now() < end, "{} processes left", self.left());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

pub(crate) fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|w| w == word)
}

#[track_caller]
pub(crate) fn passes(text: &str, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("\n# 1 passed, 0 failed, 0 skipped\n"), "{text}");
}

#[track_caller]
pub(crate) fn fails(text: &str, output: &Output, why: &str) {
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("\n# 0 passed, 1 failed, 0 skipped\n"), "{text}");
    assert!(text.contains(why), "expected \"{why}\" in:\n{text}");
}

#[track_caller]
pub(crate) fn skips(text: &str, output: &Output, why: &str) {
    // a run in which nothing ran fails
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("# SKIP {why}")), "{text}");
    assert!(text.contains("\n# 0 passed, 0 failed, 1 skipped\n"), "{text}");
}

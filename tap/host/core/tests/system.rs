//! Boots small systems and reads what they print.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // test code
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "component/attempts.rs"]
#[allow(clippy::undocumented_unsafe_blocks, clippy::pedantic)] // test code
mod attempts;

/// What became of a system.
struct Outcome {
    log: String,
    code: Option<i32>,
}

impl Outcome {
    fn expect(&self, lines: &[&str]) {
        for line in lines {
            assert!(self.log.lines().any(|l| l == *line), "no line {line:?} in:\n{}", self.log);
        }
    }
}

fn component(name: &str) -> PathBuf {
    let core = Path::new(env!("CARGO_BIN_EXE_rs_host_core"));
    core.parent().unwrap().join("examples").join(format!("rs_host_test_{name}"))
}

/// Boot a system of modules, each a test component, and wait until it ends.
fn boot(name: &str, modules: &[(&str, &str)]) -> Outcome {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    for (module, source) in modules {
        let source = component(source);
        std::fs::copy(&source, dir.join(module)).unwrap_or_else(|e| {
            panic!("{}: {e}: build it by `cargo build --examples`", source.display())
        });
    }
    let mut core = Command::new(env!("CARGO_BIN_EXE_rs_host_core"))
        .args(["--boot".as_ref(), dir.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while core.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_mins(1) {
            core.kill().unwrap();
            let log = core.wait_with_output().unwrap().stdout;
            panic!("system {name} hangs; log:\n{}", String::from_utf8_lossy(&log));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = core.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let accounts = log.lines().rfind(|l| l.starts_with("[core] ") && l.contains("accounts: "));
    let balance = accounts.unwrap_or_else(|| panic!("no balance in:\n{log}"));
    assert!(!balance.contains("Error"), "{balance}\n{log}");
    Outcome { log, code: output.status.code() }
}

#[test]
fn a_component_prints_and_exits() {
    let outcome = boot("line", &[("init", "line")]);
    assert_eq!(outcome.code, Some(7));
    outcome.expect(&["[init] one line", "[init] Warning: one line"]);
}

#[test]
fn parent_and_child_call_signal_share_memory_and_end_without_loss() {
    let outcome = boot("echo", &[("init", "echo_init"), ("child", "echo_child")]);
    assert_eq!(outcome.code, Some(42));
    outcome.expect(&[
        "[init -> child] signal handler ran with count 3",
        "[init] child exited with 42",
        "[init] quota returned: 0 bytes, 0 caps missing",
    ]);
}

#[test]
fn a_crash_reaches_the_parent_and_costs_it_nothing() {
    let outcome = boot("crash", &[("init", "echo_init"), ("child", "crash_child")]);
    assert_eq!(outcome.code, Some(106));
    outcome.expect(&[
        "[init] child ended: how 2 value 6",
        "[init] quota returned: 0 bytes, 0 caps missing",
    ]);
}

#[test]
fn a_panic_is_logged_with_its_place_and_becomes_an_exit_value() {
    let outcome = boot("panic", &[("init", "echo_init"), ("child", "panic_child")]);
    outcome.expect(&["[init] child exited with -1"]);
    let line = outcome.log.lines().find(|l| l.contains("panicked at")).unwrap();
    assert!(line.starts_with("[init -> child] Error: panicked at "), "{line}");
    assert!(line.ends_with("panic_child.rs:6: on purpose, 2"), "{line}");
}

#[test]
fn a_missing_init_is_explained() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    std::fs::create_dir_all(&dir).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rs_host_core"))
        .args(["--boot".as_ref(), dir.as_os_str()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(log.contains("no module \"init\""), "{log}");
}

#[test]
fn no_attempt_to_escape_succeeds_in_a_component_and_each_does_outside() {
    let inside = boot("escape", &[("init", "escape")]);
    assert_eq!(inside.code, Some(0), "{}", inside.log);
    assert!(!inside.log.contains("SUCCEEDED"), "{}", inside.log);
    for (what, attempt) in attempts::ATTEMPTS {
        let refused = format!("[init] refused: {what}");
        assert!(inside.log.lines().any(|l| l == refused), "not tried: {what}\n{}", inside.log);
        assert!(attempt(), "fails outside of a component too, so it proves nothing: {what}");
    }
    assert_eq!(inside.log.matches("] refused: ").count(), attempts::ATTEMPTS.len() + 13);
}

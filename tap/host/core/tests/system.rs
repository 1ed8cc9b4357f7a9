//! Boots small systems and reads what they print.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // test code
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
    boot_with(name, modules, &[])
}

/// As [`boot`], with text modules.
fn boot_with(name: &str, modules: &[(&str, &str)], texts: &[(&str, &str)]) -> Outcome {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    for (module, source) in modules {
        let source = component(source);
        std::fs::copy(&source, dir.join(module)).unwrap_or_else(|e| {
            panic!("{}: {e}: build it by `cargo build --examples`", source.display())
        });
    }
    for (module, text) in texts {
        std::fs::write(dir.join(module), text).unwrap();
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
        std::thread::sleep(Duration::from_millis(1));
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

/// Signals that do not end a process: ignored by default, stopping, or ignored by components.
const HARMLESS: [i32; 9] = [
    libc::SIGCHLD,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGCONT,
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGPIPE,
];

#[test]
fn every_signal_that_ends_a_component_reaches_the_parent_and_costs_it_nothing() {
    let modules = [("init", "echo_init"), ("child", "signal_child")];
    let fatal = (1..=64).filter(|n| !HARMLESS.contains(n) && ![32, 33].contains(n)); // the C library's own two
    for signal in fatal {
        let text = signal.to_string();
        let name = format!("signal_{signal}");
        let texts = [("signal", text.as_str())];
        let outcome = boot_with(&name, &modules, &texts);
        assert!(!outcome.log.contains("survived"), "{signal}: {}", outcome.log);
        outcome.expect(&[
            &format!("[init] child ended: how 2 value {signal}"),
            "[init] quota returned: 0 bytes, 0 caps missing",
        ]);
    }
    let outcome = boot_with("exit", &modules, &[("signal", "0")]);
    outcome.expect(&[
        "[init] child ended: how 1 value 9",
        "[init] quota returned: 0 bytes, 0 caps missing",
    ]);
}

#[test]
fn a_panic_is_logged_with_its_place_and_becomes_an_exit_value() {
    let outcome = boot("panic", &[("init", "echo_init"), ("child", "panic_child")]);
    outcome.expect(&["[init] child exited with -1"]);
    let line = outcome.log.lines().find(|l| l.contains("panicked at")).unwrap();
    assert!(line.starts_with("[init -> child] Error: thread \"ep\": panicked at "), "{line}");
    assert!(line.ends_with("panic_child.rs:6: on purpose, 2"), "{line}");
}

#[test]
fn managed_dataspaces_give_no_more_than_they_are_to() {
    let outcome = boot("paging", &[("init", "paging")]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
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

/// Components of a system other than init.
fn victims(core: u32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{core}/task/{core}/children"));
    let children = children.unwrap_or_default();
    let pids = children.split_whitespace().filter_map(|p| p.parse().ok());
    pids.filter(|pid: &i32| is_component(*pid)).collect()
}

/// What a supervisor learns from core's end; init's exit value is what the other tests look at.
#[test]
fn a_supervisor_sees_why_core_ended() {
    use std::os::unix::process::ExitStatusExt;
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("supervised");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(component("idle_child"), dir.join("child")).unwrap();
    std::fs::copy(component("idle_init"), dir.join("init")).unwrap();
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::KILL] {
        let mut core = Command::new(env!("CARGO_BIN_EXE_rs_host_core"))
            .args(["--boot".as_ref(), dir.as_os_str()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut all = Vec::new();
        while all.len() < 2 {
            std::thread::sleep(Duration::from_millis(5));
            assert!(core.try_wait().unwrap().is_none(), "core runs");
            all = victims(core.id());
        }
        let pid = rustix::process::Pid::from_child(&core);
        rustix::process::kill_process(pid, signal).unwrap();
        let ended = core.wait_with_output().unwrap();
        let log = String::from_utf8_lossy(&ended.stdout);
        if signal == Signal::KILL {
            assert_eq!(ended.status.signal(), Some(signal.as_raw()));
        } else {
            assert_eq!(ended.status.code(), Some(130), "{signal:?}");
            assert!(log.contains("0 processes left, 0 objects, 0 descriptors"), "{log}");
            assert!(all.iter().all(|pid| !is_component(*pid)), "they ended before core");
        }
        // Linux ends those that are left, all by itself.
        let start = Instant::now();
        while all.iter().any(|pid| is_component(*pid)) {
            assert!(start.elapsed() < Duration::from_mins(1), "components outlive core: {all:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether a process is a component that did not end.
fn is_component(pid: i32) -> bool {
    let name = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    name.starts_with(b"init -> ")
}

#[test]
fn core_killed_takes_all_components_along() {
    let mut all = Vec::new();
    let modules = [("init", "idle_init"), ("child", "idle_child")];
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("core_killed");
    std::fs::create_dir_all(&dir).unwrap();
    for (module, source) in modules {
        std::fs::copy(component(source), dir.join(module)).unwrap();
    }
    let mut core = Command::new(env!("CARGO_BIN_EXE_rs_host_core"))
        .args(["--boot".as_ref(), dir.as_os_str()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while all.len() < 2 && start.elapsed() < Duration::from_mins(2) {
        std::thread::sleep(Duration::from_millis(5));
        all = victims(core.id());
    }
    assert_eq!(all.len(), 2, "both components run");
    core.kill().unwrap();
    core.wait().unwrap();
    while all.iter().any(|pid| is_component(*pid)) {
        assert!(start.elapsed() < Duration::from_mins(2), "components outlive core: {all:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Programs that are none: each as init, which core is to refuse or see end, and then to end
/// itself.
#[test]
fn a_boot_module_that_is_no_program_ends_the_system_with_a_reason() {
    let program = std::fs::read(component("line")).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut program = program.clone();
        program[at..at + bytes.len()].copy_from_slice(bytes);
        program
    };
    // Offsets of the ELF header (Linux does not look at the class, 4): machine 18, offset of the
    // program headers 32, their number 56.
    let all: [(&str, Vec<u8>); 7] = [
        ("empty", Vec::new()),
        ("script", b"#!/bin/sh\necho got out; touch /tmp/got_out\n".to_vec()),
        ("header_alone", program[..64].to_vec()),
        ("first_pages", program[..8192].to_vec()),
        ("other_machine", with(18, &[0xb7, 0])),
        ("headers_nowhere", with(32, &u64::MAX.to_le_bytes())),
        ("many_headers", with(56, &u16::MAX.to_le_bytes())),
    ];
    for (name, bytes) in all {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("no_program_{name}"));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("init"), bytes).unwrap();
        let mut core = Command::new(env!("CARGO_BIN_EXE_rs_host_core"));
        let output = core.arg("--boot").arg(&dir).output().unwrap();
        let log = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {log}");
        assert!(log.contains("cannot start") || log.contains("init ended"), "{name}: {log}");
        assert!(!log.contains("got out") && !Path::new("/tmp/got_out").exists(), "{name}: {log}");
    }
}

/// Descriptions of machines that are none, or of ones that nobody has.
#[test]
fn a_machine_description_that_is_none_is_refused_with_a_reason() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no_machine");
    std::fs::create_dir_all(&dir).unwrap();
    let cpus = |count: usize| format!("<machine>{}</machine>", "<cpu/>".repeat(count));
    let all = [
        ("empty", Vec::new()),
        ("zeros", vec![0; 4096]),
        ("no_text", vec![0xff; 4096]),
        ("other", b"<config/>".to_vec()),
        ("open", b"<machine><node>".to_vec()),
        ("deep", "<machine>".repeat(100_000).into_bytes()),
        ("many", cpus(1_000_000).into_bytes()),
    ];
    for (name, bytes) in all {
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut core = Command::new(env!("CARGO_BIN_EXE_rs_host_core"));
        let output = core.arg("--boot").arg(&dir).arg("--machine").arg(&path).output().unwrap();
        let log = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {:?} {log}", output.status);
        let reasons = log.lines().filter(|line| line.contains("Error")).count();
        assert!(reasons == 1 && log.contains(name), "{name}: {log}");
    }
}

//! What core says when whoever starts it limits it too much: one line, with the limit, its value, and what to do.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // test code
#![allow(unsafe_code, reason = "sets limits between fork and exec")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};

const CORE: &str = env!("CARGO_BIN_EXE_rs_host_core");

fn boot_dir(name: &str, init: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let component = Path::new(CORE).parent().unwrap().join(format!("examples/rs_host_test_{init}"));
    std::fs::copy(&component, dir.join("init")).unwrap();
    dir
}

/// Runs a system that prints a line and exits with 7, limited.
fn limited(name: &str, resource: Resource, to: u64) -> Output {
    let mut core = Command::new(CORE);
    core.arg("--boot").arg(boot_dir(name, "line")).stdout(Stdio::piped());
    // SAFETY: one system call.
    unsafe {
        core.pre_exec(move || {
            Ok(setrlimit(resource, Rlimit { current: Some(to), maximum: Some(to) })?)
        });
    }
    core.output().unwrap()
}

#[test]
fn a_limit_that_is_too_low_is_named_with_its_value_and_what_to_do() {
    for (name, resource, to, what, option) in [
        ("few_descriptors", Resource::Nofile, 32, "32 descriptors", "`ulimit -n "),
        ("small_files", Resource::Fsize, 4096, "4096 bytes in a file", "`ulimit -f "),
        ("few_addresses", Resource::As, 1 << 30, "1073741824 bytes of addresses", "`ulimit -v "),
        ("little_data", Resource::Data, 1 << 20, "1048576 bytes of data", "`ulimit -d "),
        ("small_stack", Resource::Stack, 1 << 19, "524288 bytes of stack", "`ulimit -s "),
    ] {
        let output = limited(name, resource, to);
        let log = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {:?} {log}", output.status);
        let errors: Vec<_> = log.lines().filter(|line| line.contains("Error")).collect();
        let [line] = errors[..] else { panic!("{name}: not one line: {log}") };
        assert!(line.contains(what) && line.contains(option), "{name}: {line}");
    }
}

#[test]
fn as_many_descriptors_as_core_asks_for_are_enough_to_start() {
    let output = limited("enough_descriptors", Resource::Nofile, 256);
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{log}");
}

#[test]
fn components_start_also_while_core_uses_the_number_that_they_are_executed_by() {
    const LIMIT: u64 = 400;
    let mut core = Command::new(CORE);
    core.arg("--boot").arg(boot_dir("number_in_use", "line")).stdout(Stdio::piped());
    // SAFETY: system calls only.
    unsafe {
        core.pre_exec(move || {
            let limit = Rlimit { current: Some(LIMIT), maximum: Some(LIMIT) };
            setrlimit(Resource::Nofile, limit)?;
            // three quarters are the components': the rest and what is in front of it are in use
            for number in 290..310 {
                if libc::dup2(0, number) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    let output = core.output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{log}");
}

#[test]
fn a_limit_of_processes_is_named_when_one_does_not_start() {
    // SAFETY: no precondition.
    if unsafe { libc::geteuid() } == 0 {
        println!("SKIP: Linux does not limit the processes of root");
        return;
    }
    let output = limited("few_processes", Resource::Nproc, 1);
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("may have 1 processes and threads: set `ulimit -u` higher"), "{log}");
}

#[test]
fn the_limit_of_threads_is_said_once() {
    let core = Command::new(CORE).arg("--boot").arg(boot_dir("threads", "threads")).output();
    let output = core.unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{log}");
    let said = log.lines().filter(|line| line.contains("\"init\" has 1024 threads")).count();
    assert_eq!(said, 1, "{log}");
}

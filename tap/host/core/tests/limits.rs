//! What core says when whoever starts it limits it too much: one line, with the limit, its value, and what to do.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // test code
#![allow(unsafe_code, reason = "sets limits between fork and exec")]

use std::io::{BufRead, BufReader};
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

/// The program of `rs_init`, which another package builds.
fn rs_init() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "rs_init", "--manifest-path"]);
    build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.toml"));
    let folder = Path::new(CORE).parent().unwrap();
    build.arg("--target-dir").arg(folder.parent().unwrap());
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success());
    folder.join("rs_init")
}

/// A boot directory of `rs_init` with so many children.
fn boot_dir_with(name: &str, children: usize) -> PathBuf {
    let dir = boot_dir(name, "wait");
    std::fs::copy(rs_init(), dir.join("init")).unwrap();
    let child = Path::new(CORE).parent().unwrap().join("examples/rs_host_test_wait");
    std::fs::copy(child, dir.join("wait")).unwrap();
    let start = |i| {
        format!(
            "<start name=\"wait{i}\" caps=\"60\"><binary name=\"wait\"/>\
             <resource name=\"RAM\" quantum=\"1M\"/></start>"
        )
    };
    let starts: String = (0..children).map(start).collect();
    let config = format!(
        "<config><parent-provides><service name=\"ROM\"/><service name=\"LOG\"/>\
         <service name=\"PD\"/><service name=\"CPU\"/></parent-provides>\
         <default-route><any-service><parent/></any-service></default-route>{starts}</config>"
    );
    std::fs::write(dir.join("config"), config).unwrap();
    dir
}

/// Children beyond what a limit permits, under `rs_init`: the line that says so, and what core says
/// when it is asked to end.
fn crowd(name: &str, resource: Resource, to: u64, user: Option<u32>, expected: &str) -> String {
    let dir = boot_dir_with(name, 40);
    let mut core = Command::new(CORE);
    core.arg("--boot").arg(&dir).stdout(Stdio::piped());
    // SAFETY: system calls only.
    unsafe {
        core.pre_exec(move || {
            if let Some(user) = user
                && (libc::setgid(user) != 0 || libc::setuid(user) != 0)
            {
                return Err(std::io::Error::last_os_error());
            }
            Ok(setrlimit(resource, Rlimit { current: Some(to), maximum: Some(to) })?)
        });
    }
    let mut core = core.spawn().unwrap();
    let mut log = String::new();
    let mut lines = BufReader::new(core.stdout.take().unwrap()).lines();
    // All of them were tried: the last ones cannot start.
    let mut said = false;
    for line in lines.by_ref() {
        let line = line.unwrap();
        said |= line.contains(expected);
        let last = line.contains("wait39");
        log.push_str(&line);
        log.push('\n');
        assert!(!line.contains("accounts:"), "it ended: {log}");
        if said && last {
            break;
        }
    }
    // SAFETY: a signal to our own child.
    unsafe { libc::kill(core.id() as i32, libc::SIGTERM) };
    for line in lines.map_while(Result::ok) {
        log.push_str(&line);
        log.push('\n');
    }
    assert_eq!(core.wait().unwrap().code(), Some(130), "{log}");
    let balance = log.lines().find(|line| line.contains("accounts:"));
    assert!(balance.is_some_and(|line| !line.contains("Error")), "{log}");
    log
}

/// Descriptors of core once so many children wait.
fn descriptors_with(children: usize) -> usize {
    let dir = boot_dir_with(&format!("descriptors_{children}"), children);
    let mut core = Command::new(CORE);
    let mut core = core.arg("--boot").arg(dir).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(core.stdout.take().unwrap()).lines().map(Result::unwrap);
    let here = lines.filter(|line| line.ends_with("here")).take(children).count();
    assert_eq!(here, children);
    let open = std::fs::read_dir(format!("/proc/{}/fd", core.id())).unwrap().count();
    core.kill().unwrap();
    core.wait().unwrap();
    open
}

/// Holds the README to its word about a thousand components.
#[test]
fn an_idle_component_takes_few_descriptors_of_core() {
    let (few, many) = (descriptors_with(4), descriptors_with(24));
    let each = (many - few) as f64 / 20.0;
    assert!((10.0..=17.5).contains(&each), "{each}");
}

#[test]
fn rs_init_survives_that_core_has_no_descriptors_left() {
    let expected = "all 256 descriptors of core are in use";
    let log = crowd("crowd_descriptors", Resource::Nofile, 256, None, expected);
    let said: Vec<_> = log.lines().filter(|line| line.contains(expected)).collect();
    assert!(matches!(said[..], [line] if line.contains("set `ulimit -n` higher")), "{log}");
}

#[test]
fn rs_init_survives_that_the_user_has_no_processes_left() {
    const NOBODY: u32 = 65534;
    // SAFETY: no precondition.
    let root = unsafe { libc::geteuid() } == 0;
    let expected = "the user may have 20 processes and threads: set `ulimit -u` higher";
    let user = root.then_some(NOBODY);
    let log = crowd("crowd_processes", Resource::Nproc, 20, user, expected);
    assert!(log.contains("cannot start \"init -> wait"), "{log}");
}

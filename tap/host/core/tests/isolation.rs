//! What Linux says of a component's process, and what core does on a Linux that lacks something.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // test code
#![allow(unsafe_code, reason = "forks and asks the system by C functions")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use seccompiler::{SeccompAction, SeccompFilter, TargetArch};

const CORE: &str = env!("CARGO_BIN_EXE_rs_host_core");

fn component(name: &str) -> PathBuf {
    let path = Path::new(CORE).parent().unwrap().join(format!("examples/rs_host_test_{name}"));
    assert!(path.exists(), "{}: build it by `cargo build --examples`", path.display());
    path
}

/// A boot directory whose init is a test component.
fn boot_dir(name: &str, init: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    fs::copy(component(init), dir.join("init")).unwrap();
    dir
}

fn core(dir: &Path) -> Command {
    let mut core = Command::new(CORE);
    core.arg("--boot").arg(dir).stdout(Stdio::piped());
    core
}

/// A system that runs, with what it prints.
struct Running {
    core: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Start it, and wait until its component is there.
    fn start(mut command: Command) -> Self {
        let mut core = command.spawn().unwrap();
        let mut lines = BufReader::new(core.stdout.take().unwrap()).lines();
        let here = lines.find(|line| line.as_ref().unwrap() == "[init] here");
        assert!(here.is_some(), "the component says that it is there");
        Self { core, lines }
    }

    /// Process id of the one component.
    fn component(&self) -> i32 {
        let pid = self.core.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.trim().parse().unwrap()
    }

    /// End it as a user does, and look at its books.
    fn stop(mut self) {
        // SAFETY: a signal to a process of ours, which is not waited for yet.
        unsafe { libc::kill(self.core.id() as i32, libc::SIGTERM) };
        let last = self.lines.map(Result::unwrap).last().unwrap();
        assert!(last.contains("accounts: ") && !last.contains("Error"), "{last}");
        assert_eq!(self.core.wait().unwrap().code(), Some(130));
    }
}

/// Lines `NAME:<tab>VALUE` of a process's status.
fn status(pid: i32) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(":\t"));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// Names of the kernel objects behind a process's descriptors.
fn descriptors(pid: i32) -> BTreeMap<i32, String> {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().map(Result::unwrap);
    all.map(|entry| {
        let target = fs::read_link(entry.path()).unwrap().to_string_lossy().into_owned();
        (entry.file_name().to_string_lossy().parse().unwrap(), target)
    })
    .collect()
}

/// What is told of a process by Linux is the same whoever started core.
fn inspect(pid: i32) {
    let told = status(pid);
    let is = |name: &str, value: &str| assert_eq!(told[name], value, "{name}");
    is("NoNewPrivs", "1");
    is("Seccomp", "2");
    for kind in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        is(kind, "0000000000000000");
    }
    assert_eq!(fs::read(format!("/proc/{pid}/environ")).unwrap(), b"", "an empty environment");
    assert_eq!(fs::read(format!("/proc/{pid}/cmdline")).unwrap(), b"init\0");

    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    assert_eq!(fields[2], pid.to_string(), "a process group of its own");
    assert_eq!(fields[3], pid.to_string(), "a session of its own");
    assert_eq!(fields[4], "0", "no terminal");
    // Where Linux says to which group it gives CPU time, no two sessions are in the same.
    if let Ok(own) = fs::read_to_string("/proc/self/autogroup") {
        let group = fs::read_to_string(format!("/proc/{pid}/autogroup")).unwrap();
        let name = |group: &str| group.split(' ').next().map(str::to_owned);
        assert_ne!(name(&group), name(&own));
    }

    let user = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/user")).unwrap();
    assert_eq!(user(&pid.to_string()), user("self"), "no user namespace");

    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    for (limit, at_most) in [
        ("Max open files", 16384),
        ("Max data size", 256 << 20),
        ("Max stack size", 8 << 20),
        ("Max core file size", 0),
        ("Max pending signals", 256),
    ] {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        let hard: u64 = line[limit.len()..].split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(hard <= at_most, "{line}");
    }

    // Null devices, a page for what std says before it aborts, the socket to core, and what core
    // sends over it: memory, pipes, sockets.
    let all = descriptors(pid);
    for (number, target) in &all {
        let given = match number {
            0 | 1 => target == "/dev/null",
            2 => target == "/memfd:stderr (deleted)",
            3 => target.starts_with("socket:"),
            _ => ["socket:", "pipe:", "/memfd:"].iter().any(|kind| target.starts_with(kind)),
        };
        assert!(given, "descriptor {number} is {target}");
    }
    assert!((0..=3).all(|number| all.contains_key(&number)));
    assert!(all.len() < 32, "{all:?}");
}

#[test]
fn a_component_has_what_it_was_given_and_nothing_of_whoever_started_core() {
    let secret = fs::File::open("/etc/passwd").unwrap();
    let mut command = core(&boot_dir("inspected", "wait"));
    command.env("SECRET", "1");
    // SAFETY: makes one descriptor that core inherits, and changes nothing else.
    unsafe {
        command.pre_exec(move || match libc::dup2(secret.as_raw_fd(), 77) {
            77 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let system = Running::start(command);
    let inherited = descriptors(system.core.id() as i32);
    assert_eq!(inherited[&77], "/etc/passwd", "core has it, its component must not");
    inspect(system.component());
    system.stop();
}

#[test]
fn a_stopped_or_killed_core_leaves_no_component() {
    for stop_first in [false, true] {
        let mut system = Running::start(core(&boot_dir(&format!("left_{stop_first}"), "wait")));
        let pid = system.component();
        if stop_first {
            // SAFETY: a signal to a process of ours.
            unsafe { libc::kill(pid, libc::SIGSTOP) };
        }
        system.core.kill().unwrap();
        system.core.wait().unwrap();
        let start = Instant::now();
        let alive = || fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|name| name == b"init\0");
        while alive() {
            assert!(start.elapsed() < Duration::from_mins(2), "outlives core");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// What a component holds in KiB: private memory, and shared memory that it maps.
fn resident(pid: i32) -> u64 {
    let told = status(pid);
    let kib = |name: &str| told[name].trim_end_matches("kB").trim().parse::<u64>().unwrap();
    kib("RssAnon") + kib("RssShmem")
}

#[test]
fn a_component_takes_no_memory_beside_what_counts() {
    let system = Running::start(core(&boot_dir("greedy", "greedy")));
    let held = resident(system.component());
    // Private memory, the one stack, and what core and the heap share with it.
    let limit = (256 + 8 + 4) << 10;
    assert!(held > 200 << 10, "it took what it may: {held} KiB");
    assert!(held <= limit, "{held} KiB, {limit} KiB are permitted");
    system.stop();
}

/// What a component gets from core for calls to itself, touches all of, gives up, and keeps mapped nevertheless.
#[test]
fn memory_of_closed_channels_is_taken_back_where_it_is_kept() {
    let system = Running::start(core(&boot_dir("hoarder", "hoarder")));
    let told = status(system.component());
    let shared: u64 = told["RssShmem"].trim_end_matches("kB").trim().parse().unwrap();
    // 64 that were closed last, each of at most 64 KiB, and what is in use.
    assert!(shared < 8 << 10, "{shared} KiB of 100 KiB 3000 times");
    system.stop();
}

/// Until a component says hello its loader may do more. It need not say hello.
#[test]
fn a_component_that_never_says_hello_is_ended_for_its_memory() {
    let output = core(&boot_dir("early", "early")).output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    let ended = "[core] \"init\" is ended: stacks that grow take ";
    let line = log.lines().find_map(|line| line.strip_prefix(ended));
    let line = line.unwrap_or_else(|| panic!("it was not ended:\n{log}"));
    let kib: u64 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(kib > 8 << 10, "{line}");
}

/// Runs a system that prints a line and exits, as on a Linux that does not know some system calls.
fn on_a_linux_without(name: &str, calls: &[libc::c_long]) -> Output {
    let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
    let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, unknown, arch).unwrap();
    let program: seccompiler::BpfProgram = filter.try_into().unwrap();
    let mut command = core(&boot_dir(name, "line"));
    // SAFETY: two system calls, on a program that was made before.
    unsafe {
        command.pre_exec(move || {
            seccompiler::apply_filter(&program).map_err(|_| std::io::ErrorKind::Other.into())
        });
    }
    command.output().unwrap()
}

/// As a user does who stops it, or Linux that freezes it; mostly while it gives the loader a library.
#[test]
fn a_core_that_is_stopped_again_and_again_starts_its_component() {
    let dir = boot_dir("stopped", "wait");
    for _ in 0..40 {
        let mut command = core(&dir).spawn().unwrap();
        let mut lines = BufReader::new(command.stdout.take().unwrap()).lines();
        let (pid, started) = (command.id() as i32, AtomicBool::new(false));
        let here = std::thread::scope(|threads| {
            threads.spawn(|| {
                while !started.load(Ordering::Relaxed) {
                    for (signal, pause) in [(libc::SIGSTOP, 100), (libc::SIGCONT, 300)] {
                        // SAFETY: a signal to a process of ours, which is not waited for yet.
                        unsafe { libc::kill(pid, signal) };
                        std::thread::sleep(Duration::from_micros(pause));
                    }
                }
            });
            let here = lines.find(|line| line.as_ref().unwrap() == "[init] here");
            started.store(true, Ordering::Relaxed);
            here
        });
        assert!(here.is_some(), "the component says that it is there");
        Running { core: command, lines }.stop();
    }
}

#[test]
fn core_refuses_to_start_without_seccomp() {
    let output = on_a_linux_without("no_seccomp", &[libc::SYS_seccomp]);
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.starts_with("[core] Error: components cannot be isolated: "), "{log}");
    assert!(!log.contains("one line"), "nothing ran: {log}");
}

#[test]
fn where_there_is_no_landlock_core_says_so_and_goes_on() {
    let calls = [libc::SYS_landlock_create_ruleset, libc::SYS_landlock_restrict_self];
    let output = on_a_linux_without("no_landlock", &calls);
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{log}");
    assert!(log.contains("[core] Warning: this kernel has no Landlock"), "{log}");
    let output = on_a_linux_without("all_there", &[libc::SYS_kexec_load]);
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{log}");
    if fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|lsm| lsm.contains("landlock")) {
        assert!(!log.contains("Landlock"), "{log}");
    }
}

#[test]
fn nothing_needs_root() {
    const NOBODY: u32 = 65534;
    // SAFETY: no precondition.
    if unsafe { libc::geteuid() } != 0 {
        println!("SKIP: this is no root, so all the other tests show it");
        return;
    }
    // Where everybody may read: the build's folders may be root's only.
    let dir = std::env::temp_dir().join(format!("rs_nobody_{}", std::process::id()));
    fs::create_dir_all(dir.join("boot")).unwrap();
    fs::copy(CORE, dir.join("core")).unwrap();
    fs::copy(component("wait"), dir.join("boot/init")).unwrap();
    for path in [dir.clone(), dir.join("boot"), dir.join("core"), dir.join("boot/init")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(dir.join("core"));
    command.arg("--boot").arg(dir.join("boot")).stdout(Stdio::piped());
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    let system = Running::start(command);
    let pid = system.component();
    let ids = format!("{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}");
    assert_eq!(status(pid)["Uid"], ids);
    inspect(pid);
    system.stop();
    fs::remove_dir_all(dir).unwrap();
}

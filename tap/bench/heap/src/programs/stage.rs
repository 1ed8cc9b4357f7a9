//! Where a program runs: a folder of its own, an unprivileged user, an allocator, a watch on its memory, and the
//! certainty that nothing of it stays behind.
#![allow(unsafe_code, reason = "asks the system by C functions")]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use super::place::{self, Places};
use crate::allocators::Allocator;
use crate::problem::Problem;
use crate::process;

/// How long one step of a program may take.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often its memory is looked at.
const GLANCE: Duration = Duration::from_millis(40);
/// `nobody` and `nogroup` on Debian: servers refuse to run as root, and have no reason to.
const NOBODY: u32 = 65534;

/// One run of one program.
#[derive(Debug)]
pub(crate) struct Stage {
    allocator: Allocator,
    pub(crate) quick: bool,
    /// Where a server and its client run.
    pub(crate) places: Places,
    folder: PathBuf,
    unprivileged: bool,
}

/// Memory of a program and all that it started, at the highest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak {
    /// The sum of the processes' own (anonymous) resident memory.
    pub(crate) anonymous: u64,
    /// Resident memory of the largest single process.
    pub(crate) largest: u64,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) wall: Duration,
    /// User and system time, children included.
    pub(crate) processor: Duration,
    pub(crate) peak: Peak,
    /// The text that it wrote.
    pub(crate) out: String,
}

fn placed(mut command: Command, cpu: Option<usize>) -> Command {
    if let Some(cpu) = cpu {
        // SAFETY: one async-signal-safe system call.
        unsafe { command.pre_exec(move || place::pin(0, cpu)) };
    }
    command
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Problem {
    let path = path.display().to_string();
    move |error| Problem::new(format!("{path}: {error}"))
}

impl Stage {
    /// Prepares a folder; `name` must be unique within this process.
    pub(crate) fn new(
        name: &str,
        allocator: &Allocator,
        quick: bool,
        places: Places,
    ) -> Result<Self, Problem> {
        let folder =
            std::env::temp_dir().join(format!("rs_heap_bench-{}-{name}", std::process::id()));
        fs::create_dir(&folder).map_err(failed(&folder))?;
        // SAFETY: geteuid has no preconditions.
        let unprivileged = unsafe { libc::geteuid() } != 0;
        let mut stage = Self { allocator: allocator.clone(), quick, places, folder, unprivileged };
        stage.own(&stage.folder)?;
        if let Some(library) = &allocator.library {
            // A copy: the build folder may be closed to the unprivileged user.
            let file = library.file_name().unwrap_or(library.as_os_str());
            let copy = stage.path("preload").join(file);
            let folder = stage.path("preload");
            fs::create_dir(&folder).map_err(failed(&folder))?;
            fs::copy(library, &copy).map_err(failed(&copy))?;
            for path in [&folder, &copy] {
                fs::set_permissions(path, fs::Permissions::from_mode(0o755))
                    .map_err(failed(path))?;
            }
            stage.allocator.library = Some(copy);
        }
        Ok(stage)
    }

    fn own(&self, path: &Path) -> Result<(), Problem> {
        if self.unprivileged {
            return Ok(());
        }
        chown(path, Some(NOBODY), Some(NOBODY)).map_err(failed(path))
    }

    /// A path inside the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file for the program.
    pub(crate) fn write(&self, name: &str, text: &[u8]) -> Result<PathBuf, Problem> {
        let path = self.path(name);
        fs::write(&path, text).map_err(failed(&path))?;
        self.own(&path)?;
        Ok(path)
    }

    /// The full amount or a small part of it.
    pub(crate) fn amount(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }

    /// A command on the allocator under test.
    pub(crate) fn tested(&self, program: &Path) -> Command {
        let mut command = self.client(program);
        self.allocator.apply(&mut command);
        command
    }

    /// A server on the allocator under test, on the first processor, with all that it starts.
    pub(crate) fn server(&self, program: &Path) -> Command {
        placed(self.tested(program), self.places.at(0))
    }

    /// The client that drives a server, on the second processor.
    pub(crate) fn driver(&self, program: &Path) -> Command {
        placed(self.client(program), self.places.at(1))
    }

    /// A command on the system's allocator: the one that prepares or checks.
    pub(crate) fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).process_group(0);
        command
            .env_remove("LD_PRELOAD")
            .env("LC_ALL", "C")
            .env("HOME", &self.folder)
            .env("TMPDIR", &self.folder);
        if !self.unprivileged {
            command.uid(NOBODY).gid(NOBODY);
        }
        // SAFETY: both calls are async-signal-safe. The kernel ends the program if this process ends first, and a shell
        // that started us in the background with interrupts ignored does not pass that on.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                Ok(())
            });
        }
        command
    }

    /// Starts a command; what it writes goes to files in the folder.
    pub(crate) fn start(&self, mut command: Command) -> Result<Running, Problem> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let (out, errors) =
            (self.path(&format!("{count}.out")), self.path(&format!("{count}.err")));
        command.stdout(File::create(&out).map_err(failed(&out))?);
        command.stderr(File::create(&errors).map_err(failed(&errors))?);
        let name = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let child = command.spawn().map_err(failed(Path::new(&name)))?;
        Ok(Running {
            name,
            pid: child.id(),
            started,
            watch: Some(Watch::new(child.id())),
            out,
            errors,
        })
    }

    /// Runs a command to its end; anything but success is a problem.
    pub(crate) fn run(&self, command: Command) -> Result<Done, Problem> {
        self.start(command)?.finish()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("# {} could not be removed: {error}", self.folder.display());
        }
    }
}

/// A program that runs; dropping it ends it and all that it started in its process group.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    pid: u32,
    started: Instant,
    /// Until the program has been reaped.
    watch: Option<Watch>,
    out: PathBuf,
    errors: PathBuf,
}

impl Running {
    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until `ready` says so.
    pub(crate) fn until(&mut self, ready: impl Fn() -> bool) -> Result<(), Problem> {
        let start = Instant::now();
        while !ready() {
            if let Some((status, _)) = self.reap(libc::WNOHANG) {
                return Err(self.complain(&format!("ended with {status:#x} before it was ready")));
            }
            if start.elapsed() > PATIENCE {
                return Err(self.complain("was not ready in time"));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks the program to end, and waits for it.
    pub(crate) fn stop(self, signal: i32) -> Result<Done, Problem> {
        // SAFETY: the process is our child and was not reaped, so the id is still its own.
        unsafe { libc::kill(self.pid.cast_signed(), signal) };
        self.finish()
    }

    /// Waits for the program's end.
    pub(crate) fn finish(mut self) -> Result<Done, Problem> {
        let start = Instant::now();
        loop {
            if let Some((status, usage)) = self.reap(libc::WNOHANG) {
                let wall = self.started.elapsed();
                let peak = self.watch.take().map(Watch::end).unwrap_or_default();
                if status != 0 {
                    return Err(self.complain(&format!("ended with status {status:#x}")));
                }
                let time = |t: libc::timeval| {
                    Duration::new(t.tv_sec.unsigned_abs(), t.tv_usec as u32 * 1000)
                };
                let out = fs::read(&self.out).unwrap_or_default();
                return Ok(Done {
                    wall,
                    processor: time(usage.ru_utime) + time(usage.ru_stime),
                    peak,
                    out: String::from_utf8_lossy(&out).into_owned(),
                });
            }
            if start.elapsed() > PATIENCE {
                return Err(self.complain("did not end in time"));
            }
            sleep(Duration::from_millis(2));
        }
    }

    fn reap(&mut self, how: i32) -> Option<(i32, libc::rusage)> {
        let mut status = 0;
        // SAFETY: an all-zero rusage is valid; wait4 writes only to the two places it is given.
        let (pid, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            (libc::wait4(self.pid.cast_signed(), &raw mut status, how, &raw mut usage), usage)
        };
        let reaped = pid == self.pid.cast_signed();
        if reaped && let Some(watch) = &self.watch {
            watch.stop.store(true, Ordering::Relaxed);
        }
        reaped.then_some((status, usage))
    }

    fn complain(&self, what: &str) -> Problem {
        let errors = fs::read(&self.errors).unwrap_or_default();
        let out = fs::read(&self.out).unwrap_or_default();
        let said = [errors, out].map(|text| {
            let text = String::from_utf8_lossy(&text).into_owned();
            let tail: Vec<&str> = text.lines().rev().take(6).collect();
            tail.into_iter().rev().collect::<Vec<_>>().join(" / ")
        });
        Problem::new(format!("{} {what}: {} / {}", self.name, said[0], said[1]))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(watch) = self.watch.take() else { return };
        if !watch.stop.load(Ordering::Relaxed) {
            let mut members = family(self.pid);
            members.push(self.pid);
            for pid in members {
                // SAFETY: the process is ours or was started by it a moment ago, and has not been reaped.
                unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
            }
            // SAFETY: the process leads its own group; signalling it has no other effect on us.
            unsafe { libc::kill(-self.pid.cast_signed(), libc::SIGKILL) };
            self.reap(0);
        }
        watch.end();
    }
}

/// A thread that looks at the memory of a process and its descendants.
#[derive(Debug)]
struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Peak>,
}

impl Watch {
    fn new(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut peak = Peak::default();
            while !seen.load(Ordering::Relaxed) {
                let mut anonymous = 0;
                for pid in family(pid).into_iter().chain([pid]) {
                    let status =
                        fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                    anonymous += process::field(&status, "RssAnon:").unwrap_or_default();
                    let highest = process::field(&status, "VmHWM:").unwrap_or_default();
                    peak.largest = peak.largest.max(highest);
                }
                peak.anonymous = peak.anonymous.max(anonymous);
                sleep(GLANCE);
            }
            peak
        });
        Self { stop, thread }
    }

    fn end(self) -> Peak {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// All living descendants of a process.
fn family(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
                found.push(child);
                parents.push(child);
            }
        }
    }
    found
}

/// Finds a program that Debian may keep outside of the usual path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(PathBuf::from).to_vec();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Finds a program or says that it is missing.
pub(crate) fn need(name: &str) -> Result<PathBuf, Problem> {
    find(name).ok_or_else(|| Problem::new(format!("{name} is not installed")))
}

/// A loopback port that was free a moment ago.
pub(crate) fn port() -> Result<u16, Problem> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .map(|address| address.port())
        .map_err(|error| Problem::new(format!("no free port: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{Places, Stage, find};
    use crate::allocators::Allocator;

    fn stage(name: &str) -> Stage {
        Stage::new(name, &Allocator::glibc(), true, Places::of_machine()).expect("a folder")
    }

    #[test]
    fn runs_watches_and_cleans_up() {
        let stage = stage("clean");
        let folder = stage.path("");
        let mut command = stage.tested(&find("sh").expect("a shell"));
        command.args(["-c", "echo $((6 * 7)); sleep 0.2"]);
        let done = stage.run(command).expect("success");
        assert_eq!(done.out, "42\n");
        assert!(done.peak.largest > 0 && done.wall.as_millis() >= 200);
        drop(stage);
        assert!(!folder.exists());
    }

    #[test]
    fn failure_is_told_with_what_was_said() {
        let stage = stage("fail");
        let mut command = stage.tested(&find("sh").expect("a shell"));
        command.args(["-c", "echo broken >&2; exit 7"]);
        let problem = stage.run(command).expect_err("a failure").to_string();
        assert!(problem.contains("broken") && problem.contains("0x700"), "{problem}");
    }

    #[test]
    fn a_dropped_program_ends_with_its_children() {
        let stage = stage("drop");
        let mut command = stage.tested(&find("sh").expect("a shell"));
        command.args(["-c", "sleep 60 & echo $! > child; wait"]);
        let mut running = stage.start(command).expect("a start");
        let child = stage.path("child");
        running
            .until(|| std::fs::read(&child).is_ok_and(|text| text.ends_with(b"\n")))
            .expect("a child");
        let pid = std::fs::read_to_string(&child).expect("an id");
        drop(running);
        let gone = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let state =
                std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        });
        assert!(gone, "the child must not survive");
    }
}

//! Processes that cannot outlive the tool.
//!
//! A child runs in a process group of its own. It is started through the tool itself
//! (`exec_guarded`), which asks the kernel to kill it when the tool dies, and then becomes the wanted
//! program. The tool adopts orphans (it is their "subreaper"), so that after a run it can see whether
//! a descendant is left, wherever that one moved to.

use crate::signals::Interrupts;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process, kill_process_group, pidfd_open,
    set_child_subreaper, set_parent_process_death_signal, waitpid,
};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// First argument that turns the tool into a guarded program.
pub const GUARD: &str = "__exec";

/// Exit value of a guarded program that could not be started.
const NOT_STARTED: u8 = 127;

/// Becomes the program given in `args`, to be killed when process `args[0]` dies.
pub fn exec_guarded(args: &[OsString]) -> u8 {
    let [parent, program, args @ ..] = args else { return NOT_STARTED };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        eprintln!("cannot tie {} to its parent: {error}", Path::new(program).display());
        return NOT_STARTED;
    }
    // the parent may have died before the kernel was asked
    let alive = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if alive.as_deref() != parent.to_str() {
        return NOT_STARTED;
    }
    let error = Command::new(program).args(args).exec();
    eprintln!("cannot start {}: {error}", Path::new(program).display());
    NOT_STARTED
}

/// A command that runs `program` guarded, in a process group of its own, without input.
pub fn guarded(program: &Path) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(GUARD).arg(std::process::id().to_string()).arg(program);
    command.process_group(0).stdin(Stdio::null());
    Ok(command)
}

/// Lets orphans become children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// The end of a wait.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Output arrived.
    Output(Vec<u8>),
    /// The process ended, and its output has been read.
    Ended,
    /// Time is over.
    Timeout,
    /// A signal asked the tool to stop.
    Interrupted,
}

/// A running program and its output. Dropping it kills the program.
#[derive(Debug)]
#[must_use = "dropping it kills the program"]
pub struct Running {
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
    output: Option<PipeReader>,
    status: Option<ExitStatus>,
}

impl Running {
    /// Starts a command with stdout and stderr in one pipe.
    pub fn start(command: Command) -> io::Result<Self> {
        Self::start_with(command, true)
    }

    /// Starts a command with stdout in a pipe.
    pub fn start_stdout(command: Command) -> io::Result<Self> {
        Self::start_with(command, false)
    }

    fn start_with(mut command: Command, both: bool) -> io::Result<Self> {
        let (read, write) = io::pipe()?;
        rustix::io::ioctl_fionbio(&read, true)?;
        if both {
            command.stderr(write.try_clone()?);
        }
        command.stdout(write);
        let child = command.spawn()?;
        // the command holds the pipe's write end
        drop(command);
        let pid = Pid::from_child(&child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        Ok(Self { child, pid, pidfd, output: Some(read), status: None })
    }

    /// Waits for output, the end, a signal, or the deadline.
    pub fn wait(
        &mut self,
        deadline: Option<Instant>,
        interrupts: &Interrupts,
    ) -> io::Result<Event> {
        loop {
            if let Some(bytes) = self.read()? {
                return Ok(Event::Output(bytes));
            }
            if self.status.is_none() {
                self.status = self.child.try_wait()?;
            }
            if self.status.is_some() {
                // what was written before the end is in the pipe by now
                return Ok(self.read()?.map_or(Event::Ended, Event::Output));
            }
            if interrupts.seen() {
                return Ok(Event::Interrupted);
            }
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(Event::Timeout);
            }
            let wait = Timespec::try_from(left.unwrap_or(Duration::from_hours(1)))
                .unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
            let mut fds = vec![
                PollFd::new(&self.pidfd, PollFlags::IN),
                PollFd::new(interrupts.wake(), PollFlags::IN),
            ];
            if let Some(output) = &self.output {
                fds.push(PollFd::new(output, PollFlags::IN));
            }
            match poll(&mut fds, Some(&wait)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(output) = &mut self.output else { return Ok(None) };
        let mut buffer = vec![0; 1 << 16];
        match output.read(&mut buffer) {
            Ok(0) => {
                self.output = None;
                Ok(None)
            }
            Ok(n) => {
                buffer.truncate(n);
                Ok(Some(buffer))
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Its exit status, once it ended.
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Asks it to end, and its group after the grace period; true when asking was enough.
    pub fn stop(
        &mut self,
        grace: Duration,
        mut output: impl FnMut(&[u8]),
        interrupts: &Interrupts,
    ) -> io::Result<bool> {
        let mut asked = true;
        if self.status.is_none() {
            // a child that ended meanwhile is not an error
            let _ = kill_process(self.pid, Signal::TERM);
            let deadline = Instant::now() + grace;
            while self.status.is_none() {
                match self.wait_uninterrupted(deadline, interrupts)? {
                    Event::Output(bytes) => output(&bytes),
                    Event::Timeout => {
                        asked = false;
                        self.kill();
                        self.status = Some(self.child.wait()?);
                    }
                    Event::Ended | Event::Interrupted => break,
                }
            }
        }
        while let Some(bytes) = self.read()? {
            output(&bytes);
        }
        Ok(asked)
    }

    fn wait_uninterrupted(
        &mut self,
        deadline: Instant,
        interrupts: &Interrupts,
    ) -> io::Result<Event> {
        if !interrupts.seen() {
            return match self.wait(Some(deadline), interrupts)? {
                Event::Interrupted => Ok(Event::Output(Vec::new())),
                other => Ok(other),
            };
        }
        // the wake-up descriptor stays readable after a signal: look at the clock instead
        loop {
            if let Some(bytes) = self.read()? {
                return Ok(Event::Output(bytes));
            }
            self.status = self.child.try_wait()?;
            if self.status.is_some() {
                return Ok(Event::Ended);
            }
            if Instant::now() >= deadline {
                return Ok(Event::Timeout);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills the group.
    pub fn kill(&mut self) {
        let _ = kill_process_group(self.pid, Signal::KILL);
        let _ = self.child.kill();
    }

    /// Its process id, which is its group's, too.
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// Tells the end of a process in words.
pub fn ending(status: Option<ExitStatus>) -> String {
    match status.map(|s| (s.code(), s.signal())) {
        Some((Some(code), _)) => format!("exit value {code}"),
        Some((None, Some(signal))) => {
            let name = match signal {
                6 => " (abort)",
                7 => " (bus error)",
                9 => " (killed)",
                11 => " (segmentation fault)",
                15 => " (terminated)",
                31 => " (bad system call)",
                _ => "",
            };
            format!("signal {signal}{name}")
        }
        _ => "unknown status".into(),
    }
}

/// A process that should be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its id.
    pub pid: i32,
    /// Its name.
    pub name: String,
}

/// Waits until no child, adopted child, or member of group `group` is left; after the grace period
/// the rest is killed and returned. No other child of this process may run meanwhile.
pub fn sweep(group: Pid, grace: Duration) -> Vec<Leftover> {
    let deadline = Instant::now() + grace;
    let mut found = Vec::new();
    loop {
        let alive = descendants(group);
        if alive.is_empty() {
            return found;
        }
        if Instant::now() >= deadline {
            for process in &alive {
                if let Some(pid) = Pid::from_raw(process.pid) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                if !found.contains(process) {
                    found.push(process.clone());
                }
            }
            // a process that even this does not end must not hang the tool
            if Instant::now() >= deadline + grace {
                return found;
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Children of this process and members of the group that are alive. Reaps those that are not.
fn descendants(group: Pid) -> Vec<Leftover> {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let mut alive = Vec::new();
    let Ok(entries) = std::fs::read_dir("/proc") else { return alive };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else {
            continue;
        };
        let Some((name, state, parent, member_of)) = stat(pid) else { continue };
        // a compiler cache that the build started serves later builds, too
        if name == "sccache" {
            continue;
        }
        let ours = parent == own || member_of == group.as_raw_nonzero().get();
        if !ours || pid == own {
            continue;
        }
        if state == 'Z' || state == 'X' {
            if parent == own {
                let _ = waitpid(Pid::from_raw(pid), WaitOptions::NOHANG);
            }
        } else {
            alive.push(Leftover { pid, name });
        }
    }
    alive
}

/// Name, state, parent and process group of a process.
fn stat(pid: i32) -> Option<(String, char, i32, i32)> {
    let mut text = String::new();
    File::open(format!("/proc/{pid}/stat")).ok()?.read_to_string(&mut text).ok()?;
    // the name may contain anything, also parentheses
    let (head, tail) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let mut fields = tail.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some((name, state, parent, group))
}

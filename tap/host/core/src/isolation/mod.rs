//! What stands between a component's process and Linux.
//!
//! A component has the descriptors it was given, an empty environment, and the system calls of `filter`.
//! There is no file, socket or process that it could name: seccomp denies the calls, Landlock the objects. Its
//! dynamic loader is the one exception: while it runs, core opens the C library for it (see `loader`).
//! Nothing of this needs root or user namespaces.
#![allow(unsafe_code, reason = "what a process does before it executes its binary")]

mod filter;
mod landlock;
pub(crate) mod loader;
mod share;
mod start;

use std::ffi::CString;
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use filter::Filters;
use genode_host_proto::CONTROL_FD;
use landlock::Ruleset;
pub(crate) use landlock::stay_below;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets, CpuSet};
use start::{Handover, Numbers};

/// Descriptors of a component.
pub(crate) const MAX_DESCRIPTORS: u64 = 16384;
/// Private memory of a component: stacks, and what the C library allocates. Everything else is dataspaces.
const MAX_PRIVATE: u64 = 256 << 20;
/// Stack of its first thread, which does not count as private memory.
pub(crate) const MAX_STACK: u64 = 8 << 20;
/// Signals that may wait for its threads. Linux counts them by user: without a limit one component could take what core
/// needs to start others.
const MAX_SIGNALS: u64 = 256;

/// What every component is locked into, prepared once.
pub(crate) struct Isolation {
    filters: Filters,
    driver: Filters,
    handover: Handover,
    descriptors: u64,
}

impl Isolation {
    /// Prepare; an error if this kernel cannot isolate components.
    pub(crate) fn new() -> Result<Self, String> {
        let limit = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(MAX_DESCRIPTORS);
        // The binary is executed through the first number that the component cannot have. And core has more than it, so that
        // core can still send descriptors when components have as many under way as Linux permits them.
        let descriptors = (limit / 4 * 3).min(MAX_DESCRIPTORS);
        let compiled = |profile| {
            Filters::new(descriptors as u32, profile)
                .map_err(|e| format!("components cannot be isolated: {e}"))
        };
        let filters = compiled(Profile::Ordinary)?;
        let driver = compiled(Profile::HostDriver)?;
        let landlock = Ruleset::new();
        if landlock.is_none() {
            crate::console::note(format_args!(
                "Warning: this kernel has no Landlock: seccomp alone keeps components from files"
            ));
        }
        if let Some(why) = share::missing(|path| std::fs::read_to_string(path).ok()) {
            crate::console::note(format_args!(
                "Warning: CPU time is divided by thread, not by component: {why}"
            ));
        }
        let handover = Handover::new(landlock.as_ref().map(|l| &l.fd))
            .map_err(|e| format!("components cannot be started: {e}"))?;
        Ok(Self { filters, driver, handover, descriptors })
    }

    /// Descriptors that a component has at most, whatever its account is good for.
    pub(crate) fn descriptors(&self) -> u64 {
        self.descriptors
    }

    /// Starts a process that is a component and executes `binary`, within a place's limits.
    pub(crate) fn start(
        &mut self,
        name: &str,
        binary: &OwnedFd,
        control: &OwnedFd,
        limits: Limits,
        profile: Profile,
    ) -> io::Result<Pid> {
        let name = CString::new(name.replace('\0', "")).unwrap_or_default();
        let filters = match profile {
            Profile::Ordinary => self.filters.clone(),
            Profile::HostDriver => self.driver.clone(),
        };
        let descriptors = self.descriptors;
        let core = rustix::process::getpid();
        let jail = |numbers| Jail { filters, descriptors, core, numbers, limits, name };
        self.handover.start(control, binary, jail)
    }
}

/// The system calls that a component has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Those of every component.
    Ordinary,
    /// Beside them those on the content of files, for one that a directory was granted to.
    HostDriver,
}

/// Limits that differ between components.
pub(crate) struct Limits {
    pub(crate) cpus: CpuSet,
    /// Descriptors that it may have at first; core may permit it more.
    pub(crate) descriptors: u64,
}

/// Jail of a new process until it executes its binary.
struct Jail {
    filters: Filters,
    descriptors: u64,
    core: Pid,
    numbers: Numbers,
    limits: Limits,
    name: CString,
}

impl Jail {
    /// Give everything up and execute the binary. Returns only if that fails.
    fn enter(&mut self) -> io::Result<()> {
        let Numbers { null, landlock, control, binary, stderr, end } = self.numbers;
        close_from(end, libc::CLOSE_RANGE_UNSHARE)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        if rustix::process::getppid() != Some(self.core) {
            return Err(Errno::PIPE.into()); // core died meanwhile
        }
        // A session of its own: Linux divides CPU time by session first (see `share`), and there is no terminal to type into.
        rustix::process::setsid()?;
        usual_signals();
        rustix::thread::set_no_new_privs(true)?;
        // Of root's privileges nothing is left, if it is root who started core.
        let none = CapabilitySet::empty();
        rustix::thread::set_capabilities(
            None,
            CapabilitySets { effective: none, permitted: none, inheritable: none },
        )?;
        rustix::thread::sched_setaffinity(None, &self.limits.cpus)?;
        for (from, to) in [(null, 0), (null, 1), (stderr, 2), (control, CONTROL_FD)] {
            dup_to(from, to)?;
        }
        // A number above the limit: after exec closed it, the component can never have it again, so
        // that the permission to execute it permits nothing.
        let number = self.descriptors as RawFd;
        dup_to(binary, number)?;
        // Whatever core inherited without knowing goes when the binary starts.
        close_from(CONTROL_FD + 1, libc::CLOSE_RANGE_CLOEXEC)?;
        limit(Resource::Data, MAX_PRIVATE)?;
        limit(Resource::Stack, MAX_STACK)?;
        limit(Resource::Sigpending, MAX_SIGNALS)?;
        limit(Resource::Core, 0)?;
        if let Some(landlock) = landlock {
            landlock::restrict(landlock)?;
        }
        // SAFETY: just made from the socket to core.
        let control = unsafe { BorrowedFd::borrow_raw(CONTROL_FD) };
        self.filters.install(rustix::process::getpid(), control)?;
        // After a descriptor was sent to core: components that have too many under way must not keep others from starting.
        limit(Resource::Nofile, self.descriptors)?;
        let current = Some(self.limits.descriptors.min(self.descriptors));
        let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
        rustix::process::setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
        filter::seal()?;
        let argv = [self.name.as_ptr(), std::ptr::null()];
        let envp: [*const libc::c_char; 1] = [std::ptr::null()];
        // SAFETY: a path, an argument list and an environment, each terminated.
        unsafe {
            libc::syscall(
                libc::SYS_execveat,
                number,
                c"".as_ptr(),
                argv.as_ptr(),
                envp.as_ptr(),
                libc::AT_EMPTY_PATH,
            );
        }
        Err(io::Error::last_os_error())
    }
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    // Core may have less than that itself.
    let value = rustix::process::getrlimit(resource).maximum.map_or(value, |max| max.min(value));
    let limit = Rlimit { current: Some(value), maximum: Some(value) };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

/// Closes all descriptors from a number on: of a table of one's own, or when a binary is executed.
fn close_from(first: RawFd, how: libc::c_uint) -> io::Result<()> {
    // SAFETY: numbers; touches no memory. What is closed at once is a copy of what core has.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, how) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives a descriptor another number as well.
fn dup_to(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: core put it there for this process.
    let from = unsafe { BorrowedFd::borrow_raw(from) };
    // SAFETY: the table is the process's own, and what core has at this number in its own is not
    // needed here.
    let mut target = unsafe { OwnedFd::from_raw_fd(to) };
    let result = rustix::io::dup2(from, &mut target);
    let _ = target.into_raw_fd();
    result?;
    Ok(())
}

/// Every signal does what it does by default, whatever core and its parent ignored or blocked: what a component dies of is
/// not to depend on who started core. Except that ringing the doorbell of a component that is gone kills nobody.
fn usual_signals() {
    // SAFETY: an all-zero sigset_t is valid storage for sigemptyset; default and SIG_IGN run no code.
    unsafe {
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// A descriptor that becomes readable when core is asked to end. The signals stay blocked for core.
pub(crate) fn termination_signals() -> io::Result<OwnedFd> {
    caught(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2])
}

/// A descriptor that becomes readable when one of `signals` comes, which stay blocked. Numbers that
/// are none are left out.
pub(crate) fn caught(signals: &[i32]) -> io::Result<OwnedFd> {
    // SAFETY: an all-zero sigset_t is valid storage for sigemptyset, which initialises it.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is initialised by sigemptyset and outlives the calls; a wrong number is
    // refused.
    let fd = unsafe {
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

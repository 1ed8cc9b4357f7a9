//! The start of a component's process, which takes as long beside a thousand others as beside none.
//!
//! A process that is forked gets a copy of all mappings and descriptors of core's, of which there
//! are some for each component, and gives them up a moment later. So the new process has core's
//! memory while core sleeps, as with vfork(2), and core's table of descriptors, until its first
//! call makes a table of its own: of the few numbers where core put what it is to have.
use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use genode_host_proto::PAGE;
use rustix::io::{DupFlags, Errno};
use rustix::process::{Pid, WaitOptions};

use super::Jail;
use crate::fd;

/// First of the numbers at which core hands something over: beyond those that a program begins
/// with.
const FIRST: RawFd = 10;

/// Bytes of the stack of a process that has yet to execute its binary.
const STACK: usize = 256 << 10;

/// Numbers under which core hands a new process what it is to have, and the process's first stack.
pub(super) struct Handover {
    null: OwnedFd,
    landlock: Option<OwnedFd>,
    control: OwnedFd,
    binary: OwnedFd,
    stderr: OwnedFd,
    stack: Box<[u8]>,
}

/// The numbers, as the new process uses them.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) null: RawFd,
    pub(super) landlock: Option<RawFd>,
    pub(super) control: RawFd,
    pub(super) binary: RawFd,
    pub(super) stderr: RawFd,
    /// All from here on is core's.
    pub(super) end: RawFd,
}

impl Handover {
    /// Reserves numbers; `landlock` is handed to each process.
    pub(super) fn new(landlock: Option<&OwnedFd>) -> io::Result<Self> {
        let null = std::fs::File::open("/dev/null")?.into();
        let reserve = |fd: &OwnedFd| rustix::io::fcntl_dupfd_cloexec(fd, FIRST);
        Ok(Self {
            landlock: landlock.map(reserve).transpose()?,
            control: reserve(&null)?,
            binary: reserve(&null)?,
            stderr: reserve(&null)?,
            null: reserve(&null)?,
            stack: vec![0; STACK].into(),
        })
    }

    fn numbers(&self) -> Numbers {
        let [null, control, binary, stderr] =
            [&self.null, &self.control, &self.binary, &self.stderr].map(AsRawFd::as_raw_fd);
        let landlock = self.landlock.as_ref().map(AsRawFd::as_raw_fd);
        let all = [null, control, binary, stderr].into_iter().chain(landlock);
        let end = all.max().unwrap_or_default() + 1;
        Numbers { null, landlock, control, binary, stderr, end }
    }

    /// Puts something at each of the numbers that differ between processes.
    fn put(&mut self, control: &OwnedFd, binary: &OwnedFd, stderr: &OwnedFd) -> io::Result<()> {
        rustix::io::dup3(control, &mut self.control, DupFlags::CLOEXEC)?;
        rustix::io::dup3(binary, &mut self.binary, DupFlags::CLOEXEC)?;
        rustix::io::dup3(stderr, &mut self.stderr, DupFlags::CLOEXEC)?;
        Ok(())
    }

    /// Starts a process that enters its jail, with a connection to core and a binary to execute.
    pub(super) fn start(
        &mut self,
        control: &OwnedFd,
        binary: &OwnedFd,
        jail: impl FnOnce(Numbers) -> Jail,
    ) -> io::Result<Pid> {
        // There the runtime finds what std said before it aborted.
        let stderr = fd::fixed_memory("stderr", PAGE)?;
        let entrant = Entrant { jail: jail(self.numbers()), error: AtomicI32::new(0) };
        let started = self.put(control, binary, &stderr).and_then(|()| self.clone(entrant));
        // Core must not hold its end of a connection that is over for the process.
        let null = self.null.try_clone()?;
        self.put(&null, &null, &null)?;
        started
    }

    fn clone(&mut self, mut entrant: Entrant) -> io::Result<Pid> {
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_FILES | libc::SIGCHLD;
        let top = self.stack.as_mut_ptr_range().end;
        let top = top.map_addr(|address| address & !15).cast::<c_void>();
        let argument = (&raw mut entrant).cast::<c_void>();
        // SAFETY: the stack is nobody else's, and large enough for `enter`. The process uses it,
        // and `entrant`, until it executes its binary or ends, before which this call does not
        // return. It makes system calls, and writes to nothing else but its stack and `entrant`.
        let pid = unsafe { libc::clone(enter, top, flags, argument) };
        let Some(pid) = Pid::from_raw(pid.max(0)) else { return Err(io::Error::last_os_error()) };
        match entrant.error.load(Ordering::Relaxed) {
            0 => Ok(pid),
            error => {
                let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }
}

/// A jail that a new process is to enter, and the reason why it could not.
struct Entrant {
    jail: Jail,
    error: AtomicI32,
}

/// Begins a new process. Its memory is core's.
extern "C" fn enter(argument: *mut c_void) -> c_int {
    // SAFETY: `clone` passes its entrant, which nobody uses meanwhile.
    let entrant = unsafe { &mut *argument.cast::<Entrant>() };
    if let Err(error) = entrant.jail.enter() {
        let error = error.raw_os_error().unwrap_or(Errno::IO.raw_os_error());
        entrant.error.store(error, Ordering::Relaxed);
    }
    1
}

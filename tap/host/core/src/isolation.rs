//! What stands between a component's process and Linux.
//!
//! Runs in the child between fork and exec: system calls only, no allocation.
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use rustix::process::{Pid, Signal};

use crate::nucleus_control_fd;

/// Leave only the control socket, die with core, gain no privileges.
pub(crate) fn enter(control: RawFd, core: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != Some(core) {
        return Err(io::Error::from_raw_os_error(3)); // core died meanwhile
    }
    rustix::thread::set_no_new_privs(true)?;
    ignore_broken_pipes();
    // SAFETY: core holds `control` open until after the spawn.
    let control = unsafe { BorrowedFd::borrow_raw(control) };
    dup_to(control, nucleus_control_fd())?;
    close_the_rest()
}

/// Whatever core inherited without knowing goes when the component's binary starts.
fn close_the_rest() -> io::Result<()> {
    let first = nucleus_control_fd() as u32 + 1;
    // SAFETY: marks descriptors, touches no memory.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn dup_to(from: BorrowedFd<'_>, to: RawFd) -> io::Result<()> {
    if from.as_raw_fd() == to {
        rustix::io::fcntl_setfd(from, rustix::io::FdFlags::empty())?;
        return Ok(());
    }
    // SAFETY: whatever has this number in the child is core's, closed on exec, and not used before that.
    let mut target = unsafe { OwnedFd::from_raw_fd(to) };
    let result = rustix::io::dup2(from, &mut target);
    let _ = target.into_raw_fd();
    result?;
    Ok(())
}

/// Not to be killed by ringing the doorbell of a component that is gone.
fn ignore_broken_pipes() {
    // SAFETY: SIG_IGN is a valid disposition and runs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// A descriptor that becomes readable when core is asked to end. The signals stay blocked for core; what
/// it starts gets them unblocked again by `std::process`.
pub(crate) fn termination_signals() -> io::Result<OwnedFd> {
    // SAFETY: an all-zero sigset_t is valid storage for sigemptyset, which initialises it.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is initialised by sigemptyset and outlives the calls; signal numbers are valid.
    let fd = unsafe {
        libc::sigemptyset(&raw mut set);
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(&raw mut set, signal);
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

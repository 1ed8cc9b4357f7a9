//! Whether components stay within their page tables (see `genode_host_proto::tables`).
//!
//! Their runtimes see to it; who goes past them could fill the machine, since Linux has no limit for page tables. They grow only
//! while their owner runs. So a timer on the CPU time of each process, which costs nothing while it rests, lets core look.
#![allow(unsafe_code, reason = "pages that a component shares")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use genode_host_proto::tables::{FREE, allowed};
use rustix::process::{Pid, Signal};

use super::{Nucleus, ProcId};

/// CPU time between two looks. What it can add meanwhile is bounded by how fast Linux makes page tables.
const EVERY: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// The signal of the timers, which core reads from a descriptor.
fn number() -> i32 {
    libc::SIGRTMIN()
}

/// A descriptor that becomes readable when a timer has run down. The signal stays blocked for core.
pub(crate) fn signals() -> io::Result<OwnedFd> {
    // SAFETY: an all-zero sigset_t is valid storage for sigemptyset, which initialises it.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is initialised by sigemptyset and outlives the calls; the signal's number is valid.
    let fd = unsafe {
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, number());
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The process whose timer ran down, of the next signal in the descriptor of [`signals`].
pub(crate) fn next(signals: &OwnedFd) -> Option<ProcId> {
    const VALUE: usize = std::mem::offset_of!(libc::signalfd_siginfo, ssi_ptr);
    let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
    let read = rustix::io::read(signals, &mut info).ok()?;
    let value = info.get(..read)?.get(VALUE..)?.first_chunk()?;
    Some(ProcId(u64::from_ne_bytes(*value)))
}

/// A timer that runs while a process does.
pub(super) struct Timer(libc::timer_t);

impl Timer {
    pub(super) fn new(pid: Pid, id: ProcId) -> io::Result<Self> {
        let mut clock = 0;
        // SAFETY: a live out parameter.
        let error =
            unsafe { libc::clock_getcpuclockid(pid.as_raw_nonzero().get(), &raw mut clock) };
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        // SAFETY: all-zero is a valid sigevent.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = number();
        event.sigev_value.sival_ptr = std::ptr::without_provenance_mut(id.0 as usize);
        let mut timer = std::ptr::null_mut();
        // SAFETY: a live event and out parameter; the value is a number to everybody.
        if unsafe { libc::timer_create(clock, &raw mut event, &raw mut timer) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let timer = Self(timer);
        let times = libc::itimerspec { it_interval: EVERY, it_value: EVERY };
        // SAFETY: a timer of ours, live times, nothing returned.
        match unsafe { libc::timer_settime(timer.0, 0, &raw const times, std::ptr::null_mut()) } {
            0 => Ok(timer),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: a timer of ours, deleted once.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// Bytes of page tables of a process; `None` if it ended.
fn of(pid: Pid) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    kibibytes(&status).map(|kib| kib << 10)
}

/// The number in the line of page tables (proc_pid_status(5)).
fn kibibytes(status: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix("VmPTE:"))?;
    rest.trim().strip_suffix("kB")?.trim().parse().ok()
}

impl Nucleus {
    /// Look at a process that ran for a while.
    pub(crate) fn look(&self, id: ProcId) {
        let Some(process) = self.procs.get(&id) else { return };
        let quota = self.accounts.get(process.account).map_or(0, |a| a.ram.limit);
        let allowed = allowed(FREE, quota);
        let Some(bytes) = of(process.pid).filter(|bytes| *bytes > allowed) else { return };
        crate::note(format_args!(
            "\"{}\" is ended: its mappings take {} KiB of page tables, its quota allows {} KiB",
            process.label,
            bytes >> 10,
            allowed >> 10
        ));
        process.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tables_are_read_from_what_linux_says() {
        assert_eq!(kibibytes("VmRSS:\t  1 kB\nVmPTE:\t      48 kB\nVmSwap:\t 0 kB\n"), Some(48));
        for wrong in ["", "VmPTE:", "VmPTE: kB", "VmPTE: 12", "xVmPTE: 1 kB"] {
            assert_eq!(kibibytes(wrong), None, "{wrong}");
        }
        assert!(of(rustix::process::getpid()).is_some_and(|bytes| bytes > 0));
    }
}

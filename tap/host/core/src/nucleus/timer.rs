//! Timers on the CPU time of processes: they cost nothing while their process rests.
#![allow(unsafe_code, reason = "descriptors by number")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::time::Duration;

use rustix::process::Pid;

use super::ids::ProcId;
use crate::work;

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
pub(super) struct Timer {
    timer: libc::timer_t,
    /// The clock of the process's CPU time.
    clock: libc::clockid_t,
}

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
        let timer = Self { timer, clock };
        let times = libc::itimerspec { it_interval: EVERY, it_value: EVERY };
        // SAFETY: a timer of ours, live times, nothing returned.
        match unsafe { libc::timer_settime(timer.timer, 0, &raw const times, std::ptr::null_mut()) }
        {
            0 => Ok(timer),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// CPU time that the process used so far; `None` if it ended.
    pub(super) fn ran(&self) -> Option<Duration> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        work::calls(1);
        // SAFETY: a live out parameter; a clock that is gone is an error.
        let error = unsafe { libc::clock_gettime(self.clock, &raw mut time) };
        let nanos = u32::try_from(time.tv_nsec).ok().filter(|_| error == 0)?;
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanos))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: a timer of ours, deleted once.
        unsafe { libc::timer_delete(self.timer) };
    }
}

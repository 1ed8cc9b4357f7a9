//! Attempts to learn of other processes: no call is to tell of any, not even whether there is one.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use crate::attempts::{Attempt, maybe, on_another, plain};
use crate::sys::{at, sys};

/// The clock of a process's CPU time (its number is Linux').
fn clock(pid: usize) -> usize {
    (!pid << 3) | 2
}

/// Whether a call that takes a process first succeeds for another one.
fn of_another(call: libc::c_long) -> bool {
    on_another(|pid| sys(call, [pid]).is_ok())
}

/// The error of trying to take a lock of one's own memory that seems to be held by a thread.
fn lock_of(thread: usize) -> Option<i32> {
    let mut word = thread as u32;
    let operation = (libc::FUTEX_TRYLOCK_PI | libc::FUTEX_PRIVATE_FLAG) as usize;
    sys(libc::SYS_futex, [at(&mut word), operation, 0, 0]).err()
}

/// All of them.
pub(crate) const ALL: &[Attempt] = &[
    plain("read the CPU clock of another process", || {
        let mut time = [0u64; 2];
        on_another(|pid| sys(libc::SYS_clock_gettime, [clock(pid), at(&mut time)]).is_ok())
    }),
    plain("ask for the resolution of another's CPU clock", || {
        let mut time = [0u64; 2];
        on_another(|pid| sys(libc::SYS_clock_getres, [clock(pid), at(&mut time)]).is_ok())
    }),
    plain("sleep by the CPU clock of another process", || {
        let mut past = [0u64; 2];
        let until = libc::TIMER_ABSTIME as usize;
        on_another(|pid| {
            sys(libc::SYS_clock_nanosleep, [clock(pid), until, at(&mut past), 0]).is_ok()
        })
    }),
    plain("see the CPUs of another process", || {
        let mut set = [0u64; 128];
        let size = size_of_val(&set);
        on_another(|pid| sys(libc::SYS_sched_getaffinity, [pid, size, at(&mut set)]).is_ok())
    }),
    plain("see how another process is scheduled", || of_another(libc::SYS_sched_getscheduler)),
    plain("see the scheduling parameters of another process", || {
        let mut param = [0u64; 8];
        on_another(|pid| sys(libc::SYS_sched_getparam, [pid, at(&mut param)]).is_ok())
            || on_another(|pid| sys(libc::SYS_sched_getattr, [pid, at(&mut param), 48, 0]).is_ok())
    }),
    plain("see the time slice of another process", || {
        let mut time = [0u64; 2];
        on_another(|pid| sys(libc::SYS_sched_rr_get_interval, [pid, at(&mut time)]).is_ok())
    }),
    plain("see the priority of another process", || {
        let which = libc::PRIO_PROCESS as usize;
        on_another(|pid| sys(libc::SYS_getpriority, [which, pid]).is_ok())
    }),
    maybe("see the priority of another's files", || {
        on_another(|pid| sys(libc::SYS_ioprio_get, [1, pid]).is_ok())
    }),
    plain("see the process group of another process", || of_another(libc::SYS_getpgid)),
    plain("see the session of another process", || of_another(libc::SYS_getsid)),
    plain("see its parent", || sys(libc::SYS_getppid, []).is_ok_and(|pid| pid > 0)),
    maybe("see the locks of another process", || {
        let (mut head, mut size) = (0usize, 0usize);
        on_another(|pid| {
            sys(libc::SYS_get_robust_list, [pid, at(&mut head), at(&mut size)]).is_ok()
        })
    }),
    plain("tell by a lock whether a process is there", || {
        // Above every number of a process.
        let none = lock_of(0x3fff_fff0);
        on_another(|pid| lock_of(pid) != none)
    }),
    plain("see how busy the machine is", || {
        let mut info = [0u64; 16];
        sys(libc::SYS_sysinfo, [at(&mut info)]).is_ok()
    }),
    plain("see the user's own use of the machine", || {
        let mut usage = [0u64; 18];
        sys(libc::SYS_getrusage, [libc::RUSAGE_CHILDREN as usize, at(&mut usage)]).is_ok()
    }),
];

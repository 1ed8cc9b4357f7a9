//! Attempts to reach through Linux what a component must not reach. The same code runs in a component, where each must
//! fail, and as a plain program, where each must succeed: otherwise it would prove nothing.
//!
//! What is no attempt, because it reaches nothing but the component itself: executable anonymous memory, its
//! own signal handlers, threads up to a bound, private memory up to a bound.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use crate::sys::{at, close, in_child, makes_fd, other_pids, own_pid, signed, sys, text};

/// An attempt.
pub(crate) struct Attempt {
    /// What it tries.
    pub(crate) what: &'static str,
    /// Whether it succeeded.
    pub(crate) run: fn() -> bool,
    /// Whether a plain process may everywhere. Others depend on how Linux is configured.
    #[allow(dead_code, reason = "what the control asks, not the component")]
    pub(crate) everywhere: bool,
}

pub(crate) const fn plain(what: &'static str, run: fn() -> bool) -> Attempt {
    Attempt { what, run, everywhere: true }
}

pub(crate) const fn maybe(what: &'static str, run: fn() -> bool) -> Attempt {
    Attempt { what, run, everywhere: false }
}

const CWD: usize = libc::AT_FDCWD as usize;

fn opens(path: &std::ffi::CStr, flags: i32) -> bool {
    makes_fd(libc::SYS_openat, [CWD, text(path), flags as usize, 0o600])
}

/// Any other process for which `call` succeeds.
pub(crate) fn on_another(call: impl FnMut(usize) -> bool) -> bool {
    other_pids().into_iter().any(call)
}

/// Any descriptor of this process for which `call` succeeds.
pub(crate) fn on_a_descriptor(call: impl FnMut(usize) -> bool) -> bool {
    (0..128).any(call)
}

/// Maps private memory and touches all of it: what is reserved is not had.
fn maps(size: usize, flags: i32) -> bool {
    let prot = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    let Ok(start) = sys(libc::SYS_mmap, [0, size, prot, flags as usize, usize::MAX, 0]) else {
        return false;
    };
    touch(start, size);
    sys(libc::SYS_munmap, [start, size]).is_ok()
}

/// Writes to each page of a fresh mapping.
pub(crate) fn touch(start: usize, size: usize) {
    for page in (start..start + size).step_by(4096) {
        // SAFETY: within the mapping, which nobody else uses.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(page).write_volatile(1) };
    }
}

/// Files and sockets.
const NAMES: &[Attempt] = &[
    plain("open a file", || opens(c"/proc/self/status", libc::O_RDONLY)),
    plain("open a directory", || opens(c"/", libc::O_RDONLY | libc::O_DIRECTORY)),
    plain("open its own program for writing", || opens(c"/proc/self/mem", libc::O_RDWR)),
    plain("create a file", || {
        let path = c"/tmp/rs_escape";
        let made = opens(path, libc::O_CREAT | libc::O_WRONLY);
        let _ = sys(libc::SYS_unlinkat, [CWD, text(path), 0]);
        made
    }),
    plain("look at a file", || {
        let mut stat = [0u64; 32];
        sys(libc::SYS_newfstatat, [CWD, text(c"/etc"), at(&mut stat), 0]).is_ok()
    }),
    plain("open a file by an inherited directory", || {
        // A plain process has one if it was given one.
        let given = sys(libc::SYS_openat, [CWD, text(c"/"), libc::O_DIRECTORY as usize, 0]);
        let found = on_a_descriptor(|fd| makes_fd(libc::SYS_openat, [fd, text(c"etc"), 0, 0]));
        given.map(close).ok();
        found
    }),
    plain("change its directory", || in_child(|| sys(libc::SYS_chdir, [text(c"/")]).is_ok())),
    plain("watch files", || makes_fd(libc::SYS_inotify_init1, [0])),
    plain("make an internet socket", || {
        makes_fd(libc::SYS_socket, [libc::AF_INET as usize, libc::SOCK_STREAM as usize, 0])
    }),
    plain("make a local socket", || {
        makes_fd(libc::SYS_socket, [libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0])
    }),
    plain("make a pair of sockets", || {
        let mut fds = [0i32; 2];
        let args = [libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0, at(&mut fds)];
        let made = sys(libc::SYS_socketpair, args).is_ok();
        fds.iter().filter(|_| made).for_each(|fd| close(*fd as usize));
        made
    }),
    plain("make a pipe", || {
        let mut fds = [0i32; 2];
        let made = sys(libc::SYS_pipe2, [at(&mut fds), 0]).is_ok();
        fds.iter().filter(|_| made).for_each(|fd| close(*fd as usize));
        made
    }),
    plain("make an event descriptor", || makes_fd(libc::SYS_eventfd2, [0, 0])),
    plain("make memory that looks like a capability", || {
        makes_fd(libc::SYS_memfd_create, [text(c"cap"), 0])
    }),
    plain("resize memory that it was given", || {
        // A plain process was given none: it makes some.
        match sys(libc::SYS_memfd_create, [text(c"ram"), 0]) {
            Ok(own) => {
                let resized = sys(libc::SYS_ftruncate, [own, 8192]).is_ok();
                close(own);
                resized
            }
            Err(_) => on_a_descriptor(|fd| sys(libc::SYS_ftruncate, [fd, 8192]).is_ok()),
        }
    }),
    plain("control a device by a descriptor", || {
        on_a_descriptor(|fd| sys(libc::SYS_ioctl, [fd, libc::FIOCLEX as usize]).is_ok())
    }),
    maybe("type into a terminal", || {
        let Ok(tty) = sys(libc::SYS_openat, [CWD, text(c"/dev/ptmx"), libc::O_RDWR as usize, 0])
        else {
            return on_a_descriptor(|fd| {
                sys(libc::SYS_ioctl, [fd, libc::TIOCSTI as usize, text(c"x")]).is_ok()
            });
        };
        let typed = sys(libc::SYS_ioctl, [tty, libc::TIOCSTI as usize, text(c"x")]).is_ok();
        close(tty);
        typed
    }),
    plain("change the flags of a shared descriptor", || {
        on_a_descriptor(|fd| match sys(libc::SYS_fcntl, [fd, libc::F_GETFL as usize]) {
            Ok(flags) => sys(libc::SYS_fcntl, [fd, libc::F_SETFL as usize, flags]).is_ok(),
            Err(_) => false,
        })
    }),
    plain("lock a file that others use", || {
        let mut lock = [0u64; 4]; // a read lock on all of it
        on_a_descriptor(|fd| {
            sys(libc::SYS_fcntl, [fd, libc::F_SETLK as usize, at(&mut lock)]).is_ok()
        })
    }),
    maybe("make an io_uring", || {
        let mut params = [0u64; 15];
        makes_fd(libc::SYS_io_uring_setup, [1, at(&mut params)])
    }),
];

/// Processes, signals, memory of others.
const PROCESSES: &[Attempt] = &[
    plain("start a process", || starts(libc::SYS_clone, [libc::SIGCHLD as usize, 0])),
    plain("start a process as vfork does", || {
        let flags = libc::SIGCHLD | libc::CLONE_VFORK;
        starts(libc::SYS_clone, [flags as usize, 0])
    }),
    plain("start a process by clone3", || {
        let mut args = [0u64; 8];
        args[4] = libc::SIGCHLD as u64;
        starts(libc::SYS_clone3, [at(&mut args), 64])
    }),
    plain("execute a program", || {
        in_child(|| {
            let argv = [text(c"/bin/true"), 0];
            let _ = sys(libc::SYS_execve, [text(c"/bin/true"), argv.as_ptr() as usize, 0]);
            false
        })
    }),
    plain("execute a descriptor", || {
        in_child(|| {
            let fd = sys(libc::SYS_openat, [CWD, text(c"/bin/true"), 0, 0]).unwrap_or(3);
            let argv = [text(c"true"), 0];
            let flags = libc::AT_EMPTY_PATH as usize;
            let _ = sys(libc::SYS_execveat, [fd, text(c""), argv.as_ptr() as usize, 0, flags]);
            false
        })
    }),
    plain("signal another process", || on_another(|pid| sys(libc::SYS_kill, [pid, 0]).is_ok())),
    plain("signal every process", || sys(libc::SYS_kill, [signed(-1), 0]).is_ok()),
    plain("signal a thread of another process", || {
        on_another(|pid| sys(libc::SYS_tgkill, [pid, pid, 0]).is_ok())
    }),
    plain("queue a signal to another process", || {
        let mut info = [0u64; 16];
        info[1] = 0xffff_ffff; // SI_QUEUE
        on_another(|pid| sys(libc::SYS_rt_sigqueueinfo, [pid, 0, at(&mut info)]).is_ok())
    }),
    plain("have signals of a descriptor sent to another process", || {
        let socket = sys(libc::SYS_socket, [libc::AF_UNIX as usize, 1, 0]);
        let set = on_another(|pid| {
            on_a_descriptor(|fd| sys(libc::SYS_fcntl, [fd, libc::F_SETOWN as usize, pid]).is_ok())
        });
        socket.map(close).ok();
        set
    }),
    plain("hold on to another process", || {
        on_another(|pid| makes_fd(libc::SYS_pidfd_open, [pid, 0]))
    }),
    maybe("take a descriptor of another process", || {
        on_another(|pid| match sys(libc::SYS_pidfd_open, [pid, 0]) {
            Ok(held) => {
                let taken = makes_fd(libc::SYS_pidfd_getfd, [held, 0, 0]);
                close(held);
                taken
            }
            Err(_) => false,
        })
    }),
    plain("be traced by its parent", || {
        in_child(|| sys(libc::SYS_ptrace, [libc::PTRACE_TRACEME as usize, 0, 0, 0]).is_ok())
    }),
    maybe("trace another process", || {
        // Where it works, the end of the tracing process is the end of it.
        in_child(|| {
            let seize = libc::PTRACE_SEIZE as usize;
            on_another(|pid| sys(libc::SYS_ptrace, [seize, pid, 0, 0]).is_ok())
        })
    }),
    plain("read memory by process", || vm(libc::SYS_process_vm_readv)),
    plain("write memory by process", || vm(libc::SYS_process_vm_writev)),
    plain("look at another process's limits", || {
        let mut old = [0u64; 2];
        on_another(|pid| {
            sys(libc::SYS_prlimit64, [pid, libc::RLIMIT_NOFILE as usize, 0, at(&mut old)]).is_ok()
        })
    }),
    maybe("compare descriptors with another process", || {
        // KCMP_FILE
        on_another(|pid| sys(libc::SYS_kcmp, [own_pid(), pid, 0, 0, 0]).is_ok())
            || sys(libc::SYS_kcmp, [own_pid(), own_pid(), 0, 0, 0]).is_ok()
    }),
    plain("leave its process group", || in_child(|| sys(libc::SYS_setpgid, [0, 0]).is_ok())),
    plain("begin a session of its own", || in_child(|| sys(libc::SYS_setsid, []).is_ok())),
    plain("outlive core", || sys(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as usize, 0]).is_ok()),
    plain("adopt processes", || {
        in_child(|| sys(libc::SYS_prctl, [libc::PR_SET_CHILD_SUBREAPER as usize, 1]).is_ok())
    }),
    plain("be dumped or hidden", || {
        in_child(|| sys(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize, 0]).is_ok())
    }),
    plain("change its user", || {
        let user = sys(libc::SYS_getuid, []).unwrap_or(0);
        in_child_of(user)
    }),
    maybe("make a user namespace", || {
        in_child(|| sys(libc::SYS_unshare, [libc::CLONE_NEWUSER as usize]).is_ok())
    }),
    plain("change its personality", || in_child(|| sys(libc::SYS_personality, [0]).is_ok())),
];

/// Whether `call` makes a process. It ends at once.
fn starts(call: libc::c_long, args: [usize; 2]) -> bool {
    match sys(call, args) {
        Ok(0) => {
            let _ = sys(libc::SYS_exit_group, [0]);
            false
        }
        Ok(pid) => sys(libc::SYS_wait4, [pid, 0, 0, 0]).is_ok(),
        Err(_) => false,
    }
}

fn in_child_of(user: usize) -> bool {
    // To the user that it is: always permitted by Linux itself.
    sys(libc::SYS_setresuid, [user, user, user]).is_ok()
}

fn vm(call: libc::c_long) -> bool {
    let (mut to, mut from) = (0u64, 7u64);
    let local = [at(&mut to), 8];
    let remote = [at(&mut from), 8];
    let (local, remote) = (local.as_ptr() as usize, remote.as_ptr() as usize);
    sys(call, [own_pid(), local, 1, remote, 1, 0]) == Ok(8)
}

/// Kernel objects that are shared or outlive their maker, and what else the kernel offers.
const KERNEL: &[Attempt] = &[
    plain("make shared memory by key", || {
        let made = sys(libc::SYS_shmget, [libc::IPC_PRIVATE as usize, 4096, 0o600]);
        made.map(|id| sys(libc::SYS_shmctl, [id, libc::IPC_RMID as usize, 0]).ok()).is_ok()
    }),
    plain("make a message queue", || {
        let made = sys(libc::SYS_msgget, [libc::IPC_PRIVATE as usize, 0o600]);
        made.map(|id| sys(libc::SYS_msgctl, [id, libc::IPC_RMID as usize, 0]).ok()).is_ok()
    }),
    maybe("use the kernel's keys", || {
        // KEYCTL_GET_KEYRING_ID of the session's keyring
        sys(libc::SYS_keyctl, [0, signed(-3), 1]).is_ok()
    }),
    maybe("load a program into the kernel", || {
        // BPF_MAP_CREATE of an array with one entry
        let mut attr = [2u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        makes_fd(libc::SYS_bpf, [0, at(&mut attr), 64])
    }),
    maybe("handle page faults", || {
        makes_fd(libc::SYS_userfaultfd, [1]) // for user mode only, as unprivileged programs may
    }),
    maybe("measure by the kernel", || {
        let mut attr = [0u64; 16];
        attr[0] = 1 | (128 << 32); // a software event, of this process, not of the kernel
        attr[5] = 1 << 5;
        makes_fd(libc::SYS_perf_event_open, [at(&mut attr), 0, usize::MAX, usize::MAX, 0])
    }),
    plain("move threads that wait in shared memory to another word", || {
        let (mut from, mut to) = (0u32, 0u32);
        [libc::FUTEX_REQUEUE, libc::FUTEX_CMP_REQUEUE, libc::FUTEX_CMP_REQUEUE_PI].iter().any(
            |op| {
                let operation = *op as usize;
                sys(libc::SYS_futex, [at(&mut from), operation, 0, 1, at(&mut to), 0]).is_ok()
            },
        )
    }),
    plain("hold what others wait for in shared memory", || {
        let mut word = 0u32;
        sys(libc::SYS_futex, [at(&mut word), libc::FUTEX_LOCK_PI as usize, 0, 0]).is_ok()
    }),
    plain("set a timer that signals", || {
        let mut timer = 0i32;
        let made = sys(libc::SYS_timer_create, [1, 0, at(&mut timer)]);
        made.map(|_| sys(libc::SYS_timer_delete, [timer as usize]).ok()).is_ok()
    }),
];

/// Limits and places.
const LIMITS: &[Attempt] = &[
    plain("leave its CPUs", || {
        let mut set = [0u64; 128];
        let size = size_of_val(&set);
        sys(libc::SYS_sched_getaffinity, [0, size, at(&mut set)]).is_ok()
            && sys(libc::SYS_sched_setaffinity, [0, size, at(&mut set)]).is_ok()
    }),
    plain("change how it is scheduled", || {
        let mut param = 0i32;
        sys(libc::SYS_sched_setscheduler, [0, libc::SCHED_OTHER as usize, at(&mut param)]).is_ok()
    }),
    plain("change its priority", || {
        in_child(|| sys(libc::SYS_setpriority, [libc::PRIO_PROCESS as usize, 0, 5]).is_ok())
    }),
    plain("raise its limits", || {
        let mut limit = [0u64; 2];
        sys(libc::SYS_getrlimit, [libc::RLIMIT_CORE as usize, at(&mut limit)]).is_ok()
            && sys(libc::SYS_setrlimit, [libc::RLIMIT_CORE as usize, at(&mut limit)]).is_ok()
    }),
    plain("raise its limit of descriptors", || {
        let mut limit = [0u64; 2];
        let resource = libc::RLIMIT_NOFILE as usize;
        let raise = |limit: &mut [u64; 2]| {
            *limit = [limit[1]; 2];
            sys(libc::SYS_prlimit64, [0, resource, at(limit), 0]).is_ok()
                || sys(libc::SYS_setrlimit, [resource, at(limit)]).is_ok()
        };
        sys(libc::SYS_prlimit64, [0, resource, 0, at(&mut limit)]).is_ok() && raise(&mut limit)
    }),
    maybe("load a filter of system calls", || {
        // Returns "allowed" for each call.
        let mut allow = u64::from(libc::BPF_RET as u16) | u64::from(libc::SECCOMP_RET_ALLOW) << 32;
        let mut program = [1, at(&mut allow)];
        let mode = libc::SECCOMP_SET_MODE_FILTER as usize;
        sys(libc::SYS_seccomp, [mode, 0, at(&mut program)]).is_ok()
    }),
    plain("share memory anonymously", || maps(4096, libc::MAP_SHARED | libc::MAP_ANONYMOUS)),
    plain("take half a gigabyte privately", || {
        maps(512 << 20, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
    }),
    plain("take half a gigabyte as a stack", || {
        maps(512 << 20, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_GROWSDOWN)
    }),
    plain("take half a gigabyte by what its stack grows to", || {
        // A page of the first thread's stack that nobody uses yet.
        let mut here = 0u8;
        let page = (at(&mut here) - (64 << 10)) & !0xfff;
        // SAFETY: the stack grows to there, and nothing of it is in use.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(page).write_volatile(1) };
        let moved = libc::MREMAP_MAYMOVE as usize;
        let Ok(start) = sys(libc::SYS_mremap, [page, 4096, 512 << 20, moved, 0]) else {
            return false;
        };
        touch(start, 512 << 20);
        sys(libc::SYS_munmap, [start, 512 << 20]).is_ok()
    }),
    maybe("take half a gigabyte of locked memory", || {
        maps(512 << 20, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_LOCKED)
    }),
    maybe("take seventeen thousand descriptors", || {
        let mut limit = [0u64; 2];
        let resource = libc::RLIMIT_NOFILE as usize;
        let _ = sys(libc::SYS_prlimit64, [0, resource, 0, at(&mut limit)]);
        limit[0] = limit[1];
        let _ = sys(libc::SYS_prlimit64, [0, resource, at(&mut limit), 0]);
        let duplicate = |_| sys(libc::SYS_fcntl, [0, libc::F_DUPFD_CLOEXEC as usize, 0]).ok();
        let taken: Vec<usize> = (0..17_000).map_while(duplicate).collect();
        let enough = taken.len() == 17_000;
        taken.into_iter().for_each(close);
        enough
    }),
    maybe("run three thousand threads", || {
        use std::sync::{Condvar, Mutex, PoisonError};
        static END: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
        let wait = || {
            let mut end = END.0.lock().unwrap_or_else(PoisonError::into_inner);
            while !*end {
                end = END.1.wait(end).unwrap_or_else(PoisonError::into_inner);
            }
        };
        // Small stacks: their number is to be the limit, not their memory.
        let start = |_| std::thread::Builder::new().stack_size(16 << 10).spawn(wait).ok();
        let threads: Vec<_> = (0..3000).map_while(start).collect();
        let enough = threads.len() == 3000;
        *END.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        END.1.notify_all();
        for thread in threads {
            let _ = thread.join();
        }
        enough
    }),
];

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Attempt> {
    use crate::{doors, memory, others};
    let here = [NAMES, PROCESSES, KERNEL, LIMITS].into_iter();
    let there = [memory::ALL, others::ALL, doors::DESCRIPTORS, doors::PLACES, doors::MACHINE];
    here.chain(there).flatten()
}

//! Attempts by the rest of what Linux offers: descriptors that are made, changed, or asked about; memory that is placed,
//! pinned, or watched; the machine as a whole.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use crate::attempts::{Attempt, maybe, on_a_descriptor, plain};
use crate::sys::{at, close, in_child, makes_fd, own_pid, sys, text};

/// Tries descriptors of its own where they can be had, or else all that it has: a component has only those that it was given.
fn on(own: Option<[usize; 2]>, mut attempt: impl FnMut(usize) -> bool) -> bool {
    let Some(own) = own else { return on_a_descriptor(attempt) };
    let done = own.into_iter().any(&mut attempt);
    own.into_iter().for_each(close);
    done
}

fn pair(fds: [i32; 2]) -> [usize; 2] {
    fds.map(|fd| fd as usize)
}

fn with_sockets(attempt: impl FnMut(usize) -> bool) -> bool {
    let mut fds = [0i32; 2];
    let args = [libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0, at(&mut fds)];
    on(sys(libc::SYS_socketpair, args).ok().map(|_| pair(fds)), attempt)
}

fn with_pipe(attempt: impl FnMut(usize) -> bool) -> bool {
    let mut fds = [0i32; 2];
    on(sys(libc::SYS_pipe2, [at(&mut fds), 0]).ok().map(|_| pair(fds)), attempt)
}

fn with_memory(attempt: impl FnMut(usize) -> bool) -> bool {
    let make =
        || sys(libc::SYS_memfd_create, [text(c"own"), libc::MFD_ALLOW_SEALING as usize]).ok();
    let own = make().zip(make()).map(|(one, other)| [one, other]);
    on(
        own.filter(|fds| fds.iter().all(|fd| sys(libc::SYS_ftruncate, [*fd, 8192]).is_ok())),
        attempt,
    )
}

fn fcntl(fd: usize, command: i32, argument: usize) -> bool {
    sys(libc::SYS_fcntl, [fd, command as usize, argument]).is_ok()
}

/// Descriptors: what is asked of them, and done to them, that others have as well.
pub(crate) const DESCRIPTORS: &[Attempt] = &[
    plain("seal memory so that it cannot be taken back", || {
        with_memory(|fd| fcntl(fd, libc::F_ADD_SEALS, libc::F_SEAL_SHRINK as usize))
    }),
    plain("punch a hole into memory that it was given", || {
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        with_memory(|fd| sys(libc::SYS_fallocate, [fd, mode as usize, 0, 4096]).is_ok())
    }),
    plain("append to memory that it was given", || {
        with_memory(|fd| {
            let mut byte = 0u8;
            sys(libc::SYS_pwrite64, [fd, at(&mut byte), 1, 8192]).is_ok()
        })
    }),
    plain("enlarge a pipe", || with_pipe(|fd| fcntl(fd, libc::F_SETPIPE_SZ, 1 << 16))),
    plain("give a pipe pages of its own", || {
        with_pipe(|fd| {
            let mut byte = 0u8;
            let part = [at(&mut byte), 1];
            let flags = libc::SPLICE_F_NONBLOCK as usize;
            sys(libc::SYS_vmsplice, [fd, part.as_ptr() as usize, 1, flags]).is_ok()
        })
    }),
    plain("enlarge what a socket holds", || {
        with_sockets(|fd| {
            let mut size = 1 << 20;
            let (level, option) = (libc::SOL_SOCKET as usize, libc::SO_SNDBUF as usize);
            sys(libc::SYS_setsockopt, [fd, level, option, at(&mut size), 4]).is_ok()
        })
    }),
    plain("see who is at the other end of a socket", || {
        with_sockets(|fd| {
            let (mut who, mut size) = ([0u32; 3], 12u32);
            let (level, option) = (libc::SOL_SOCKET as usize, libc::SO_PEERCRED as usize);
            sys(libc::SYS_getsockopt, [fd, level, option, at(&mut who), at(&mut size)]).is_ok()
        })
    }),
    plain("close a socket for its other end", || {
        with_sockets(|fd| sys(libc::SYS_shutdown, [fd, libc::SHUT_RDWR as usize]).is_ok())
    }),
    plain("see how much a descriptor holds", || {
        with_pipe(|fd| {
            let mut unread = 0i32;
            sys(libc::SYS_ioctl, [fd, libc::FIONREAD as usize, at(&mut unread)]).is_ok()
        })
    }),
    plain("see the file system of a descriptor", || {
        let mut info = [0u64; 16];
        let info = at(&mut info);
        (0..128).any(|fd| sys(libc::SYS_fstatfs, [fd, info]).is_ok())
    }),
    plain("duplicate a descriptor over another", || {
        on_a_descriptor(|fd| makes_fd(libc::SYS_dup3, [fd, 200, 0]))
    }),
    plain("wait for many descriptors by one", || makes_fd(libc::SYS_epoll_create1, [0])),
    plain("read signals by a descriptor", || {
        let mut set = 0u64;
        makes_fd(libc::SYS_signalfd4, [usize::MAX, at(&mut set), 8, 0])
    }),
    plain("measure time by a descriptor", || makes_fd(libc::SYS_timerfd_create, [1, 0])),
    maybe("make memory that not even the kernel sees", || makes_fd(libc::SYS_memfd_secret, [0])),
    maybe("name a file by a handle", || {
        let (mut handle, mut mount) = ([0u32; 34], 0i32);
        handle[0] = 128; // bytes behind the first two words
        let here = libc::AT_FDCWD as usize;
        let (handle, mount) = (at(&mut handle), at(&mut mount));
        sys(libc::SYS_name_to_handle_at, [here, text(c"/"), handle, mount, 0]).is_ok()
    }),
];

/// Memory and CPUs: where it is, who has it, what others do.
pub(crate) const PLACES: &[Attempt] = &[
    plain("see what of its memory is there", || {
        let (mut page, mut there) = ([0u8; 8192], 0u8);
        let start = (at(&mut page) + 4095) & !4095;
        sys(libc::SYS_mincore, [start, 4096, at(&mut there)]).is_ok()
    }),
    maybe("place memory on a node", || {
        let mut nodes = 1u64;
        // MPOL_BIND
        sys(libc::SYS_set_mempolicy, [2, at(&mut nodes), 64]).is_ok()
            && sys(libc::SYS_set_mempolicy, [0, 0, 0]).is_ok()
    }),
    maybe("see where its pages are", || {
        let (mut page, mut status) = (0u64, 0i32);
        let mut pages = [at(&mut page)];
        sys(libc::SYS_move_pages, [0, 1, at(&mut pages), 0, at(&mut status), 0]).is_ok()
    }),
    maybe("lock all of its memory", || {
        in_child(|| sys(libc::SYS_mlockall, [libc::MCL_CURRENT as usize]).is_ok())
    }),
    maybe("interrupt every CPU", || sys(libc::SYS_membarrier, [0, 0, 0]).is_ok()),
    maybe("wait for several words of shared memory", || {
        // FUTEX_WAITV of none: refused by Linux as well, but by another error than where it is not to be had.
        sys(libc::SYS_futex_waitv, [0, 0, 0, 0, 0]) == Err(libc::EINVAL)
    }),
    maybe("wake by the newer calls of futexes", || {
        let mut word = 0u32;
        const FUTEX_WAKE: i64 = 454;
        sys(FUTEX_WAKE, [at(&mut word), 1, 1, 2]).is_ok()
    }),
    maybe("change its descriptor tables", || {
        in_child(|| {
            let mut table = [0u32; 4];
            sys(MODIFY_LDT, [0, at(&mut table), 16]).is_ok()
        })
    }),
    maybe("make system calls of another kind", || {
        // The numbers of x32, which a filter that looks at numbers only may forget.
        const X32: i64 = 0x4000_0000;
        sys(X32 + libc::SYS_getppid, []).is_ok()
    }),
];

/// Reads and writes the segments that a process defines: x86 only, elsewhere a number that nothing has.
const MODIFY_LDT: i64 = if cfg!(target_arch = "x86_64") { 154 } else { 100_000 };

/// The machine as a whole.
pub(crate) const MACHINE: &[Attempt] = &[
    plain("see what machine this is", || {
        let mut names = [0u8; 65 * 6];
        sys(libc::SYS_uname, [at(&mut names)]).is_ok()
    }),
    plain("see how its clock is kept", || {
        let mut state = [0u64; 26];
        sys(libc::SYS_adjtimex, [at(&mut state)]).is_ok()
    }),
    maybe("read the kernel's log", || {
        let size = 10; // SYSLOG_ACTION_SIZE_BUFFER
        sys(libc::SYS_syslog, [size, 0, 0]).is_ok()
    }),
    maybe("make a semaphore", || {
        let made = sys(libc::SYS_semget, [libc::IPC_PRIVATE as usize, 1, 0o600]);
        made.map(|id| sys(libc::SYS_semctl, [id, 0, libc::IPC_RMID as usize]).ok()).is_ok()
    }),
    maybe("make a message queue that has a name", || {
        let made =
            makes_fd(libc::SYS_mq_open, [text(c"rs_escape"), libc::O_CREAT as usize, 0o600, 0]);
        let _ = sys(libc::SYS_mq_unlink, [text(c"rs_escape")]);
        made
    }),
    maybe("change its root", || in_child(|| sys(libc::SYS_chroot, [text(c"/")]).is_ok())),
    maybe("mount a file system", || in_child(|| makes_fd(libc::SYS_fsopen, [text(c"tmpfs"), 0]))),
    maybe("see a mount", || {
        const OPEN_TREE: i64 = libc::SYS_open_tree;
        makes_fd(OPEN_TREE, [libc::AT_FDCWD as usize, text(c"/"), 0])
    }),
    plain("filter system calls", || {
        in_child(|| {
            // One instruction that permits all; Linux wants to hear first that there are no new privileges.
            let permit = [0x7fff_0000_0000_0006_u64];
            let program = [1usize, permit.as_ptr() as usize];
            let privileges = libc::PR_SET_NO_NEW_PRIVS as usize;
            let _ = sys(libc::SYS_prctl, [privileges, 1, 0, 0, 0]);
            sys(libc::SYS_seccomp, [1, 0, program.as_ptr() as usize]).is_ok()
        })
    }),
    maybe("make rules of Landlock", || {
        let mut rights = [1u64; 1];
        makes_fd(libc::SYS_landlock_create_ruleset, [at(&mut rights), 8, 0])
    }),
    plain("be interrupted by a timer", || {
        let mut timer = [0u64; 4];
        sys(libc::SYS_setitimer, [0, at(&mut timer), 0]).is_ok()
    }),
    plain("hold on to itself as a process", || {
        sys(libc::SYS_pidfd_open, [own_pid(), 0]).map(close).is_ok()
    }),
    maybe("take the memory of a process away", || {
        let held = sys(libc::SYS_pidfd_open, [own_pid(), 0]);
        let part = [0usize, 0];
        let cold = libc::MADV_COLD as usize;
        let asked = |pid| sys(libc::SYS_process_madvise, [pid, part.as_ptr() as usize, 0, cold, 0]);
        let done = held.is_ok_and(|pid| asked(pid).is_ok());
        held.map(close).ok();
        done
    }),
];

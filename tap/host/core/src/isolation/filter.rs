//! The system calls of a component.
//!
//! One program: it lists what is allowed and refuses everything else with EPERM, hands questions to core, and makes the C
//! library fall back to calls whose arguments a filter can read. It is compiled by seccompiler, but for what that cannot
//! express or would put too late: see `first`. A second one takes away what only the way there
//! needs: see `last`.
#![allow(unsafe_code, reason = "system-call filters")]

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use genode_host_proto::sys;
use rustix::net::SendFlags;
use rustix::process::Pid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op,
    SeccompCondition as Condition, SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

use super::Profile;

/// Stands for the component's process id until it is known.
const OWN_PID: u32 = 0x7fff_0abc;
const RET: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const HAS: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const FROM: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
/// Offsets of a call's number and of the lower halves of its first three arguments.
const NUMBER: u32 = std::mem::offset_of!(libc::seccomp_data, nr) as u32;
const FIRST: u32 = std::mem::offset_of!(libc::seccomp_data, args) as u32
    + if cfg!(target_endian = "little") { 0 } else { 4 };
const SECOND: u32 = FIRST + 8;
const THIRD: u32 = SECOND + 8;
const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ENOSYS: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// Plainly allowed. Of calls that the program allows whatever their arguments, Linux (from 5.11 on) keeps a map and does
/// not run the program: a read or write costs a component what it costs anybody. What a call between components or
/// a signal needs shall stay here and out of `conditional` and `ASKED`, but for futexes, see `first`.
const ALLOWED: &[libc::c_long] = &[
    // memory; no mremap, by which a stack grows beyond every limit
    libc::SYS_munmap,
    libc::SYS_brk,
    // descriptors one has
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_pread64,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    // threads and time
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sched_yield,
    libc::SYS_getcpu,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    // signals to oneself, and the end
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_arch_prctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// Allowed to a host driver beside them: what content of files needs, on descriptors that its
/// broker opened. None of them takes a path, and none changes the size of memory: core seals it
/// against growing, and what could shrink or empty it is asked of the broker.
const CONTENT: &[libc::c_long] = &[
    libc::SYS_pwrite64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_getdents64,
    libc::SYS_lseek,
];

/// Questions for core: the loader's. Another is whether there may be one more thread.
const ASKED: &[libc::c_long] = &[
    libc::SYS_openat,
    libc::SYS_newfstatat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
];

/// Not there, so that the C library uses the older call.
const ABSENT: [libc::c_long; 2] = [libc::SYS_clone3, libc::SYS_statx];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Result<T> = std::result::Result<T, seccompiler::BackendError>;

/// Flags that a call must have that makes a thread: a thread that does not share the table of descriptors has one of its
/// own, for which the limit of descriptors holds once more.
const THREAD: libc::c_int =
    libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_FILES | libc::CLONE_FS;
/// Flags that it may have beside them, and no others.
const THREAD_MAY: libc::c_int = libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_SETTID
    | libc::CLONE_CHILD_CLEARTID
    | libc::CLONE_DETACHED;

/// What memory may be advised: what concerns its own use, not whether its pages are merged with others' or pushed out.
const ADVICE: [i32; 10] = [
    libc::MADV_NORMAL,
    libc::MADV_RANDOM,
    libc::MADV_SEQUENTIAL,
    libc::MADV_WILLNEED,
    libc::MADV_DONTNEED,
    libc::MADV_FREE,
    libc::MADV_HUGEPAGE,
    libc::MADV_NOHUGEPAGE,
    MADV_GUARD_INSTALL,
    MADV_GUARD_REMOVE,
];
/// Linux 6.13; newer C libraries use them for the ends of stacks.
const MADV_GUARD_INSTALL: i32 = 102;
const MADV_GUARD_REMOVE: i32 = 103;
/// Linux 6.11.
const MAP_DROPPABLE: i32 = 8;
/// The last clock with a number of its own. Numbers beyond name descriptors, and CPU clocks of processes.
const LAST_CLOCK: u64 = libc::CLOCK_TAI as u64;

/// The program, compiled.
#[derive(Clone)]
pub(super) struct Filters(BpfProgram);

/// Whether this kernel has what the program needs.
fn available() -> io::Result<()> {
    const ACTIONS: [u32; 4] = [
        libc::SECCOMP_RET_ALLOW,
        libc::SECCOMP_RET_ERRNO,
        libc::SECCOMP_RET_USER_NOTIF,
        libc::SECCOMP_RET_KILL_PROCESS,
    ];
    for action in &ACTIONS {
        // SAFETY: reads a word.
        let result = unsafe {
            let get = libc::SECCOMP_GET_ACTION_AVAIL;
            libc::syscall(libc::SYS_seccomp, get, 0, std::ptr::from_ref(action))
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

impl Filters {
    /// Compile; `binary` is the descriptor number that may be executed.
    pub(super) fn new(binary: u32, profile: Profile) -> std::result::Result<Self, String> {
        available().map_err(|e| {
            format!("this kernel has no seccomp with notifications (Linux 5.5): {e}")
        })?;
        Self::compiled(binary, profile).map_err(|e| e.to_string())
    }

    fn compiled(binary: u32, profile: Profile) -> Result<Self> {
        let mut allowed = ALLOWED.iter().map(|c| (*c, Vec::new())).collect::<Rules>();
        if profile == Profile::HostDriver {
            allowed.extend(CONTENT.iter().map(|c| (*c, Vec::new())));
        }
        allowed.extend(conditional(binary)?);
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        let filter = SeccompFilter::new(allowed, refused, SeccompAction::Allow, arch)?;
        let mut program: BpfProgram = filter.try_into()?;
        // Behind the check of the architecture, which comes first: load it, compare it, or return. Jumps are
        // relative, so that the rest stays what it is.
        const CHECK: usize = 3;
        debug_assert!(program.get(CHECK - 1).is_some_and(|last| last.code == RET));
        program.splice(CHECK..CHECK, first());
        Ok(Self(program))
    }

    /// Lock the calling process in, and send core the descriptor for its questions.
    pub(super) fn install(&mut self, own: Pid, control: BorrowedFd<'_>) -> io::Result<()> {
        for instruction in &mut self.0 {
            if instruction.k == OWN_PID {
                instruction.k = own.as_raw_nonzero().get() as u32;
            }
        }
        let listener = load(&self.0, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
        // SAFETY: the call returned a fresh descriptor.
        let listener = unsafe { OwnedFd::from_raw_fd(listener as i32) };
        sys::send(control, &[0; 8], &[listener.as_fd()], SendFlags::empty())?;
        Ok(())
    }
}

/// Takes from the calling process what [`Filters::install`] left to it: setting a limit, and
/// loading programs.
pub(super) fn seal() -> io::Result<()> {
    load(&last(), 0).map(|_| ())
}

/// Allowed with some arguments only.
fn conditional(binary: u32) -> Result<Rules> {
    let is = |arg, value: u64| Condition::new(arg, Len::Dword, Op::Eq, value);
    let is_long = |arg, value: u64| Condition::new(arg, Len::Qword, Op::Eq, value);
    let masked =
        |arg, mask: u64, value: u64| Condition::new(arg, Len::Dword, Op::MaskedEq(mask), value);
    let rule = SeccompRule::new;
    let shared = libc::MAP_SHARED as u64;
    let anonymous = libc::MAP_ANONYMOUS as u64;
    // A growing stack does not count as data, so that no limit holds for it; the others take from the machine.
    let never_mapped =
        (libc::MAP_GROWSDOWN | libc::MAP_LOCKED | libc::MAP_HUGETLB | MAP_DROPPABLE) as u64;
    let command = |value: i32| rule(vec![is(1, value as u64)?]);
    // No clock of another process, nor of a thread by its number.
    let clock = || Ok(vec![rule(vec![Condition::new(0, Len::Dword, Op::Le, LAST_CLOCK)?])?]);
    let advice: Result<Vec<_>> =
        ADVICE.iter().map(|value| rule(vec![is(2, *value as u64)?])).collect();
    Ok(BTreeMap::from([
        // Shared anonymous memory would escape the limit on private memory.
        (
            libc::SYS_mmap,
            vec![
                rule(vec![masked(3, anonymous | never_mapped, 0)?])?,
                rule(vec![masked(3, shared | never_mapped, 0)?])?,
            ],
        ),
        (libc::SYS_madvise, advice?),
        (libc::SYS_clock_gettime, clock()?),
        (libc::SYS_clock_getres, clock()?),
        (libc::SYS_clock_nanosleep, clock()?),
        // Its own CPUs, not those of another process.
        (
            libc::SYS_sched_getaffinity,
            vec![rule(vec![is(0, 0)?])?, rule(vec![is(0, u64::from(OWN_PID))?])?],
        ),
        // Signals to threads of this process.
        (libc::SYS_tgkill, vec![rule(vec![is(0, u64::from(OWN_PID))?])?]),
        // The name of a thread.
        (libc::SYS_prctl, vec![rule(vec![is(0, libc::PR_SET_NAME as u64)?])?]),
        // Reading one's own limits. Until `last` also setting that of descriptors, and one more
        // program.
        (
            libc::SYS_prlimit64,
            vec![
                rule(vec![is(0, 0)?, is_long(2, 0)?])?,
                rule(vec![is(0, 0)?, is(1, u64::from(libc::RLIMIT_NOFILE))?])?,
            ],
        ),
        (
            libc::SYS_seccomp,
            vec![rule(vec![is(0, libc::SECCOMP_SET_MODE_FILTER.into())?, is_long(1, 0)?])?],
        ),
        // Duplicating and looking, no status flags or seals.
        (
            libc::SYS_fcntl,
            vec![
                command(libc::F_GETFL)?,
                command(libc::F_GETFD)?,
                command(libc::F_SETFD)?,
                command(libc::F_DUPFD_CLOEXEC)?,
            ],
        ),
        // The one execution, see `Jail::enter`.
        (
            libc::SYS_execveat,
            vec![rule(vec![is(0, u64::from(binary))?, is(4, libc::AT_EMPTY_PATH as u64)?])?],
        ),
    ]))
}

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// What comes first, each call with what becomes of it.
///
/// Futexes, since they are what a call between components is made of. On memory that others share, a component may wait and
/// wake. Whoever may move waiters from a word to another one could hide them from those who wake them, a caller from
/// core when its server dies. Those with priority inheritance name a thread by its number, of whatever process, and tell
/// whether there is one.
///
/// Then what is not there, and questions for core: seccompiler knows no notifications. A thread is one; another is memory
/// that is to be written no more, since Linux counts as private memory only what may be written.
fn first() -> Vec<sock_filter> {
    let mut all = vec![instruction(LOAD, NUMBER, 0, 0)];
    on(&mut all, libc::SYS_futex, futex());
    for call in ABSENT {
        on(&mut all, call, vec![instruction(RET, ENOSYS, 0, 0)]);
    }
    for call in ASKED {
        on(&mut all, *call, vec![instruction(RET, libc::SECCOMP_RET_USER_NOTIF, 0, 0)]);
    }
    let other_prot = !(libc::PROT_READ | libc::PROT_EXEC) as u32;
    on(
        &mut all,
        libc::SYS_mprotect,
        vec![
            instruction(LOAD, THIRD, 0, 0),
            instruction(AND, other_prot, 0, 0),
            instruction(IS, libc::PROT_WRITE as u32, 1, 0),
            instruction(RET, libc::SECCOMP_RET_USER_NOTIF, 0, 0),
            instruction(RET, libc::SECCOMP_RET_ALLOW, 0, 0),
        ],
    );
    on(
        &mut all,
        libc::SYS_clone,
        vec![
            instruction(LOAD, FIRST, 0, 0),
            instruction(AND, !THREAD_MAY as u32, 0, 0),
            instruction(IS, THREAD as u32, 1, 0), // a thread, no process
            instruction(RET, EPERM, 0, 0),
            instruction(RET, libc::SECCOMP_RET_USER_NOTIF, 0, 0),
        ],
    );
    all
}

/// The program that is loaded last, when the limits are set. A component that raises its limit of
/// descriptors has more of them than core allows its account.
fn last() -> [sock_filter; 11] {
    let upper = if THIRD.is_multiple_of(8) { THIRD + 4 } else { THIRD - 4 };
    [
        instruction(LOAD, NUMBER, 0, 0),
        instruction(IS, libc::SYS_futex as u32, 2, 0), // what is asked most
        instruction(IS, libc::SYS_seccomp as u32, 6, 0),
        instruction(IS, libc::SYS_prlimit64 as u32, 1, 0),
        instruction(RET, libc::SECCOMP_RET_ALLOW, 0, 0),
        instruction(LOAD, THIRD, 0, 0), // where the new limit is: nowhere, to read only
        instruction(IS, 0, 0, 2),
        instruction(LOAD, upper, 0, 0),
        instruction(IS, 0, 1, 0),
        instruction(RET, EPERM, 0, 0),
        instruction(RET, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]
}

/// What becomes of a futex call.
fn futex() -> Vec<sock_filter> {
    let [wait, wake] = [libc::FUTEX_WAIT, libc::FUTEX_WAKE].map(|op| op as u32);
    let until = libc::FUTEX_WAIT_BITSET as u32;
    let realtime = libc::FUTEX_CLOCK_REALTIME as u32;
    let private = libc::FUTEX_PRIVATE_FLAG as u32;
    vec![
        instruction(LOAD, SECOND, 0, 0),
        instruction(HAS, private, 5, 0),
        instruction(IS, wait, 8, 0),
        instruction(IS, wake, 7, 0),
        instruction(IS, until, 6, 0),
        instruction(IS, until | realtime, 5, 0),
        instruction(RET, EPERM, 0, 0),
        // In its own memory: all but FUTEX_LOCK_PI to FUTEX_TRYLOCK_PI, and FUTEX_WAIT_REQUEUE_PI and later.
        instruction(AND, !(private | realtime), 0, 0),
        instruction(FROM, libc::FUTEX_WAIT_REQUEUE_PI as u32, 3, 0),
        instruction(FROM, libc::FUTEX_WAIT_BITSET as u32, 1, 0),
        instruction(FROM, libc::FUTEX_LOCK_PI as u32, 1, 0),
        instruction(RET, libc::SECCOMP_RET_ALLOW, 0, 0),
        instruction(RET, EPERM, 0, 0),
    ]
}

/// Appends what becomes of a call: `block`, each of whose ways ends. The number is loaded.
fn on(all: &mut Vec<sock_filter>, call: libc::c_long, block: Vec<sock_filter>) {
    all.push(instruction(IS, call as u32, 0, block.len() as u8));
    all.extend(block);
}

/// SECCOMP_SET_MODE_FILTER; returns the listener if one was asked for.
fn load(program: &[sock_filter], flags: libc::c_ulong) -> io::Result<libc::c_long> {
    let program =
        libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: a valid program of the stated length, which the kernel copies.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

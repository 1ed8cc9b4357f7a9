//! Attempts to take memory and descriptors that no limit counts.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use crate::attempts::{Attempt, maybe, plain, touch};
use crate::sys::{at, in_child, own_pid, sys};

const MIB: usize = 1 << 20;
const WRITEABLE: usize = (libc::PROT_READ | libc::PROT_WRITE) as usize;
const PRIVATE: usize = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
/// Signals to queue: more than a component may have, fewer than a user may.
const SIGNALS: usize = 2000;

/// Whether half a gigabyte can be had in pieces, each written and then let be counted no more by `drop`.
fn takes(mut drop: impl FnMut(usize, usize) -> bool) -> bool {
    const PIECE: usize = 16 * MIB;
    let piece = |_| {
        let start = sys(libc::SYS_mmap, [0, PIECE, WRITEABLE, PRIVATE, usize::MAX, 0]).ok()?;
        touch(start, PIECE);
        Some(start)
    };
    let pieces: Vec<usize> =
        (0..32).map_while(piece).take_while(|start| drop(*start, PIECE)).collect();
    for start in &pieces {
        let _ = sys(libc::SYS_munmap, [*start, PIECE]);
    }
    pieces.len() == 32
}

fn protected(prot: i32) -> bool {
    takes(|start, size| sys(libc::SYS_mprotect, [start, size, prot as usize]).is_ok())
}

/// Writes a byte by way of the kernel: an error instead of a fault where there is no memory.
fn write_to(addr: usize) -> bool {
    sys(libc::SYS_getrandom, [addr, 1, 0]).is_ok()
}

/// Cuts the stack above its last page again and again: what is left below grows as a stack of its own.
fn cut_stack() -> bool {
    let mut here = 0u8;
    let (step, page) = (4 * MIB, 4096);
    let top = (at(&mut here) & !(page - 1)) - MIB;
    let grows = (1..=128).all(|cut| {
        let lowest = top - cut * step;
        let grown = (lowest..lowest + step).step_by(page).all(write_to);
        grown && sys(libc::SYS_munmap, [lowest + page, page]).is_ok()
    });
    let _ = sys(libc::SYS_munmap, [top - 128 * step, 128 * step]);
    grows
}

/// Queues signals to the calling thread, and drops them.
fn queue_signals() -> bool {
    let number = 40;
    let mut set = 1u64 << (number - 1);
    let how = libc::SIG_BLOCK as usize;
    let _ = sys(libc::SYS_rt_sigprocmask, [how, at(&mut set), 0, 8]);
    let thread = sys(libc::SYS_gettid, []).unwrap_or(0);
    let queue = |_: &usize| sys(libc::SYS_tgkill, [own_pid(), thread, number]).is_ok();
    let queued = (0..SIGNALS).take_while(queue).count();
    // Ignored: they are gone. Then what it was.
    let mut action = [libc::SIG_IGN, 0, 0, 0];
    let _ = sys(libc::SYS_rt_sigaction, [number, at(&mut action), 0, 8]);
    queued == SIGNALS
}

/// Starts a thread that shares with its maker what `flags` say, and ends at once.
#[cfg(target_arch = "x86_64")]
fn thread(flags: i32) -> bool {
    let result: i64;
    // SAFETY: the new thread uses neither stack nor memory: it makes one system call, by which it ends. The call clobbers what
    // is listed.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "mov eax, 60", // exit, of this thread
            "xor edi, edi",
            "syscall",
            "2:",
            inlateout("rax") libc::SYS_clone => result,
            inlateout("rdi") i64::from(flags) => _,
            in("rsi") 0, in("rdx") 0, in("r10") 0, in("r8") 0,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result > 0
}

/// Starts a thread that shares with its maker what `flags` say, and ends at once.
#[cfg(target_arch = "aarch64")]
fn thread(flags: i32) -> bool {
    let result: i64;
    // SAFETY: as for x86-64.
    unsafe {
        std::arch::asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x8, 93", // exit, of this thread
            "svc 0",
            "2:",
            inlateout("x0") i64::from(flags) => result,
            in("x1") 0, in("x2") 0, in("x3") 0, in("x4") 0, in("x8") libc::SYS_clone,
        );
    }
    result > 0
}

/// What a thread shares.
const SHARED: i32 = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM;

/// All of them.
pub(crate) const ALL: &[Attempt] = &[
    plain("take half a gigabyte by making it read-only", || protected(libc::PROT_READ)),
    plain("take half a gigabyte by hiding it", || protected(libc::PROT_NONE)),
    plain("take half a gigabyte by making it code", || {
        protected(libc::PROT_READ | libc::PROT_EXEC)
    }),
    maybe("take half a gigabyte by protection keys", || {
        let key = usize::MAX; // none: as mprotect
        let prot = libc::PROT_READ as usize;
        takes(|start, size| sys(libc::SYS_pkey_mprotect, [start, size, prot, key]).is_ok())
    }),
    plain("take half a gigabyte by cutting its stack", cut_stack),
    maybe("have its pages merged with those of others", || {
        takes(|start, size| {
            sys(libc::SYS_madvise, [start, size, libc::MADV_MERGEABLE as usize]).is_ok()
        })
    }),
    maybe("have shared pages pushed out", || {
        takes(|start, size| {
            sys(libc::SYS_madvise, [start, size, libc::MADV_PAGEOUT as usize]).is_ok()
        })
    }),
    plain("queue two thousand signals", queue_signals),
    plain("start a thread with descriptors of its own", || thread(SHARED & !libc::CLONE_FILES)),
    plain("start a thread with a directory of its own", || thread(SHARED & !libc::CLONE_FS)),
    maybe("start a thread that is traced as its maker is", || thread(SHARED | libc::CLONE_PTRACE)),
    plain("have descriptors of its own", || {
        in_child(|| sys(libc::SYS_unshare, [libc::CLONE_FILES as usize]).is_ok())
    }),
    plain("have a directory of its own", || {
        in_child(|| sys(libc::SYS_unshare, [libc::CLONE_FS as usize]).is_ok())
    }),
];

/// Whether a thread can be started in this way at all.
#[allow(dead_code, reason = "a control of the component")]
pub(crate) fn starts_a_thread() -> bool {
    thread(SHARED)
}

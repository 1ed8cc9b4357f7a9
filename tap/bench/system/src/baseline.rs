//! Times of bare Linux: two processes, and nothing but the primitive between them.
#![allow(unsafe_code, reason = "futexes and pipes as C has them")]

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Runs of each measurement; the first warms up and is not reported.
pub(crate) const RUNS: usize = 8;

/// Pin the calling process to CPUs.
pub(crate) fn pin(cpus: &[usize]) -> io::Result<()> {
    // SAFETY: all-zero is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for cpu in cpus {
        // SAFETY: `set` is a valid set.
        unsafe { libc::CPU_SET(*cpu, &mut set) };
    }
    // SAFETY: a set of the stated size.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) }).map(drop)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Run `server` in a child and `client` here, each on its CPU; nanoseconds per round of `n`, by run.
///
/// The child has a session of its own, as a component has: where sessions share the CPU
/// (autogroup), the kernel's switch between two of them takes longer.
fn two(
    cpus: (usize, usize),
    n: u32,
    mut client: impl FnMut(),
    mut server: impl FnMut(),
) -> io::Result<Vec<f64>> {
    let pid = child(|| {
        if pin(&[cpus.1]).is_ok() {
            (0..RUNS as u32 * n).for_each(|_| server());
        }
    })?;
    pin(&[cpus.0])?;
    let mut times = Vec::new();
    for run in 0..RUNS {
        let start = Instant::now();
        (0..n).for_each(|_| client());
        if run > 0 {
            times.push(start.elapsed().as_nanos() as f64 / f64::from(n));
        }
    }
    wait_for_end(pid)?;
    Ok(times)
}

/// Runs something in a child, which is a session of its own and ends with it.
fn child(run: impl FnOnce()) -> io::Result<libc::pid_t> {
    // SAFETY: the child only runs `run` and leaves without touching anything of the parent's.
    let pid = check(unsafe { libc::fork() })?;
    if pid == 0 {
        // SAFETY: takes and touches no memory.
        unsafe { libc::setsid() };
        run();
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    Ok(pid)
}

fn wait_for_end(child: libc::pid_t) -> io::Result<()> {
    // SAFETY: no memory is passed.
    check(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }).map(drop)
}

fn shared_word() -> io::Result<&'static AtomicU32> {
    // SAFETY: a fresh shared page, never unmapped.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the page is zeroed, aligned, and lives for ever.
    Ok(unsafe { &*page.cast::<AtomicU32>() })
}

fn futex(word: &AtomicU32, operation: libc::c_int, value: u32) {
    // SAFETY: a live word; no timeout.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            operation,
            value,
            std::ptr::null::<libc::timespec>(),
        );
    }
}

fn wait_for(word: &AtomicU32, value: u32) {
    loop {
        let seen = word.load(Ordering::Acquire);
        if seen == value {
            return;
        }
        futex(word, libc::FUTEX_WAIT, seen);
    }
}

fn pass(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Release);
    futex(word, libc::FUTEX_WAKE, 1);
}

/// A word that two processes pass back and forth: the least a call between processes can be.
pub(crate) fn futex_ping_pong(cpus: (usize, usize)) -> io::Result<Vec<f64>> {
    let word = shared_word()?;
    two(
        cpus,
        5_000,
        || {
            pass(word, 1);
            wait_for(word, 0);
        },
        || {
            wait_for(word, 1);
            pass(word, 0);
        },
    )
}

fn socket_pair(kind: libc::c_int) -> io::Result<[i32; 2]> {
    let mut pair = [0; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, pair.as_mut_ptr()) })?;
    Ok(pair)
}

/// Send up to 64 bytes, with a descriptor if there is one.
fn send(socket: i32, len: usize, fd: Option<i32>) {
    let mut body = [1u8; 64];
    let mut iov = libc::iovec { iov_base: body.as_mut_ptr().cast(), iov_len: len.min(body.len()) };
    let mut control = [0u64; 4];
    // SAFETY: all-zero is an empty header.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut iov;
    message.msg_iovlen = 1;
    if let Some(fd) = fd {
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: the buffer holds one descriptor's message.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(4) as usize;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(4) as usize;
            libc::CMSG_DATA(header).cast::<i32>().write_unaligned(fd);
        }
    }
    // SAFETY: a valid message.
    unsafe { libc::sendmsg(socket, &raw const message, 0) };
}

/// Receive a message; the descriptor that came with it.
fn receive(socket: i32) -> Option<i32> {
    let mut body = [0u8; 64];
    let mut iov = libc::iovec { iov_base: body.as_mut_ptr().cast(), iov_len: body.len() };
    let mut control = [0u64; 4];
    // SAFETY: all-zero is an empty header.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut iov;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    // SAFETY: a valid message with room for one descriptor.
    unsafe {
        libc::recvmsg(socket, &raw mut message, 0);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if header.is_null() || (*header).cmsg_type != libc::SCM_RIGHTS {
            return None;
        }
        Some(libc::CMSG_DATA(header).cast::<i32>().read_unaligned())
    }
}

fn close(fd: i32) {
    // SAFETY: a descriptor of ours.
    unsafe { libc::close(fd) };
}

/// A call as base-linux makes it: a new datagram socket pair per call, one end sent along for the
/// reply.
pub(crate) fn base_linux(cpus: (usize, usize)) -> io::Result<Vec<f64>> {
    let [near, far] = socket_pair(libc::SOCK_DGRAM)?;
    let times = two(
        cpus,
        5_000,
        || {
            if let Ok([reply, theirs]) = socket_pair(libc::SOCK_DGRAM) {
                send(near, 64, Some(theirs));
                close(theirs);
                receive(reply);
                close(reply);
            }
        },
        || {
            if let Some(reply) = receive(far) {
                send(reply, 64, None);
                close(reply);
            }
        },
    );
    close(near);
    close(far);
    times
}

/// As [`futex_ping_pong`], and every call passes a descriptor that the other side receives and
/// closes. SCM_RIGHTS costs what that adds to the bare call, in the place where a system uses it.
pub(crate) fn futex_and_rights(cpus: (usize, usize)) -> io::Result<Vec<f64>> {
    let word = shared_word()?;
    let [near, far] = socket_pair(libc::SOCK_SEQPACKET)?;
    // SAFETY: a valid name. Memory is what our capabilities are made of, too.
    let memory = check(unsafe { libc::memfd_create(c"passed".as_ptr(), libc::MFD_CLOEXEC) })?;
    let times = two(
        cpus,
        5_000,
        || {
            send(near, 1, Some(memory));
            pass(word, 1);
            wait_for(word, 0);
        },
        || {
            wait_for(word, 1);
            if let Some(fd) = receive(far) {
                close(fd);
            }
            pass(word, 0);
        },
    );
    [near, far, memory].into_iter().for_each(close);
    times
}

/// Wake-ups that are measured.
const WAKES: usize = 5_000;

/// Measures a bare call, once a millisecond: a process wakes another, which is a session of its own
/// as each component is, and is woken by that. Median, 99.9 % and worst, in nanoseconds.
pub(crate) fn wake_ups() -> io::Result<[f64; 3]> {
    let word = shared_word()?;
    let pid = child(|| {
        for _ in 0..WAKES {
            wait_for(word, 1);
            pass(word, 0);
        }
    })?;
    let mut times = Vec::with_capacity(WAKES);
    for _ in 0..WAKES {
        std::thread::sleep(std::time::Duration::from_millis(1));
        let start = Instant::now();
        pass(word, 1);
        wait_for(word, 0);
        times.push(start.elapsed().as_nanos() as f64);
    }
    wait_for_end(pid)?;
    times.sort_by(f64::total_cmp);
    let last = times.len() - 1;
    Ok([last / 2, last * 999 / 1000, last].map(|at| times.get(at).copied().unwrap_or(0.0)))
}

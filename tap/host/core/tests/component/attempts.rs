//! Attempts to reach what a component must not reach. The same code runs in a component, where each must fail,
//! and in the test itself, where each must succeed: otherwise it would prove nothing.
#![allow(dead_code, unreachable_pub)]
use std::ffi::CStr;

/// An attempt: what it tries, and whether it succeeded.
pub type Attempt = (&'static str, fn() -> bool);

pub const ATTEMPTS: &[Attempt] = &[
    ("open a file", || opens(c"/proc/self/status", libc::O_RDONLY)),
    ("open a directory", || opens(c"/", libc::O_RDONLY | libc::O_DIRECTORY)),
    ("create a file", creates),
    ("look at a file", || {
        let mut stat = unsafe { std::mem::zeroed() };
        unsafe { libc::stat(c"/etc".as_ptr(), &mut stat) == 0 }
    }),
    ("make an internet socket", || {
        fd(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) })
    }),
    ("make a local socket", || fd(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0) })),
    ("make a pipe", || {
        let mut fds = [0; 2];
        unsafe { libc::pipe(fds.as_mut_ptr()) == 0 }
    }),
    ("make memory that looks like a capability", || {
        fd(unsafe { libc::memfd_create(c"cap".as_ptr(), 0) })
    }),
    ("signal another process", || unsafe { libc::kill(libc::getppid(), 0) == 0 }),
    ("signal a thread of another process", || unsafe {
        let parent = libc::getppid();
        libc::syscall(libc::SYS_tgkill, parent, parent, 0) == 0
    }),
    ("be traced by its parent", || {
        in_child(|| unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) == 0 })
    }),
    ("start a process", || unsafe {
        match libc::fork() {
            0 => libc::_exit(0),
            pid => pid > 0,
        }
    }),
    ("execute a program", || {
        in_child(|| unsafe {
            let argv = [c"/bin/true".as_ptr(), std::ptr::null()];
            libc::execv(argv[0], argv.as_ptr());
            false
        })
    }),
    ("leave its CPUs", || unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of_val(&set), &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set) == 0
    }),
    ("share memory anonymously", || {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        maps(4096, flags)
    }),
    ("take half a gigabyte privately", || maps(512 << 20, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)),
    ("raise its limits", || unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_CORE, &mut limit);
        libc::setrlimit(libc::RLIMIT_CORE, &limit) == 0
    }),
    ("outlive core", || unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0) == 0 }),
    ("read another process's memory", || {
        let mut byte = 0u8;
        let local = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let value = 7u8;
        let remote = libc::iovec { iov_base: (&raw const value).cast_mut().cast(), iov_len: 1 };
        unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) == 1 }
    }),
];

/// Run something that would change this process in a child, or here where no child can be had.
fn in_child(attempt: fn() -> bool) -> bool {
    unsafe {
        match libc::fork() {
            0 => libc::_exit(i32::from(!attempt())),
            pid if pid > 0 => {
                let mut status = 0;
                libc::waitpid(pid, &mut status, 0);
                status == 0
            }
            _ => attempt(),
        }
    }
}

fn fd(fd: libc::c_int) -> bool {
    if fd >= 0 {
        unsafe { libc::close(fd) };
    }
    fd >= 0
}

fn opens(path: &CStr, flags: libc::c_int) -> bool {
    fd(unsafe { libc::open(path.as_ptr(), flags) })
}

fn creates() -> bool {
    let path = c"/tmp/rs_host_escape";
    let ok = fd(unsafe { libc::open(path.as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o600) });
    unsafe { libc::unlink(path.as_ptr()) };
    ok
}

fn maps(size: usize, flags: libc::c_int) -> bool {
    unsafe {
        let addr = libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            flags,
            -1,
            0,
        );
        if addr == libc::MAP_FAILED {
            return false;
        }
        // Reserved is not had: touch it.
        for page in (0..size).step_by(4096) {
            addr.cast::<u8>().add(page).write_volatile(1);
        }
        libc::munmap(addr, size);
    }
    true
}

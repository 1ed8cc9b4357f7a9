//! Questions that a component's process asks core by way of the filter: for the C library, and for threads.
//!
//! The filter suspends the loader's `openat` and hands it to core, which reads the path out of the process,
//! judges its own copy, and installs a descriptor that it opened itself. Once the component says hello to core, these
//! questions are refused. Threads are asked for as long as it lives, since Linux counts them by user only, and for root
//! not at all.
//!
//! Memory that is to be written no more is asked for as well: Linux counts as private memory only what may be written, so a
//! component could take more by making what it wrote read-only. A loader needs that for relocated data, and no more than
//! [`MAX_PROTECTED`] of it; a component needs none.
#![allow(unsafe_code, reason = "raw system calls")]

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Component, Path, PathBuf};

use genode_host_proto::MAX_THREADS;
use rustix::fs::{Mode, OFlags};
use rustix::process::Pid;

/// Longest path that is read.
const MAX_PATH: usize = 512;
/// Bytes that a loader may make read-only, which do not count as private memory then.
const MAX_PROTECTED: u64 = 64 << 20;

/// What a process may do until it says hello, and did of it.
pub(crate) struct Loading {
    /// Whether its loader is at work.
    pub(crate) active: bool,
    /// Bytes that it made read-only.
    protected: u64,
    /// Whether a thread was refused, and whether that was said.
    refused: bool,
    said: bool,
}

impl Loading {
    /// A process whose loader is about to start.
    pub(crate) fn new() -> Self {
        Self { active: true, protected: 0, refused: false, said: false }
    }

    /// Whether a thread was refused for the first time.
    pub(crate) fn refused_thread(&mut self) -> bool {
        self.refused && !std::mem::replace(&mut self.said, true)
    }

    /// Judges a request for a thread of a process that has some.
    fn thread(&mut self, threads: u64) -> Result<(), i32> {
        self.refused |= threads >= MAX_THREADS;
        if threads < MAX_THREADS { Ok(()) } else { Err(libc::EAGAIN) }
    }

    /// Judges a request to let `len` bytes be written no more, with the protection `prot`.
    fn protect(&mut self, len: u64, prot: u64) -> Result<(), i32> {
        let known = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u64;
        let protected = self.protected.saturating_add(len);
        if !self.active || prot & !known != 0 || protected > MAX_PROTECTED {
            return Err(libc::EPERM);
        }
        self.protected = protected;
        Ok(())
    }
}

/// Where shared libraries may come from.
pub(crate) struct Libraries {
    dirs: BTreeSet<PathBuf>,
}

impl Libraries {
    /// The usual places, and those of the libraries that core itself uses.
    pub(crate) fn new() -> Self {
        let mut dirs: BTreeSet<PathBuf> =
            ["/lib", "/lib64", "/usr/lib", "/usr/lib64"].iter().map(PathBuf::from).collect();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let mapped = maps.lines().filter_map(|l| l.split_once('/')).map(|(_, p)| format!("/{p}"));
        for path in mapped.filter(|p| p.contains(".so")) {
            dirs.extend(Path::new(&path).parent().map(Path::to_path_buf));
        }
        Self { dirs }
    }

    /// Whether a component may load `path`.
    fn permits(&self, path: &Path) -> bool {
        if path == Path::new("/etc/ld.so.cache") {
            return true;
        }
        let plain =
            path.components().all(|c| matches!(c, Component::RootDir | Component::Normal(_)));
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let library = name.starts_with("lib") && name.contains(".so");
        plain && library && path.ancestors().skip(1).any(|d| self.dirs.contains(d))
    }
}

/// Answers one question of process `pid`. An error means that there will be no more.
pub(crate) fn answer(
    listener: &OwnedFd,
    pid: Pid,
    loading: &mut Loading,
    libraries: &Libraries,
) -> io::Result<()> {
    match answer_one(listener, pid, loading, libraries) {
        // The question was withdrawn: its process is stopped or dying. A stopped one asks again.
        Err(e)
            if e.kind() == io::ErrorKind::Interrupted || e.raw_os_error() == Some(libc::ENOENT) =>
        {
            Ok(())
        }
        result => result,
    }
}

fn answer_one(
    listener: &OwnedFd,
    pid: Pid,
    loading: &mut Loading,
    libraries: &Libraries,
) -> io::Result<()> {
    // SAFETY: all-zero is valid, and what the kernel demands before it fills it in.
    let mut question: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    {
        let _patience = Patience::new();
        control(listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut question)?;
    }
    let args = question.data.args;
    let process = Process { pid };
    let result = match libc::c_long::from(question.data.nr) {
        libc::SYS_clone => {
            return go_on(listener, question.id, loading.thread(process.threads()));
        }
        libc::SYS_mprotect => {
            return go_on(listener, question.id, loading.protect(args[1], args[2]));
        }
        _ if !loading.active => Err(libc::EPERM),
        libc::SYS_openat => open(&process, args[1], args[2], libraries),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => open(&process, args[0], args[1], libraries),
        libc::SYS_newfstatat => {
            return reply(
                listener,
                question.id,
                process.stat(args[0], args[1], args[2]).map(|()| 0),
            );
        }
        _ => Err(libc::EPERM),
    };
    match result {
        Ok(file) => {
            // Not to be sent along: if core is stopped or frozen while it waits for the process to take the descriptor,
            // the kernel forgets the descriptor but not the answer, and the process reads what its descriptor 0 is.
            let mut install = libc::seccomp_notif_addfd {
                id: question.id,
                flags: 0,
                srcfd: file.as_raw_fd() as u32,
                newfd: 0,
                newfd_flags: libc::O_CLOEXEC as u32,
            };
            let number = control(listener, libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw mut install)?;
            reply(listener, question.id, Ok(number))
        }
        Err(errno) => reply(listener, question.id, Err(errno)),
    }
}

/// Let the call go on, or refuse it. It is the process that goes on with its call: what it may ask for is judged from
/// registers that nobody can change meanwhile.
fn go_on(listener: &OwnedFd, id: u64, judged: Result<(), i32>) -> io::Result<()> {
    if let Err(error) = judged {
        return reply(listener, id, Err(error));
    }
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: 0, flags };
    control(listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer).map(|_| ())
}

/// Receiving blocks if a signal withdrew the question that epoll announced, and a component could see to that. A
/// timer interrupts it; it repeats, in case that it rings before core blocks.
struct Patience;

impl Patience {
    const MICROSECONDS: libc::suseconds_t = 2_000;

    fn new() -> Self {
        // SAFETY: all-zero is a valid action; the handler does nothing, its point is the interruption.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = ring as extern "C" fn(_) as usize;
            libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut());
        }
        Self::set(Self::MICROSECONDS);
        Self
    }

    fn set(interval: libc::suseconds_t) {
        let time = libc::timeval { tv_sec: 0, tv_usec: interval };
        let timer = libc::itimerval { it_interval: time, it_value: time };
        // SAFETY: a valid timer.
        unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        Self::set(0);
    }
}

extern "C" fn ring(_: libc::c_int) {}

fn open(process: &Process, path: u64, flags: u64, libraries: &Libraries) -> Result<OwnedFd, i32> {
    let path = process.path(path).ok_or(libc::EFAULT)?;
    let writes = flags as i32 & (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) != libc::O_RDONLY;
    if writes || !libraries.permits(&path) {
        return Err(libc::EACCES);
    }
    rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(rustix::io::Errno::raw_os_error)
}

fn reply(listener: &OwnedFd, id: u64, result: Result<libc::c_int, i32>) -> io::Result<()> {
    let (val, error) = result.map_or_else(|e| (0, -e), |number| (number.into(), 0));
    let mut answer = libc::seccomp_notif_resp { id, val, error, flags: 0 };
    control(listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer).map(|_| ())
}

fn control<T>(listener: &OwnedFd, request: libc::Ioctl, arg: *mut T) -> io::Result<libc::c_int> {
    // SAFETY: each request gets the structure that it is defined with.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), request, arg) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A suspended process, whose memory core reads and writes.
struct Process {
    pid: Pid,
}

impl Process {
    fn raw(&self) -> libc::pid_t {
        self.pid.as_raw_nonzero().get()
    }

    /// How many threads it has; as many as one can have if that cannot be told.
    fn threads(&self) -> u64 {
        use std::os::unix::fs::MetadataExt;
        // A directory has a link of its own, one in its parent, and one of each directory in it.
        let tasks = std::fs::metadata(format!("/proc/{}/task", self.raw()));
        tasks.map_or(u64::MAX, |tasks| tasks.nlink().saturating_sub(2))
    }

    /// The terminated path at `addr`.
    fn path(&self, addr: u64) -> Option<PathBuf> {
        let mut buf = [0u8; MAX_PATH];
        let mut len = 0;
        // Page by page: the next page may not be there.
        while len < buf.len() {
            let at = addr.checked_add(len as u64)?;
            let page = genode_host_proto::PAGE as u64;
            let chunk = ((page - at % page) as usize).min(buf.len() - len);
            let local =
                libc::iovec { iov_base: buf.get_mut(len..)?.as_mut_ptr().cast(), iov_len: chunk };
            let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: chunk };
            // SAFETY: `local` describes bytes of `buf`; the kernel checks `remote`.
            let n = unsafe {
                libc::process_vm_readv(self.raw(), &raw const local, 1, &raw const remote, 1, 0)
            };
            let read = buf.get(len..len + usize::try_from(n).ok().filter(|n| *n > 0)?)?;
            if let Some(end) = read.iter().position(|b| *b == 0) {
                let path = std::str::from_utf8(buf.get(..len + end)?).ok()?;
                return Some(PathBuf::from(path));
            }
            len += n as usize;
        }
        None
    }

    /// `fstat` by its newer name: only of a descriptor, not of a path.
    fn stat(&self, fd: u64, path: u64, out: u64) -> Result<(), i32> {
        match self.path(path) {
            Some(p) if p.as_os_str().is_empty() => {}
            _ => return Err(libc::EACCES),
        }
        let file =
            self.descriptor(fd as RawFd).map_err(|e| e.raw_os_error().unwrap_or(libc::EBADF))?;
        // SAFETY: zero is valid for plain numbers.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: an open descriptor and a structure to fill.
        if unsafe { libc::fstat(file.as_raw_fd(), &raw mut stat) } != 0 {
            return Err(libc::EBADF);
        }
        let size = size_of::<libc::stat>();
        let local = libc::iovec { iov_base: (&raw mut stat).cast(), iov_len: size };
        let remote = libc::iovec { iov_base: out as *mut libc::c_void, iov_len: size };
        // SAFETY: `local` describes `stat`; the kernel checks `remote`.
        let n = unsafe {
            libc::process_vm_writev(self.raw(), &raw const local, 1, &raw const remote, 1, 0)
        };
        if n == size as isize { Ok(()) } else { Err(libc::EFAULT) }
    }

    fn descriptor(&self, fd: RawFd) -> io::Result<OwnedFd> {
        let pidfd = rustix::process::pidfd_open(self.pid, rustix::process::PidfdFlags::empty())?;
        // SAFETY: no memory is involved.
        let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) };
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor.
        Ok(unsafe { OwnedFd::from_raw_fd(copy as RawFd) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loader_protects_a_bounded_amount_and_a_component_nothing() {
        let (none, read, write) = (0, libc::PROT_READ as u64, libc::PROT_WRITE as u64);
        let mut loading = Loading::new();
        assert_eq!(loading.protect(4096, read), Ok(()));
        assert_eq!(loading.protect(4096, none), Ok(()));
        let growing = libc::PROT_GROWSDOWN as u64;
        for unknown in [growing, growing | write, 1 << 40] {
            assert_eq!(loading.protect(4096, unknown), Err(libc::EPERM));
        }
        assert_eq!(loading.protect(MAX_PROTECTED - 8191, read), Err(libc::EPERM));
        assert_eq!(loading.protect(u64::MAX, read), Err(libc::EPERM));
        assert_eq!(loading.protect(MAX_PROTECTED - 8192, read), Ok(()));
        assert_eq!(loading.protect(1, read), Err(libc::EPERM));
        let mut hello = Loading { active: false, ..Loading::new() };
        assert_eq!(hello.protect(1, read), Err(libc::EPERM));
    }

    #[test]
    fn a_component_has_so_many_threads_and_that_is_said_once() {
        let mut loading = Loading::new();
        assert_eq!(loading.thread(MAX_THREADS - 1), Ok(()));
        assert!(!loading.refused_thread());
        for first in [true, false, false] {
            assert_eq!(loading.thread(MAX_THREADS), Err(libc::EAGAIN));
            assert_eq!(loading.refused_thread(), first);
        }
    }

    #[test]
    fn only_libraries_of_library_directories_are_opened() {
        let libraries = Libraries::new();
        for yes in
            ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/libgcc_s.so.1", "/etc/ld.so.cache"]
        {
            assert!(libraries.permits(Path::new(yes)), "{yes}");
        }
        for no in [
            "/etc/passwd",
            "/lib/../etc/libx.so",
            "/home/libc.so.6",
            "/lib/x86_64-linux-gnu/security/pam_unix.so",
            "lib/libc.so.6",
            "",
        ] {
            assert!(!libraries.permits(Path::new(no)), "{no}");
        }
    }
}

//! Landlock: no file, no TCP, no signal or abstract socket beyond the component, where the kernel has it.
//!
//! Three system calls, so no crate. Sources: `Documentation/userspace-api/landlock.rst`,
//! `include/uapi/linux/landlock.h` of Linux.
#![allow(unsafe_code, reason = "raw system calls")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags};

const CREATE_RULESET_VERSION: libc::c_long = 1;
const RULE_PATH_BENEATH: libc::c_long = 1;
const ACCESS_EXECUTE: u64 = 1;
const ACCESS_READ_FILE: u64 = 1 << 2;

/// Program interpreters that Linux itself opens when a dynamic component starts.
const INTERPRETERS: &[&str] = &[
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

#[repr(C)]
struct Attr {
    fs: u64,
    net: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    access: u64,
    parent: i32,
}

/// Rights on a directory that is read, or a file: to read files, to read directories.
const READ: u64 = ACCESS_READ_FILE | 1 << 3;
/// Further rights on one that is written: to write files, to remove directories and files, to make
/// directories, files and links, to move between directories, to truncate.
const WRITE: u64 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 13 | 1 << 14;
/// Those of them that a file can have.
const OF_FILES: u64 = ACCESS_READ_FILE | 1 << 1 | 1 << 14;

/// A ruleset that allows nothing but to start.
pub(super) struct Ruleset {
    pub(super) fd: OwnedFd,
}

impl Ruleset {
    /// `None` where the kernel has no Landlock.
    pub(super) fn new() -> Option<Self> {
        let (ruleset, _) = Self::empty()?;
        for path in INTERPRETERS {
            if let Ok(file) = rustix::fs::open(*path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
            {
                ruleset.allow(file.as_fd(), ACCESS_EXECUTE | ACCESS_READ_FILE);
            }
        }
        Some(ruleset)
    }

    /// A ruleset that allows nothing, and the rights that it knows. `None` where the kernel has no
    /// Landlock.
    fn empty() -> Option<(Self, u64)> {
        // SAFETY: asks for the version; no memory is involved.
        let version = unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                std::ptr::null::<Attr>(),
                0,
                CREATE_RULESET_VERSION,
            )
        };
        // Access rights by version: 13, then refer, truncate, (network), ioctl.
        let (fs, net, scoped, size) = match version {
            ..1 => return None,
            1 => ((1 << 13) - 1, 0, 0, 8),
            2 => ((1 << 14) - 1, 0, 0, 8),
            3 => ((1 << 15) - 1, 0, 0, 8),
            4 => ((1 << 15) - 1, 3, 0, 16),
            5 => ((1 << 16) - 1, 3, 0, 16),
            6.. => ((1 << 16) - 1, 3, 3, 24),
        };
        let attr = Attr { fs, net, scoped };
        // SAFETY: an attribute structure of the stated size.
        let fd =
            unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attr, size, 0) };
        if fd < 0 {
            return None;
        }
        // SAFETY: a fresh descriptor.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        Some((Self { fd }, fs))
    }

    fn allow(&self, file: BorrowedFd<'_>, access: u64) {
        let rule = PathBeneath { access, parent: file.as_raw_fd() };
        // A rule that cannot be added means that components do not start, which is said there.
        // SAFETY: a valid rule of the stated kind.
        unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.fd.as_raw_fd(),
                RULE_PATH_BENEATH,
                &raw const rule,
                0,
            );
        }
    }
}

/// Lock the calling process in.
pub(super) fn restrict(ruleset: RawFd) -> io::Result<()> {
    // SAFETY: no memory is involved.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets the calling process reach what is below `root`, or this file, and nothing else; as it is
/// where the kernel has no Landlock.
pub(crate) fn stay_below(
    root: BorrowedFd<'_>,
    directory: bool,
    writeable: bool,
) -> rustix::io::Result<()> {
    let Some((ruleset, known)) = Ruleset::empty() else { return Ok(()) };
    let rights = if writeable { READ | WRITE } else { READ };
    ruleset.allow(root, rights & known & if directory { known } else { OF_FILES });
    restrict(ruleset.fd.as_raw_fd())
        .map_err(|e| rustix::io::Errno::from_io_error(&e).unwrap_or(rustix::io::Errno::PERM))
}

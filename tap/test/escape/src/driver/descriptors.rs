//! Descriptors that a driver has: of its directory and files, of its connection, and of memory that
//! is not its own alone.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use genode_host_proto::control;
use genode_host_proto::files::{Operation, Request};
use rs_raw::past::{ask, descriptor};
use rustix::fs::{FileType, OFlags};

use crate::Tally;
use crate::broker::{Broker, named};
use crate::sys::{at, makes_fd, sys, text};

pub(crate) fn run(broker: &Broker, tally: &mut Tally) {
    let (Some(directory), Some(file)) = (broker.open(b"", false), broker.open(b"sub/deep", true))
    else {
        return tally.control("open the directory and a file", false);
    };
    content(&file, tally);
    names(&directory, &file, tally);
    memory(broker, &file, tally);
    capabilities(&directory, &file, tally);
    flood(broker, tally);
}

/// Calls that the profile is for.
fn content(file: &OwnedFd, tally: &mut Tally) {
    let mut byte = [b'x'];
    let number = file.as_raw_fd() as usize;
    let wrote = sys(libc::SYS_pwrite64, [number, at(&mut byte), 1, 0]) == Ok(1);
    let read = sys(libc::SYS_pread64, [number, at(&mut byte), 1, 0]) == Ok(1);
    let synced = sys(libc::SYS_fsync, [number]).is_ok();
    tally.control("write, read and sync a file", wrote && read && synced);
}

/// Calls that would take a name from a directory, or change what a file is.
fn names(directory: &OwnedFd, file: &OwnedFd, tally: &mut Tally) {
    let (dir, file) = (directory.as_raw_fd() as usize, file.as_raw_fd() as usize);
    let (deep, new) = (text(c"sub/deep"), text(c"new"));
    let mut buffer = [0u8; 256];
    let buffer = at(&mut buffer);
    let mut how = [0u64; 3];
    let how = at(&mut how);
    let flags = (libc::AT_SYMLINK_NOFOLLOW, libc::AT_EMPTY_PATH as usize);
    let opens: [(&str, bool); 3] = [
        ("open a file from a directory", makes_fd(libc::SYS_openat, [dir, deep, 0])),
        ("open a file by openat2", makes_fd(libc::SYS_openat2, [dir, deep, how, 24])),
        ("open a directory's parent", makes_fd(libc::SYS_openat, [dir, text(c".."), 0])),
    ];
    let calls: [(&str, libc::c_long, [usize; 5]); 20] = [
        ("look at a name", libc::SYS_newfstatat, [dir, deep, buffer, flags.0 as usize, 0]),
        ("remove a name", libc::SYS_unlinkat, [dir, deep, 0, 0, 0]),
        ("make a directory by itself", libc::SYS_mkdirat, [dir, new, 0o700, 0, 0]),
        ("make a hard link", libc::SYS_linkat, [file, text(c""), dir, new, flags.1]),
        ("make a symbolic link by itself", libc::SYS_symlinkat, [deep, dir, new, 0, 0]),
        ("rename by itself", libc::SYS_renameat2, [dir, deep, dir, new, 0]),
        ("read a link by itself", libc::SYS_readlinkat, [dir, text(c"up"), buffer, 256, 0]),
        ("make a pipe with a name", libc::SYS_mknodat, [dir, new, 0o010_600, 0, 0]),
        ("make a device", libc::SYS_mknodat, [dir, new, 0o020_600, 0x103, 0]),
        ("go to a directory", libc::SYS_fchdir, [dir, 0, 0, 0, 0]),
        ("change a file's mode", libc::SYS_fchmod, [file, 0o4777, 0, 0, 0]),
        ("change a file's owner", libc::SYS_fchown, [file, 1, 1, 0, 0]),
        ("execute a file", libc::SYS_execveat, [file, text(c""), 0, 0, flags.1]),
        ("lock a file", libc::SYS_flock, [file, libc::LOCK_EX as usize, 0, 0, 0]),
        ("set a file's size by itself", libc::SYS_ftruncate, [file, 0, 0, 0, 0]),
        ("allocate space by itself", libc::SYS_fallocate, [file, 0, 0, 4096, 0]),
        ("change a file's flags", libc::SYS_fcntl, [file, libc::F_SETFL as usize, 0, 0, 0]),
        ("take a lease", libc::SYS_fcntl, [file, libc::F_SETLEASE as usize, 0, 0, 0]),
        ("send a file's content elsewhere", libc::SYS_sendfile, [file, file, 0, 1, 0]),
        ("watch a name", libc::SYS_inotify_init1, [0, 0, 0, 0, 0]),
    ];
    for (what, succeeded) in opens {
        tally.attempt(what, succeeded);
    }
    for (what, call, args) in calls {
        tally.attempt(what, sys(call, args).is_ok());
    }
}

/// Memory that others have as well, as descriptors of this component.
fn shared() -> impl Iterator<Item = BorrowedFd<'static>> {
    (0..128).map(descriptor).filter(|fd| {
        let regular = rustix::fs::fstat(fd).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_size > 0
        });
        regular && rustix::fs::fcntl_getfl(fd).is_ok_and(|flags| flags.contains(OFlags::RDWR))
    })
}

/// Asks the broker to change what is no file of the directory's.
fn memory(broker: &Broker, file: &OwnedFd, tally: &mut Tally) {
    let held: Vec<_> = shared().filter(|fd| fd.as_raw_fd() != file.as_raw_fd()).collect();
    tally.control("have memory that others have, too", !held.is_empty());
    for operation in [Operation::Truncate, Operation::Punch, Operation::SetModified] {
        let request = Request { values: [0, 4096], ..Request::new(operation) };
        let mut done = false;
        for fd in held.iter().copied().chain([broker.socket(), descriptor(0), descriptor(2)]) {
            done |= broker.ask(&request, Some(fd)).is_some();
        }
        tally.attempt(&format!("{operation:?} of memory that it was given"), done);
    }
    let mut byte = 0u8;
    let grown = held.iter().any(|fd| {
        let size = rustix::fs::fstat(fd).map_or(0, |stat| stat.st_size) as usize;
        sys(libc::SYS_pwrite64, [fd.as_raw_fd() as usize, at(&mut byte), 1, size]).is_ok()
    });
    tally.attempt("append to memory by a call of drivers", grown);
    let own = Request { values: [5, 0], ..Request::new(Operation::Truncate) };
    tally.control("set the size of its file", broker.ask(&own, Some(file.as_fd())).is_some());
}

/// Files and directories as capabilities.
fn capabilities(directory: &OwnedFd, file: &OwnedFd, tally: &mut Tally) {
    for (what, fd) in [("a file", file), ("a directory", directory)] {
        let claimed = ask(control::Request::Claim, &[], Some(fd.as_fd())).is_some();
        tally.attempt(&format!("claim {what} as a capability"), claimed);
        let viewed = ask(control::Request::ViewOpen, &[0, 4096], Some(fd.as_fd())).is_some();
        tally.attempt(&format!("have core map {what}"), viewed);
    }
}

/// More requests than anybody reads the replies of: each reply that waits has a descriptor.
fn flood(broker: &Broker, tally: &mut Tally) {
    let mut bytes = [0; 256];
    let len = named(Operation::Open, b"sub/deep").write(&mut bytes).unwrap_or(0);
    let request = bytes.get(..len).unwrap_or_default();
    let flags = rustix::net::SendFlags::DONTWAIT;
    let mut sent = 0;
    // The broker may be slow, and takes one more for each reply that there is room for.
    for _ in 0..20_000 {
        if genode_host_proto::sys::send(broker.socket(), request, &[], flags).is_ok() {
            sent += 1;
        } else {
            std::thread::sleep(std::time::Duration::from_micros(1));
        }
        if sent > 1000 {
            break;
        }
    }
    tally.attempt("have a thousand descriptors under way", sent > 1000);
    for _ in 0..sent {
        if broker.reply().is_none() {
            tally.control("be answered as often as it asked", false);
        }
    }
    tally.control("go on after that", broker.open(b"sub/deep", false).is_some());
}

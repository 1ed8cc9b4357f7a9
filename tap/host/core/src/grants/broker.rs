//! The broker of one grant: a process that finds, opens and changes names for one component.
//!
//! It waits for disks, and so may its component, but nobody else. Each path is resolved by
//! openat2(2) from the granted directory on, without following any link: a component may serve
//! parts of the directory to clients of its own, and none may lead from one to another. What a path
//! leads to is looked at before it is opened, by a descriptor that is good for nothing else, so
//! that no pipe is waited for and no device is touched. Landlock, where the kernel has it, knows
//! the directory as well: whatever this program did wrong, it could reach nothing beside it.
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use genode_host_proto::files::{Kind, MAX_REPLY, MAX_REQUEST, Operation, Reply, Request, Status};
use genode_host_proto::sys::{self, Fds};
use rustix::fs::{
    AtFlags, FallocateFlags, FileType, Mode, OFlags, ResolveFlags, Timespec, Timestamps,
};
use rustix::io::{Errno, Result};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::{Pid, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::fd;

/// Times that a path is resolved anew because names on it were moved meanwhile.
const TURNS: usize = 64;
/// Names that are tried for a link that is to replace another.
const NAMES: u32 = 64;

/// Runs a broker of the core with a process id.
pub(super) fn serve(core: Option<Pid>, writeable: bool) -> ExitCode {
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    let broker = confine(core, stdout.as_fd(), writeable);
    let Ok(broker) = broker else { return ExitCode::FAILURE };
    loop {
        let mut fds = Fds::default();
        match sys::recv(&stdin, &mut [0], &mut fds, RecvFlags::empty()) {
            Ok((1, _)) => {}
            _ => return ExitCode::SUCCESS,
        }
        let [connection, ..] = fds;
        if let Some(connection) = connection {
            broker.serve(&connection);
        }
    }
}

/// Gives up all that this process could do beside its task.
fn confine(core: Option<Pid>, root: BorrowedFd<'_>, writeable: bool) -> Result<Broker<'_>> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != core {
        return Err(Errno::PIPE);
    }
    let kind = FileType::from_raw_mode(rustix::fs::fstat(root)?.st_mode);
    let directory = kind == FileType::Directory;
    let memory = sys::identity(fd::token()?)?.device;
    drop_privileges()?;
    crate::isolation::stay_below(root, directory, writeable)?;
    // As many descriptors as core may have, which is more than any component: Linux refuses to send
    // one when more than that of the user's are under way, whoever sent those.
    Ok(Broker { root, directory, writeable, memory })
}

/// Gives up root's privileges, and that a program could give them back.
pub(super) fn drop_privileges() -> Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets)
}

pub(super) struct Broker<'r> {
    pub(super) root: BorrowedFd<'r>,
    /// Tells whether the root is a directory; it is a file otherwise.
    pub(super) directory: bool,
    pub(super) writeable: bool,
    /// Device of memory, which components share and which is no file of the root.
    pub(super) memory: u64,
}

/// Result of a request.
#[derive(Default)]
pub(super) struct Found {
    pub(super) status: Option<Status>,
    pub(super) text: Vec<u8>,
    pub(super) file: Option<OwnedFd>,
}

impl Broker<'_> {
    /// Serves a component until its connection is cut.
    fn serve(&self, connection: &OwnedFd) {
        let (mut request, mut reply) = (vec![0; MAX_REQUEST], vec![0; MAX_REPLY]);
        loop {
            let mut fds = Fds::default();
            let len = match sys::recv(connection, &mut request, &mut fds, RecvFlags::empty()) {
                Ok((0, _)) | Err(_) => return,
                Ok((len, _)) => len,
            };
            let [file, ..] = fds;
            let asked = request.get(..len).and_then(Request::read).ok_or(Errno::INVAL);
            let found = asked.and_then(|asked| self.answer(&asked, file));
            let (result, text, file) = match &found {
                Ok(found) => (Ok(found.status), found.text.as_slice(), found.file.as_ref()),
                Err(error) => (Err(error.raw_os_error()), &[][..], None),
            };
            if reply_to(connection, Reply { result, text }, file, &mut reply).is_err() {
                return;
            }
        }
    }

    /// Does what is asked.
    pub(super) fn answer(&self, asked: &Request<'_>, file: Option<OwnedFd>) -> Result<Found> {
        let Request { operation, path, other, values: [first, second] } = *asked;
        let writes = operation.changes() || operation == Operation::Open && first != 0;
        if writes && !self.writeable {
            return Err(Errno::ROFS);
        }
        match operation {
            Operation::Status => self.look(&self.find(path)?),
            Operation::Open => self.open(path, first != 0),
            Operation::Create => self.create(path),
            Operation::ReadLink => {
                let link = self.find(path)?;
                let text = rustix::fs::readlinkat(&link, "", Vec::new())?.into_bytes();
                Ok(Found { text, ..Found::default() })
            }
            Operation::MakeDirectory => {
                let (parent, name) = self.parent(path)?;
                done(rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777)))
            }
            Operation::MakeLink => {
                let (parent, name) = self.parent(path)?;
                done(make_link(&parent, name, other, first != 0))
            }
            Operation::Remove => {
                let (parent, name) = self.parent(path)?;
                let removed = rustix::fs::unlinkat(&parent, name, AtFlags::empty());
                done(match removed {
                    Err(Errno::ISDIR) => rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR),
                    removed => removed,
                })
            }
            Operation::Rename => {
                let ((from, name), (to, other)) = (self.parent(path)?, self.parent(other)?);
                done(rustix::fs::renameat(from, name, to, other))
            }
            Operation::Truncate => done(rustix::fs::ftruncate(self.own(file)?, first)),
            Operation::Punch => {
                let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
                done(rustix::fs::fallocate(self.own(file)?, hole, first, second))
            }
            Operation::SetModified => {
                done(rustix::fs::futimens(self.own(file)?, &modified(first as i64)))
            }
        }
    }

    /// Finds what a path names, without opening it.
    fn find(&self, path: &[u8]) -> Result<OwnedFd> {
        if path.is_empty() {
            return rustix::io::fcntl_dupfd_cloexec(self.root, 0);
        }
        self.resolve(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC)
    }

    /// Resolves a path within the root, as openat2(2) can do it.
    fn resolve(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd> {
        if !self.directory {
            return Err(Errno::NOTDIR);
        }
        let within = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        for _ in 0..TURNS {
            match rustix::fs::openat2(self.root, path, flags, Mode::empty(), within) {
                Err(Errno::AGAIN) => {}
                resolved => return resolved,
            }
        }
        Err(Errno::AGAIN)
    }

    /// Finds the directory of a name that is to be made, moved, or removed.
    fn parent<'p>(&self, path: &'p [u8]) -> Result<(OwnedFd, &'p [u8])> {
        let at = path.iter().rposition(|byte| *byte == b'/');
        let (parent, name) = match at {
            Some(at) => {
                (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default())
            }
            None => (&b"."[..], path),
        };
        if matches!(name, b"" | b"." | b"..") || parent.is_empty() {
            return Err(Errno::INVAL);
        }
        let parent = self.resolve(parent, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC)?;
        Ok((parent, name))
    }

    fn look(&self, found: &OwnedFd) -> Result<Found> {
        Ok(Found { status: Some(self.status(found)?), ..Found::default() })
    }

    fn status(&self, found: &OwnedFd) -> Result<Status> {
        let stat = rustix::fs::fstat(found)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Kind::Directory,
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        let own = stat.st_uid == rustix::process::geteuid().as_raw();
        let bits = if own { stat.st_mode >> 6 } else { stat.st_mode };
        let allowed = if self.writeable { 7 } else { 5 };
        Ok(Status {
            kind,
            permissions: (bits & allowed) as u8,
            size: stat.st_size as u64,
            inode: stat.st_ino,
            device: stat.st_dev,
            modified: stat.st_mtime.saturating_mul(1000) + stat.st_mtime_nsec as i64 / 1_000_000,
        })
    }

    /// Opens a file or a directory that was found.
    fn open(&self, path: &[u8], write: bool) -> Result<Found> {
        let found = self.find(path)?;
        let status = self.status(&found)?;
        let flags = match (status.kind, write) {
            (Kind::Directory, false) => OFlags::RDONLY | OFlags::DIRECTORY,
            (Kind::Directory, true) => return Err(Errno::ISDIR),
            (Kind::File, false) => OFlags::RDONLY,
            (Kind::File, true) => OFlags::RDWR,
            (Kind::Link, _) => return Err(Errno::LOOP),
            (Kind::Other, _) => return Err(Errno::ACCESS),
        };
        // The one that was looked at, whatever has its name by now. A lease does not make it wait.
        let again = format!("/proc/self/fd/{}", found.as_raw_fd());
        let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = Some(rustix::fs::open(again, flags, Mode::empty())?);
        Ok(Found { status: Some(status), file, ..Found::default() })
    }

    fn create(&self, path: &[u8]) -> Result<Found> {
        let (parent, name) = self.parent(path)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(0o666))?;
        let status = Some(self.status(&file)?);
        Ok(Found { status, file: Some(file), ..Found::default() })
    }

    /// Takes a descriptor that came along for one that this broker opened for writing. Memory that
    /// components share is none: whoever gave it to this one relies on its size.
    fn own(&self, file: Option<OwnedFd>) -> Result<OwnedFd> {
        let file = file.ok_or(Errno::BADF)?;
        let identity = sys::identity(&file)?;
        let writes = rustix::fs::fcntl_getfl(&file)?.contains(OFlags::RDWR);
        if identity.regular && identity.device != self.memory && writes {
            Ok(file)
        } else {
            Err(Errno::BADF)
        }
    }
}

fn done(result: Result<()>) -> Result<Found> {
    result.map(|()| Found::default())
}

/// Makes a link, in place of another one if it may.
fn make_link(parent: &OwnedFd, name: &[u8], target: &[u8], replace: bool) -> Result<()> {
    if !replace {
        return rustix::fs::symlinkat(target, parent, name);
    }
    let old = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(old.st_mode) != FileType::Symlink {
        return Err(Errno::INVAL);
    }
    for number in 0..NAMES {
        let new = format!(".rs_host_link.{number}");
        match rustix::fs::symlinkat(target, parent, new.as_str()) {
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
            Ok(()) => {
                return rustix::fs::renameat(parent, new.as_str(), parent, name).inspect_err(
                    |_| {
                        let _ = rustix::fs::unlinkat(parent, new.as_str(), AtFlags::empty());
                    },
                );
            }
        }
    }
    Err(Errno::EXIST)
}

/// Times that leave the last access as it is.
fn modified(milliseconds: i64) -> Timestamps {
    let nanoseconds = milliseconds.rem_euclid(1000) * 1_000_000;
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        last_modification: Timespec {
            tv_sec: milliseconds.div_euclid(1000),
            tv_nsec: nanoseconds as _,
        },
    }
}

/// Sends a reply. One that Linux does not let have its descriptor becomes an error.
fn reply_to(
    connection: &OwnedFd,
    reply: Reply<'_>,
    file: Option<&OwnedFd>,
    bytes: &mut [u8],
) -> Result<()> {
    let fds: Vec<_> = file.iter().map(AsFd::as_fd).collect();
    let mut send = |reply: Reply<'_>, fds: &[BorrowedFd<'_>]| {
        let len = reply.write(bytes).ok_or(Errno::MSGSIZE)?;
        sys::send(connection, bytes.get(..len).unwrap_or_default(), fds, SendFlags::empty())
    };
    match send(reply, &fds) {
        Err(Errno::TOOMANYREFS) => {
            send(Reply { result: Err(Errno::AGAIN.raw_os_error()), text: &[] }, &[])
        }
        sent => sent,
    }
}

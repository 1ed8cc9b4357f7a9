//! Files of the machine that a component of the host target was granted: its user names a
//! directory, or a file, for one component, by `cargo tap run NAME --fs LABEL=PATH`.
//!
//! Names are asked of a broker, which keeps them inside of what was granted; contents are read and
//! written here, by descriptors that the broker opened. Both may wait for a disk.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

mod content;
mod listing;

use alloc::{vec, vec::Vec};
use core::cell::RefCell;
use core::fmt;

pub use content::{read_at, write_at};
pub use genode_host_proto::files::{Kind, Status};
use genode_host_proto::files::{MAX_PATH, MAX_REPLY, MAX_REQUEST, Operation, Reply, Request};
use genode_host_proto::sys::{self, Fds};
pub use listing::{Entry, Listing};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
pub use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

/// Result of what the machine was asked for.
pub type Result<T> = core::result::Result<T, Errno>;

/// The directory, or the file, that this component was granted. Paths are seen from there, without
/// a slash in front; the empty one names it itself.
pub struct HostFiles {
    socket: OwnedFd,
    buffers: RefCell<(Vec<u8>, Vec<u8>)>,
}

/// Text for a component without a grant: what to do.
pub const NOT_GRANTED: &str = "nothing of the machine was granted: start with --fs LABEL=PATH, where LABEL is this \
     component's name below init, and PATH a directory or file; end PATH with :rw for writing";

impl HostFiles {
    /// Takes the component's grant, once; `None` without one, see [`NOT_GRANTED`].
    pub fn take() -> Option<Self> {
        let buffers = RefCell::new((vec![0; MAX_REQUEST], vec![0; MAX_REPLY]));
        genode_host_rt::granted::take().map(|socket| Self { socket, buffers })
    }

    /// Tells what there is at a path: of a link itself.
    pub fn status(&self, path: &[u8]) -> Result<Status> {
        self.ask(&named(Operation::Status, path), None, |reply, _| status(reply))
    }

    /// Opens a file or directory. No link is followed.
    pub fn open(&self, path: &[u8], write: bool) -> Result<(OwnedFd, Status)> {
        let request = Request { values: [write.into(), 0], ..named(Operation::Open, path) };
        self.ask(&request, None, |reply, file| Ok((file.ok_or(Errno::IO)?, status(reply)?)))
    }

    /// Makes a file that is not there, and opens it for reading and writing.
    pub fn create(&self, path: &[u8]) -> Result<(OwnedFd, Status)> {
        let request = named(Operation::Create, path);
        self.ask(&request, None, |reply, file| Ok((file.ok_or(Errno::IO)?, status(reply)?)))
    }

    /// Makes a directory.
    pub fn make_directory(&self, path: &[u8]) -> Result<()> {
        self.done(&named(Operation::MakeDirectory, path), None)
    }

    /// Makes a symbolic link; instead of another link if it is to replace one.
    pub fn make_link(&self, path: &[u8], target: &[u8], replace: bool) -> Result<()> {
        let values = [replace.into(), 0];
        let request = Request { other: target, values, ..named(Operation::MakeLink, path) };
        self.done(&request, None)
    }

    /// Reads a link's target.
    pub fn read_link(&self, path: &[u8]) -> Result<Vec<u8>> {
        self.ask(&named(Operation::ReadLink, path), None, |reply, _| Ok(reply.text.to_vec()))
    }

    /// Removes a file, a link, or a directory without entries.
    pub fn remove(&self, path: &[u8]) -> Result<()> {
        self.done(&named(Operation::Remove, path), None)
    }

    /// Gives what has a path another one, and replaces what has that.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> Result<()> {
        self.done(&Request { other: to, ..named(Operation::Rename, from) }, None)
    }

    /// Sets a file's size.
    pub fn truncate(&self, file: &OwnedFd, size: u64) -> Result<()> {
        let request = Request { values: [size, 0], ..Request::new(Operation::Truncate) };
        self.done(&request, Some(file))
    }

    /// Frees a part of a file, which reads as zeros then.
    pub fn punch(&self, file: &OwnedFd, at: u64, len: u64) -> Result<()> {
        let request = Request { values: [at, len], ..Request::new(Operation::Punch) };
        self.done(&request, Some(file))
    }

    /// Sets the time of a file's last modification, in milliseconds since 1970.
    pub fn set_modified(&self, file: &OwnedFd, milliseconds: i64) -> Result<()> {
        let values = [milliseconds as u64, 0];
        self.done(&Request { values, ..Request::new(Operation::SetModified) }, Some(file))
    }

    fn done(&self, request: &Request<'_>, file: Option<&OwnedFd>) -> Result<()> {
        self.ask(request, file, |_, _| Ok(()))
    }

    /// Asks the broker, and waits for its reply.
    fn ask<T>(
        &self,
        request: &Request<'_>,
        file: Option<&OwnedFd>,
        take: impl FnOnce(&Reply<'_>, Option<OwnedFd>) -> Result<T>,
    ) -> Result<T> {
        let (out, back) = &mut *self.buffers.borrow_mut();
        let len = request.write(out).ok_or(Errno::NAMETOOLONG)?;
        let fds: Vec<BorrowedFd<'_>> = file.iter().map(AsFd::as_fd).collect();
        let bytes = out.get(..len).unwrap_or_default();
        sys::send(&self.socket, bytes, &fds, SendFlags::empty())?;
        let mut fds = Fds::default();
        let (len, _) = sys::recv(&self.socket, back, &mut fds, RecvFlags::empty())?;
        let [file, ..] = fds;
        let reply = back.get(..len).and_then(Reply::read).ok_or(Errno::IO)?;
        if let Err(error) = reply.result {
            return Err(Errno::from_raw_os_error(error));
        }
        take(&reply, file)
    }
}

fn named(operation: Operation, path: &[u8]) -> Request<'_> {
    Request { path, ..Request::new(operation) }
}

fn status(reply: &Reply<'_>) -> Result<Status> {
    reply.result.ok().flatten().ok_or(Errno::IO)
}

/// Longest path that can be asked for, in bytes.
pub const LONGEST_PATH: usize = MAX_PATH;

impl fmt::Debug for HostFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFiles").finish_non_exhaustive()
    }
}

//! The connection to the broker, for requests that no honest driver makes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use genode_host_proto::files::{MAX_REPLY, MAX_REQUEST, Operation, Reply, Request};
use genode_host_proto::sys::{self, Fds};
use rustix::net::{RecvFlags, SendFlags};

/// A socket to it.
pub(crate) struct Broker(OwnedFd);

/// A request of one path.
pub(crate) fn named(operation: Operation, path: &[u8]) -> Request<'_> {
    Request { path, ..Request::new(operation) }
}

impl Broker {
    pub(crate) fn take() -> Option<Self> {
        genode_host_rt::granted::take().map(Self)
    }

    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sends any bytes, and a descriptor.
    pub(crate) fn send(&self, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> bool {
        sys::send(&self.0, bytes, fd.as_slice(), SendFlags::empty()).is_ok()
    }

    /// Takes a reply: `Some` if something was done, with the descriptor that came.
    pub(crate) fn reply(&self) -> Option<(Vec<u8>, Option<OwnedFd>)> {
        let (mut bytes, mut fds) = (vec![0; MAX_REPLY], Fds::default());
        let (len, _) = sys::recv(&self.0, &mut bytes, &mut fds, RecvFlags::empty()).ok()?;
        let [fd, ..] = fds;
        let reply = Reply::read(bytes.get(..len)?)?;
        reply.result.ok().map(|_| (reply.text.to_vec(), fd))
    }

    pub(crate) fn ask(
        &self,
        request: &Request<'_>,
        fd: Option<BorrowedFd<'_>>,
    ) -> Option<(Vec<u8>, Option<OwnedFd>)> {
        let mut bytes = vec![0; MAX_REQUEST];
        let len = request.write(&mut bytes)?;
        if !self.send(bytes.get(..len)?, fd) {
            return None;
        }
        self.reply()
    }

    /// Tells whether a request is done.
    pub(crate) fn does(&self, request: &Request<'_>) -> bool {
        self.ask(request, None).is_some()
    }

    /// Opens a file.
    pub(crate) fn open(&self, path: &[u8], write: bool) -> Option<OwnedFd> {
        let values = [write.into(), 0];
        self.ask(&Request { values, ..named(Operation::Open, path) }, None)?.1
    }
}

//! Processes that are components as far as core can tell, for tests of what one may do to another.
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use genode_args::quota::Amount;
use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::sys::{self, Fds};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, getrlimit, setrlimit};

use super::Nucleus;
use super::closed::Closed;
use super::ids::{ObjId, ProcId};
use super::process::Process;
use super::timer::Timer;
use crate::account::{Accounts, ROOT};
use crate::isolation::Isolation;
use crate::isolation::loader::Loading;
use crate::machine::Machine;

/// A component: a process that sleeps, and the far end of its control socket.
pub(crate) struct Peer {
    pub(crate) id: ProcId,
    control: OwnedFd,
    child: Child,
    /// The other end of what the process has as descriptor 0.
    pub(crate) mail: OwnedFd,
}

fn sockets() -> (OwnedFd, OwnedFd) {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None).unwrap()
}

/// A nucleus with much RAM and many capabilities, and as many descriptors as this process may have.
pub(crate) fn nucleus() -> Nucleus {
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).unwrap();
    let accounts = Accounts::new(Amount::new(1 << 30, 100_000));
    let isolation = Isolation::new().unwrap();
    let (nucleus, ..) = Nucleus::new(accounts, Machine::real().unwrap(), isolation).unwrap();
    nucleus
}

impl Nucleus {
    /// A component with an account of its own.
    pub(crate) fn peer(&mut self, quota: Amount) -> Peer {
        let ((near, far), (mail, inside)) = (sockets(), sockets());
        let child = Command::new("sleep").arg("600").stdin(Stdio::from(inside)).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let account = self.accounts.create();
        assert!(self.accounts.refer(account, ROOT));
        self.accounts.transfer(ROOT, account, quota).unwrap();
        let id = ProcId(self.fresh());
        let process = Process {
            label: format!("peer {}", id.0),
            pid,
            pidfd: rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap(),
            control: near,
            account,
            pd: 0,
            parent: mail.try_clone().unwrap(),
            place: self.machine.everywhere(),
            main_ep: None,
            eps: Vec::new(),
            channels: Vec::new(),
            closed: Closed::default(),
            listener: None,
            loading: Loading::new(),
            words: super::words::Words::new("peer".into()),
            _timer: Timer::new(pid, id).unwrap(),
        };
        self.procs.insert(id, process);
        Peer { id, control: far, child, mail }
    }
}

impl Peer {
    /// The number of the process.
    pub(crate) fn pid(&self) -> u64 {
        self.child.id().into()
    }

    /// Makes a request that has no reply.
    pub(crate) fn tell(&self, nucleus: &mut Nucleus, op: Request, args: &[u64]) {
        self.send(nucleus, op, args, None);
    }

    /// Makes a request.
    pub(crate) fn ask(
        &self,
        nucleus: &mut Nucleus,
        op: Request,
        args: &[u64],
        cap: Option<BorrowedFd<'_>>,
    ) -> (Packet, Fds) {
        self.send(nucleus, op, args, cap);
        let mut fds = Fds::default();
        let reply = sys::recv_packet(&self.control, &mut fds, RecvFlags::DONTWAIT);
        (reply.unwrap().unwrap(), fds)
    }

    /// Makes a request; how it was answered.
    pub(crate) fn try_to(&self, nucleus: &mut Nucleus, op: Request, args: &[u64]) -> Status {
        Status::of(self.ask(nucleus, op, args, None).0.op()).unwrap()
    }

    fn send(&self, nucleus: &mut Nucleus, op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) {
        let packet = Packet::new(op, args);
        sys::send_packet(&self.control, &packet, cap.as_slice(), SendFlags::DONTWAIT).unwrap();
        nucleus.control(self.id, 1);
    }

    /// Makes an entrypoint.
    pub(crate) fn entrypoint(&self, nucleus: &mut Nucleus) -> u64 {
        let (reply, _) = self.ask(nucleus, Request::EpCreate, &[], None);
        assert_eq!(reply.op(), Status::Ok.into());
        reply.arg(0)
    }

    /// Makes an object at an entrypoint: its id and its capability.
    pub(crate) fn object(&self, nucleus: &mut Nucleus, ep: u64) -> (ObjId, OwnedFd) {
        let (reply, [cap, ..]) = self.ask(nucleus, Request::ObjectCreate, &[ep], None);
        assert_eq!(reply.op(), Status::Ok.into());
        (ObjId(reply.arg(0)), cap.unwrap())
    }

    /// Makes an object whose capability nobody keeps.
    pub(crate) fn object_at(&self, nucleus: &mut Nucleus, ep: u64) -> ObjId {
        self.object(nucleus, ep).0
    }

    /// Makes an object callable; how that was answered.
    pub(crate) fn try_claim(&self, nucleus: &mut Nucleus, cap: &OwnedFd) -> Status {
        let (reply, _) = self.ask(nucleus, Request::Claim, &[], Some(cap.as_fd()));
        Status::of(reply.op()).unwrap()
    }

    /// Makes an object callable: the channel and the index.
    pub(crate) fn claim(&self, nucleus: &mut Nucleus, cap: &OwnedFd) -> (u64, u64) {
        let (reply, _) = self.ask(nucleus, Request::Claim, &[], Some(cap.as_fd()));
        assert_eq!(reply.op(), Status::Ok.into());
        (reply.arg(0), reply.arg(1))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Core may have ended it.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

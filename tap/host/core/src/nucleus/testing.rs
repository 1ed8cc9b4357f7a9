//! Processes that are components as far as core can tell, for tests of what one may do to another.
#![allow(unsafe_code, reason = "the disposition of a signal")]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use genode_args::quota::Amount;
use genode_host_proto::control::{Packet, Request, Status};
use genode_host_proto::sys::{self, Fds};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, WaitId, WaitIdOptions, getrlimit, setrlimit,
};

use super::Nucleus;
use super::closed::Closed;
use super::ids::{ObjId, ProcId};
use super::overdue::Overdue;
use super::process::{Phase, Process};
use super::refusal::Verdict;
use super::timer::Timer;
use crate::account::{AccountId, Accounts, ROOT};
use crate::grants::Grants;
use crate::isolation::Isolation;
use crate::isolation::loader::Loading;
use crate::machine::Machine;
use crate::{fd, work};

/// A component: a process that sleeps, and the far end of its control socket.
pub(crate) struct Peer {
    pub(crate) id: ProcId,
    control: OwnedFd,
    child: Child,
    /// The other end of what the process has as descriptor 0.
    pub(crate) mail: OwnedFd,
}

fn sockets() -> (OwnedFd, OwnedFd) {
    fd::sockets(fd::CONTROL).unwrap()
}

/// A nucleus with much RAM and many capabilities, and as many descriptors as this process may have.
pub(crate) fn nucleus() -> Nucleus {
    // Timers on the CPU time of processes send it. Core reads it from a descriptor; here nobody
    // does. SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGRTMIN(), libc::SIG_IGN) };
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).unwrap();
    let accounts = Accounts::new(Amount::new(1 << 30, 100_000));
    let isolation = Isolation::new().unwrap();
    let (nucleus, ..) =
        Nucleus::new(accounts, Machine::real().unwrap(), isolation, Grants::default()).unwrap();
    nucleus
}

impl Nucleus {
    /// Lets an account be that of a component.
    pub(crate) fn belongs(&mut self, account: AccountId, peer: &Peer) {
        self.by_account.insert(account, peer.id);
    }

    /// Lets a component be the process of a PD session.
    pub(crate) fn runs_as(&mut self, pd: u64, peer: &Peer) {
        self.procs.get_mut(&peer.id).unwrap().pd = pd;
    }

    /// A component with an account of its own.
    pub(crate) fn peer(&mut self, quota: Amount) -> Peer {
        self.peer_of(quota, Command::new("sleep").arg("600"))
    }

    /// A component whose process is that of a command.
    pub(crate) fn peer_of(&mut self, quota: Amount, command: &mut Command) -> Peer {
        let ((near, far), (mail, inside)) = (sockets(), sockets());
        let child = command.stdin(Stdio::from(inside)).spawn().unwrap();
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
            parent: Some(Rc::new(mail.try_clone().unwrap())),
            granted: None,
            parent_object: None,
            place: self.machine.everywhere(),
            governed: false,
            main_ep: None,
            eps: Vec::new(),
            channels: Vec::new(),
            closing: Vec::new(),
            closed: Closed::default(),
            listener: None,
            loading: Loading::new(),
            words: super::words::Words::new("peer".into()),
            phase: Phase::Runs,
            ruin: None,
            bytes: 0,
            beyond: 0,
            timer: Timer::new(pid, id).unwrap(),
            overdue: Overdue::default(),
        };
        self.procs.insert(id, process);
        self.by_account.insert(account, id);
        Peer { id, control: far, child, mail }
    }
}

impl Peer {
    /// The number of the process.
    pub(crate) fn pid(&self) -> u64 {
        self.child.id().into()
    }

    /// Text that the process writes to its standard error, for a command with a pipe there.
    pub(crate) fn stderr(&mut self) -> std::process::ChildStderr {
        self.child.stderr.take().unwrap()
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
        assert!(self.post(op, args, cap));
        work::begin();
        nucleus.control(self.id, || false);
    }

    /// Sends a request that nobody serves yet. False if no more fit.
    pub(crate) fn post(&self, op: Request, args: &[u64], cap: Option<BorrowedFd<'_>>) -> bool {
        let packet = Packet::new(op, args);
        sys::send_packet(&self.control, &packet, cap.as_slice(), SendFlags::DONTWAIT).is_ok()
    }

    /// The answer to a request, if there is one by now.
    pub(crate) fn answer(&self) -> Option<Packet> {
        sys::recv_packet(&self.control, &mut Fds::default(), RecvFlags::DONTWAIT).ok()?
    }

    /// Makes a request: the steps that core takes until it may serve others, and the answer if it
    /// came.
    pub(crate) fn measure(
        &self,
        nucleus: &mut Nucleus,
        op: Request,
        args: &[u64],
        cap: Option<BorrowedFd<'_>>,
    ) -> (usize, Option<Packet>) {
        assert!(self.post(op, args, cap));
        let (steps, verdict) = work::of(|| nucleus.control(self.id, || false));
        assert_eq!(verdict, Verdict::Alive);
        (steps, self.answer())
    }

    /// Ends its process, as it may do itself at any time.
    pub(crate) fn die(&mut self) {
        self.child.kill().unwrap();
        // Core is to see how it ended.
        let id = WaitId::Pid(Pid::from_child(&self.child));
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::process::waitid(id, gone).unwrap();
    }

    /// Makes an entrypoint.
    pub(crate) fn entrypoint(&self, nucleus: &mut Nucleus) -> u64 {
        let (reply, _) = self.ask(nucleus, Request::EpCreate, &[], None);
        assert_eq!(reply.op(), Status::Ok.into());
        reply.arg(0)
    }

    /// Makes an object at an entrypoint: its id and its capability.
    pub(crate) fn object(&self, nucleus: &mut Nucleus, ep: u64) -> (ObjId, OwnedFd) {
        self.created(nucleus, &[ep])
    }

    /// Makes a signal context at an entrypoint: its id and its capability.
    pub(crate) fn context(&self, nucleus: &mut Nucleus, ep: u64) -> (ObjId, OwnedFd) {
        self.created(nucleus, &[ep, 1])
    }

    fn created(&self, nucleus: &mut Nucleus, args: &[u64]) -> (ObjId, OwnedFd) {
        let (reply, [cap, ..]) = self.ask(nucleus, Request::ObjectCreate, args, None);
        assert_eq!(reply.op(), Status::Ok.into());
        (ObjId(reply.arg(0)), cap.unwrap())
    }

    /// Makes an object whose capability nobody keeps.
    pub(crate) fn object_at(&self, nucleus: &mut Nucleus, ep: u64) -> ObjId {
        self.object(nucleus, ep).0
    }

    /// Makes an object callable; the answer.
    pub(crate) fn claimed(&self, nucleus: &mut Nucleus, cap: &OwnedFd) -> Packet {
        self.ask(nucleus, Request::Claim, &[], Some(cap.as_fd())).0
    }

    /// Makes an object callable; how that was answered.
    pub(crate) fn try_claim(&self, nucleus: &mut Nucleus, cap: &OwnedFd) -> Status {
        Status::of(self.claimed(nucleus, cap).op()).unwrap()
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

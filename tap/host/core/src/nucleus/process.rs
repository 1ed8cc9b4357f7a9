//! Processes, of which each is a component.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_affinity::Location;
use rustix::process::{Pid, Signal};

use super::channel::Closing;
use super::closed::Closed;
use super::going::Ruin;
use super::ids::{ChanId, EpId, ObjId};
use super::overdue::Overdue;
use super::timer::Timer;
use super::words::Words;
use crate::account::AccountId;
use crate::isolation::loader::Loading;

/// A component's process.
pub(crate) struct Process {
    /// Label of its PD session.
    pub(crate) label: String,
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(crate) control: OwnedFd,
    /// The PD session's account, which pays for its objects.
    pub(crate) account: AccountId,
    /// The PD session, for whoever asks what died.
    pub(crate) pd: u64,
    /// Its parent's capability, until it said hello and has it.
    pub(crate) parent: Option<Rc<OwnedFd>>,
    /// A socket to the broker of what it was granted, until it said hello and has it.
    pub(super) granted: Option<OwnedFd>,
    /// The object behind it, from then on.
    pub(super) parent_object: Option<ObjId>,
    /// Where it may run.
    pub(super) place: Location,
    /// Tells whether its CPU session alone says where its threads run.
    pub(super) governed: bool,
    pub(crate) main_ep: Option<EpId>,
    pub(crate) eps: Vec<EpId>,
    pub(crate) channels: Vec<ChanId>,
    /// Channels of which something is left.
    pub(super) closing: Vec<Closing>,
    /// What it closed.
    pub(super) closed: Closed,
    /// Where it asks for libraries and threads.
    pub(super) listener: Option<OwnedFd>,
    /// What its loader may ask for until it says hello.
    pub(super) loading: Loading,
    /// Its last words.
    pub(super) words: Words,
    pub(super) phase: Phase,
    /// The entrypoint that it loses just now.
    pub(super) ruin: Option<Ruin>,
    /// Memory of its entrypoints, channels and slots, see `upkeep`.
    pub(super) bytes: u64,
    /// Descriptors that it may have beyond the free ones, see `upkeep`.
    pub(super) beyond: u64,
    /// Rings while it runs.
    pub(super) timer: Timer,
    /// Calls that wait for it.
    pub(super) overdue: Overdue,
}

impl Process {
    /// Tells whether core itself is its parent. Labels of others have their parent's in front.
    pub(super) fn is_outermost(&self) -> bool {
        !self.label.contains(" -> ")
    }

    /// The number that Linux has for it.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Location at which it may run.
    pub(crate) fn place(&self) -> Location {
        self.place
    }

    /// Send it a signal; false if it ended.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        rustix::process::pidfd_send_signal(&self.pidfd, signal).is_ok()
    }

    /// A copy of its descriptor of a number, which is given plus one.
    pub(super) fn descriptor(&self, number: u64) -> Option<OwnedFd> {
        let number = i32::try_from(number.checked_sub(1)?).ok()?;
        let flags = rustix::process::PidfdGetfdFlags::empty();
        rustix::process::pidfd_getfd(&self.pidfd, number, flags).ok()
    }
}

/// State of a process, as core serves it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It serves what the process asks for.
    Runs,
    /// It removes an entrypoint, for which the process waits.
    Waits,
    /// It waits until the process is gone: nothing of it is served any more.
    Killed,
    /// It takes back what the process held.
    Dead(Ending),
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It called exit, which a component never does by itself.
    Exited(i32),
    /// A signal killed it.
    Killed(i32),
}

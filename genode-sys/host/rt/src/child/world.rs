//! All children and all their sessions.
//!
//! One lock guards the tables; it is never held across a call or a callback, since both may come back here.
//! Children and sessions are named by numbers that are never used twice, so that what vanished in the
//! meantime is found out.
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use genode_abi::*;
use genode_affinity::Affinity;
use genode_args::repeats::Repeats;
use genode_host_proto::opcode::env_id;

use super::quota::Amount;
use super::served::{self, ChildId, Ep};
use super::sessions::Sessions;
use super::shown::RequestsRom;
use crate::entrypoint::{self, Held, Late};
use crate::handle::Owned;
use crate::sync::lock;

/// Number of a session; as the server knows it.
pub(super) type SessionId = u64;

/// The caller's policy, with its context.
#[derive(Clone, Copy)]
pub(super) struct Policy(pub(super) rs_child_policy_t);

// SAFETY: the context is handed to the policy's own functions only, on the thread of the child's entrypoint.
unsafe impl Send for Policy {}

/// A session of ours at our parent on behalf of a child.
pub(super) struct AtParent {
    pub(super) id: u64,
    /// As our parent sees it.
    pub(super) label: String,
    pub(super) cap: Owned,
}

/// The parts of a child's environment that somebody else serves in core's place.
#[derive(Clone, Copy, Default)]
pub(super) struct Served {
    /// Its PD session.
    pub(super) pd: bool,
    /// Its CPU session, and whether that made the first thread.
    pub(super) cpu: Option<First>,
}

/// The first thread of a child at whoever serves its CPU session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum First {
    Wanted,
    /// A thread of ours asks for it.
    Asked,
    Made,
}

/// A child.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) binary: String,
    pub(super) ep: Ep,
    pub(super) policy: Policy,
    pub(super) affinity: Affinity,
    pub(super) pd: AtParent,
    pub(super) cpu: Option<AtParent>,
    pub(super) served: Served,
    pub(super) thread: Owned,
    pub(super) parent: served::Served,
    pub(super) faults: served::Served,
    pub(super) requests: Option<RequestsRom>,
    pub(super) started: bool,
    /// The program was loaded, or somebody is at it.
    pub(super) launched: bool,
    /// Why the program could not be loaded.
    pub(super) failed: Option<rs_err_t>,
    pub(super) ended: bool,
    pub(super) session_sigh: Owned,
    pub(super) resource_sigh: Owned,
    pub(super) yield_sigh: Owned,
    pub(super) heartbeat_sigh: Owned,
    pub(super) yield_args: String,
    /// Sessions of it that were denied, as they were told.
    pub(super) denials: Repeats,
}

/// Who serves a session.
pub(super) enum Provider {
    /// Our parent; the id of our session there.
    Parent(u64),
    /// A child.
    Child(ChildId),
    /// The owner of the child that is the client.
    Local,
    /// This machinery: the ROM `session_requests`.
    Requests,
    /// This machinery: the PD of another child, for the child that serves that one's PD session.
    Lent,
}

/// Life of a session (Genode's `Session_state::Phase`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Waits for the server to create it.
    Create,
    /// The server refused; the client has not asked yet.
    Refused(rs_err_t),
    /// It exists, the client has not asked yet.
    Available,
    /// The client has it.
    HandedOut,
    /// Waits for the server to take a donation.
    Upgrade(Amount),
    /// Waits for the server to close it.
    Close,
}

/// A session of a child.
pub(super) struct Session {
    /// The child that uses it; None once that is gone.
    pub(super) client: Option<ChildId>,
    /// Number that our owner gave it, if it is on behalf of a client of its own.
    pub(super) forward: Option<u64>,
    /// How the client calls it.
    pub(super) client_id: u64,
    pub(super) service: String,
    /// Label that the policy was asked about.
    pub(super) requested: String,
    pub(super) label: String,
    /// Arguments for the server.
    pub(super) args: String,
    pub(super) affinity: Affinity,
    pub(super) provider: Provider,
    pub(super) phase: Phase,
    pub(super) cap: Owned,
    /// What was taken from the client.
    pub(super) charged: Amount,
    /// What of it went to the server.
    pub(super) donated: Amount,
    /// Donated while the server was still to take an earlier donation.
    pub(super) queued: Amount,
    /// The client closed it before it came to be.
    pub(super) unwanted: bool,
    /// The client's call that waits for what becomes of it.
    pub(super) waiter: Option<Waiter>,
}

/// A call of a client that is answered when the server has answered.
pub(super) struct Waiter {
    pub(super) held: Held,
    /// Whether it waits for the session, or else for its end.
    pub(super) opens: bool,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) children: BTreeMap<ChildId, Child>,
    pub(super) sessions: Sessions,
    last: u64,
}

static WORLD: Mutex<World> =
    Mutex::new(World { children: BTreeMap::new(), sessions: Sessions::new(), last: 0 });

/// Lock the tables.
pub(super) fn world() -> MutexGuard<'static, World> {
    lock(&WORLD)
}

impl Session {
    /// Whether nobody uses it any more.
    pub(super) fn is_unused(&self) -> bool {
        self.client.is_none() && self.forward.is_none()
    }

    /// Tells whether there is something to donate to: not before its user has it, nor once it is
    /// about to end.
    pub(super) fn takes_donations(&self) -> bool {
        matches!(self.phase, Phase::HandedOut | Phase::Upgrade(_))
    }

    /// Takes note of a donation that was paid, and lets a child that serves the session know of it:
    /// at once, or, while it may be reading of an earlier one, once it has answered that.
    pub(super) fn donate(&mut self, amount: Amount) {
        self.donated += amount;
        match self.phase {
            Phase::HandedOut if matches!(self.provider, Provider::Child(_)) => {
                self.phase = Phase::Upgrade(amount);
            }
            Phase::Upgrade(_) => self.queued += amount,
            _ => {}
        }
    }
}

impl World {
    pub(super) fn fresh(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Adds a session, and returns its number.
    pub(super) fn add(&mut self, session: Session) -> SessionId {
        let id = self.fresh();
        self.sessions.insert(id, session);
        id
    }

    /// The session that `client` calls `client_id`.
    pub(super) fn find(&self, client: ChildId, client_id: u64) -> Option<SessionId> {
        self.sessions.named(client, client_id)
    }

    /// PD session of a child.
    pub(super) fn pd(&self, child: ChildId) -> Option<Owned> {
        self.children.get(&child).map(|c| c.pd.cap.clone())
    }

    /// The PD of the child whose PD session `server` is asked for under a label.
    pub(super) fn pd_to_serve(&self, server: ChildId, label: &str) -> Option<Owned> {
        let mut all = self.sessions.served_by(server).map(|(_, session)| session);
        let asked = all.find(|s| {
            // a child cannot choose the ids of its environment
            s.client_id == env_id::PD && s.phase == Phase::Create && s.label == label
        })?;
        self.pd(asked.client?)
    }

    /// Answer a call of `client` that waits. Whoever died meanwhile does not wait any more.
    pub(super) fn answer(&self, client: Option<ChildId>, waiter: &Waiter, reply: Late) {
        if let Some(child) = client.and_then(|c| self.children.get(&c)) {
            // SAFETY: the entrypoint of a child lives as long as the child.
            unsafe { entrypoint::get(child.ep.0) }.answer(waiter.held, reply);
        }
    }

    /// Signal context of a child for news of its sessions.
    pub(super) fn session_sigh(&self, child: Option<ChildId>) -> Owned {
        let child = child.and_then(|c| self.children.get(&c));
        child.map(|c| c.session_sigh.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A session of child 1 at child 2.
    pub(in super::super) fn session(phase: Phase) -> Session {
        Session {
            client: Some(1),
            forward: None,
            client_id: 7,
            service: "Hello".into(),
            requested: "client -> a".into(),
            label: "client -> a \"<b>\"".into(),
            args: "label=\"x -> y\", ram_quota=4096, cap_quota=3".into(),
            affinity: Affinity::default(),
            provider: Provider::Child(2),
            phase,
            cap: Owned::default(),
            charged: Amount::NONE,
            donated: Amount::NONE,
            queued: Amount::NONE,
            unwanted: false,
            waiter: None,
        }
    }

    #[test]
    fn donations_reach_a_server_one_by_one_and_only_while_the_session_is_in_use() {
        let amount = Amount::new(4096, 1);
        let after = |phase| {
            let mut session = session(phase);
            session.donate(amount);
            assert_eq!(session.donated, amount, "it goes back with the session in any case");
            (session.takes_donations(), session.phase, session.queued)
        };
        let told = Phase::Upgrade(amount);
        assert_eq!(after(Phase::HandedOut), (true, told, Amount::NONE));
        assert_eq!(after(told), (true, told, amount), "the server may have read of the first");
        for phase in [Phase::Create, Phase::Available, Phase::Close, Phase::Refused(RS_DENIED)] {
            assert_eq!(after(phase), (false, phase, Amount::NONE));
        }
        let mut at_parent = session(Phase::HandedOut);
        at_parent.provider = Provider::Parent(3);
        at_parent.donate(amount);
        assert_eq!(at_parent.phase, Phase::HandedOut, "its parent was told by the call itself");
    }
}

//! The end of a session, and the way of its donation back.
use genode_host_proto::interface::parent::Closed;
use genode_host_proto::opcode::env_id;

use super::at_parent::{self, Payment};
use super::quota::{Transfer, own_pd, transfer_all};
use super::requests;
use super::route::warn;
use super::served::ChildId;
use super::world::{Phase, Provider, Session, SessionId, world};

/// A child closes a session. Environment sessions stay.
pub(super) fn close_by_client(child: ChildId, client_id: u64) -> Closed {
    if client_id < env_id::FIRST_FREE {
        return Closed::Done;
    }
    let id = world().find(child, client_id);
    match id {
        Some(id) if !close(id) => Closed::Pending,
        _ => Closed::Done,
    }
}

/// Close a session; false if the server must do so first.
pub(super) fn close(id: SessionId) -> bool {
    let (session, policy) = {
        let mut world = world();
        let Some(session) = world.sessions.get_mut(id) else { return true };
        if let Provider::Child(server) = session.provider {
            match session.phase {
                Phase::Refused(_) => {}
                Phase::Create => {
                    // the server may be at it: what it makes is closed as soon as it is delivered
                    session.unwanted = true;
                    return false;
                }
                _ => {
                    session.phase = Phase::Close;
                    drop(world);
                    requests::changed(server);
                    return false;
                }
            }
        }
        let Some(session) = world.sessions.remove(id) else { return true };
        let client = session.client.and_then(|c| world.children.get(&c));
        let policy = client.map(|c| c.policy);
        (session, policy)
    };
    match session.provider {
        Provider::Parent(id) => {
            let pd = session.client.and_then(|c| world().pd(c));
            let payment = pd.as_ref().map(|pd| Payment { pd, amount: session.charged });
            at_parent::close(id, payment.as_ref(), &session.service);
            return true;
        }
        Provider::Local => {
            if let Some((policy, function)) = policy.and_then(|p| Some((p, p.0.local_close?))) {
                // SAFETY: the policy's own context, a capability that we hold.
                unsafe { function(policy.0.ctx, session.cap.get()) };
            }
        }
        Provider::Child(_) | Provider::Requests | Provider::Lent => {}
    }
    give_back(&session);
    true
}

/// Return a session's donation from the server to us, and to the client if it still exists.
pub(super) fn give_back(session: &Session) {
    let own = own_pd();
    let (server, client) = {
        let world = world();
        let server = match session.provider {
            Provider::Child(server) => world.pd(server),
            _ => None,
        };
        (server, session.client.and_then(|c| world.pd(c)))
    };
    let service = &session.service;
    let from_server =
        server.iter().map(|from| Transfer { from, to: &own, amount: session.donated });
    let to_client = client.iter().map(|to| Transfer { from: &own, to, amount: session.charged });
    let way_back: Vec<_> = from_server.chain(to_client).collect();
    if transfer_all(&way_back).is_err() {
        warn(&format!("the donation of \"{}\" to {service} does not come back", session.label));
    }
}

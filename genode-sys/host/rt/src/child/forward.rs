//! Sessions at a child on behalf of clients of its owner's own parent, paid from our account.
use genode_abi::*;
use genode_affinity::Affinity;
use genode_args::{ArgsBuf, ArgsRef};
use genode_wire::Handle;

use super::quota::{Amount, own_pd, transfer};
use super::requests;
use super::served::ChildId;
use super::world::{Phase, Policy, Provider, Session, SessionId, world};
use crate::handle::Owned;

/// Asks `server` for a session; what becomes of it is told by its policy.
pub(super) fn open(
    server: ChildId,
    forward: u64,
    service: &str,
    label: &str,
    args: &str,
    affinity: Affinity,
) -> Result<(), rs_err_t> {
    if find(forward).is_some() {
        return Err(RS_INVALID);
    }
    let donated = ArgsRef::new(args).quota();
    let mut args =
        ArgsBuf::<{ super::session::SERVER_ARGS }>::copy(args).map_err(|_| RS_OVERFLOW)?;
    args.set_str("label", label).map_err(|_| RS_OVERFLOW)?;
    let pd = world().pd(server).ok_or(RS_GONE)?;
    transfer(&own_pd(), &pd, donated)?;
    let session = Session {
        client: None,
        forward: Some(forward),
        client_id: 0,
        service: service.to_owned(),
        requested: label.to_owned(),
        label: label.to_owned(),
        args: args.as_str().to_owned(),
        affinity,
        provider: Provider::Child(server),
        phase: Phase::Create,
        cap: Owned::default(),
        charged: Amount::NONE,
        donated,
        queued: Amount::NONE,
        unwanted: false,
        waiter: None,
    };
    world().add(session);
    requests::changed(server);
    Ok(())
}

fn find(forward: u64) -> Option<(SessionId, ChildId)> {
    let world = world();
    let id = world.sessions.forwarded(forward)?;
    match world.sessions.get(id)?.provider {
        Provider::Child(server) => Some((id, server)),
        _ => None,
    }
}

/// Donates more to a session that was delivered, and is not about to end.
pub(super) fn upgrade(forward: u64, amount: Amount) -> Result<(), rs_err_t> {
    let (id, server) = find(forward).ok_or(RS_INVALID)?;
    let pd = {
        let world = world();
        let takes = world.sessions.get(id).is_some_and(Session::takes_donations);
        if !takes {
            return Err(RS_INVALID);
        }
        world.pd(server).ok_or(RS_GONE)?
    };
    transfer(&own_pd(), &pd, amount)?;
    if let Some(session) = world().sessions.get_mut(id) {
        session.donate(amount);
    }
    requests::changed(server);
    Ok(())
}

/// Has the server close a session.
pub(super) fn close(forward: u64) {
    if let Some((id, _)) = find(forward) {
        super::close::close(id);
    }
}

/// Tells the policy of `server` about a session of its.
pub(super) fn changed(server: ChildId, forward: u64, state: rs_session_state_t, cap: &Owned) {
    let policy = world().children.get(&server).map(|c| c.policy);
    if let Some(policy) = policy {
        tell(policy, forward, state, cap);
    }
}

/// Tells a policy about a forwarded session.
pub(super) fn tell(policy: Policy, forward: u64, state: rs_session_state_t, cap: &Owned) {
    if let Some(function) = policy.0.forwarded {
        let cap = if cap.is_valid() { cap.get() } else { 0 };
        // SAFETY: the policy's own context, a capability that is held during the call.
        unsafe { function(policy.0.ctx, forward, state, cap) };
    }
}

//! A client donates more to one of its sessions.
use genode_abi::*;
use genode_args::ArgsRef;
use genode_host_proto::interface::parent::Upgraded;

use super::quota::{Transfer, own_pd, transfer, transfer_all};
use super::requests;
use super::served::ChildId;
use super::world::{Provider, world};
use crate::session;

/// A child donates more to a session.
pub(super) fn upgrade(child: ChildId, client_id: u64, args: &str) -> Upgraded {
    match try_upgrade(child, client_id, args) {
        Ok(result) => result,
        Err(RS_OUT_OF_CAPS) => Upgraded::OutOfCaps,
        Err(_) => Upgraded::OutOfRam,
    }
}

fn try_upgrade(child: ChildId, client_id: u64, args: &str) -> Result<Upgraded, rs_err_t> {
    let amount = ArgsRef::new(args).quota();
    let (id, provider, server, pd) = {
        let world = world();
        let Some(id) = world.find(child, client_id) else { return Ok(Upgraded::Ok) };
        let Some(session) = world.sessions.get(id) else { return Ok(Upgraded::Ok) };
        if !session.takes_donations() {
            return Ok(Upgraded::Pending); // there is nothing yet, or no more, to donate to
        }
        let (provider, server) = match session.provider {
            Provider::Parent(id) => (Some(id), None),
            Provider::Child(server) => (None, Some((server, world.pd(server).ok_or(RS_DENIED)?))),
            Provider::Local | Provider::Requests | Provider::Lent => (None, None),
        };
        (id, provider, server, world.pd(child).ok_or(RS_DENIED)?)
    };
    let own = own_pd();
    let charge = Transfer { from: &pd, to: &own, amount };
    match &server {
        Some((_, server)) => transfer_all(&[charge, Transfer { from: &own, to: server, amount }])?,
        None => transfer_all(&[charge])?,
    }
    if let Some(at_parent) = provider {
        session::upgrade(at_parent, amount).inspect_err(|_| {
            let _ = transfer(&own, &pd, amount);
        })?;
    }
    if let Some(session) = world().sessions.get_mut(id) {
        session.charged += amount;
        session.donate(amount);
    }
    Ok(match server {
        Some((server, _)) => {
            requests::changed(server);
            Upgraded::Pending
        }
        None => Upgraded::Ok,
    })
}

//! What happens to a child's sessions: requested, routed, paid for, handed out, upgraded, closed.
//!
//! After Genode's `repos/base/src/lib/base/child.cc` (26.02). The client's donation goes from its account to ours and on
//! to the server's; when the session is over, it goes the way back.
use std::ffi::c_char;

use genode_abi::*;
use genode_args::label::Label;
use genode_args::{ArgsBuf, ArgsRef};
use rs_host_proto::opcode::{close, upgrade};
use rs_host_proto::wire::Affinity;

use super::cap::{Amount, Cap, Transfer, transfer, transfer_all};
use super::environment;
use super::requests;
use super::world::{ChildId, Phase, Provider, Session, SessionId, world};
use crate::env;
use crate::log;
use crate::session::{rs_session_close, rs_session_open, rs_session_upgrade};
use crate::signal::rs_signal_submit;

/// RAM that a parent keeps of a donation for its record of the session: `Session_state::Factory::session_costs` of
/// Genode 26.02.
const RECORD: u64 = 810;

/// Most sessions of one child: what a hostile child can make its parent remember.
const MAX_SESSIONS: usize = 4096;

/// Longest arguments that a server gets (Genode's `Session_state::Args`).
pub(super) const SERVER_ARGS: usize = 256;

/// The policy's answer to a request.
pub(super) struct Routed {
    pub(super) provider: Kind,
    pub(super) label: Label,
    pub(super) affinity: Affinity,
}

/// Where a request goes.
pub(super) enum Kind {
    Parent,
    Child(ChildId),
    Local(Cap),
}

/// Our own PD session; borrowed by the environment, so one more reference.
pub(super) fn own_pd() -> Cap {
    Cap::dup(env::pd())
}

/// Say something about a child.
pub(super) fn warn(text: &str) {
    log::line(RS_WARNING, text.as_bytes());
}

/// Ask the policy of `child` where a request goes.
pub(super) fn ask(
    child: ChildId,
    service: &str,
    label: &str,
    args: &str,
    affinity: &Affinity,
) -> Result<Routed, rs_err_t> {
    let policy = world().children.get(&child).map(|c| c.policy).ok_or(RS_GONE)?;
    let affinity = rs_affinity_t {
        space: rs_space_t { w: affinity.space.0, h: affinity.space.1 },
        location: rs_location_t {
            x: affinity.at.0,
            y: affinity.at.1,
            w: affinity.size.0,
            h: affinity.size.1,
        },
    };
    let request = rs_request_t {
        service: service.as_ptr().cast(),
        service_len: service.len(),
        label: label.as_ptr().cast(),
        label_len: label.len(),
        args: args.as_ptr().cast(),
        args_len: args.len(),
        affinity,
    };
    let mut route = rs_route_t {
        kind: RS_ROUTE_DENY,
        server: std::ptr::null_mut(),
        local: 0,
        label: [0; RS_MAX_LABEL as usize],
        affinity,
    };
    for (to, from) in route.label.iter_mut().zip(label.bytes().take(RS_MAX_LABEL as usize - 1)) {
        *to = from as c_char;
    }
    if let Some(function) = policy.0.route {
        // SAFETY: the policy's own context, live arguments, on the entrypoint of the child.
        unsafe { function(policy.0.ctx, &raw const request, &raw mut route) };
    }
    let local = Cap::owned(route.local);
    let provider = match route.kind {
        RS_ROUTE_PARENT => Kind::Parent,
        RS_ROUTE_CHILD => Kind::Child(route.server.addr() as ChildId),
        RS_ROUTE_LOCAL => Kind::Local(local),
        _ => return Err(RS_DENIED),
    };
    let bytes = route.label.map(|c| c as u8);
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| RS_DENIED)?;
    let (s, l) = (route.affinity.space, route.affinity.location);
    Ok(Routed {
        provider,
        label: Label::new(text).map_err(|_| RS_DENIED)?,
        affinity: Affinity { space: (s.w, s.h), at: (l.x, l.y), size: (l.w, l.h) },
    })
}

/// A child requests a session. The capability, invalid while the server has not answered.
pub(super) fn request(
    child: ChildId,
    client_id: u64,
    service: &str,
    given: &str,
    affinity: &Affinity,
) -> Result<Cap, rs_err_t> {
    let (name, pd) = {
        let world = world();
        let child = world.children.get(&child).ok_or(RS_DENIED)?;
        (child.name.clone(), child.pd.cap.clone())
    };
    let known = |world: &super::world::World| {
        let of_child = world.sessions.values().filter(|s| s.client == Some(child)).count();
        world.find(child, client_id).is_some() || of_child >= MAX_SESSIONS
    };
    if client_id < rs_host_proto::opcode::env_id::FIRST_FREE || known(&world()) {
        warn(&format!("{name}: {service} session denied: its id {client_id} is in use"));
        return Err(RS_DENIED);
    }
    let wanted = ArgsRef::new(given);
    let label = wanted.label().and_then(|l| Label::prefixed(&name, l.as_str()));
    let label = label.map_err(|e| {
        warn(&format!("{name}: {service} session denied: {e}"));
        RS_DENIED
    })?;
    let charged = Amount { ram: wanted.ram_quota(), caps: wanted.cap_quota() };
    let donated =
        Amount { ram: charged.ram.checked_sub(RECORD).ok_or(RS_INSUFFICIENT_RAM)?, ..charged };
    let mut args = ArgsBuf::<SERVER_ARGS>::copy(given).map_err(|_| RS_DENIED)?;
    args.set_str("label", label.as_str()).map_err(|_| RS_DENIED)?;

    let own_rom = service == "ROM" && label.last_element() == requests::NAME;
    let (provider, at_server, affinity) = if own_rom {
        (None, label, *affinity)
    } else {
        let routed = ask(child, service, label.as_str(), args.as_str(), affinity)?;
        (Some(routed.provider), routed.label, routed.affinity)
    };
    args.set_str("label", at_server.as_str()).map_err(|_| RS_DENIED)?;
    args.set_u64("ram_quota", donated.ram).map_err(|_| RS_DENIED)?;

    let own = own_pd();
    transfer(&pd, &own, charged)?;
    let terms = Terms {
        client: child,
        client_id,
        service,
        label: at_server,
        args,
        affinity,
        charged,
        donated,
    };
    let result = match provider {
        Some(provider) => terms.initiate(provider),
        None => terms.own_requests(),
    };
    result.inspect_err(|_| {
        if transfer(&own, &pd, charged).is_err() {
            warn(&format!("{name}: could not give back the donation to a session of {service}"));
        }
    })
}

/// A request that is routed and paid for.
pub(super) struct Terms<'a> {
    pub(super) client: ChildId,
    pub(super) client_id: u64,
    pub(super) service: &'a str,
    pub(super) label: Label,
    pub(super) args: ArgsBuf<SERVER_ARGS>,
    pub(super) affinity: Affinity,
    pub(super) charged: Amount,
    pub(super) donated: Amount,
}

impl Terms<'_> {
    /// Bring the session about. On failure nothing is left of it but what the client was charged.
    pub(super) fn initiate(self, provider: Kind) -> Result<Cap, rs_err_t> {
        match provider {
            Kind::Parent => {
                let (id, cap) = open_at_parent(self.service, self.args.as_str(), &self.affinity)?;
                Ok(self.record(Provider::Parent(id), Phase::HandedOut, cap))
            }
            Kind::Local(cap) if cap.is_valid() => {
                Ok(self.record(Provider::Local, Phase::HandedOut, cap))
            }
            Kind::Local(_) => Err(RS_DENIED),
            Kind::Child(server) => {
                let pd = world().pd(server).ok_or(RS_DENIED)?;
                transfer(&own_pd(), &pd, self.donated)?;
                self.record(Provider::Child(server), Phase::Create, Cap::default());
                requests::changed(server);
                Ok(Cap::default())
            }
        }
    }

    /// The ROM by which the child learns of requests to itself.
    fn own_requests(self) -> Result<Cap, rs_err_t> {
        let cap = environment::requests_rom(self.client)?;
        Ok(self.record(Provider::Requests, Phase::HandedOut, cap))
    }

    fn record(self, provider: Provider, phase: Phase, cap: Cap) -> Cap {
        let session = Session {
            client: Some(self.client),
            client_id: self.client_id,
            service: self.service.to_owned(),
            label: self.label.as_str().to_owned(),
            args: self.args.as_str().to_owned(),
            affinity: self.affinity,
            provider,
            phase,
            cap: cap.clone(),
            charged: self.charged,
            donated: self.donated,
            queued: Amount::default(),
            unwanted: false,
        };
        let mut world = world();
        let id = world.fresh();
        world.sessions.insert(id, session);
        cap
    }
}

/// Open a session at our own parent, which takes the donation from our account.
pub(super) fn open_at_parent(
    service: &str,
    args: &str,
    affinity: &Affinity,
) -> Result<(u64, Cap), rs_err_t> {
    if args.len() >= RS_MAX_ARGS as usize {
        warn(&format!("{service} session denied: its arguments exceed 159 characters: {args}"));
        return Err(RS_DENIED);
    }
    let affinity = rs_affinity_t {
        space: rs_space_t { w: affinity.space.0, h: affinity.space.1 },
        location: rs_location_t {
            x: affinity.at.0,
            y: affinity.at.1,
            w: affinity.size.0,
            h: affinity.size.1,
        },
    };
    let (mut id, mut cap) = (0, 0);
    // SAFETY: arguments and out parameters are live.
    let opened = unsafe {
        rs_session_open(
            service.as_ptr().cast(),
            service.len(),
            args.as_ptr().cast(),
            args.len(),
            &raw const affinity,
            &raw mut id,
            &raw mut cap,
        )
    };
    if opened == RS_OK { Ok((id, Cap::owned(cap))) } else { Err(opened) }
}

/// A child asks for a session that was not there before.
pub(super) fn session_cap(child: ChildId, client_id: u64) -> Result<Cap, rs_err_t> {
    let (session, refused) = {
        let mut world = world();
        let id = world.find(child, client_id).ok_or(RS_DENIED)?;
        let session = world.sessions.get_mut(&id).ok_or(RS_DENIED)?;
        match session.phase {
            Phase::Refused(e) => (world.sessions.remove(&id), e),
            Phase::Available => {
                session.phase = Phase::HandedOut;
                return Ok(session.cap.clone());
            }
            Phase::HandedOut | Phase::Upgrade(_) => return Ok(session.cap.clone()),
            Phase::Create | Phase::Close => return Ok(Cap::default()),
        }
    };
    if let Some(session) = session {
        give_back(&session);
    }
    Err(refused)
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

/// A child donates more to a session.
pub(super) fn upgrade(child: ChildId, client_id: u64, args: &str) -> i32 {
    match try_upgrade(child, client_id, args) {
        Ok(result) => result,
        Err(RS_OUT_OF_CAPS) => upgrade::OUT_OF_CAPS,
        Err(_) => upgrade::OUT_OF_RAM,
    }
}

fn try_upgrade(child: ChildId, client_id: u64, args: &str) -> Result<i32, rs_err_t> {
    let wanted = ArgsRef::new(args);
    let amount = Amount { ram: wanted.ram_quota(), caps: wanted.cap_quota() };
    let (id, provider, server, pd) = {
        let world = world();
        let Some(id) = world.find(child, client_id) else { return Ok(upgrade::OK) };
        let Some(session) = world.sessions.get(&id) else { return Ok(upgrade::OK) };
        if !matches!(session.phase, Phase::HandedOut | Phase::Upgrade(_)) {
            return Ok(upgrade::PENDING); // there is nothing yet, or no more, to donate to
        }
        let (provider, server) = match session.provider {
            Provider::Parent(id) => (Some(id), None),
            Provider::Child(server) => (None, Some((server, world.pd(server).ok_or(RS_DENIED)?))),
            Provider::Local | Provider::Requests => (None, None),
        };
        (id, provider, server, world.pd(child).ok_or(RS_DENIED)?)
    };
    let own = own_pd();
    transfer(&pd, &own, amount)?;
    let forwarded = match (&provider, &server) {
        (Some(at_parent), _) => {
            let mut args = ArgsBuf::<{ RS_MAX_ARGS as usize }>::new();
            let args = args.set_quota(amount.ram, amount.caps).map(|()| args);
            let args = args.map_err(|_| RS_OVERFLOW)?;
            let args = args.as_str();
            // SAFETY: the string is live.
            match unsafe { rs_session_upgrade(*at_parent, args.as_ptr().cast(), args.len()) } {
                RS_OK => Ok(()),
                e => Err(e),
            }
        }
        (None, Some((_, pd))) => transfer(&own, pd, amount),
        (None, None) => Ok(()),
    };
    forwarded.inspect_err(|_| {
        let _ = transfer(&own, &pd, amount);
    })?;
    let mut world = world();
    if let Some(session) = world.sessions.get_mut(&id) {
        session.charged += amount;
        session.donated += amount;
        match session.phase {
            Phase::HandedOut if server.is_some() => session.phase = Phase::Upgrade(amount),
            // the server may have read the earlier one: this one is told once that was answered
            Phase::Upgrade(_) => session.queued += amount,
            _ => {}
        }
    }
    drop(world);
    Ok(match server {
        Some((server, _)) => {
            requests::changed(server);
            upgrade::PENDING
        }
        None => upgrade::OK,
    })
}

/// A child closes a session. Environment sessions stay.
pub(super) fn close_by_client(child: ChildId, client_id: u64) -> i32 {
    if client_id < rs_host_proto::opcode::env_id::FIRST_FREE {
        return close::DONE;
    }
    let id = world().find(child, client_id);
    match id {
        Some(id) if !close(id) => close::PENDING,
        _ => close::DONE,
    }
}

/// Close a session; false if the server must do so first.
pub(super) fn close(id: SessionId) -> bool {
    let (session, policy) = {
        let mut world = world();
        let Some(session) = world.sessions.get_mut(&id) else { return true };
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
        let Some(session) = world.sessions.remove(&id) else { return true };
        let client = session.client.and_then(|c| world.children.get(&c));
        let policy = client.map(|c| c.policy);
        (session, policy)
    };
    match session.provider {
        // SAFETY: no precondition.
        Provider::Parent(at_parent) => unsafe { rs_session_close(at_parent) },
        Provider::Local => {
            if let Some((policy, function)) = policy.and_then(|p| Some((p, p.0.local_close?))) {
                // SAFETY: the policy's own context, a capability that we hold.
                unsafe { function(policy.0.ctx, session.cap.get()) };
            }
        }
        Provider::Child(_) | Provider::Requests => {}
    }
    give_back(&session);
    true
}

/// What a server answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Ok,
    Closed,
    Refused(rs_err_t),
}

/// A server answers a request. Only requests to itself count.
pub(super) fn respond(server: ChildId, id: SessionId, answer: Answer) {
    let mut over = None;
    let client = {
        let mut world = world();
        let Some(session) = world.sessions.get_mut(&id) else { return };
        if !matches!(session.provider, Provider::Child(s) if s == server) {
            return;
        }
        let client = session.client;
        match (session.phase, answer) {
            (Phase::Close, Answer::Closed) => over = world.sessions.remove(&id),
            (Phase::Create, Answer::Refused(_)) if client.is_none() || session.unwanted => {
                over = world.sessions.remove(&id);
            }
            (Phase::Create, Answer::Refused(e)) => session.phase = Phase::Refused(e),
            (Phase::Upgrade(_), Answer::Ok) => {
                session.phase = match std::mem::take(&mut session.queued) {
                    Amount { ram: 0, caps: 0 } => Phase::HandedOut,
                    queued => Phase::Upgrade(queued),
                };
            }
            _ => return,
        }
        client
    };
    if let Some(session) = &over {
        give_back(session);
    }
    requests::changed(server);
    news(client);
}

/// A server delivers a session.
pub(super) fn deliver(server: ChildId, id: SessionId, cap: Cap) {
    let client = {
        let mut world = world();
        let Some(session) = world.sessions.get_mut(&id) else { return };
        let own = matches!(session.provider, Provider::Child(s) if s == server);
        if !own || session.phase != Phase::Create {
            return;
        }
        if session.client.is_none() || session.unwanted || !cap.is_valid() {
            session.phase = Phase::Close;
        } else {
            session.cap = cap;
            session.phase = Phase::Available;
        }
        session.client
    };
    requests::changed(server);
    news(client);
}

/// Tell a client that one of its sessions changed.
pub(super) fn news(client: Option<ChildId>) {
    let sigh = world().session_sigh(client);
    // SAFETY: a live reference.
    unsafe { rs_signal_submit(sigh.get(), 1) };
    if let Some(client) = client {
        environment::look_later(client);
    }
}

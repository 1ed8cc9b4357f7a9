//! What a server answers to the requests of its clients, and how they learn of it.
use genode_abi::*;
use genode_host_proto::interface::parent::SessionResponse;
use genode_wire::Handle;

use super::close::give_back;
use super::forward;
use super::reply;
use super::requests;
use super::route::warn_of;
use super::served::ChildId;
use super::world::{Phase, Provider, Session, SessionId, Waiter, world};
use crate::entrypoint;
use crate::handle::Owned;
use crate::signal::rs_signal_submit;

/// What a server answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Ok,
    Closed,
    Refused(rs_err_t),
}

impl Answer {
    pub(super) fn of(response: SessionResponse) -> Self {
        match response {
            SessionResponse::Ok => Self::Ok,
            SessionResponse::Closed => Self::Closed,
            SessionResponse::Denied => Self::Refused(RS_DENIED),
            SessionResponse::InsufficientRam => Self::Refused(RS_INSUFFICIENT_RAM),
            SessionResponse::InsufficientCaps => Self::Refused(RS_INSUFFICIENT_CAPS),
        }
    }
}

/// Let the call of `child` that is being served wait until the server has answered; false if there is nothing to wait
/// for. Genode's parent answers at once, and a client asks again when it was signalled: the same to the client, which
/// waits in either case, but several calls more.
pub(super) fn wait(child: ChildId, client_id: u64, opens: bool) -> bool {
    let mut world = world();
    let Some(ep) = world.children.get(&child).map(|c| c.ep) else { return false };
    let Some(id) = world.find(child, client_id) else { return false };
    let who = match world.sessions.get(id).map(|session| &session.provider) {
        Some(Provider::Child(server)) => world.children.get(server).map(|c| c.name.clone()),
        _ => None,
    };
    let Some(session) = world.sessions.get_mut(id) else { return false };
    if session.waiter.is_some() || !matches!(session.phase, Phase::Create | Phase::Close) {
        return false;
    }
    // SAFETY: the entrypoint of a child lives as long as the child.
    let held = unsafe { entrypoint::get(ep.0) }.hold(who.as_deref().unwrap_or_default());
    session.waiter = held.map(|held| Waiter { held, opens });
    session.waiter.is_some()
}

/// A server answers a request. Only requests to itself count.
pub(super) fn respond(server: ChildId, id: SessionId, answer: Answer) {
    if answer == Answer::Refused(RS_DENIED) {
        refused(server, id);
    }
    let mut world = world();
    let Some(session) = world.sessions.get(id) else { return };
    if !matches!(session.provider, Provider::Child(s) if s == server) {
        return;
    }
    world.take_back_requests(server);
    let Some(session) = world.sessions.get_mut(id) else { return };
    let client = session.client;
    let mut more = false;
    match (session.phase, answer) {
        (Phase::Close, Answer::Closed) => {
            let session = world.sessions.remove(id);
            drop(world);
            return over(session, RS_DENIED);
        }
        (Phase::Create, Answer::Refused(e)) => {
            if client.is_none() || session.unwanted || session.waiter.is_some() {
                let session = world.sessions.remove(id);
                drop(world);
                return over(session, e);
            }
            session.phase = Phase::Refused(e);
        }
        (Phase::Upgrade(_), Answer::Ok) => {
            let queued = std::mem::take(&mut session.queued);
            more = !queued.is_none();
            session.phase = if more { Phase::Upgrade(queued) } else { Phase::HandedOut };
        }
        _ => return,
    }
    let forward = session.forward.filter(|_| !more);
    drop(world);
    if more {
        requests::changed(server);
    }
    if let Some(id) = forward {
        forward::changed(server, id, RS_SESSION_OPEN, &Owned::default());
    }
    news(client);
}

/// Says that a server refuses a session: the client learns no more than that it is denied.
fn refused(server: ChildId, id: SessionId) {
    let (client, text) = {
        let world = world();
        let Some(session) = world.sessions.get(id) else { return };
        let served = matches!(session.provider, Provider::Child(s) if s == server);
        let Some(client) = session.client.filter(|_| served && session.phase == Phase::Create)
        else {
            return;
        };
        let name = |id| world.children.get(&id).map_or("", |child| child.name.as_str());
        let text = format!(
            "{}: session \"{}\" (label=\"{}\") is refused by its server \"{}\"; see the server's policies and log",
            name(client),
            session.service,
            session.label,
            name(server)
        );
        (client, text)
    };
    warn_of(client, &text);
}

/// A session is over: its donation goes back, and who waits for it learns why.
pub(super) fn over(session: Option<Session>, error: rs_err_t) {
    let Some(session) = session else { return };
    give_back(&session);
    if let (Some(id), Provider::Child(server)) = (session.forward, &session.provider) {
        let state = match (session.phase, error) {
            (Phase::Create, RS_INSUFFICIENT_RAM) => RS_SESSION_INSUFFICIENT_RAM,
            (Phase::Create, RS_INSUFFICIENT_CAPS) => RS_SESSION_INSUFFICIENT_CAPS,
            (Phase::Create, _) => RS_SESSION_DENIED,
            _ => RS_SESSION_CLOSED,
        };
        forward::changed(*server, id, state, &Owned::default());
    }
    if let Some(waiter) = &session.waiter {
        let reply = if waiter.opens { reply::late_session(Err(error)) } else { reply::late_end() };
        world().answer(session.client, waiter, reply);
    }
    if session.waiter.is_none() || session.unwanted {
        news(session.client);
    }
}

/// A server delivers a session.
pub(super) fn deliver(server: ChildId, id: SessionId, cap: Owned) {
    let mut world = world();
    let Some(session) = world.sessions.get(id) else { return };
    let own = matches!(session.provider, Provider::Child(s) if s == server);
    if !own || session.phase != Phase::Create {
        return;
    }
    world.take_back_requests(server);
    let Some(session) = world.sessions.get_mut(id) else { return };
    let client = session.client;
    if session.is_unused() || session.unwanted || !cap.is_valid() {
        session.phase = Phase::Close;
        drop(world);
        return requests::changed(server);
    }
    session.cap = cap.clone();
    if let Some(id) = session.forward {
        session.phase = Phase::HandedOut;
        drop(world);
        return forward::changed(server, id, RS_SESSION_AVAILABLE, &cap);
    }
    if let Some(waiter) = session.waiter.take() {
        session.phase = Phase::HandedOut;
        return world.answer(client, &waiter, reply::late_session(Ok(cap)));
    }
    session.phase = Phase::Available;
    drop(world);
    news(client);
}

/// Tell a client that one of its sessions changed.
pub(super) fn news(client: Option<ChildId>) {
    let sigh = world().session_sigh(client);
    // SAFETY: a live reference.
    unsafe { rs_signal_submit(sigh.get(), 1) };
    if let Some(client) = client {
        look_later(client);
    }
}

/// Something about the child's sessions changed: maybe it can start by now. Looked at once the entrypoint is free,
/// since the news may come with a call of the very server that has the program.
fn look_later(id: ChildId) {
    let sigh = {
        let world = world();
        let waiting = world.children.get(&id).filter(|c| c.started && !c.ended && !c.launched);
        waiting.map(|c| c.faults.cap.clone()).unwrap_or_default()
    };
    // SAFETY: a live reference; an invalid one is silent.
    unsafe { rs_signal_submit(sigh.get(), 1) };
}

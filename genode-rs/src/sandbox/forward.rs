//! Services of children for the sandbox's own parent: its requests are forwarded to the child that the policy of a
//! `<service>` node names.
//!
//! After Genode's `repos/os/src/lib/sandbox/server.cc` (26.02). A request whose server is yet to come stays pending; one
//! that no policy is for is denied. What our parent donated goes on to the server, less our record of the session, and is
//! back in our account before the parent learns that the session is over.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    account::Amount,
    backend::{Backend, Forward},
    config::Config,
    engine::Engine,
    event::SessionState,
    table::Table,
};
use crate::{
    args::{ArgsBuf, cost::RECORD},
    cap::RawCap,
    error::Error,
    root::requests::Request,
    sys::parent::Response,
};

/// A session that was forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Forwarded {
    service: String,
    /// Label of the client.
    client: String,
    /// The child that serves it.
    server: String,
    /// What the server sees.
    label: String,
    /// The server has yet to take a donation.
    upgrading: bool,
    /// The server has yet to close it.
    closing: bool,
    /// The parent did not ask for the end that is under way.
    routed_anew: bool,
}

/// What is forwarded, by the number that our parent knows it by.
#[derive(Debug, Default)]
pub(super) struct Forwarding {
    /// What the parent asked last; what could not be answered is tried again with the next configuration.
    pending: Vec<Request>,
    sessions: BTreeMap<u64, Forwarded>,
}

/// Where a request of our parent goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To a child, with the label that it sees.
    Child { server: String, label: String },
    /// To a service or a child that is not there yet.
    Later,
    /// Nowhere.
    Denied,
}

/// Decides where a request goes.
pub(super) fn target(config: &Config, table: &Table, service: &str, label: &str) -> Target {
    let Some(provided) = config.services.iter().find(|s| s.name == service) else {
        return Target::Later;
    };
    match provided.target(label) {
        None => Target::Denied,
        Some((server, _)) if !table.provides(server, service) => Target::Later,
        Some((server, label)) => {
            Target::Child { server: server.to_string(), label: label.to_string() }
        }
    }
}

impl<B: Backend> Engine<B> {
    /// Takes what the parent asks, all of it: what it does not repeat is settled.
    pub(super) fn requested(&mut self, requests: Vec<Request>) {
        self.forwarding.pending = requests;
        self.forward_requests();
    }

    /// Answers what can be answered.
    pub(super) fn forward_requests(&mut self) {
        for request in core::mem::take(&mut self.forwarding.pending) {
            if !self.forward_request(&request) {
                self.forwarding.pending.push(request);
            }
        }
    }

    /// Ends sessions whose route is another one with the present configuration.
    pub(super) fn close_rerouted(&mut self) {
        let routing = self.shared.routing.borrow();
        let changed = |f: &Forwarded| {
            let now = target(&self.config, &routing.table, &f.service, &f.client);
            now != Target::Child { server: f.server.clone(), label: f.label.clone() }
        };
        let sessions = self.forwarding.sessions.iter();
        let over: Vec<u64> =
            sessions.filter(|(_, f)| !f.closing && changed(f)).map(|(id, _)| *id).collect();
        drop(routing);
        for id in over {
            self.close_forwarded(id, true);
        }
    }

    /// Handles one request; false if it waits for a server.
    fn forward_request(&mut self, request: &Request) -> bool {
        match request {
            Request::Create { id, .. } if self.forwarding.sessions.contains_key(id) => true,
            Request::Create { id, service, args, affinity } => {
                let Ok(args) = args else {
                    self.backend.respond(*id, Response::Denied);
                    return true;
                };
                let opened = self.open_forwarded(*id, service, args, *affinity);
                match opened {
                    Ok(opened) => opened,
                    Err(refused) => {
                        self.backend.respond(*id, refused);
                        true
                    }
                }
            }
            Request::Upgrade { id, ram, caps } => {
                self.upgrade_forwarded(*id, Amount { ram: *ram, caps: *caps });
                true
            }
            Request::Close { id } => {
                self.close_forwarded(*id, false);
                true
            }
        }
    }

    fn open_forwarded(
        &mut self,
        id: u64,
        service: &str,
        args: &ArgsBuf,
        affinity: crate::affinity::Affinity,
    ) -> Result<bool, Response> {
        let client = args.args().label().map_err(|_| Response::Denied)?;
        let found = {
            let routing = self.shared.routing.borrow();
            target(&self.config, &routing.table, service, client.as_str())
        };
        let (server, label) = match found {
            Target::Child { server, label } => (server, label),
            Target::Later => return Ok(false),
            Target::Denied => return Err(Response::Denied),
        };
        let running = {
            let routing = self.shared.routing.borrow();
            routing.children.iter().find(|c| c.name == server).and_then(|c| c.server)
        };
        let Some(running) = running else { return Ok(false) };
        let donated = args.args().quota().checked_sub(RECORD);
        let donated = donated.map_err(|_| Response::InsufficientRam)?;
        let mut text = *args;
        text.set_u64("ram_quota", donated.ram.0).map_err(|_| Response::Denied)?;
        let forward = Forward { id, service, label: &label, args: text.as_str(), affinity };
        self.backend.forward(running, &forward).map_err(|e| {
            self.warn(&format!("session \"{service}\" of '{client}' cannot be forwarded: {e}"));
            match e {
                Error::OutOfRam => Response::InsufficientRam,
                Error::OutOfCaps => Response::InsufficientCaps,
                _ => Response::Denied,
            }
        })?;
        let session = Forwarded {
            service: service.to_string(),
            client: client.as_str().to_string(),
            server,
            label,
            upgrading: false,
            closing: false,
            routed_anew: false,
        };
        self.forwarding.sessions.insert(id, session);
        Ok(true)
    }

    fn upgrade_forwarded(&mut self, id: u64, amount: Amount) {
        let takes = |s: &&mut Forwarded| !s.upgrading && !s.closing;
        let Some(session) = self.forwarding.sessions.get_mut(&id).filter(takes) else { return };
        match self.backend.forward_upgrade(id, amount) {
            Ok(()) => session.upgrading = true,
            // the parent keeps asking, and waits
            Err(e) => {
                let text = format!("upgrade of a forwarded session failed: {e}");
                self.warn(&text);
            }
        }
    }

    fn close_forwarded(&mut self, id: u64, routed_anew: bool) {
        match self.forwarding.sessions.get_mut(&id) {
            Some(session) if session.closing => session.routed_anew &= routed_anew,
            Some(session) => {
                session.closing = true;
                session.routed_anew = routed_anew;
                self.backend.forward_close(id);
            }
            None => self.backend.respond(id, Response::Closed),
        }
    }

    /// A forwarded session has a new state.
    pub(super) fn forwarded(&mut self, id: u64, state: SessionState, cap: &RawCap) {
        let Some(session) = self.forwarding.sessions.get_mut(&id) else { return };
        let response = match state {
            SessionState::Available => return self.backend.deliver(id, cap),
            SessionState::Open => {
                session.upgrading = false;
                return self.backend.respond(id, Response::Ok);
            }
            SessionState::InsufficientRam => Response::InsufficientRam,
            SessionState::InsufficientCaps => Response::InsufficientCaps,
            SessionState::Denied => Response::Denied,
            _ => Response::Closed,
        };
        self.forwarding.sessions.remove(&id);
        self.backend.respond(id, response);
    }
}

#[cfg(test)]
mod tests;

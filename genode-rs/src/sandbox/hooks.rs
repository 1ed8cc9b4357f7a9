//! Where the system's callbacks enter: routes are decided at once, everything else becomes an event.
//!
//! Callbacks may come while the sandbox itself is at work, from within a call to the system. They share with it
//! only what is here, borrowed for no longer than a decision takes.

use alloc::{
    boxed::Box,
    collections::VecDeque,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use genode_args::repeats::Repeats;

use super::{
    account::Amount,
    event::{End, SessionState},
    route::{Explained, Query, To},
    table::Table,
};
use crate::{
    affinity::Affinity,
    args::{ArgsBuf, ArgsRef},
    cap::RawCap,
    error::Error,
    label::Label,
};

/// Events of one child that wait to be handled.
const MAX_WAITING: usize = 64;

/// Longest session arguments that are filtered, with the NUL of the seam's strings.
pub(super) const MAX_ARGS: usize = 256;

/// A request for a session that the user of the sandbox serves.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalRequest<'a> {
    /// The child that asks.
    pub child: &'a str,
    /// The label as routed.
    pub label: &'a Label,
    /// All session arguments as the child gave them, its label without the routes' changes.
    pub args: ArgsRef<'a>,
    /// The affinity, within the child's.
    pub affinity: Affinity,
}

/// A service that the user of the sandbox serves itself, reached by `<local/>` in routes.
pub trait LocalService {
    /// The capability of a session.
    ///
    /// # Errors
    /// Whatever; the child finds its request denied.
    fn open(&mut self, request: &LocalRequest<'_>) -> Result<RawCap, Error>;

    /// A session was closed.
    fn close(&mut self, session: &RawCap);

    /// Returns the PD session of this component's own that a PD session forwards to. A child whose
    /// PD is served without one does not start: its account and its process are core's in any case.
    fn forwards_to(&self, _session: &RawCap) -> Option<RawCap> {
        None
    }
}

/// What a callback leaves for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Announced(String),
    Ended(End),
    ResourceRequest(Amount),
    Yielded,
    Heartbeat,
    /// A session at the child on behalf of a client of our parent has a new state.
    Forwarded(u64, SessionState, RawCap),
    /// A line for people, said when nothing is borrowed.
    Warning(String),
}

/// The answer to a session request.
pub(super) enum Answer<S> {
    Deny,
    Parent,
    Child(S),
    /// The user of the sandbox, by a capability. A PD session also names the session that it
    /// forwards to, or else it has none.
    Local(RawCap, RawCap),
}

/// A child as far as routing goes.
pub(super) struct Routed<S> {
    pub(super) id: u32,
    pub(super) name: String,
    /// None once it ended, and while it is not created yet.
    pub(super) server: Option<S>,
    /// The session that all get who ask for its ROM `config`.
    pub(super) config: Option<RawCap>,
}

/// What a decision needs: the rules, and who can be reached.
pub(super) struct Routing<S> {
    pub(super) table: Table,
    pub(super) children: Vec<Routed<S>>,
}

pub(super) struct Shared<S> {
    pub(super) routing: RefCell<Routing<S>>,
    pub(super) services: RefCell<Vec<(String, Box<dyn LocalService>)>>,
    pub(super) incoming: RefCell<VecDeque<(u32, Incoming)>>,
    /// Some session got another state.
    pub(super) sessions_changed: Cell<bool>,
    /// Set once events wait, so that the sandbox is woken once.
    pub(super) woken: Cell<bool>,
    pub(super) wake: Box<dyn Fn()>,
}

impl<S> Shared<S> {
    pub(super) fn new(wake: Box<dyn Fn()>) -> Rc<Self> {
        let routing = Routing { table: Table::default(), children: Vec::new() };
        Rc::new(Self {
            routing: RefCell::new(routing),
            services: RefCell::new(Vec::new()),
            incoming: RefCell::new(VecDeque::new()),
            sessions_changed: Cell::new(false),
            woken: Cell::new(false),
            wake,
        })
    }

    /// Leaves an event. A child that makes more of them than are handled loses some: it must not fill our memory.
    fn push(&self, id: u32, event: Incoming) {
        let mut incoming = self.incoming.borrow_mut();
        let waiting = incoming.iter().filter(|(child, _)| *child == id).count();
        // what must not be lost: the one end, and the states of sessions that our parent has a record of
        let kept = matches!(event, Incoming::Ended(_) | Incoming::Forwarded(..));
        if waiting >= MAX_WAITING && !kept {
            return;
        }
        incoming.push_back((id, event));
        drop(incoming);
        self.wake();
    }

    fn wake(&self) {
        if !self.woken.replace(true) {
            (self.wake)();
        }
    }
}

/// The callbacks of one child.
pub(super) struct Hooks<S> {
    pub(super) id: u32,
    pub(super) name: String,
    /// Sessions of it that were denied, as they were told.
    pub(super) denials: RefCell<Repeats>,
    pub(super) shared: Rc<Shared<S>>,
}

impl<S: Copy> Hooks<S> {
    /// Where a session request goes, with the label and the affinity that the server sees.
    pub(super) fn route(
        &self,
        service: &str,
        label: &str,
        args: &str,
        affinity: Affinity,
    ) -> (Answer<S>, Label, Affinity) {
        match self.decide(service, label, affinity) {
            Ok((Decided::To(answer), label, affinity)) => (answer, label, affinity),
            Ok((Decided::Local, label, affinity)) => {
                let request = LocalRequest {
                    child: &self.name,
                    label: &label,
                    args: ArgsRef::new(args),
                    affinity,
                };
                (self.open_local(service, &request), label, affinity)
            }
            Err(text) => {
                if let Some(times) = self.denials.borrow_mut().note(&text) {
                    self.shared.push(self.id, Incoming::Warning(format!("{text}{times}")));
                }
                (Answer::Deny, Label::default(), affinity)
            }
        }
    }

    fn decide(
        &self,
        service: &str,
        label: &str,
        affinity: Affinity,
    ) -> Result<(Decided<S>, Label, Affinity), String> {
        let name = &self.name;
        let routing = self
            .shared
            .routing
            .try_borrow()
            .map_err(|_| format!("{name}: session request of \"{service}\" during a change"))?;
        let table = &routing.table;
        let entry = table
            .entry(name)
            .ok_or_else(|| format!("{name}: session request of a child that is gone"))?;
        let found = table.route(entry, service, label).map_err(|denial| {
            Explained(Query { child: name, service, label }, &denial).to_string()
        })?;
        let affinity = entry.place(affinity);
        let answer = match &found.to {
            To::Parent => Decided::To(Answer::Parent),
            To::Local => Decided::Local,
            To::Child(server) => {
                let server_cap = routing.children.iter().find(|c| &c.name == server);
                let server_cap = server_cap.and_then(|c| c.server).ok_or_else(|| {
                    format!("{name}: session \"{service}\" denied: its server \"{server}\" does not run; see the messages about it")
                })?;
                Decided::To(Answer::Child(server_cap))
            }
            To::Config => {
                let own = routing.children.iter().find(|c| c.id == self.id);
                let rom = own.and_then(|c| c.config.clone());
                let rom = rom.ok_or_else(|| format!("{name}: no memory for its config"))?;
                Decided::To(Answer::Local(rom, RawCap::INVALID))
            }
        };
        Ok((answer, found.label, affinity))
    }

    /// Makes session arguments those that the child may have; what does not fit any more is left out.
    pub(super) fn filter(&self, service: &str, text: &str) -> Option<ArgsBuf<MAX_ARGS>> {
        let routing = self.shared.routing.try_borrow().ok()?;
        let policy = routing.table.entry(&self.name)?.policy();
        let mut args = ArgsBuf::copy(text).ok()?;
        policy.filter(&self.name, service, &mut args).ok()?;
        Some(args)
    }

    pub(super) fn sessions_changed(&self) {
        self.shared.sessions_changed.set(true);
        self.shared.wake();
    }

    pub(super) fn forwarded(&self, id: u64, state: SessionState, session: RawCap) {
        self.shared.push(self.id, Incoming::Forwarded(id, state, session));
    }

    fn open_local(&self, service: &str, request: &LocalRequest<'_>) -> Answer<S> {
        let Ok(mut services) = self.shared.services.try_borrow_mut() else { return Answer::Deny };
        match services.iter_mut().find(|(name, _)| name == service) {
            Some((_, local)) => local.open(request).map_or(Answer::Deny, |session| {
                let pd = local.forwards_to(&session).filter(|_| service == "PD");
                Answer::Local(session, pd.unwrap_or(RawCap::INVALID))
            }),
            None => Answer::Deny,
        }
    }

    pub(super) fn local_close(&self, session: &RawCap) {
        {
            let routing = self.shared.routing.try_borrow();
            let own = routing.iter().flat_map(|r| &r.children).find(|c| c.id == self.id);
            if own.and_then(|c| c.config.as_ref()) == Some(session) {
                return;
            }
        }
        if let Ok(mut services) = self.shared.services.try_borrow_mut() {
            for (_, service) in services.iter_mut() {
                service.close(session);
            }
        }
    }

    pub(super) fn announce(&self, service: &str) {
        self.shared.push(self.id, Incoming::Announced(service.to_string()));
    }

    pub(super) fn ended(&self, end: End) {
        self.shared.push(self.id, Incoming::Ended(end));
    }

    pub(super) fn resource_request(&self, args: &str) {
        let args = ArgsRef::new(args);
        let wanted = args.quota();
        self.shared.push(self.id, Incoming::ResourceRequest(wanted));
    }

    pub(super) fn yield_response(&self) {
        self.shared.push(self.id, Incoming::Yielded);
    }

    pub(super) fn heartbeat(&self) {
        self.shared.push(self.id, Incoming::Heartbeat);
    }
}

enum Decided<S> {
    To(Answer<S>),
    Local,
}

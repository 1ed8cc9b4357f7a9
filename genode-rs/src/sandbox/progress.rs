//! What happens to children: events of theirs, their ends, signs of life.

use alloc::{format, string::String, vec::Vec};

use super::{
    account::Amount,
    backend::{Backend, Notice},
    config::Start,
    engine::{Child, Engine, Phase},
    event::{End, Event},
    hooks::Incoming,
    route::To,
};
use crate::log::Level;

impl<B: Backend> Engine<B> {
    /// Handles what callbacks left, and returns what the user should know.
    pub(super) fn process(&mut self) -> Vec<Event> {
        self.shared.woken.set(false);
        let incoming = core::mem::take(&mut *self.shared.incoming.borrow_mut());
        let mut events: Vec<_> =
            incoming.into_iter().filter_map(|(id, event)| self.handle(id, event)).collect();
        if self.shared.sessions_changed.replace(false) {
            events.push(Event::Sessions);
        }
        events.dedup();
        events
    }

    fn handle(&mut self, id: u32, event: Incoming) -> Option<Event> {
        if let Incoming::Warning(text) = event {
            self.warn(&text);
            return None;
        }
        if let Incoming::Forwarded(id, state, session) = event {
            // also of a server that is gone by now
            self.forwarded(id, state, &session);
            return Some(Event::Sessions);
        }
        let index = self.children.iter().position(|c| c.id == id)?; // else it is gone by now
        let child = &mut self.children[index];
        let name = child.start.name.clone();
        Some(match event {
            Incoming::Warning(_) | Incoming::Forwarded(..) => return None,
            Incoming::Announced(service) => {
                if !child.start.provides.contains(&service) {
                    self.error(&format!("{name}: illegal announcement of service \"{service}\"; add <provides><service name=\"{service}\"/></provides> to its start node"));
                    return None;
                }
                Event::Announced { child: name, service }
            }
            Incoming::Ended(end) => {
                self.ended(index, end);
                Event::Ended { child: name, end }
            }
            Incoming::ResourceRequest(amount) => {
                child.requested = amount;
                let Amount { ram, caps } = amount;
                self.backend.say(
                    Level::Log,
                    &format!(
                        "child \"{name}\" requests resources: ram_quota={ram}, cap_quota={caps}"
                    ),
                );
                Event::ResourceRequest { child: name, ram, caps }
            }
            Incoming::Yielded => {
                self.balance();
                Event::Yielded { child: name }
            }
            Incoming::Heartbeat => {
                let first = child.pulse.answered();
                return first.then_some(Event::Alive { child: name });
            }
        })
    }

    /// Gives back what a child that ended had, says so, and ends the component with it if that is wanted.
    fn ended(&mut self, index: usize, end: End) {
        let server = self.children[index].start.clone();
        self.orphan_clients(&server);
        self.uncertain = true;
        let child = &mut self.children[index];
        child.phase = Phase::Ended(end);
        let (id, propagate) = (child.id, child.start.exit_propagate);
        let text = format!("child \"{}\" {end}", child.start.name);
        let handle = child.handle.take();
        let mut routing = self.shared.routing.borrow_mut();
        for routed in routing.children.iter_mut().filter(|routed| routed.id == id) {
            routed.server = None;
        }
        drop(routing);
        drop(handle);
        let value = match end {
            End::Exited(value) => {
                self.backend.say(Level::Log, &text);
                value
            }
            End::Faulted(_) => {
                self.error(&text);
                -1
            }
        };
        if propagate {
            self.backend.exit(value);
        }
    }

    /// Keeps what sessions go with a server, so that their clients start anew when there is one again.
    pub(super) fn orphan_clients(&mut self, server: &Start) {
        if server.provides.is_empty() {
            return;
        }
        let at = To::Child(server.name.clone());
        let used = |c: &Child<B>| {
            let mut used = self.used(c);
            used.retain(|s| s.to.as_ref() == Some(&at));
            used
        };
        let orphans: Vec<_> = self.children.iter().map(used).collect();
        for (child, orphans) in self.children.iter_mut().zip(orphans) {
            for orphan in orphans {
                if !child.orphans.contains(&orphan) {
                    child.orphans.push(orphan);
                }
            }
        }
    }

    /// Asks all children that are watched for a sign of life, and says who missed how many.
    pub(super) fn heartbeat(&mut self) -> Vec<Event> {
        let mut missed = Vec::new();
        let rate_ms = self.config.heartbeat_ms.unwrap_or(0);
        for child in &mut self.children {
            let (Some(watch), Some(handle), Phase::Running) =
                (child.start.heartbeat, &child.handle, child.phase)
            else {
                continue;
            };
            child.pulse.asked(watch, rate_ms);
            self.backend.notify(handle, Notice::Heartbeat);
            let skipped = child.pulse.skipped();
            if skipped > 0 {
                missed.push(Event::HeartbeatMissed { child: child.start.name.clone(), skipped });
            }
        }
        missed
    }

    /// Children that missed more signs of life than their configuration allows.
    pub(super) fn overdue(&self) -> Vec<String> {
        let late = |c: &&Child<B>| {
            let overdue = c.start.heartbeat.is_some_and(|watch| c.pulse.overdue(watch));
            overdue && c.phase == Phase::Running
        };
        self.children.iter().filter(late).map(|c| c.start.name.clone()).collect()
    }

    /// Starts a child anew, and those that use it. To be followed by [`Self::process`].
    pub(super) fn restart(&mut self, name: &str) {
        let Some(child) = self.children.iter_mut().find(|c| c.start.name == name) else { return };
        child.phase = Phase::Incomplete; // what the plan starts anew
        let config = self.config.clone();
        self.apply_config(config);
    }
}

//! The state report: what children there are, how they are, what they have.
//!
//! The same nodes as Genode's `init` reports (`repos/os/src/lib/sandbox`), so that tools for one read the other.

use alloc::{borrow::Cow, vec::Vec};
use core::fmt::Display;

use super::{
    backend::Backend,
    config::Details,
    engine::{Child, Engine, Phase},
    event::End,
    route::To,
};
use crate::{
    node::{Generator, Node},
    quota::{CapQuota, Quota, RamQuota},
};

impl<B: Backend> Engine<B> {
    /// The state as a node `state`.
    pub(super) fn state(&self) -> Node {
        let details = self.config.report.unwrap_or_default().details;
        let version = &self.config.version;
        Node::generate("state", |g| {
            if !version.is_empty() {
                g.attr("version", version);
            }
            let own = self.backend.own_quota();
            if details.contains(Details::INIT_RAM) {
                g.node("ram", |g| account(g, ram(&own)));
            }
            if details.contains(Details::INIT_CAPS) {
                g.node("caps", |g| account(g, caps(&own)));
            }
            let mut quotas = self.quotas(details).into_iter();
            for child in &self.children {
                let quota = child.handle.as_ref().and_then(|_| quotas.next());
                g.node("child", |g| self.child(g, child, quota, details));
            }
        })
    }

    /// The accounts of all children that have one, by as few calls as that takes, if they are to be
    /// told.
    fn quotas(&self, details: Details) -> Vec<Quota> {
        if !details.intersects(Details::CHILD_RAM | Details::CHILD_CAPS) {
            return Vec::new();
        }
        let handles: Vec<_> = self.children.iter().filter_map(|c| c.handle.as_ref()).collect();
        self.backend.quotas(&handles).unwrap_or_default()
    }

    fn child(&self, g: &mut Generator, child: &Child<B>, quota: Option<Quota>, details: Details) {
        g.attr("name", &child.start.name);
        g.attr("binary", &child.start.binary);
        if !child.start.version.is_empty() {
            g.attr("version", &child.start.version);
        }
        if details.contains(Details::IDS) {
            g.attr("id", child.id);
        }
        match child.phase {
            Phase::Incomplete => g.attr("state", "incomplete"),
            Phase::Running if child.lost => g.attr("state", "incomplete"),
            Phase::Running => {}
            Phase::Ended(End::Exited(value)) => g.attr("exited", value),
            Phase::Ended(End::Faulted(signal)) => g.attr("faulted", signal),
        }
        if child.start.heartbeat.is_some() && child.pulse.skipped() > 0 {
            g.attr("skipped_heartbeats", child.pulse.skipped());
        }
        if details.contains(Details::CHILD_RAM) {
            let (assigned, requested) = (child.assigned.ram, child.requested.ram);
            g.node("ram", |g| resource(g, assigned, quota.as_ref().map(ram), requested));
        }
        if details.contains(Details::CHILD_CAPS) {
            let (assigned, requested) = (child.assigned.caps, child.requested.caps);
            g.node("caps", |g| resource(g, assigned, quota.as_ref().map(caps), requested));
        }
        let args = details.contains(Details::SESSION_ARGS);
        if details.contains(Details::REQUESTED) {
            g.node("requested", |g| self.sessions(g, child, false, args));
        }
        if details.contains(Details::PROVIDED) {
            g.node("provided", |g| self.sessions(g, child, true, args));
        }
    }

    fn sessions(&self, g: &mut Generator, child: &Child<B>, provided: bool, args: bool) {
        let Some(handle) = &child.handle else { return };
        let config = child.own_config();
        for session in self.backend.sessions(handle, provided) {
            g.node("session", |g| {
                g.attr("name", printable(&session.service));
                g.attr("state", session.state);
                if !session.label.is_empty() {
                    g.attr("label", printable(&session.label));
                }
                g.attr("ram", session.donated.ram);
                g.attr("caps", session.donated.caps);
                match self.server_of(&session, config.as_ref()) {
                    _ if provided => {}
                    Some(To::Parent) => g.attr("route", "parent"),
                    Some(To::Child(server)) => g.attr("server", server),
                    Some(To::Local) => g.attr("route", "local"),
                    Some(To::Config) => g.attr("route", "config"),
                    None => {}
                }
                if args {
                    g.node("args", |g| g.text(printable(&session.args)));
                }
            });
        }
    }
}

/// Replaces what no syntax of reports can express: children choose labels and arguments, and must not be able to suppress
/// the report.
fn printable(text: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(odd) { text.replace(odd, "?").into() } else { text.into() }
}

/// One resource of an account: quota, used, available.
type Account<T> = [T; 3];

fn ram(quota: &Quota) -> Account<RamQuota> {
    [quota.ram_limit, quota.ram_used, quota.ram_avail()]
}

fn caps(quota: &Quota) -> Account<CapQuota> {
    [quota.caps_limit, quota.caps_used, quota.caps_avail()]
}

fn account<T: Display>(g: &mut Generator, [quota, used, avail]: Account<T>) {
    g.attr("quota", quota);
    g.attr("used", used);
    g.attr("avail", avail);
}

/// Adds the attributes of one resource of a child; the account of one that does not run is not known.
fn resource<T: Display + Default + PartialEq>(
    g: &mut Generator,
    assigned: T,
    known: Option<Account<T>>,
    requested: T,
) {
    g.attr("assigned", assigned);
    if let Some(known) = known {
        account(g, known);
    }
    if requested != T::default() {
        g.attr("requested", requested);
    }
}

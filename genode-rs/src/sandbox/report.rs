//! The state report: what children there are, how they are, what they have.
//!
//! The same nodes as Genode's `init` reports (`repos/os/src/lib/sandbox`), so that tools for one read the other.

use super::{
    backend::Backend,
    config::Report,
    engine::{Child, Engine, Phase},
    hooks::End,
    route::To,
};
use crate::{
    node::{Generator, Node},
    quota::Quota,
};

impl<B: Backend> Engine<B> {
    /// The state as a node `state`.
    pub(super) fn state(&self) -> Node {
        let (detail, version) = {
            let routing = self.shared.routing.borrow();
            (routing.config.report.unwrap_or_default(), routing.config.version.clone())
        };
        Node::generate("state", |g| {
            if !version.is_empty() {
                g.attr("version", &version);
            }
            let own = self.backend.own_quota();
            if detail.init_ram {
                g.node("ram", |g| ram(g, &own));
            }
            if detail.init_caps {
                g.node("caps", |g| caps(g, &own));
            }
            for child in &self.children {
                g.node("child", |g| self.child(g, child, detail));
            }
        })
    }

    fn child(&self, g: &mut Generator, child: &Child<B>, detail: Report) {
        g.attr("name", &child.start.name);
        g.attr("binary", &child.start.binary);
        if !child.start.version.is_empty() {
            g.attr("version", &child.start.version);
        }
        if detail.ids {
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
        let quota = child.handle.as_ref().and_then(|h| self.backend.quota(h).ok());
        if detail.child_ram {
            g.node("ram", |g| {
                g.attr("assigned", child.assigned.ram);
                if let Some(quota) = &quota {
                    ram(g, quota);
                }
                if child.requested.ram.0 > 0 {
                    g.attr("requested", child.requested.ram);
                }
            });
        }
        if detail.child_caps {
            g.node("caps", |g| {
                g.attr("assigned", child.assigned.caps);
                if let Some(quota) = &quota {
                    caps(g, quota);
                }
                if child.requested.caps.0 > 0 {
                    g.attr("requested", child.requested.caps);
                }
            });
        }
        if detail.requested {
            g.node("requested", |g| self.sessions(g, child.id));
        }
    }

    fn sessions(&self, g: &mut Generator, id: u32) {
        let routing = self.shared.routing.borrow();
        let routed = routing.children.iter().find(|r| r.id == id);
        for used in routed.iter().flat_map(|r| &r.sessions) {
            g.node("session", |g| {
                g.attr("name", &used.service);
                g.attr("label", used.route.label.as_str());
                match &used.route.to {
                    To::Parent => g.attr("route", "parent"),
                    To::Child(server) => g.attr("server", server),
                    To::Local => g.attr("route", "local"),
                    To::Config => g.attr("route", "config"),
                }
            });
        }
    }
}

fn ram(g: &mut Generator, quota: &Quota) {
    g.attr("quota", quota.ram_limit);
    g.attr("used", quota.ram_used);
    g.attr("avail", quota.ram_avail());
}

fn caps(g: &mut Generator, quota: &Quota) {
    g.attr("quota", quota.caps_limit);
    g.attr("used", quota.caps_used);
    g.attr("avail", quota.caps_avail());
}

//! What a new configuration means for the children that exist.
//!
//! Pure decision: compares what runs with what is wanted and says who goes, who comes, who starts anew. A child
//! starts anew when its version or program changed, when one of its sessions would now be routed elsewhere, or when a
//! server that it uses starts anew; so a restart spreads to all that depend on it.

use alloc::{string::String, vec::Vec};

use super::{
    config::{Config, Start},
    route::{Denial, Query, Route, Services, To},
};
use crate::label::{self, Label};

/// The services of a configuration.
#[derive(Clone, Copy)]
pub(super) struct Offered<'a> {
    /// The configuration.
    pub(super) config: &'a Config,
    /// Names of the services that the user of the sandbox serves.
    pub(super) local: &'a [String],
}

impl Services for Offered<'_> {
    fn parent(&self, service: &str) -> bool {
        self.config.parent_provides.iter().any(|s| s == service)
    }

    fn local(&self, service: &str) -> bool {
        self.local.iter().any(|s| s == service)
    }

    fn child<'a>(&'a self, name: &'a str) -> &'a str {
        self.config.deref_alias(name)
    }

    fn providers<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a str> {
        let provides = move |s: &&Start| s.provides.iter().any(|p| p == service);
        self.config.starts.iter().filter(provides).map(|s| s.name.as_str())
    }

    fn exists(&self, name: &str) -> bool {
        self.config.starts.iter().any(|s| s.name == name)
    }
}

/// The route of a request of child `start`, with what the sandbox itself does to ROM requests.
pub(super) fn route(
    offered: Offered<'_>,
    start: &Start,
    service: &str,
    requested: &str,
) -> Result<Route, Denial> {
    let mut label = requested;
    if service == "ROM" {
        if label::last_element(requested) == "config" && start.config.is_some() {
            let label = Label::new(requested).unwrap_or_default();
            return Ok(Route { to: To::Config, label });
        }
        // the program under the child's name, or instead of a dynamic linker that is not wanted
        if requested == start.name || (!start.ld && requested == "ld.lib.so") {
            label = &start.binary;
        }
    }
    let query = Query { child: &start.name, service, label };
    offered
        .config
        .route_of(start)
        .map_or(Err(Denial::NoRule), |model| model.resolve(query, &offered))
}

/// A session that a child requested, and where it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Used {
    /// The service.
    pub(super) service: String,
    /// The label before routing.
    pub(super) label: String,
    /// Where it went.
    pub(super) route: Route,
}

/// A child that exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running<'a> {
    /// As it was configured.
    pub(super) start: &'a Start,
    /// Whether its environment is there.
    pub(super) complete: bool,
    /// Whether it exited or crashed.
    pub(super) ended: bool,
    /// Whether a server that it uses vanished, so that it starts anew when there is one again.
    pub(super) lost: bool,
    /// Its sessions.
    pub(super) sessions: &'a [Used],
}

/// Names of children by what is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// No longer wanted.
    pub(super) destroy: Vec<String>,
    /// To be destroyed and created anew.
    pub(super) restart: Vec<String>,
    /// Wanted, and not there (those of `restart` not among them).
    pub(super) create: Vec<String>,
    /// Running with a changed inline configuration.
    pub(super) reconfigure: Vec<String>,
    /// Running with a session that no longer has a route.
    pub(super) incomplete: Vec<String>,
}

/// Compares the children that exist with the configuration that is wanted.
pub(super) fn plan(running: &[Running<'_>], new: &Config, local: &[String]) -> Plan {
    let offered = Offered { config: new, local };
    let wanted = |name: &str| new.starts.iter().find(|s| s.name == name);
    let mut plan = Plan::default();

    for child in running {
        let old = child.start;
        match wanted(&old.name) {
            None => plan.destroy.push(old.name.clone()),
            Some(start) if start.version != old.version => plan.restart.push(old.name.clone()),
            Some(_) if child.ended => {}
            Some(start) if !child.complete || start.binary != old.binary || start.ld != old.ld => {
                plan.restart.push(old.name.clone());
            }
            Some(start) => {
                if let (Some(before), Some(after)) = (&old.config, &start.config)
                    && before != after
                {
                    plan.reconfigure.push(old.name.clone());
                }
            }
        }
    }
    for start in &new.starts {
        if !running.iter().any(|r| r.start.name == start.name) {
            plan.create.push(start.name.clone());
        }
    }

    // spread along the sessions until nothing changes; each round adds a child or is the last
    loop {
        let before = (plan.restart.len(), plan.incomplete.len());
        for child in running.iter().filter(|c| !c.ended) {
            let name = &child.start.name;
            let settled = [&plan.destroy, &plan.restart, &plan.incomplete];
            let Some(start) = wanted(name) else { continue };
            if settled.iter().any(|s| s.contains(name)) {
                continue;
            }
            match state(child.sessions, &offered, start, &plan) {
                Sessions::Unchanged if !child.lost => {}
                Sessions::Unchanged | Sessions::Changed => plan.restart.push(name.clone()),
                Sessions::Unavailable => plan.incomplete.push(name.clone()),
            }
        }
        if before == (plan.restart.len(), plan.incomplete.len()) {
            break;
        }
    }
    plan.reconfigure.retain(|name| !plan.restart.contains(name));
    plan
}

enum Sessions {
    Unchanged,
    Changed,
    Unavailable,
}

fn state(sessions: &[Used], offered: &Offered<'_>, start: &Start, plan: &Plan) -> Sessions {
    let mut result = Sessions::Unchanged;
    for used in sessions {
        let Ok(now) = route(*offered, start, &used.service, &used.label) else {
            return Sessions::Unavailable;
        };
        let anew = |server: &String| plan.restart.contains(server) || plan.create.contains(server);
        if now != used.route || matches!(&now.to, To::Child(server) if anew(server)) {
            result = Sessions::Changed;
        }
    }
    result
}

#[cfg(test)]
mod tests;

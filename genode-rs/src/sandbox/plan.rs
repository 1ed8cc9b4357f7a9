//! What a new configuration means for the children that exist.
//!
//! Pure decision: compares what runs with what is wanted and says who goes, who comes, who starts anew. A child
//! starts anew when its version or program changed, when one of its sessions would now be routed elsewhere, or when a
//! server that it uses starts anew; so a restart spreads to all that depend on it.

use alloc::{string::String, vec::Vec};

use super::{
    config::{Config, Start},
    route::To,
    table::{Entry, Table, Used},
};

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

/// Compares the children that exist with the configuration that is wanted, and with its routing table.
pub(super) fn plan(running: &[Running<'_>], new: &Config, table: &Table) -> Plan {
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
            if settled.iter().any(|s| s.contains(name)) {
                continue;
            }
            let Some(entry) = table.entry(name) else { continue };
            match state(child.sessions, (entry, table), &plan) {
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

fn state(sessions: &[Used], (child, table): (&Entry, &Table), plan: &Plan) -> Sessions {
    let mut result = Sessions::Unchanged;
    for used in sessions {
        let Ok(now) = table.route(child, &used.service, &used.label) else {
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

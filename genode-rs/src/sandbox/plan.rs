//! What a new configuration means for the children that exist.
//!
//! Pure decision: compares what runs with what is wanted and says who goes, who comes, who starts anew. A child
//! starts anew when its version changed, when one of its sessions would now be routed elsewhere (that of its program among
//! them), or when a server that it uses or used until it ended starts anew; so a restart spreads to all that depend on it.

use alloc::{collections::BTreeSet, rc::Rc, string::String, vec::Vec};

use super::{
    config::{Config, Start},
    route::{Route, To},
    session::Used,
    table::{Entry, Table},
};

/// A child that exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running<'a> {
    /// As it was configured.
    pub(super) start: &'a Rc<Start>,
    /// Whether its environment is there.
    pub(super) complete: bool,
    /// Whether it exited or crashed.
    pub(super) ended: bool,
    /// Whether a session of its had no route with the last configuration.
    pub(super) lost: bool,
    /// Whether a session that it cannot be without went with its server.
    pub(super) bereft: bool,
    /// Its sessions.
    pub(super) sessions: &'a [Used],
    /// Sessions that went with their servers.
    pub(super) orphans: &'a [Used],
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
    /// Running, with routes again for sessions that it still has.
    pub(super) restored: Vec<String>,
}

/// Compares the children that exist with the configuration that is wanted, and with its routing table.
pub(super) fn plan(running: &[Running<'_>], new: &Config, table: &Table) -> Plan {
    let mut exists = alloc::vec![false; new.starts.len()];
    let mut plan = Plan::default();
    let place = |(index, child): (usize, &Running<'_>)| {
        table.place_near(&child.start.name, index).filter(|place| *place < new.starts.len())
    };
    let places: Vec<_> = running.iter().enumerate().map(place).collect();

    for (child, place) in running.iter().zip(places.iter().copied()) {
        let old = child.start;
        if let Some(place) = place {
            exists[place] = true;
        }
        match place.map(|place| &new.starts[place]) {
            None => plan.destroy.push(old.name.clone()),
            Some(start) if start.version != old.version => plan.restart.push(old.name.clone()),
            Some(_) if child.ended => {}
            Some(start) if !child.complete || start.ld != old.ld => {
                plan.restart.push(old.name.clone());
            }
            Some(start) => {
                if let (Some(before), Some(after)) = (&old.config, &start.config)
                    && !Rc::ptr_eq(old, start)
                    && before != after
                {
                    plan.reconfigure.push(old.name.clone());
                }
            }
        }
    }
    for (start, exists) in new.starts.iter().zip(exists) {
        if !exists {
            plan.create.push(start.name.clone());
        }
    }

    let ended: BTreeSet<_> =
        running.iter().filter(|r| r.ended).map(|r| r.start.name.as_str()).collect();
    // spread along the sessions until nothing changes; each round adds a child or is the last
    loop {
        let before = (plan.restart.len(), plan.incomplete.len());
        plan.restored.clear();
        for (child, place) in running.iter().zip(&places).filter(|(child, _)| !child.ended) {
            let name = &child.start.name;
            let settled = [&plan.destroy, &plan.restart, &plan.incomplete];
            if settled.iter().any(|s| s.contains(name)) {
                continue;
            }
            let Some(entry) = place.and_then(|place| table.entry_at(place)) else { continue };
            match state(child, (entry, table), &plan, &ended) {
                Sessions::Unchanged if child.bereft => plan.restart.push(name.clone()),
                Sessions::Unchanged if child.lost => plan.restored.push(name.clone()),
                Sessions::Unchanged => {}
                Sessions::Changed => plan.restart.push(name.clone()),
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

fn state(
    running: &Running<'_>,
    (child, table): (&Entry, &Table),
    plan: &Plan,
    ended: &BTreeSet<&str>,
) -> Sessions {
    let anew = |server: &String| plan.restart.contains(server) || plan.create.contains(server);
    let mut result = Sessions::Unchanged;
    for used in running.orphans {
        match table.route(child, &used.service, &used.requested) {
            Err(_) => return Sessions::Unavailable,
            // still none that answers
            Ok(Route { to: To::Child(server), .. })
                if ended.contains(server.as_str()) && !anew(&server) => {}
            Ok(_) => result = Sessions::Changed,
        }
    }
    for used in running.sessions {
        let Some(to) = &used.to else { continue }; // nothing that routes lead to
        let Ok(now) = table.route(child, &used.service, &used.requested) else {
            return Sessions::Unavailable;
        };
        let same = now.to == *to && now.label.as_str() == used.label;
        if !same || matches!(&now.to, To::Child(server) if anew(server)) {
            result = Sessions::Changed;
        }
    }
    result
}

#[cfg(test)]
mod tests;

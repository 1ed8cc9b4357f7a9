//! The routing table: the part of a configuration that says where session requests go.
//!
//! Callbacks of the system decide routes at once, also while the sandbox is at work. They share this
//! table with it and not the configuration. Decisions are pure.

use alloc::{
    collections::BTreeMap,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    config::{Alias, Config, Start},
    policy::Policy,
    route::{Denial, Query, Route, RouteModel, Services, To},
};
use crate::{
    affinity::Affinity,
    label::{self, Label},
};

/// A child as far as routes look at it.
pub(super) struct Entry {
    start: Rc<Start>,
    /// Its own rules or the default ones.
    rules: Option<RouteModel>,
    /// Its part of the machine.
    affinity: Affinity,
    /// What it may ask of sessions.
    policy: Policy,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.start, &*other.start);
        let routed_alike = || {
            a.name == b.name
                && a.binary == b.binary
                && a.ld == b.ld
                && a.config.is_some() == b.config.is_some()
                && a.provides == b.provides
        };
        (Rc::ptr_eq(&self.start, &other.start) || routed_alike())
            && self.rules == other.rules
            && self.affinity == other.affinity
            && self.policy == other.policy
    }
}

/// Children, services, and the rules between them.
#[derive(Default, PartialEq)]
pub(super) struct Table {
    /// Services that the parent may be asked for.
    parent: Vec<String>,
    /// Services that the user of the sandbox serves.
    local: Vec<String>,
    children: Vec<Entry>,
    /// Places in `children`, sorted by the child's name.
    places: Vec<usize>,
    /// Places in `children` of those that provide a service, by the service's name.
    providers: BTreeMap<String, Vec<usize>>,
    aliases: Vec<Alias>,
}

impl Entry {
    /// Places a session of affinity `session` within the child's part of the machine.
    pub(super) fn place(&self, session: Affinity) -> Affinity {
        self.affinity.subordinate(session)
    }

    /// What its session arguments are limited to.
    pub(super) fn policy(&self) -> Policy {
        self.policy
    }
}

impl Table {
    /// Takes out of `config` what routes need, and over from the table before what is no part of
    /// it: the services that the user serves.
    pub(super) fn of(config: &Config, before: &Self) -> Self {
        let children = config.starts.iter().map(|start| Entry {
            start: start.clone(),
            rules: config.route_of(start).cloned(),
            affinity: Affinity::new(config.space, start.location),
            policy: Policy {
                managing_system: start.managing_system,
                priority: start.priority,
                prio_levels_log2: config.prio_levels_log2,
            },
        });
        let mut table = Self {
            parent: config.parent_provides.clone(),
            local: before.local.clone(),
            children: children.collect(),
            places: Vec::new(),
            providers: BTreeMap::new(),
            aliases: config.aliases.clone(),
        };
        table.sort(before);
        for (place, start) in config.starts.iter().enumerate() {
            for service in &start.provides {
                let providers = table.providers.entry(service.clone()).or_default();
                if providers.last() != Some(&place) {
                    providers.push(place); // one that lists a service twice provides it once
                }
            }
        }
        table
    }

    /// Sorts the places: as before where the same children stand there.
    fn sort(&mut self, before: &Self) {
        let same = |(a, b): (&Entry, &Entry)| {
            Rc::ptr_eq(&a.start, &b.start) || a.start.name == b.start.name
        };
        if self.children.len() == before.children.len()
            && self.children.iter().zip(&before.children).all(same)
        {
            self.places.clone_from(&before.places);
            return;
        }
        self.places = (0..self.children.len()).collect();
        let children = &self.children;
        self.places.sort_unstable_by_key(|place| &children[*place].start.name);
    }

    /// Whether `server` is a child that provides `service`.
    pub(super) fn provides(&self, server: &str, service: &str) -> bool {
        self.entry(server).is_some_and(|entry| entry.start.provides.iter().any(|p| p == service))
    }

    /// Adds a service that the user of the sandbox serves.
    pub(super) fn serve(&mut self, service: &str) {
        self.local.push(service.to_string());
    }

    /// Finds the place of the child `name` among the configured ones.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let name_at = |place: &usize| self.children.get(*place).map(|e| e.start.name.as_str());
        let found = self.places.binary_search_by(|place| name_at(place).cmp(&Some(name)));
        found.ok().and_then(|at| self.places.get(at)).copied()
    }

    /// As [`Self::place`], for a child that probably is at `near`.
    pub(super) fn place_near(&self, name: &str, near: usize) -> Option<usize> {
        let here = self.children.get(near).is_some_and(|entry| entry.start.name == name);
        if here { Some(near) } else { self.place(name) }
    }

    /// Finds the child `name`.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.place(name).and_then(|place| self.children.get(place))
    }

    /// The child at a place.
    pub(super) fn entry_at(&self, place: usize) -> Option<&Entry> {
        self.children.get(place)
    }

    /// Routes a request of `child`, with what the sandbox itself does to ROM requests.
    pub(super) fn route(
        &self,
        child: &Entry,
        service: &str,
        requested: &str,
    ) -> Result<Route, Denial> {
        let mut label = requested;
        if service == "ROM" {
            if label::last_element(requested) == "config" && child.start.config.is_some() {
                let label = Label::new(requested).unwrap_or_default();
                return Ok(Route { to: To::Config, label });
            }
            // the program under the child's name, or instead of a dynamic linker that is not wanted
            if requested == child.start.name || (!child.start.ld && requested == "ld.lib.so") {
                label = &child.start.binary;
            }
        }
        let query = Query { child: &child.start.name, service, label };
        child.rules.as_ref().map_or(Err(Denial::NoRule), |rules| rules.resolve(query, self))
    }
}

impl Services for Table {
    fn parent(&self, service: &str) -> bool {
        self.parent.iter().any(|s| s == service)
    }

    fn local(&self, service: &str) -> bool {
        self.local.iter().any(|s| s == service)
    }

    fn child<'a>(&'a self, name: &'a str) -> &'a str {
        self.aliases.iter().find(|alias| alias.name == name).map_or(name, |alias| &alias.child)
    }

    fn providers<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a str> {
        let places = self.providers.get(service).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| Some(self.children.get(*place)?.start.name.as_str()))
    }

    fn exists(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }
}

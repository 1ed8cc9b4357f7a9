//! Children from configuration to end: applies plans, moves quota, answers events.
//!
//! Generic over the system, see [`Backend`]. Nothing of [`Shared`] stays borrowed across a call to it.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::RefCell;

use super::{
    account::{Amount, KEPT, grow, initial, shrink},
    backend::{Backend, ConfigRom, Notice, Spec},
    config::{Config, Start},
    diagnostic::Severity,
    event::End,
    forward::Forwarding,
    hooks::{Hooks, Incoming, Routed, Shared},
    plan::{Plan, Running, plan},
    pulse::Pulse,
    route::To,
    session::{Environment, Listed, Provider, Used},
    table::Table,
};
use crate::{affinity::Affinity, cap::RawCap, error::Error, log::Level, node::Node};

/// Where a child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Created or not, but its environment could not be had.
    Incomplete,
    /// Started.
    Running,
    /// Ended by itself.
    Ended(End),
}

pub(super) struct Child<B: Backend> {
    pub(super) id: u32,
    pub(super) start: Rc<Start>,
    pub(super) phase: Phase,
    /// A server that it uses vanished.
    pub(super) lost: bool,
    pub(super) assigned: Amount,
    pub(super) requested: Amount,
    pub(super) pulse: Pulse,
    /// The ROM that its inline configuration is handed out by.
    config: Option<Box<dyn ConfigRom>>,
    pub(super) handle: Option<B::Child>,
    /// Sessions that went with their servers.
    pub(super) orphans: Vec<Used>,
}

impl<B: Backend> Child<B> {
    /// The session that it gets its own configuration by.
    pub(super) fn own_config(&self) -> Option<RawCap> {
        self.config.as_ref().map(|rom| rom.cap())
    }
}

pub(super) struct Engine<B: Backend> {
    pub(super) backend: B,
    pub(super) shared: Rc<Shared<B::Server>>,
    /// What was applied last.
    pub(super) config: Config,
    pub(super) children: Vec<Child<B>>,
    /// Sessions on behalf of our parent's clients.
    pub(super) forwarding: Forwarding,
    /// Whether sessions may have gone since the last configuration.
    pub(super) uncertain: bool,
    next_id: u32,
}

impl<B: Backend> Engine<B> {
    pub(super) fn new(backend: B, shared: Rc<Shared<B::Server>>) -> Self {
        Self {
            backend,
            shared,
            config: Config::default(),
            children: Vec::new(),
            forwarding: Forwarding::default(),
            uncertain: false,
            next_id: 0,
        }
    }

    pub(super) fn warn(&self, text: &str) {
        self.backend.say(Level::Warning, text);
    }

    pub(super) fn error(&self, text: &str) {
        self.backend.say(Level::Error, text);
    }

    /// Makes what runs what `node` says. To be followed by [`Self::process`].
    pub(super) fn apply(&mut self, node: &Node) {
        let (config, diagnostics) = Config::read_after(node, &self.config);
        for diagnostic in &diagnostics {
            let level = match diagnostic.severity {
                Severity::Warning => Level::Warning,
                Severity::Error => Level::Error,
            };
            self.backend.say(level, &diagnostic.to_string());
        }
        self.apply_config(config);
    }

    pub(super) fn apply_config(&mut self, config: Config) {
        self.shared.woken.set(true); // what happens on the way is processed without a signal
        let table = Table::of(&config, &self.shared.routing.borrow().table);
        let plan = self.plan(&config, &table);
        self.told_changes(&config, &table);
        let starts = config.starts.clone();
        let verbose = config.verbose;

        // those that go, the latest first: clients tend to stand behind their servers, which then can still
        // close the sessions
        let gone: BTreeSet<_> = plan.destroy.iter().chain(&plan.restart).collect();
        let (mut going, staying) = core::mem::take(&mut self.children)
            .into_iter()
            .partition::<Vec<_>, _>(|c| gone.contains(&c.start.name));
        going.reverse();
        self.children = staying;
        for child in &going {
            self.orphan_clients(&child.start);
        }
        self.forget(&going);
        self.shared.routing.borrow_mut().table = table;
        self.config = config;
        drop(going);

        for name in &plan.incomplete {
            let child = self.children.iter_mut().find(|c| &c.start.name == name);
            if child.is_some_and(|c| !core::mem::replace(&mut c.lost, true)) {
                self.warn(&format!("{name}: a server that it uses is gone; it is started anew when there is one again"));
            }
        }
        for child in &mut self.children {
            child.lost &= !plan.restored.contains(&child.start.name);
        }
        let mut staying = alloc::vec![None; starts.len()];
        for (index, child) in self.children.iter().enumerate() {
            let place = self.shared.routing.borrow().table.place_near(&child.start.name, index);
            if let Some(place) = place.and_then(|place| staying.get_mut(place)) {
                *place = Some(index);
            }
        }
        for (start, index) in starts.iter().zip(staying) {
            match index {
                Some(index) => self.update(index, start, &plan),
                None => self.create(start, verbose),
            }
        }
        self.sort();
        self.uncertain = false;
        for index in 0..self.children.len() {
            self.start(index);
        }
        self.balance();
        self.forward_requests();
        self.close_rerouted();
    }

    /// Brings children into the order of the configuration, for people and for the assignment of
    /// slack.
    fn sort(&mut self) {
        let routing = self.shared.routing.borrow();
        let place = |(index, c): (usize, &Child<B>)| routing.table.place_near(&c.start.name, index);
        if !self.children.iter().enumerate().map(place).is_sorted() {
            self.children.sort_by_cached_key(|c| routing.table.place(&c.start.name));
        }
    }

    /// Decides what to do. Sessions are looked at only where one could have another route than before.
    fn plan(&self, config: &Config, table: &Table) -> Plan {
        let none: Vec<Vec<Used>> = self.children.iter().map(|_| Vec::new()).collect();
        let quick = plan(&self.running(&none, true), config, table);
        let settled = quick.destroy.is_empty()
            && quick.restart.is_empty()
            && quick.create.is_empty()
            && quick.incomplete.is_empty()
            && quick.restored.is_empty();
        if settled && !self.uncertain && self.shared.routing.borrow().table == *table {
            return quick;
        }
        let sessions: Vec<_> = self.children.iter().map(|c| self.used(c)).collect();
        plan(&self.running(&sessions, false), config, table)
    }

    fn running<'a>(&'a self, sessions: &'a [Vec<Used>], assume: bool) -> Vec<Running<'a>> {
        let children = self.children.iter().zip(sessions);
        children
            .map(|(c, sessions)| Running {
                start: &c.start,
                complete: c.phase != Phase::Incomplete,
                ended: matches!(c.phase, Phase::Ended(_)),
                lost: c.lost,
                bereft: !assume && c.phase == Phase::Running && !has_environment(sessions),
                sessions,
                orphans: &c.orphans,
            })
            .collect()
    }

    /// The sessions of a child.
    pub(super) fn used(&self, child: &Child<B>) -> Vec<Used> {
        let Some(handle) = &child.handle else { return Vec::new() };
        let sessions = self.backend.sessions(handle, false).into_iter();
        let config = child.own_config();
        sessions
            .map(|session| Used {
                to: self.server_of(&session, config.as_ref()),
                service: session.service,
                requested: session.requested,
                label: session.label,
                environment: session.environment,
            })
            .collect()
    }

    /// Names the server of a session as routes do; `config` is what the client gets its own
    /// configuration by.
    pub(super) fn server_of(
        &self,
        session: &Listed<B::Server>,
        config: Option<&RawCap>,
    ) -> Option<To> {
        Some(match &session.provider {
            Provider::Parent => To::Parent,
            Provider::System => return None,
            Provider::Child(server) => {
                let routing = self.shared.routing.borrow();
                let child = routing.children.iter().find(|c| c.server == Some(*server));
                To::Child(child?.name.clone())
            }
            Provider::Local(cap) if config == Some(cap) => To::Config,
            Provider::Local(_) => To::Local,
        })
    }

    /// Changes that take no effect before a restart.
    fn told_changes(&self, config: &Config, table: &Table) {
        for (index, child) in self.children.iter().enumerate() {
            let place = table.place_near(&child.start.name, index);
            if let Some(new) = place.and_then(|place| config.starts.get(place))
                && new.version == child.start.version
                && new.location != child.start.location
            {
                let name = &new.name;
                self.warn(&format!(
                    "{name}: the changed affinity takes effect when '{name}' is restarted; change its 'version' to do so"
                ));
            }
        }
    }

    /// Takes children out of routing.
    fn forget(&self, going: &[Child<B>]) {
        let mut routing = self.shared.routing.borrow_mut();
        routing.children.retain(|r| !going.iter().any(|c| c.id == r.id));
    }

    fn create(&mut self, start: &Rc<Start>, verbose: bool) {
        self.next_id += 1;
        let id = self.next_id;
        let name = &start.name;
        let config = start.config.as_ref().and_then(|content| {
            let made = self.backend.config_rom(name, content);
            made.map_err(|e| self.error(&format!("{name}: cannot hold its config: {e}"))).ok()
        });
        let configured = Amount { ram: start.ram, caps: start.caps };
        let quota = initial(configured, self.available());
        if configured.saturating_sub(quota + KEPT) != Amount::NONE {
            self.warn(&format!(
                "{name}: configured quota of {} and {} caps exceeds what is available, proceed with {} and {} caps; lower the quotas of other children or raise our own",
                configured.ram, configured.caps, quota.ram, quota.caps
            ));
        }
        if verbose {
            self.backend.say(
                Level::Log,
                &format!(
                    "child \"{name}\"\n  RAM quota:  {}\n  cap quota:  {}\n  ELF binary: {}",
                    quota.ram, quota.caps, start.binary
                ),
            );
        }
        self.shared.routing.borrow_mut().children.push(Routed {
            id,
            name: name.clone(),
            server: None,
            config: config.as_ref().map(|rom| rom.cap()),
        });
        let handle = if self.suffices(start, quota) { self.make(id, start, quota) } else { None };
        self.children.push(Child {
            id,
            start: start.clone(),
            phase: Phase::Incomplete,
            lost: false,
            assigned: configured.min(quota + KEPT),
            requested: Amount::NONE,
            pulse: Pulse::default(),
            config,
            handle,
            orphans: Vec::new(),
        });
    }

    /// Creates the child `id` in the system, and lets others be routed to it.
    fn make(&self, id: u32, start: &Start, quota: Amount) -> Option<B::Child> {
        let name = &start.name;
        let affinity = Affinity { space: self.config.space, location: start.location };
        let spec = Spec { name, quota, affinity };
        let hooks = Hooks {
            id,
            name: name.clone(),
            denials: RefCell::default(),
            shared: self.shared.clone(),
        };
        let created = self.backend.create(&spec, Rc::new(hooks));
        let handle =
            created.map_err(|e| self.error(&format!("{name}: cannot be created: {e}"))).ok()?;
        let mut routing = self.shared.routing.borrow_mut();
        if let Some(routed) = routing.children.iter_mut().find(|r| r.id == id) {
            routed.server = Some(B::server(&handle));
        }
        drop(routing);
        Some(handle)
    }

    /// Whether a child could live on `quota`, what is left of its total once its environment is paid. A missing
    /// quota was told when the configuration was read.
    fn suffices(&self, start: &Start, quota: Amount) -> bool {
        let (name, pos) = (&start.name, start.node.pos());
        if quota.ram.0 == 0 && start.ram > KEPT.ram {
            self.error(&format!("{name}: not created, since no RAM is left; raise our own quota"));
        } else if quota.ram.0 == 0 && start.ram.0 > 0 {
            self.error(&format!(
                "{name}: RAM quota of {} is too little, since {} go to its environment; raise <resource name=\"RAM\" quantum=\"..\"/> at config {pos}",
                start.ram, KEPT.ram
            ));
        }
        if quota.caps.0 == 0 && start.caps > KEPT.caps {
            self.error(&format!(
                "{name}: not created, since no capabilities are left; raise our own quota"
            ));
        } else if quota.caps.0 == 0 && start.caps.0 > 0 {
            self.error(&format!(
                "{name}: {} capabilities are too few, since {} go to its environment; raise caps=\"..\" at config {pos}",
                start.caps, KEPT.caps
            ));
        }
        quota.ram.0 > 0 && quota.caps.0 > 0
    }

    /// Starts a child that was created.
    fn start(&mut self, index: usize) {
        let child = &mut self.children[index];
        let (name, phase) = (child.start.name.clone(), child.phase);
        let Some(handle) = child.handle.as_ref().filter(|_| phase == Phase::Incomplete) else {
            return;
        };
        match self.backend.start(handle) {
            Ok(()) => child.phase = Phase::Running,
            Err(e) => {
                let (id, binary) = (child.id, child.start.binary.clone());
                let pos = child.start.node.pos();
                let text = match (e, self.take_denials(id, &name)) {
                    (Error::Denied, Some(why)) => format!("{name}: environment incomplete: {why}"),
                    (Error::Denied, None) => format!(
                        "{name}: environment incomplete: check that ROM module \"{binary}\" exists and that LOG, PD, CPU and ROM are routed (config {pos})"
                    ),
                    (Error::Invalid, _) => {
                        format!("{name}: \"{binary}\" is not a valid program; check the module")
                    }
                    (Error::OutOfRam, _) => format!(
                        "{name}: cannot be started, since our own RAM is used up; raise our own quota, or lower those of other children"
                    ),
                    (Error::OutOfCaps, _) => format!(
                        "{name}: cannot be started, since our own capabilities are used up; raise our own quota, or lower those of other children"
                    ),
                    (e, _) => format!("{name}: cannot be started: {e}"),
                };
                self.error(&text);
            }
        }
    }

    /// Imports a changed start node into a child that stays.
    fn update(&mut self, index: usize, start: &Rc<Start>, plan: &Plan) {
        let child = &mut self.children[index];
        child.start = start.clone();
        let changed = plan.reconfigure.contains(&start.name);
        match (&start.config, &child.config) {
            (Some(content), Some(rom)) if changed => rom.set(content),
            // it appeared, and no session goes elsewhere: the child has yet to ask for it
            (Some(content), None) => match self.backend.config_rom(&start.name, content) {
                Ok(rom) => {
                    let cap = rom.cap();
                    let id = child.id;
                    child.config = Some(rom);
                    let mut routing = self.shared.routing.borrow_mut();
                    if let Some(routed) = routing.children.iter_mut().find(|r| r.id == id) {
                        routed.config = Some(cap);
                    }
                }
                Err(e) => self.error(&format!("{}: cannot hold its config: {e}", start.name)),
            },
            _ => {}
        }
    }

    /// Takes what was left to be said of sessions of the child `id` that were denied, to be told as
    /// one message.
    fn take_denials(&self, id: u32, name: &str) -> Option<String> {
        let mut all: Option<String> = None;
        self.shared.incoming.borrow_mut().retain(|(of, event)| {
            let Incoming::Warning(text) = event else { return true };
            if *of != id {
                return true;
            }
            let text = text.strip_prefix(name).and_then(|t| t.strip_prefix(": ")).unwrap_or(text);
            match &mut all {
                Some(all) => {
                    all.push_str("; ");
                    all.push_str(text);
                }
                None => all = Some(text.to_string()),
            }
            false
        });
        all
    }

    /// What may be given to children.
    fn available(&self) -> Amount {
        let preserved = Amount { ram: self.config.preserve_ram, caps: self.config.preserve_caps };
        self.backend.own_quota().available().saturating_sub(preserved)
    }

    /// Brings all quotas to what is configured: first those that shrink, then those that grow.
    pub(super) fn balance(&mut self) {
        for child in &mut self.children {
            let configured = Amount { ram: child.start.ram, caps: child.start.caps };
            let (Some(handle), Phase::Running) = (&child.handle, child.phase) else { continue };
            if child.assigned.saturating_sub(configured) == Amount::NONE {
                continue;
            }
            if let Ok(quota) = self.backend.quota(handle) {
                let amount = shrink(child.assigned, configured, quota.available());
                if amount != Amount::NONE && self.backend.take(handle, amount).is_ok() {
                    child.assigned = child.assigned.saturating_sub(amount);
                }
            }
            let demanded = child.assigned.saturating_sub(configured);
            if demanded != Amount::NONE {
                self.backend.notify(handle, Notice::Yield(demanded));
            }
        }
        for index in 0..self.children.len() {
            let child = &self.children[index];
            let configured = Amount { ram: child.start.ram, caps: child.start.caps };
            let lacks = configured.saturating_sub(child.assigned) != Amount::NONE;
            if !lacks || child.handle.is_none() || child.phase != Phase::Running {
                continue; // before what is available is asked for, which is a call
            }
            let available = self.available();
            let child = &mut self.children[index];
            let Some(handle) = &child.handle else { continue };
            let amount = grow(child.assigned, configured, available);
            if amount == Amount::NONE {
                continue;
            }
            match self.backend.give(handle, amount) {
                Ok(()) => {
                    child.assigned += amount;
                    child.requested = Amount::NONE;
                    self.backend.notify(handle, Notice::ResourcesAvailable);
                }
                Err(e) => {
                    let text = format!("{}: quota upgrade failed: {e}", child.start.name);
                    self.warn(&text);
                }
            }
        }
    }
}

/// Whether the sessions that a running child cannot be without are there.
fn has_environment(sessions: &[Used]) -> bool {
    let has = |what| sessions.iter().any(|s| s.environment == Some(what));
    [Environment::Pd, Environment::Cpu, Environment::Log, Environment::Binary].into_iter().all(has)
}

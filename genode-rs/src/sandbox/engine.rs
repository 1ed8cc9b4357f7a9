//! Children from configuration to end: applies plans, moves quota, answers events.
//!
//! Generic over the system, see [`Backend`]. Nothing of [`Shared`] stays borrowed across a call to it.

use alloc::{
    boxed::Box,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    account::{Amount, KEPT, grow, initial, shrink},
    backend::{Backend, ConfigRom, Notice, Spec},
    config::{Config, Start},
    diagnostic::Severity,
    event::{End, Event},
    hooks::{Hooks, Incoming, Routed, Shared},
    plan::{Plan, Running, plan},
    pulse::Pulse,
    table::Table,
};
use crate::{affinity::Affinity, error::Error, log::Level, node::Node};

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
    pub(super) start: Start,
    pub(super) phase: Phase,
    /// A server that it uses vanished.
    pub(super) lost: bool,
    pub(super) assigned: Amount,
    pub(super) requested: Amount,
    pub(super) pulse: Pulse,
    /// The ROM that its inline configuration is handed out by.
    config: Option<Box<dyn ConfigRom>>,
    pub(super) handle: Option<B::Child>,
}

pub(super) struct Engine<B: Backend> {
    pub(super) backend: B,
    pub(super) shared: Rc<Shared<B::Server>>,
    /// What was applied last.
    pub(super) config: Config,
    pub(super) children: Vec<Child<B>>,
    next_id: u32,
}

impl<B: Backend> Engine<B> {
    pub(super) fn new(backend: B, shared: Rc<Shared<B::Server>>) -> Self {
        Self { backend, shared, config: Config::default(), children: Vec::new(), next_id: 0 }
    }

    fn warn(&self, text: &str) {
        self.backend.say(Level::Warning, text);
    }

    fn error(&self, text: &str) {
        self.backend.say(Level::Error, text);
    }

    /// Makes what runs what `node` says. To be followed by [`Self::process`].
    pub(super) fn apply(&mut self, node: &Node) {
        let (config, diagnostics) = Config::read(node);
        for diagnostic in &diagnostics {
            let level = match diagnostic.severity {
                Severity::Warning => Level::Warning,
                Severity::Error => Level::Error,
            };
            self.backend.say(level, &diagnostic.to_string());
        }
        self.apply_config(config);
    }

    fn apply_config(&mut self, config: Config) {
        self.shared.woken.set(true); // what happens on the way is processed without a signal
        let table = Table::of(&config, self.shared.routing.borrow().table.local());
        let plan = self.plan(&config, &table);
        self.told_changes(&config);
        let starts = config.starts.clone();
        let verbose = config.verbose;

        // those that go, the latest first: clients tend to stand behind their servers, which then can still
        // close the sessions
        let gone = |name: &String| plan.destroy.contains(name) || plan.restart.contains(name);
        let (mut going, staying) = core::mem::take(&mut self.children)
            .into_iter()
            .partition::<Vec<_>, _>(|c| gone(&c.start.name));
        going.reverse();
        self.children = staying;
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
        for start in &starts {
            let fresh = plan.create.contains(&start.name) || plan.restart.contains(&start.name);
            if fresh {
                self.create(start, verbose);
            } else {
                self.update(start, &plan);
            }
        }
        // in the order of the configuration, for people and for the assignment of slack
        self.children.sort_by_key(|c| starts.iter().position(|s| s.name == c.start.name));
        for start in &starts {
            self.start(&start.name);
        }
        self.balance();
    }

    fn plan(&self, config: &Config, table: &Table) -> Plan {
        let routing = self.shared.routing.borrow();
        let sessions = |id| {
            let routed = routing.children.iter().find(|r| r.id == id);
            routed.map_or(&[][..], |r| &r.sessions)
        };
        let running: Vec<_> = self
            .children
            .iter()
            .map(|c| Running {
                start: &c.start,
                complete: c.phase != Phase::Incomplete,
                ended: matches!(c.phase, Phase::Ended(_)),
                lost: c.lost,
                sessions: sessions(c.id),
            })
            .collect();
        plan(&running, config, table)
    }

    /// Changes that take no effect before a restart.
    fn told_changes(&self, config: &Config) {
        for child in &self.children {
            let new = config.starts.iter().find(|s| s.name == child.start.name);
            if let Some(new) = new
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

    fn create(&mut self, start: &Start, verbose: bool) {
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
            sessions: Vec::new(),
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
        });
    }

    /// Creates the child `id` in the system, and lets others be routed to it.
    fn make(&self, id: u32, start: &Start, quota: Amount) -> Option<B::Child> {
        let name = &start.name;
        let affinity = Affinity { space: self.config.space, location: start.location };
        let spec = Spec { name, binary: &start.binary, quota, affinity };
        let hooks = Hooks { id, name: name.clone(), shared: self.shared.clone() };
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
    fn start(&mut self, name: &str) {
        let child = self.children.iter_mut().find(|c| c.start.name == name);
        let Some(child) = child.filter(|c| c.phase == Phase::Incomplete) else { return };
        let Some(handle) = &child.handle else { return };
        match self.backend.start(handle) {
            Ok(()) => child.phase = Phase::Running,
            Err(e) => {
                let binary = &child.start.binary;
                let pos = child.start.node.pos();
                let text = match e {
                    Error::Denied => format!(
                        "{name}: environment incomplete: check that ROM module \"{binary}\" exists and that LOG, PD, CPU and ROM are routed (config {pos})"
                    ),
                    Error::Invalid => {
                        format!("{name}: \"{binary}\" is not a valid program; check the module")
                    }
                    e => format!("{name}: cannot be started: {e}"),
                };
                self.say_pending();
                self.error(&text);
            }
        }
    }

    /// Imports a changed start node into a child that stays.
    fn update(&mut self, start: &Start, plan: &Plan) {
        let Some(child) = self.children.iter_mut().find(|c| c.start.name == start.name) else {
            return;
        };
        child.start = start.clone();
        if let (true, Some(content), Some(rom)) =
            (plan.reconfigure.contains(&start.name), &start.config, &child.config)
        {
            rom.set(content);
        }
    }

    /// Says why sessions were denied, before what comes of it.
    fn say_pending(&self) {
        let mut warnings = Vec::new();
        self.shared.incoming.borrow_mut().retain(|(_, event)| {
            let Incoming::Warning(text) = event else { return true };
            warnings.push(text.clone());
            false
        });
        for text in &warnings {
            self.warn(text);
        }
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
            let available = self.available();
            let child = &mut self.children[index];
            let configured = Amount { ram: child.start.ram, caps: child.start.caps };
            let (Some(handle), Phase::Running) = (&child.handle, child.phase) else { continue };
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

    /// Handles what callbacks left, and returns what the user should know.
    pub(super) fn process(&mut self) -> Vec<Event> {
        self.shared.woken.set(false);
        let incoming = core::mem::take(&mut *self.shared.incoming.borrow_mut());
        incoming.into_iter().filter_map(|(id, event)| self.handle(id, event)).collect()
    }

    fn handle(&mut self, id: u32, event: Incoming) -> Option<Event> {
        if let Incoming::Warning(text) = event {
            self.warn(&text);
            return None;
        }
        let index = self.children.iter().position(|c| c.id == id)?; // else it is gone by now
        let child = &mut self.children[index];
        let name = child.start.name.clone();
        Some(match event {
            Incoming::Warning(_) => return None,
            Incoming::Announced(service) => {
                if !child.start.provides.contains(&service) {
                    self.error(&format!("{name}: illegal announcement of service \"{service}\"; add <provides><service name=\"{service}\"/></provides> to its start node"));
                    return None;
                }
                Event::Announced { child: name, service }
            }
            Incoming::Session(service) => Event::Session { child: name, service },
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

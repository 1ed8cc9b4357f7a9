//! A system of pure bookkeeping, to test the engine.

use alloc::{
    boxed::Box,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use super::{
    account::Amount,
    backend::{Backend, ConfigRom, Forward, Notice, Spec},
    engine::Engine,
    event::SessionState,
    hooks::{Answer, Hooks, Shared},
    session::{Environment, Listed, Provider},
};
use crate::{
    affinity::Affinity,
    cap::RawCap,
    error::Error,
    log::Level,
    node::Node,
    quota::{CapQuota, Quota, RamQuota},
    sys::parent::Response,
};

/// What the system was asked for, and what was said, in order.
#[derive(Default)]
pub(super) struct Journal {
    pub(super) lines: RefCell<Vec<String>>,
    /// What the component itself still has.
    pub(super) own: Cell<Amount>,
    /// Number of times that accounts of children were asked for.
    pub(super) looks: Cell<usize>,
    /// What a child has used of its quota.
    pub(super) child_used: Cell<Amount>,
    /// Programs that do not exist.
    pub(super) missing: RefCell<Vec<String>>,
    /// Sessions that exist, by the number of the client.
    pub(super) sessions: RefCell<Vec<(u32, Listed<u32>)>>,
    next: Cell<u32>,
}

impl Journal {
    fn note(&self, line: String) {
        self.lines.borrow_mut().push(line);
    }

    /// What was noted since the last time.
    pub(super) fn take(&self) -> Vec<String> {
        core::mem::take(&mut *self.lines.borrow_mut())
    }
}

pub(super) struct Fake(pub Rc<Journal>);

pub(super) struct FakeChild {
    name: String,
    number: u32,
    quota: Cell<Amount>,
    pub(super) hooks: Rc<Hooks<u32>>,
    journal: Rc<Journal>,
}

/// Requests a session and keeps it.
pub(super) fn open(child: &FakeChild, service: &str, requested: &str) -> (bool, String) {
    open_for(child, service, requested, None)
}

fn open_for(
    child: &FakeChild,
    service: &str,
    requested: &str,
    environment: Option<Environment>,
) -> (bool, String) {
    let (answer, label, _) = child.hooks.route(service, requested, "", Affinity::default());
    let provider = match answer {
        Answer::Deny => return (false, label.as_str().to_string()),
        Answer::Parent => Provider::Parent,
        Answer::Child(server) => Provider::Child(server),
        Answer::Local(cap, _) => Provider::Local(cap),
    };
    let session = Listed {
        service: service.to_string(),
        requested: requested.to_string(),
        label: label.as_str().to_string(),
        args: "ram_quota=8K".to_string(),
        donated: Amount::new(8192, 2),
        state: SessionState::Open,
        environment,
        provider,
    };
    child.journal.sessions.borrow_mut().push((child.number, session));
    (true, label.as_str().to_string())
}

impl Drop for FakeChild {
    fn drop(&mut self) {
        let number = self.number;
        let at = |provider: &Provider<u32>| matches!(provider, Provider::Child(n) if *n == number);
        let stays = |(client, s): &(u32, Listed<u32>)| *client != number && !at(&s.provider);
        self.journal.sessions.borrow_mut().retain(stays);
        let own = self.journal.own.get() + self.quota.get();
        self.journal.own.set(own);
        self.journal.note(format!("destroy {}", self.name));
    }
}

struct FakeRom(Rc<Journal>, String);

impl ConfigRom for FakeRom {
    fn cap(&self) -> RawCap {
        RawCap::INVALID
    }

    fn set(&self, content: &Node) {
        self.0.note(format!("config {} {}", self.1, content.attr("v").unwrap_or("?")));
    }
}

impl Backend for Fake {
    type Child = FakeChild;
    type Server = u32;

    fn create(&self, spec: &Spec<'_>, hooks: Rc<Hooks<u32>>) -> Result<FakeChild, Error> {
        let own = self.0.own.get();
        let rest = own.checked_sub(spec.quota).map_err(|_| Error::OutOfRam)?;
        self.0.own.set(rest);
        self.0.note(format!("create {}", spec.name));
        self.0.next.set(self.0.next.get() + 1);
        Ok(FakeChild {
            name: spec.name.to_string(),
            number: self.0.next.get(),
            quota: Cell::new(spec.quota),
            hooks,
            journal: self.0.clone(),
        })
    }

    fn server(child: &FakeChild) -> u32 {
        child.number
    }

    fn start(&self, child: &FakeChild) -> Result<(), Error> {
        for (service, of) in [
            ("PD", Environment::Pd),
            ("CPU", Environment::Cpu),
            ("LOG", Environment::Log),
            ("ROM", Environment::Binary),
        ] {
            let (opened, label) = open_for(child, service, &child.name, Some(of));
            if !opened || service == "ROM" && self.0.missing.borrow().contains(&label) {
                return Err(Error::Denied);
            }
        }
        self.0.note(format!("start {}", child.name));
        Ok(())
    }

    fn give(&self, child: &FakeChild, amount: Amount) -> Result<(), Error> {
        self.0.own.set(self.0.own.get().saturating_sub(amount));
        child.quota.set(child.quota.get() + amount);
        self.0.note(format!("give {} {} {}", child.name, amount.ram, amount.caps));
        Ok(())
    }

    fn take(&self, child: &FakeChild, amount: Amount) -> Result<(), Error> {
        self.0.own.set(self.0.own.get() + amount);
        child.quota.set(child.quota.get().saturating_sub(amount));
        self.0.note(format!("take {} {} {}", child.name, amount.ram, amount.caps));
        Ok(())
    }

    fn quotas(&self, children: &[&FakeChild]) -> Result<Vec<Quota>, Error> {
        self.0.looks.set(self.0.looks.get() + 1);
        let used = self.0.child_used.get();
        let of = |child: &&FakeChild| {
            let limit = child.quota.get();
            Quota {
                ram_limit: limit.ram,
                ram_used: used.ram,
                caps_limit: limit.caps,
                caps_used: used.caps,
            }
        };
        Ok(children.iter().map(of).collect())
    }

    fn notify(&self, child: &FakeChild, notice: Notice) {
        self.0.note(match notice {
            Notice::ResourcesAvailable => format!("avail {}", child.name),
            Notice::Heartbeat => format!("heartbeat {}", child.name),
            Notice::Yield(a) => format!("yield {} {} {}", child.name, a.ram, a.caps),
        });
    }

    fn sessions(&self, child: &FakeChild, provided: bool) -> Vec<Listed<u32>> {
        let sessions = self.0.sessions.borrow();
        let meant = |(client, s): &&(u32, Listed<u32>)| match s.provider {
            Provider::Child(server) if provided => server == child.number,
            _ => !provided && *client == child.number,
        };
        sessions.iter().filter(meant).map(|(_, s)| s.clone()).collect()
    }

    fn forward(&self, server: u32, f: &Forward<'_>) -> Result<(), Error> {
        self.0
            .note(format!("forward {} {} '{}' to {server}: {}", f.id, f.service, f.label, f.args));
        Ok(())
    }

    fn forward_upgrade(&self, id: u64, amount: Amount) -> Result<(), Error> {
        self.0.note(format!("upgrade {id} {} {}", amount.ram, amount.caps));
        Ok(())
    }

    fn forward_close(&self, id: u64) {
        self.0.note(format!("close {id}"));
    }

    fn respond(&self, id: u64, response: Response) {
        self.0.note(format!("respond {id} {response:?}"));
    }

    fn deliver(&self, id: u64, _: &RawCap) {
        self.0.note(format!("deliver {id}"));
    }

    fn own_quota(&self) -> Quota {
        let own = self.0.own.get();
        Quota {
            ram_limit: own.ram,
            ram_used: RamQuota(0),
            caps_limit: own.caps,
            caps_used: CapQuota(0),
        }
    }

    fn config_rom(&self, name: &str, _content: &Node) -> Result<Box<dyn ConfigRom>, Error> {
        Ok(Box::new(FakeRom(self.0.clone(), name.to_string())))
    }

    fn say(&self, level: Level, text: &str) {
        self.0.note(format!("{level:?}: {text}"));
    }

    fn exit(&self, value: i32) {
        self.0.note(format!("exit {value}"));
    }
}

/// A sandbox on the fake system, with plenty to give.
pub(super) fn engine() -> (Engine<Fake>, Rc<Journal>) {
    let journal = Rc::new(Journal::default());
    journal.own.set(Amount { ram: RamQuota::mib(100), caps: CapQuota(10_000) });
    let waker = journal.clone();
    let shared = Shared::new(Box::new(move || waker.note("wake".to_string())));
    (Engine::new(Fake(journal.clone()), shared), journal)
}

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
    backend::{Backend, ConfigRom, Notice, Spec},
    engine::Engine,
    hooks::{Answer, Hooks, Shared},
};
use crate::{
    affinity::Affinity,
    cap::RawCap,
    error::Error,
    log::Level,
    node::Node,
    quota::{CapQuota, Quota, RamQuota},
};

/// What the system was asked for, and what was said, in order.
#[derive(Default)]
pub(super) struct Journal {
    pub(super) lines: RefCell<Vec<String>>,
    /// What the component itself still has.
    pub(super) own: Cell<Amount>,
    /// What a child has used of its quota.
    pub(super) child_used: Cell<Amount>,
    /// Programs that do not exist.
    pub(super) missing: RefCell<Vec<String>>,
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
    binary: String,
    quota: Cell<Amount>,
    pub(super) hooks: Rc<Hooks<u32>>,
    journal: Rc<Journal>,
}

impl Drop for FakeChild {
    fn drop(&mut self) {
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
            binary: spec.binary.to_string(),
            quota: Cell::new(spec.quota),
            hooks,
            journal: self.0.clone(),
        })
    }

    fn server(child: &FakeChild) -> u32 {
        child.number
    }

    fn start(&self, child: &FakeChild) -> Result<(), Error> {
        let environment = [
            ("PD", child.name.as_str()),
            ("CPU", &child.name),
            ("LOG", &child.name),
            ("ROM", &child.binary),
        ];
        for (service, label) in environment {
            let (answer, _, _) = child.hooks.route(service, label, "", Affinity::default());
            if matches!(answer, Answer::Deny) {
                return Err(Error::Denied);
            }
        }
        if self.0.missing.borrow().contains(&child.binary) {
            return Err(Error::Denied);
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

    fn quota(&self, child: &FakeChild) -> Result<Quota, Error> {
        let (limit, used) = (child.quota.get(), self.0.child_used.get());
        Ok(Quota {
            ram_limit: limit.ram,
            ram_used: used.ram,
            caps_limit: limit.caps,
            caps_used: used.caps,
        })
    }

    fn notify(&self, child: &FakeChild, notice: Notice) {
        self.0.note(match notice {
            Notice::ResourcesAvailable => format!("avail {}", child.name),
            Notice::Heartbeat => format!("heartbeat {}", child.name),
            Notice::Yield(a) => format!("yield {} {} {}", child.name, a.ram, a.caps),
        });
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

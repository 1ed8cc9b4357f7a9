//! An interceptor that says what it sees.

use alloc::{
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::RefCell;

use genode::{
    affinity::Location,
    cap::Capability,
    prelude::*,
    quota::{CapQuota, RamQuota},
    root::Refused,
    session::{
        cpu::{self, CpuThread, CpuThreadClient},
        intercept::{Client, Policy},
        pd,
    },
};

use crate::{MOVE, TOO_MUCH, cpu as location};

/// A thread, its client, and its name.
struct Kept {
    label: String,
    name: String,
    thread: Capability<dyn CpuThread>,
}

type Threads = Rc<RefCell<Vec<Kept>>>;

/// Has all threads "worker" begin at the first CPU, lets no client move its own, and moves them to
/// the second CPU once the client allocates [`MOVE`] bytes. Refuses allocations of [`TOO_MUCH`].
#[derive(Default)]
pub struct Manager {
    threads: Threads,
}

/// Decisions about one client.
pub struct One {
    label: String,
    threads: Threads,
    transferred: bool,
}

impl Manager {
    fn one(&self, client: &Client<'_>) -> One {
        let label = client.label.to_string();
        One { label, threads: self.threads.clone(), transferred: false }
    }
}

impl Policy for Manager {
    type Cpu = One;
    type Pd = One;

    fn cpu(&mut self, client: &Client<'_>) -> Result<One, Refused> {
        Ok(self.one(client))
    }

    fn pd(&mut self, client: &Client<'_>) -> Result<One, Refused> {
        Ok(self.one(client))
    }

    fn moves(&mut self, label: &str, thread: &str, asked: Location) -> Option<Location> {
        log!("\"{label}\" asks for \"{thread}\" at {}: no", asked.x);
        None
    }
}

impl cpu::Hooks for One {
    fn place(&mut self, name: &str, asked: Location) -> Option<Location> {
        Some(if name == "worker" { location(0) } else { asked })
    }

    fn made(&mut self, name: &str, thread: &Capability<dyn CpuThread>) {
        log!("\"{}\" has thread \"{name}\"", self.label);
        let (label, name) = (self.label.clone(), name.to_string());
        self.threads.borrow_mut().push(Kept { label, name, thread: thread.clone() });
    }

    fn killed(&mut self, thread: &Capability<dyn CpuThread>) {
        let mut threads = self.threads.borrow_mut();
        if let Some(at) = threads.iter().position(|kept| kept.thread == *thread) {
            let gone = threads.remove(at);
            log!("\"{}\" ended thread \"{}\"", gone.label, gone.name);
        }
    }
}

impl pd::Hooks for One {
    fn alloc_ram(&mut self, size: u64) -> bool {
        if size == MOVE {
            let threads = self.threads.borrow();
            let own = |kept: &&Kept| kept.label == self.label && kept.name == "worker";
            for kept in threads.iter().filter(own) {
                let thread = CpuThreadClient::new(kept.thread.clone());
                match thread.affinity(location(1)) {
                    Ok(()) => log!("moved \"worker\" of \"{}\"", self.label),
                    Err(e) => error!("cannot move \"worker\" of \"{}\": {e}", self.label),
                }
            }
        }
        if size >= TOO_MUCH {
            log!("\"{}\" is refused memory", self.label);
        }
        size < TOO_MUCH
    }

    fn transfer(&mut self, _: RamQuota, _: CapQuota) -> bool {
        if !core::mem::replace(&mut self.transferred, true) {
            log!("\"{}\" gives quota", self.label);
        }
        true
    }
}

//! The sessions of core's services.
use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_affinity::{Affinity, Location};
use genode_args::quota::Amount;
use genode_args::repeats::Repeats;

use super::closing::Closings;
use super::rom::Modules;
use super::trace::Trace;
use crate::account::{AccountId, Guard};
use crate::console::Console;
use crate::nucleus::{Ending, ObjId, ProcId};
use crate::numbered::Numbered;

/// A PD session.
pub(crate) struct Pd {
    pub(crate) label: String,
    pub(crate) account: AccountId,
    pub(crate) native: ObjId,
    /// RAM dataspaces.
    pub(crate) ram: Numbered<ObjId, Ram>,
    /// The parent's capability, given once, before the start, which takes it.
    pub(crate) parent: Option<Rc<OwnedFd>>,
    pub(crate) process: Option<ProcId>,
    pub(crate) ending: Option<Ending>,
    /// The CPU session whose handler learns of faults.
    pub(crate) cpu: Option<u64>,
}

impl Pd {
    /// Tells whether its process was started.
    pub(super) fn is_started(&self) -> bool {
        self.process.is_some() || self.ending.is_some()
    }
}

/// A RAM dataspace: its size in bytes, and the described node it was taken from.
#[derive(Clone, Copy)]
pub(crate) struct Ram {
    pub(super) size: u64,
    pub(super) node: Option<u32>,
}

/// What a CPU session without threads takes: its objects.
pub(super) const SESSION: Amount = Amount::new(0, 2);
/// What a thread object takes.
pub(super) const THREAD: Amount = Amount::new(0, 1);

/// A CPU session.
pub(crate) struct Cpu {
    /// Made when it is asked for, though [`SESSION`] has its price from the beginning.
    pub(crate) native: Option<ObjId>,
    /// Signal context for faults.
    pub(crate) sigh: Option<ObjId>,
    /// Tells whether a PD of the session runs, or ran.
    pub(crate) runs: bool,
    /// Tells whether the session alone says where its threads run, as the argument `governed` says.
    pub(crate) governed: bool,
    /// The part of the machine that the session's threads may use.
    pub(crate) place: Location,
    /// The session's donation, of which it takes [`SESSION`] itself and each thread object [`THREAD`].
    pub(crate) quota: Guard,
    /// Thread objects.
    pub(crate) threads: HashSet<ObjId>,
}

/// A LOG session.
pub(crate) struct Log {
    pub(super) label: String,
    pub(super) line: Vec<u8>,
}

impl Log {
    pub(crate) fn new(label: &str) -> Self {
        Self { label: label.to_owned(), line: Vec::new() }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }
}

/// Core's child.
pub(crate) struct Init {
    pub(super) parent: ObjId,
    pub(super) account: AccountId,
    pub(super) sessions: HashMap<u64, Session>,
    pub(crate) exit: Option<i32>,
    /// Lines that it caused.
    pub(super) told: Repeats,
}

/// A session of one of core's services.
pub(super) struct Session {
    pub(super) object: ObjId,
    pub(super) donation: Amount,
}

/// What a session of core's is opened with.
pub(crate) struct SessionArgs<'a> {
    pub(crate) label: &'a str,
    pub(crate) affinity: Affinity,
    pub(crate) donation: Amount,
}

/// All state of core's services.
pub(crate) struct Services {
    pub(crate) pds: Numbered<u64, Pd>,
    pub(crate) cpus: Numbered<u64, Cpu>,
    pub(crate) logs: Numbered<u64, Log>,
    pub(crate) traces: Numbered<u64, Trace>,
    pub(crate) modules: Modules,
    pub(crate) init: Option<Init>,
    pub(crate) console: Console,
    /// RAM and capabilities of init's that core had when all sessions were closed: none.
    pub(crate) kept: Amount,
    /// Sessions that are being closed.
    pub(crate) closings: Closings,
    last_id: u64,
}

impl Services {
    pub(crate) fn new(modules: Modules) -> Self {
        Self {
            pds: Numbered::default(),
            cpus: Numbered::default(),
            logs: Numbered::default(),
            traces: Numbered::default(),
            modules,
            init: None,
            console: Console::new(),
            kept: Amount::NONE,
            closings: Closings::default(),
            last_id: 0,
        }
    }

    pub(super) fn fresh(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

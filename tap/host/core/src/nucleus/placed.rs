//! Threads that CPU sessions made: where each is to run, and which of Linux' threads it is.
//!
//! A component makes its threads itself. Where its CPU session is served by somebody else, its
//! runtime tells that one of each thread first, which has core make an object for it; the thread
//! then tells core that it is the one with that number. From then on the object moves it.
use std::collections::BTreeMap;

use genode_affinity::Location;
use rustix::process::Pid;

use super::Nucleus;
use super::ids::{ObjId, ProcId};
use super::refusal::Refusal;
use crate::numbered::Numbered;
use crate::work;

/// A thread that a CPU session made.
struct Placed {
    /// Its PD, and the number that the PD knows it by.
    name: (u64, u64),
    /// The part of the machine where it is to run.
    location: Location,
    /// The process and thread of Linux, once that said so.
    thread: Option<(ProcId, i32)>,
}

/// All of them, by their objects, by their numbers, and by Linux' threads.
#[derive(Default)]
pub(super) struct AllPlaced {
    all: Numbered<ObjId, Placed>,
    by_name: Numbered<(u64, u64), ObjId>,
    by_thread: BTreeMap<(ProcId, i32), ObjId>,
}

impl Nucleus {
    /// Notes a thread of a PD, which is to run at a location of the machine. A number that is in
    /// use stays with the thread that has it.
    pub(crate) fn thread_made(&mut self, object: ObjId, pd: u64, number: u64, location: Location) {
        work::count(2);
        let name = (pd, number);
        if self.placed.by_name.contains_key(&name) {
            return;
        }
        self.placed.by_name.insert(name, object);
        self.placed.all.insert(object, Placed { name, location, thread: None });
    }

    /// Forgets a thread whose object goes. It runs on where it is.
    pub(crate) fn thread_unmade(&mut self, object: ObjId) {
        let Some(placed) = self.placed.all.remove(&object) else { return };
        work::count(3);
        self.placed.by_name.remove(&placed.name);
        if let Some(thread) = placed.thread {
            self.placed.by_thread.remove(&thread);
        }
    }

    /// Lets a thread of a process be the one that its CPU session made under a number, and run
    /// where that is to.
    pub(super) fn thread_is(
        &mut self,
        id: ProcId,
        thread: i32,
        number: u64,
    ) -> Result<(), Refusal> {
        let pd = self.procs.get(&id).ok_or(Refusal::Invalid)?.pd;
        let object = *self.placed.by_name.get(&(pd, number)).ok_or(Refusal::Invalid)?;
        let placed = self.placed.all.get_mut(&object).ok_or(Refusal::Invalid)?;
        if placed.thread.is_some() || self.placed.by_thread.contains_key(&(id, thread)) {
            return Err(Refusal::Invalid);
        }
        let location = placed.location;
        self.run_at(id, thread, location)?;
        if let Some(placed) = self.placed.all.get_mut(&object) {
            placed.thread = Some((id, thread));
        }
        self.placed.by_thread.insert((id, thread), object);
        Ok(())
    }

    /// Lets the first thread of a process be number 0 of its CPU session.
    pub(super) fn first_thread_is(&mut self, id: ProcId) {
        if let Some(first) = self.procs.get(&id).map(super::Process::pid) {
            // It may have none: its parent made it without a thread.
            let _ = self.thread_is(id, first, 0);
        }
    }

    /// Moves a thread that a CPU session made, now or as soon as it is there.
    pub(crate) fn thread_move(&mut self, object: ObjId, location: Location) -> Result<(), Refusal> {
        let placed = self.placed.all.get_mut(&object).ok_or(Refusal::Gone)?;
        placed.location = location;
        match placed.thread {
            Some((id, thread)) => self.run_at(id, thread, location),
            None => Ok(()),
        }
    }

    /// Tells where a thread is to run, if its CPU session says so.
    pub(crate) fn thread_location(&self, id: ProcId, thread: i32) -> Option<Location> {
        let object = self.placed.by_thread.get(&(id, thread))?;
        self.placed.all.get(object).map(|placed| placed.location)
    }

    /// Forgets which of Linux' threads belong to a process that is gone; false if there are more
    /// than core may look at now.
    pub(super) fn threads_gone(&mut self, id: ProcId) -> bool {
        let own = (id, i32::MIN)..=(id, i32::MAX);
        while let Some((&thread, &object)) = self.placed.by_thread.range(own.clone()).next() {
            if work::over() {
                return false;
            }
            work::count(3);
            self.placed.by_thread.remove(&thread);
            if let Some(placed) = self.placed.all.get_mut(&object) {
                placed.thread = None;
            }
        }
        true
    }

    /// Has Linux run a thread of a process on CPUs of a location only.
    pub(super) fn run_at(&self, id: ProcId, thread: i32, at: Location) -> Result<(), Refusal> {
        let process = self.procs.get(&id).ok_or(Refusal::Gone)?;
        let tid = Pid::from_raw(thread).ok_or(Refusal::Invalid)?;
        work::calls(3);
        // Only threads of the process itself.
        let task = format!("/proc/{}/task/{thread}", process.pid());
        if !std::path::Path::new(&task).exists() {
            return Err(Refusal::Invalid);
        }
        rustix::thread::sched_setaffinity(Some(tid), &self.machine.cpus(at))
            .map_err(|_| Refusal::Invalid)
    }
}

//! TRACE: the threads of components as subjects, and the time that they ran.
//!
//! A session sees the components whose labels begin with its own, itself first: who asks for one
//! without more learns nothing of others. The label that sees all is empty, and only the
//! configuration of init can route a session with it: `<parent label=""/>`. Policies and buffers,
//! into which threads would write what they do, there are not yet.
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use genode_affinity::Location;
use genode_args::ArgsRef;
use genode_args::quota::{Amount, Lack};
use genode_host_proto::PAGE;
use genode_host_proto::interface::AllocError;
use genode_host_proto::interface::trace::{self, TraceError};
use genode_wire::trace::{ExecutionTime, Infos, SubjectInfo, SubjectState};
use genode_wire::{Cap, ExceptionCode, FixedString, Wire};

use super::closing::{After, Closing, Rest};
use super::message::{Goes, Response, Served};
use super::state::{Services, SessionArgs};
use crate::account::Guard;
use crate::console::note;
use crate::fd;
use crate::nucleus::{CoreObject, Nucleus, ObjId, ProcId, Process, Refusal, threads};
use crate::numbered::Numbered;
use crate::work;

/// Calls of a TRACE session.
pub(super) type Call = trace::Call;

/// The label of a session that sees all: no child of init's has it unless a route says so.
const ALL: &str = "init -> ";
/// Largest argument buffer: more is not written into it by one call.
const MAX_BUFFER: u64 = 4 << 20;
/// Price of a subject, from a session's donation.
const SUBJECT: Amount = Amount::new(512, 0);
/// Price of a session and its buffer's object.
const SESSION: Amount = Amount::new(4096, 2);
/// Steps of what is read of a thread: open, read and close a file, and what is made of it.
const READ: usize = 30;

/// A TRACE session.
pub(crate) struct Trace {
    label: String,
    /// Components of this label are seen, and those below it; `None` for all.
    seen: Option<String>,
    quota: Guard,
    /// The argument buffer, and its memory.
    pub(super) buffer: ObjId,
    memory: OwnedFd,
    size: usize,
    subjects: BTreeMap<u32, Subject>,
    by_thread: BTreeMap<(ProcId, i32), u32>,
    last: u32,
}

/// A thread that a session has seen.
struct Subject {
    process: ProcId,
    thread: i32,
    label: FixedString<160>,
    name: FixedString<32>,
    location: Location,
    /// Microseconds that it ran, when it was last looked at.
    ran: u64,
    dead: bool,
}

/// A call that is being answered, piece by piece.
#[derive(Clone, Copy)]
pub(super) struct Listing {
    pub(super) session: u64,
    infos: bool,
    /// The component and the thread that were looked at last; `None` once no new ones are left to
    /// be looked for.
    seen: Option<(ProcId, i32)>,
    /// The subject that was written last, and how many were.
    written: (u32, usize),
    /// The answer, when all is done.
    pub(super) answer: Option<Result<u32, AllocError>>,
}

/// The size of an argument buffer: what is asked for, in whole pages.
fn size(args: ArgsRef<'_>) -> u64 {
    let asked = args.u64("arg_buffer_size", 0).max(1);
    asked.checked_next_multiple_of(PAGE as u64).unwrap_or(u64::MAX)
}

/// Price of a session without subjects.
pub(super) fn needed(args: ArgsRef<'_>) -> Amount {
    Amount::new(SESSION.ram.0.saturating_add(size(args)), SESSION.caps.0)
}

impl Services {
    pub(super) fn trace_open(
        &mut self,
        nucleus: &mut Nucleus,
        s: &SessionArgs<'_>,
        args: ArgsRef<'_>,
    ) -> Result<ObjId, Refusal> {
        let size = size(args);
        if size > MAX_BUFFER {
            note(format_args!("\"{}\": an argument buffer of TRACE has 4 MiB at most", s.label));
            return Err(Refusal::Limit);
        }
        let mut quota = Guard::new(s.donation);
        quota.withdraw(needed(args))?;
        let id = self.fresh();
        let memory = fd::ram(size as usize)?;
        let core = CoreObject::Dataspace { size, writeable: true };
        let object = nucleus.core_object(CoreObject::Trace(id))?;
        let shared = memory.try_clone().map_err(|_| Refusal::OutOfCaps);
        let buffer = shared.and_then(|shared| nucleus.core_object_at(core, shared));
        let buffer = buffer.inspect_err(|_| nucleus.object_destroy(object))?;
        // A client without a label of its own has one that ends like that.
        let own = s.label.strip_suffix(" -> ").unwrap_or(s.label);
        let seen = (s.label != ALL).then(|| own.to_owned());
        let label = s.label.to_owned();
        let size = size as usize;
        let (subjects, by_thread) = (BTreeMap::new(), BTreeMap::new());
        let trace =
            Trace { label, seen, quota, buffer, memory, size, subjects, by_thread, last: 0 };
        self.traces.insert(id, trace);
        Ok(object)
    }

    /// End a session: nobody sees its buffer's content change any more.
    pub(super) fn trace_close(&mut self, nucleus: &mut Nucleus, id: u64) {
        let Some(trace) = self.traces.remove(&id) else { return };
        work::count(trace.subjects.len() / 4);
        let _ = rustix::fs::ftruncate(&trace.memory, 0);
        nucleus.maps.dataspace_gone(trace.buffer);
        nucleus.object_destroy(trace.buffer);
    }

    pub(super) fn trace_upgrade(&mut self, id: u64, donation: Amount) {
        if let Some(trace) = self.traces.get_mut(&id) {
            trace.quota.limit += donation;
        }
    }

    pub(super) fn trace_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        call: &Call,
        response: &mut Response,
    ) -> Served {
        let trace = self.traces.get_mut(&id).ok_or(ExceptionCode::INVALID_OBJECT)?;
        match *call {
            Call::Dataspace => response.put(&Cap(nucleus.capability(trace.buffer))),
            Call::AllocPolicy { .. } => response.put(&Err::<u32, _>(AllocError::Denied)),
            Call::Policy { .. } | Call::Buffer { .. } => response.put(&Cap(Goes::None)),
            Call::Trace { subject, .. } => {
                let why = match trace.subjects.get(&subject) {
                    None => TraceError::InvalidSubject,
                    Some(Subject { dead: true, .. }) => TraceError::SourceIsDead,
                    Some(_) => TraceError::InvalidPolicy,
                };
                response.put(&Err::<(), _>(why))
            }
            // Nothing is traced, so that nothing is there to be paused or removed.
            Call::UnloadPolicy { .. } | Call::Pause { .. } | Call::Resume { .. } => {
                response.put(&())
            }
            Call::Free { subject } => {
                trace.free(subject);
                response.put(&())
            }
            Call::Subjects => self.trace_list(nucleus, id, false, response),
            Call::SubjectInfos => self.trace_list(nucleus, id, true, response),
        }
    }

    fn trace_list(
        &mut self,
        nucleus: &mut Nucleus,
        session: u64,
        infos: bool,
        response: &mut Response,
    ) -> Served {
        let seen = Some((ProcId(0), 0));
        let listing = Listing { session, infos, seen, written: (0, 0), answer: None };
        let closing = Closing { rest: Rest::Listing(listing), after: After::Listed };
        self.let_go(nucleus, closing, response)
    }
}

impl Listing {
    /// Does a piece. True if it was the last one.
    pub(super) fn piece(&mut self, nucleus: &Nucleus, traces: &mut Numbered<u64, Trace>) -> bool {
        self.answer = self.go_on(nucleus, traces);
        self.answer.is_some()
    }

    fn go_on(
        &mut self,
        nucleus: &Nucleus,
        traces: &mut Numbered<u64, Trace>,
    ) -> Option<Result<u32, AllocError>> {
        let Some(trace) = traces.get_mut(&self.session) else {
            return Some(Err(AllocError::Denied));
        };
        if let Some(last) = self.seen {
            match Self::look(nucleus, trace, last) {
                Err(lack) => return Some(Err(Refusal::from(lack).into())),
                Ok(seen) => self.seen = seen,
            }
            if work::over() {
                return None;
            }
        }
        self.write(nucleus, trace).then_some(Ok(self.written.1 as u32))
    }

    /// Looks for threads that the session has not seen yet, as many as a piece permits, from one
    /// on. Returns the last one, unless that was of all.
    fn look(
        nucleus: &Nucleus,
        trace: &mut Trace,
        (mut last, mut after): (ProcId, i32),
    ) -> Result<Option<(ProcId, i32)>, Lack> {
        work::count(nucleus.procs.len());
        let mut ids: Vec<ProcId> = nucleus.procs.keys().copied().filter(|id| *id >= last).collect();
        ids.sort_unstable();
        for id in ids {
            let Some(process) = nucleus.procs.get(&id).filter(|p| trace.sees(&p.label)) else {
                continue;
            };
            if id != last {
                (last, after) = (id, 0);
            }
            let seen = after;
            for thread in threads::ids(process.pid()).into_iter().filter(|thread| *thread > seen) {
                if work::over() {
                    return Ok(Some((last, after)));
                }
                after = thread;
                trace.add(id, process, thread)?;
            }
        }
        Ok(None)
    }

    /// Writes what is known of the subjects, as many as a piece permits. True if that were all.
    fn write(&mut self, nucleus: &Nucleus, trace: &mut Trace) -> bool {
        let infos = Infos::of(trace.size);
        let limit = if self.infos { infos.limit } else { trace.size / u32::SIZE };
        let (from, mut at) = self.written;
        let memory = &trace.memory;
        let store = |offset: usize, bytes: &[u8]| {
            work::calls(1);
            let _ = rustix::io::pwrite(memory, bytes, offset as u64);
        };
        for (id, subject) in trace.subjects.range_mut(from.saturating_add(1)..) {
            if at >= limit {
                return true;
            }
            if work::over() {
                return false;
            }
            let number = id.to_ne_bytes();
            if self.infos {
                let mut bytes = [0; SubjectInfo::SIZE];
                subject.info(nucleus).store(&mut bytes);
                store(infos.info(at), &bytes);
                store(infos.id(at), &number);
            } else {
                store(at * u32::SIZE, &number);
            }
            at += 1;
            self.written = (*id, at);
        }
        true
    }
}

impl Trace {
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Pretends that a subject ran for longer, as one whose number another thread has by now.
    #[cfg(test)]
    pub(super) fn age(&mut self, id: u32) {
        if let Some(subject) = self.subjects.get_mut(&id) {
            subject.ran = u64::MAX;
        }
    }

    /// Subjects that it has.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.subjects.len()
    }

    /// Tells whether the session sees a component.
    fn sees(&self, label: &str) -> bool {
        let Some(seen) = &self.seen else { return true };
        let below = label.strip_prefix(seen.as_str());
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(" -> "))
    }

    /// Adds a thread, unless it is known.
    fn add(&mut self, id: ProcId, process: &Process, thread: i32) -> Result<(), Lack> {
        work::count(2);
        if self.by_thread.contains_key(&(id, thread)) {
            return Ok(());
        }
        let number = self.last.checked_add(1).ok_or(Lack::Ram)?;
        self.quota.withdraw(SUBJECT)?;
        self.last = number;
        let subject = Subject {
            process: id,
            thread,
            label: fixed(&process.label),
            name: FixedString::EMPTY,
            location: process.place(),
            ran: 0,
            dead: false,
        };
        self.subjects.insert(number, subject);
        self.by_thread.insert((id, thread), number);
        Ok(())
    }

    /// Forgets a subject whose thread ended.
    fn free(&mut self, id: u32) {
        if self.subjects.get(&id).is_none_or(|subject| !subject.dead) {
            return;
        }
        if let Some(subject) = self.subjects.remove(&id) {
            self.by_thread.remove(&(subject.process, subject.thread));
            self.quota.give_back(SUBJECT);
        }
    }
}

/// A text, cut to what fits.
fn fixed<const N: usize>(text: &str) -> FixedString<N> {
    let text = text.get(..text.floor_char_boundary(N.saturating_sub(1))).unwrap_or_default();
    FixedString::new(text).unwrap_or_default()
}

impl Subject {
    /// Info about it as it is known now.
    fn info(&mut self, nucleus: &Nucleus) -> SubjectInfo {
        work::count(READ);
        let process = nucleus.procs.get(&self.process).filter(|_| !self.dead);
        let ran = process.and_then(|process| threads::ran(process.pid(), self.thread));
        // A thread has its name some time after it began.
        if let Some(process) = process.filter(|_| ran.is_some()) {
            self.name = fixed(&threads::name(process.pid(), self.thread));
        }
        if let Some(process) = process {
            let own = nucleus.thread_location(self.process, self.thread);
            self.location = own.unwrap_or(process.place());
        }
        // A number is a thread's for as long as it lives; who has it later has run for less.
        match ran.map(|ran| ran.as_micros() as u64).filter(|ran| *ran >= self.ran) {
            Some(ran) => self.ran = ran,
            None => self.dead = true,
        }
        SubjectInfo {
            label: self.label,
            thread: self.name,
            state: if self.dead { SubjectState::Dead } else { SubjectState::Unattached },
            policy: 0,
            time: ExecutionTime {
                thread_context: self.ran,
                scheduling_context: self.ran,
                ..ExecutionTime::default()
            },
            location: self.location,
        }
    }
}

//! TRACE: which threads there are, and how long each ran.
//!
//! A session sees the components whose labels begin with its own: without more in a configuration,
//! the client's children, and on the host the client itself. One that sees all has an empty label,
//! which only a route of the outermost init gives:
//!
//! ```text
//! <route> <service name="TRACE"> <parent label=""/> </service> … </route>
//! ```
//!
//! ```no_run
//! # use genode::{prelude::*, session::trace::TraceConnection};
//! # fn f(env: Env) -> Result<(), Error> {
//! let trace = TraceConnection::open(env, "", 100)?;
//! let seen = trace.for_each(|id, thread| {
//!     let ran = thread.time.thread_context;
//!     log!("{id}: {} {}: {:?}, ran {ran}", thread.label, thread.thread, thread.state);
//! })?;
//! if seen.count == seen.limit {
//!     warning!("there may be more than {} threads", seen.limit);
//! }
//! # Ok(()) }
//! ```
//!
//! Functions and errors are numbered as in Genode 24.11 and 26.02, which agree but for names: what
//! 26.02 calls a denied allocation is an invalid policy in 24.11.
//!
//! Reference: `repos/base/include/trace_session/trace_session.h`, `base/trace/types.h`.

use alloc::vec::Vec;

pub use genode_wire::trace::{ExecutionTime, SubjectInfo, SubjectState};
use genode_wire::{Wire, trace::Infos};

use crate::{
    cap::Capability,
    connection::{Connection, Shortage},
    dataspace::{Attached, Dataspace},
    env::Env,
    error::Error,
    quota::RamQuota,
    rpc,
};

/// A thread, as a session numbers it.
pub type SubjectId = u32;

/// Why memory for a session's client is not allocated (`Alloc_error`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum AllocError {
    /// The session's donation has no RAM left: upgrade it.
    OutOfRam,
    /// The session's donation has no capabilities left: upgrade it.
    OutOfCaps,
    /// There is no argument buffer, or no policy of that size.
    Denied,
}

/// Why a thread is not traced (`Trace_rpc_error`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum TraceError {
    /// The session's donation has no RAM left: upgrade it.
    OutOfRam,
    /// The session's donation has no capabilities left: upgrade it.
    OutOfCaps,
    /// Another session traces the thread.
    Foreign,
    /// The thread ended.
    SourceIsDead,
    /// There is no such subject.
    InvalidSubject,
    /// There is no such policy.
    InvalidPolicy,
}

/// A TRACE session (`trace_session/trace_session.h`).
#[genode::rpc(service = "TRACE", caps = 6, ram = 10 * 1024)]
pub trait TraceSession {
    /// The argument buffer.
    fn dataspace(&self) -> Capability<Dataspace>;
    /// Makes room for a policy of `size` bytes. Returns its id.
    fn alloc_policy(&mut self, size: usize) -> Result<u32, AllocError>;
    /// Returns the memory of a policy, invalid if there is no such policy.
    fn policy(&self, policy: u32) -> Capability<Dataspace>;
    /// Removes a policy.
    fn unload_policy(&mut self, policy: u32);
    /// Traces a thread by a policy, into a buffer of `size` bytes.
    fn trace(&mut self, subject: u32, policy: u32, size: usize) -> Result<(), TraceError>;
    /// Pauses the tracing of a thread.
    fn pause(&mut self, subject: u32);
    /// Goes on with it.
    fn resume(&mut self, subject: u32);
    /// Writes the ids of all threads into the argument buffer. Returns their number.
    fn subjects(&mut self) -> Result<u32, AllocError>;
    /// Returns the buffer into which a thread is traced, invalid if it is not.
    fn buffer(&self, subject: u32) -> Capability<Dataspace>;
    /// Forgets a thread that ended, and frees its buffer.
    fn free(&mut self, subject: u32);
    /// Writes what is known of each thread into the argument buffer. Returns their number.
    fn subject_infos(&mut self) -> Result<u32, AllocError>;
}

/// Share of what there is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Threads that were looked at.
    pub count: usize,
    /// Threads that the argument buffer has room for: with as many, there may be more.
    pub limit: usize,
}

/// A TRACE session with its argument buffer.
#[derive(Debug)]
#[must_use = "dropping it closes the session"]
pub struct TraceConnection {
    buffer: Attached,
    session: Connection<dyn TraceSession>,
}

impl TraceConnection {
    /// Opens a session whose argument buffer has room for `threads` threads.
    ///
    /// The donation grows from the component's quota as the server needs it.
    ///
    /// # Errors
    /// As [`Builder::open`](crate::connection::Builder::open): [`Error::Denied`] without a route.
    pub fn open(env: Env, label: &str, threads: usize) -> Result<Self, Error> {
        let size = threads.max(1).checked_mul(SubjectInfo::SIZE + u32::SIZE);
        let size = size.and_then(|size| size.checked_next_multiple_of(4096));
        let size = size.ok_or(Error::Invalid)? as u64;
        let session = Connection::<dyn TraceSession>::builder(label)
            .arg("arg_buffer_size", size)
            .ram(RamQuota(10 * 1024 + size))
            .open(env)?;
        let buffer = session.dataspace()?;
        if !buffer.is_valid() {
            return Err(Error::InsufficientRam);
        }
        Ok(Self { buffer: Attached::read_only(&buffer)?, session })
    }

    /// Calls `f` for each thread that there is, and for those that ended and were not
    /// [forgotten](Self::forget).
    ///
    /// Values that a server makes up, such as an unknown state, are left out.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] and [`Error::OutOfCaps`] when the server needs more for it than the
    /// component has; else what the call says.
    pub fn for_each(&self, mut f: impl FnMut(SubjectId, &SubjectInfo)) -> Result<Seen, Error> {
        let infos = Infos::of(self.buffer.size());
        let count = self.upgrading(|| self.session.subject_infos())?;
        let seen = Seen { count: (count as usize).min(infos.limit), limit: infos.limit };
        for index in 0..seen.count {
            let (mut info, mut id) = ([0; SubjectInfo::SIZE], [0; u32::SIZE]);
            self.buffer.read(infos.info(index), &mut info)?;
            self.buffer.read(infos.id(index), &mut id)?;
            if let Ok(info) = SubjectInfo::load(&info) {
                f(u32::from_ne_bytes(id), &info);
            }
        }
        Ok(seen)
    }

    /// Lists the ids of threads, as many as the argument buffer has room for.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn subjects(&self) -> Result<Vec<SubjectId>, Error> {
        let count = self.upgrading(|| self.session.subjects())? as usize;
        let count = count.min(self.buffer.size() / u32::SIZE);
        let id = |index: usize| {
            let mut id = [0; u32::SIZE];
            self.buffer.read(index * u32::SIZE, &mut id)?;
            Ok(u32::from_ne_bytes(id))
        };
        (0..count).map(id).collect()
    }

    /// Forgets a thread that ended, so that the session has room for others.
    ///
    /// # Errors
    /// What the call says.
    pub fn forget(&self, subject: SubjectId) -> Result<(), Error> {
        Ok(self.session.free(subject)?)
    }

    /// The session itself, for what is not offered here.
    pub fn session(&self) -> &Connection<dyn TraceSession> {
        &self.session
    }

    fn upgrading(
        &self,
        call: impl FnMut() -> Result<u32, rpc::CallError<AllocError>>,
    ) -> Result<u32, Error> {
        let short = |answer: &Result<u32, rpc::CallError<AllocError>>| match answer {
            Err(rpc::CallError::Service(AllocError::OutOfRam)) => Some(Shortage::Ram),
            Err(rpc::CallError::Service(AllocError::OutOfCaps)) => Some(Shortage::Caps),
            _ => None,
        };
        match self.session.retry(call, short)? {
            Ok(count) => Ok(count),
            Err(rpc::CallError::Service(_)) => Err(Error::Denied),
            Err(rpc::CallError::Rpc(error)) => Err(error.into()),
        }
    }
}

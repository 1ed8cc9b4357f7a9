//! CPU: threads, where they run, and whom their faults are told.
//!
//! The component's own session is [`Env::cpu`]; [`thread`](crate::thread) makes threads by it where
//! the kernel has it so. This is the whole interface, for a component that stands between a child
//! and core: it opens a session of its own for each that its clients ask for, and serves a
//! [`Forward`], whose [`Hooks`] count threads, choose where they begin, and keep their
//! capabilities, by which [`CpuThreadClient::affinity`] moves them later.
//! [`intercept`](crate::session::intercept) does that for CPU and PD sessions together.
//!
//! # On the host
//!
//! Core makes a component's process, and its runtime makes the other threads. Where core serves the
//! CPU session, that is all: a session says there who learns of a fault, which affinity space there
//! is, and ties a PD to both. Where somebody else does, the runtime has that session make each
//! thread before it starts, and core runs it where the session says. A session opened by
//! [`CpuConnection::governing`] has the last word: core refuses the component's own wishes. Threads
//! are moved by [`CpuThread::affinity`]; core answers the other functions of a thread by an
//! exception.
//!
//! # On Genode
//!
//! A server of CPU sessions must not wait for its parent while that asks it for a first thread, see
//! [`intercept`](crate::session::intercept#on-genode).
//!
//! Reference: `repos/base/include/cpu_session/cpu_session.h`,
//! `repos/base/include/cpu_thread/cpu_thread.h` of Genode 26.02.

mod guard;

pub use guard::{Guard, Moves};

use crate::{
    affinity::{Affinity, Location, Space},
    cap::Capability,
    connection::Connection,
    dataspace::Dataspace,
    env::Env,
    error::Error,
    root::SessionRequest,
    rpc::{FixedString, Invoke},
    session::pd::{AllocError, PdSession, answer, ignore},
    signal::SignalContext,
};

/// The kernel's own interface of a CPU session, for use in [`Capability`].
#[derive(Debug)]
pub enum NativeCpu {}

/// Registers of a thread, and whether they can be had (`Thread_state` on x86_64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct ThreadState {
    /// 0 for registers that are valid, 1 for none, 2 after a page fault, 3 after an exception.
    pub state: u32,
    /// `r8` to `r15`, `rax`, `rbx`, `rcx`, `rdx`, `rdi`, `rsi`, `rbp`, number and code of the
    /// exception, `ip`, `cs`, `eflags`, `sp`, `ss`.
    pub registers: [u64; 22],
}

/// A thread of a CPU session (`cpu_thread/cpu_thread.h`).
#[genode::rpc]
pub trait CpuThread {
    /// Returns the memory of messages of the thread.
    fn utcb(&mut self) -> Capability<Dataspace>;
    /// Starts the thread at an instruction, with a stack.
    fn start(&mut self, ip: u64, sp: u64);
    /// Stops the thread until it is resumed.
    fn pause(&mut self);
    /// Lets a paused thread go on.
    fn resume(&mut self);
    /// Sets the thread's registers.
    fn set_state(&mut self, state: &ThreadState);
    /// Returns the thread's registers.
    fn state(&mut self) -> ThreadState;
    /// Sets the handler of the thread's exceptions.
    fn exception_sigh(&mut self, handler: Capability<SignalContext>);
    /// Lets the thread stop after each instruction.
    fn single_step(&mut self, enabled: bool);
    /// Moves the thread within the affinity space of its session.
    fn affinity(&mut self, location: Location);
    /// Returns the thread's place in the session's memory for control of tracing.
    fn trace_control_index(&mut self) -> u32;
    /// Returns the memory that the thread is traced to.
    fn trace_buffer(&mut self) -> Capability<Dataspace>;
    /// Returns the code that the thread is traced by.
    fn trace_policy(&mut self) -> Capability<Dataspace>;
}

/// A CPU session (`cpu_session/cpu_session.h`).
#[genode::rpc(service = "CPU", caps = 6, ram = 36 * 1024)]
pub trait CpuSession {
    /// Makes a thread of a PD, at a place of the session's affinity space.
    fn create_thread(
        &mut self,
        pd: Capability<dyn PdSession>,
        name: FixedString<32>,
        location: Location,
        utcb: u64,
    ) -> Result<Capability<dyn CpuThread>, AllocError>;
    /// Ends a thread.
    fn kill_thread(&mut self, thread: Capability<dyn CpuThread>);
    /// Sets the handler of exceptions of threads that have none of their own.
    fn exception_sigh(&mut self, handler: Capability<SignalContext>);
    /// Returns the affinity space of the session.
    fn affinity_space(&mut self) -> Space;
    /// Returns the memory for control of tracing.
    fn trace_control(&mut self) -> Capability<Dataspace>;
    /// Returns the kernel's own interface.
    fn native_cpu(&mut self) -> Capability<NativeCpu>;
}

/// A further CPU session.
#[must_use = "dropping it ends its threads"]
#[derive(Debug)]
pub struct CpuConnection(Connection<dyn CpuSession>);

impl CpuConnection {
    /// Opens a session whose threads have a priority, 0 being the highest, within an affinity.
    ///
    /// # Errors
    /// What opening it says.
    pub fn open(env: Env, label: &str, priority: u64, affinity: Affinity) -> Result<Self, Error> {
        let builder = Connection::builder(label).arg("priority", priority).affinity(affinity);
        builder.open(env).map(Self)
    }

    /// Opens the session that serves a client's: with its label, priority and affinity, paid by
    /// this component.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn for_client(env: Env, request: &SessionRequest<'_>) -> Result<Self, Error> {
        let priority = request.args().u64("priority", 0);
        Self::governing(env, request.label(), priority, request.affinity())
    }

    /// Opens a session that alone says where the threads of its PDs run, for one that is served in
    /// its place: on the host, core then moves no thread at the wish of the component itself.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn governing(
        env: Env,
        label: &str,
        priority: u64,
        affinity: Affinity,
    ) -> Result<Self, Error> {
        let builder = Connection::builder(label).arg("priority", priority);
        builder.arg_str("governed", "yes").affinity(affinity).open(env).map(Self)
    }

    /// Returns a client of the session, for a [`Forward`]. It answers as long as the session is
    /// open.
    pub fn client(&self) -> CpuSessionClient<Capability<dyn CpuSession>> {
        CpuSessionClient::new(self.0.cap().clone())
    }
}

impl core::ops::Deref for CpuConnection {
    type Target = Connection<dyn CpuSession>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Decisions of whoever forwards a CPU session. Everything is forwarded as it is unless a
/// function is implemented.
pub trait Hooks {
    /// Returns where a new thread begins; `None` refuses it.
    fn place(&mut self, _name: &str, asked: Location) -> Option<Location> {
        Some(asked)
    }

    /// Takes note of a thread that was made.
    fn made(&mut self, _name: &str, _thread: &Capability<dyn CpuThread>) {}

    /// Takes note of a thread that the client ends.
    fn killed(&mut self, _thread: &Capability<dyn CpuThread>) {}

    /// Returns the affinity space that the client sees.
    fn space(&mut self, space: Space) -> Space {
        space
    }

    /// Returns the PD that a capability of the client's stands for at the session that is forwarded
    /// to: for a client whose PD session is forwarded, too.
    fn pd(&mut self, named: Capability<dyn PdSession>) -> Capability<dyn PdSession> {
        named
    }

    /// Has the session that is forwarded to get what it lacks for one more thread; true to ask it
    /// once more.
    fn provide(&mut self, _lacks: AllocError) -> bool {
        false
    }
}

/// Hooks with something to be kept as long as they are, such as the session.
impl<K, H: Hooks> Hooks for (K, H) {
    fn place(&mut self, name: &str, asked: Location) -> Option<Location> {
        self.1.place(name, asked)
    }

    fn made(&mut self, name: &str, thread: &Capability<dyn CpuThread>) {
        self.1.made(name, thread);
    }

    fn killed(&mut self, thread: &Capability<dyn CpuThread>) {
        self.1.killed(thread);
    }

    fn space(&mut self, space: Space) -> Space {
        self.1.space(space)
    }

    fn pd(&mut self, named: Capability<dyn PdSession>) -> Capability<dyn PdSession> {
        self.1.pd(named)
    }

    fn provide(&mut self, lacks: AllocError) -> bool {
        self.1.provide(lacks)
    }
}

/// Forwards everything.
impl Hooks for () {}

/// Serves a CPU session by another one.
#[derive(Debug)]
pub struct Forward<P: Invoke, H> {
    session: CpuSessionClient<P>,
    /// Decisions about its client's threads.
    pub hooks: H,
    guard: Option<Guard>,
}

impl<P: Invoke, H: Hooks> Forward<P, H> {
    /// Forwards to `session` as `hooks` say.
    pub const fn new(session: CpuSessionClient<P>, hooks: H) -> Self {
        Self { session, hooks, guard: None }
    }

    /// As [`new`](Self::new), and the client gets stand-ins of its threads, by which it moves them
    /// only as `guard` permits. [`Hooks::made`] gets the threads themselves.
    pub const fn guarded(session: CpuSessionClient<P>, hooks: H, guard: Guard) -> Self {
        Self { session, hooks, guard: Some(guard) }
    }
}

impl<P: Invoke, H: Hooks> CpuSession for Forward<P, H> {
    fn create_thread(
        &mut self,
        pd: Capability<dyn PdSession>,
        name: FixedString<32>,
        location: Location,
        utcb: u64,
    ) -> Result<Capability<dyn CpuThread>, AllocError> {
        let shown = name.as_str().unwrap_or_default();
        let place = self.hooks.place(shown, location).ok_or(AllocError::Denied)?;
        let pd = self.hooks.pd(pd);
        let mut made = answer(self.session.create_thread(pd.clone(), name, place, utcb));
        if let Err(lacks @ (AllocError::OutOfRam | AllocError::OutOfCaps)) = made
            && self.hooks.provide(lacks)
        {
            made = answer(self.session.create_thread(pd, name, place, utcb));
        }
        let thread = made?;
        let stand_in = self.guard.as_mut().map(|guard| guard.stand_in(name, &thread));
        let given = stand_in.unwrap_or_else(|| Ok(thread.clone()));
        let given = given.map_err(|_| {
            ignore(self.session.kill_thread(thread.clone()));
            AllocError::OutOfCaps
        })?;
        self.hooks.made(shown, &thread);
        Ok(given)
    }

    fn kill_thread(&mut self, thread: Capability<dyn CpuThread>) {
        let thread = match &mut self.guard {
            Some(guard) => match guard.remove(&thread) {
                Some(thread) => thread,
                None => return,
            },
            None => thread,
        };
        self.hooks.killed(&thread);
        ignore(self.session.kill_thread(thread));
    }

    fn exception_sigh(&mut self, handler: Capability<SignalContext>) {
        ignore(self.session.exception_sigh(handler));
    }

    fn affinity_space(&mut self) -> Space {
        let space = self.session.affinity_space().unwrap_or_default();
        self.hooks.space(space)
    }

    fn trace_control(&mut self) -> Capability<Dataspace> {
        self.session.trace_control().unwrap_or_default()
    }

    fn native_cpu(&mut self) -> Capability<NativeCpu> {
        self.session.native_cpu().unwrap_or_default()
    }
}

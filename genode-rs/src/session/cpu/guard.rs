//! Threads of a forwarded session, of which the client gets stand-ins.

use alloc::{rc::Rc, vec::Vec};
use core::fmt;

use super::{CpuThread, CpuThreadClient, ThreadState};
use crate::{
    affinity::Location,
    cap::Capability,
    dataspace::Dataspace,
    entrypoint::Entrypoint,
    error::Error,
    rpc::{FixedString, Object},
    session::pd::ignore,
    signal::SignalContext,
};

/// Decides where a client's thread, given by its name, goes that the client wants at a location;
/// `None` leaves it where it is.
pub type Moves = Rc<dyn Fn(&str, Location) -> Option<Location>>;

/// The stand-ins of one session. The capabilities of the threads themselves stay here: who has one
/// moves the thread past the [`Moves`].
pub struct Guard {
    ep: Entrypoint,
    moves: Moves,
    threads: Vec<(StandIn, Capability<dyn CpuThread>)>,
}

type StandIn = Object<dyn CpuThread, Guarded>;

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

impl Guard {
    /// Prepares to serve stand-ins at `ep`, whose moves `moves` decides.
    pub fn new(ep: Entrypoint, moves: Moves) -> Self {
        Self { ep, moves, threads: Vec::new() }
    }

    /// Makes the stand-in of a thread.
    pub(super) fn stand_in(
        &mut self,
        name: FixedString<32>,
        thread: &Capability<dyn CpuThread>,
    ) -> Result<Capability<dyn CpuThread>, Error> {
        let moves = self.moves.clone();
        let guarded = Guarded { thread: CpuThreadClient::new(thread.clone()), name, moves };
        let object = Object::new(self.ep, guarded)?;
        let cap = object.cap().clone();
        self.threads.push((object, thread.clone()));
        Ok(cap)
    }

    /// Takes the thread that a stand-in is for; the stand-in is gone then. `None` if it is none.
    pub(super) fn remove(
        &mut self,
        stand_in: &Capability<dyn CpuThread>,
    ) -> Option<Capability<dyn CpuThread>> {
        let at = self.threads.iter().position(|(object, _)| object.cap() == stand_in)?;
        Some(self.threads.swap_remove(at).1)
    }
}

/// Forwards everything but moves.
struct Guarded {
    thread: CpuThreadClient<Capability<dyn CpuThread>>,
    name: FixedString<32>,
    moves: Moves,
}

impl CpuThread for Guarded {
    fn utcb(&mut self) -> Capability<Dataspace> {
        self.thread.utcb().unwrap_or_default()
    }

    fn start(&mut self, ip: u64, sp: u64) {
        ignore(self.thread.start(ip, sp));
    }

    fn pause(&mut self) {
        ignore(self.thread.pause());
    }

    fn resume(&mut self) {
        ignore(self.thread.resume());
    }

    fn set_state(&mut self, state: &ThreadState) {
        ignore(self.thread.set_state(state));
    }

    fn state(&mut self) -> ThreadState {
        let none = ThreadState { state: 1, registers: [0; 22] };
        self.thread.state().unwrap_or(none)
    }

    fn exception_sigh(&mut self, handler: Capability<SignalContext>) {
        ignore(self.thread.exception_sigh(handler));
    }

    fn single_step(&mut self, enabled: bool) {
        ignore(self.thread.single_step(enabled));
    }

    fn affinity(&mut self, location: Location) {
        if let Some(location) = (self.moves)(self.name.as_str().unwrap_or_default(), location) {
            ignore(self.thread.affinity(location));
        }
    }

    fn trace_control_index(&mut self) -> u32 {
        self.thread.trace_control_index().unwrap_or(0)
    }

    fn trace_buffer(&mut self) -> Capability<Dataspace> {
        self.thread.trace_buffer().unwrap_or_default()
    }

    fn trace_policy(&mut self) -> Capability<Dataspace> {
        self.thread.trace_policy().unwrap_or_default()
    }
}

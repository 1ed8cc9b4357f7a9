//! CPU: threads and their faults.
//!
//! A component's process is created by `Native_pd::start`; `create_thread` ties a PD to the CPU session
//! whose handler learns of its fault.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_affinity::{Location, Space};
use genode_host_proto::interface::{AllocError, cpu, cpu_thread};
use genode_wire::{Cap, ExceptionCode};

use super::message::{Came, Response, Served};
use super::state::{Services, THREAD};
use crate::nucleus::{CoreObject, Nucleus, ObjId};

/// Calls of a CPU session.
pub(super) type Call<'m> = cpu::Call<Came<'m>>;
/// Calls of a thread.
pub(super) type ThreadCall = cpu_thread::Call;

impl Services {
    pub(super) fn cpu_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        call: &Call<'_>,
        response: &mut Response,
    ) -> Served {
        let session = self.cpus.get_mut(&id).ok_or(ExceptionCode::INVALID_OBJECT)?;
        match *call {
            Call::CreateThread { pd, location, entry, .. } => {
                let place = match location {
                    // Anywhere.
                    Location { width: 0, height: 0, x: 0, y: 0 } => Some(session.place),
                    location => session.place.part(location),
                };
                let named = nucleus.pd_named(pd).zip(place).ok_or(AllocError::Denied);
                let made = named.and_then(|(pd, place)| {
                    self.create_thread(nucleus, id, (pd, entry), place).ok_or(AllocError::OutOfCaps)
                });
                response.put(&made.map(|token| Cap(Some(Rc::new(token)))))
            }
            Call::KillThread { thread } => {
                if let Some((object, CoreObject::Thread(_))) = nucleus.core_named(thread)
                    && session.threads.remove(&object)
                {
                    session.quota.give_back(THREAD);
                    nucleus.object_destroy(object);
                }
                response.put(&())
            }
            Call::ExceptionSigh { handler } => {
                // Whoever started a process is told of its end: what runs cannot have that told to somebody else.
                if !session.runs {
                    session.sigh = nucleus.context_named(handler);
                }
                response.put(&())
            }
            Call::AffinitySpace => {
                response.put(&Space::new(session.place.width, session.place.height))
            }
            Call::NativeCpu => {
                let made = || nucleus.core_object(CoreObject::NativeCpu(id)).ok();
                session.native = session.native.or_else(made);
                response.put(&Cap(session.native.and_then(|native| nucleus.capability(native))))
            }
        }
    }

    /// Makes a thread object. Its capability is the caller's alone: nobody asks core for it again.
    /// Only a thread of the PD's own CPU session is placed and moved by it.
    fn create_thread(
        &mut self,
        nucleus: &mut Nucleus,
        cpu: u64,
        (pd, number): (u64, u64),
        place: Location,
    ) -> Option<OwnedFd> {
        let session =
            self.cpus.get_mut(&cpu).filter(|cpu| cpu.quota.avail().checked_sub(THREAD).is_ok())?;
        let pd_session = self.pds.get_mut(&pd)?;
        let (thread, token) = nucleus.core_object_given(CoreObject::Thread(pd)).ok()?;
        session.quota.withdraw(THREAD).ok()?;
        session.threads.insert(thread);
        let started = pd_session.process.is_some() || pd_session.ending.is_some();
        let own = *pd_session.cpu.get_or_insert(cpu) == cpu;
        session.runs |= own && started;
        if own {
            nucleus.thread_made(thread, pd, number, place);
        }
        Some(token)
    }

    /// Serves a thread: moves it within its session's part of the machine.
    pub(super) fn thread_call(
        &self,
        nucleus: &mut Nucleus,
        object: ObjId,
        pd: u64,
        call: &ThreadCall,
        response: &mut Response,
    ) -> Served {
        let cpu = self.pds.get(&pd).and_then(|pd| self.cpus.get(&pd.cpu?));
        let cpu = cpu.ok_or(ExceptionCode::INVALID_OBJECT)?;
        match *call {
            ThreadCall::Affinity { location } => {
                let place = cpu.place.part(location).ok_or(ExceptionCode::MALFORMED)?;
                let moved = nucleus.thread_move(object, place);
                moved.map_err(|_| ExceptionCode::INVALID_OBJECT)?;
                response.put(&())
            }
        }
    }
}

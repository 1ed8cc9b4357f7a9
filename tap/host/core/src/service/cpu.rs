//! CPU: threads and their faults.
//!
//! A component's process is created by `Native_pd::start`; `create_thread` ties a PD to the CPU session
//! whose handler learns of its fault.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_affinity::Space;
use genode_host_proto::interface::{AllocError, cpu};
use genode_wire::{Cap, ExceptionCode};

use super::message::{Came, Response, Served};
use super::state::{Services, THREAD};
use crate::nucleus::{CoreObject, Nucleus};

/// Calls of a CPU session.
pub(super) type Call<'m> = cpu::Call<Came<'m>>;

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
            Call::CreateThread { pd, .. } => {
                let pd = nucleus.pd_named(pd).ok_or(AllocError::Denied);
                let made = pd.and_then(|pd| {
                    self.create_thread(nucleus, id, pd).ok_or(AllocError::OutOfCaps)
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
    fn create_thread(&mut self, nucleus: &mut Nucleus, cpu: u64, pd: u64) -> Option<OwnedFd> {
        let session =
            self.cpus.get_mut(&cpu).filter(|cpu| cpu.quota.avail().checked_sub(THREAD).is_ok())?;
        let pd_session = self.pds.get_mut(&pd)?;
        let (thread, token) = nucleus.core_object_given(CoreObject::Thread(pd)).ok()?;
        session.quota.withdraw(THREAD).ok()?;
        session.threads.insert(thread);
        let started = pd_session.process.is_some() || pd_session.ending.is_some();
        session.runs |= *pd_session.cpu.get_or_insert(cpu) == cpu && started;
        Some(token)
    }
}

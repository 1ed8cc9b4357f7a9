//! CPU: threads and their faults.
//!
//! A component's process is created by `Native_pd::start`; `create_thread` ties a PD to the CPU session
//! whose handler learns of its fault.
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::wire::Reader;
use topology::Location;

use super::{NotServed, Pd, Request, Response, Served, Services};
use crate::account::Guard;
use crate::nucleus::{CoreObject, Nucleus, ObjId};

/// Objects of a session without threads.
pub(crate) const SESSION_CAPS: u64 = 2;

/// A CPU session.
pub(crate) struct Cpu {
    pub(crate) native: ObjId,
    /// Signal context for faults.
    pub(crate) sigh: Option<ObjId>,
    /// The part of the machine that the session's threads may use.
    pub(crate) place: Location,
    /// The session's donation, of which it takes [`SESSION_CAPS`] itself and each thread object one.
    pub(crate) caps: Guard,
    /// Thread objects, each with its PD.
    pub(crate) threads: Vec<(u64, ObjId)>,
}

impl Services {
    pub(super) fn cpu_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        opcode: u64,
        mut args: Reader<'_>,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Served {
        let op = &OPCODES.cpu;
        if opcode == op.create_thread {
            let _name = args.string(32)?;
            let Some((_, CoreObject::Pd(pd))) = request.core_object(nucleus, 0) else {
                return response.attempt_cap(Err(genode_host_proto::opcode::alloc_error::DENIED));
            };
            return match self.create_thread(nucleus, id, pd) {
                Some(thread) => response.attempt_cap(Ok(nucleus.capability(thread))),
                None => {
                    response.attempt_cap(Err(genode_host_proto::opcode::alloc_error::OUT_OF_CAPS))
                }
            };
        }
        let session = self.cpus.get_mut(&id).ok_or(NotServed::Object)?;
        if opcode == op.kill_thread {
            if let Some((object, CoreObject::Thread(_))) = request.core_object(nucleus, 0)
                && session.threads.iter().any(|(_, t)| *t == object)
            {
                session.threads.retain(|(_, t)| *t != object);
                session.caps.used -= 1;
                nucleus.object_destroy(object);
            }
            response.void()
        } else if opcode == op.exception_sigh {
            // Whoever started a process is told of its end: what runs cannot have that told to somebody else.
            let runs =
                |pd: &Pd| pd.cpu == Some(id) && (pd.process.is_some() || pd.ending.is_some());
            if !self.pds.values().any(runs) {
                session.sigh = request.object(nucleus, 0);
            }
            response.void()
        } else if opcode == op.affinity_space {
            let (w, h) = (session.place.width, session.place.height);
            response.word(u64::from(w) | (u64::from(h) << 32))
        } else if opcode == op.native_cpu {
            let native = nucleus.capability(session.native);
            response.cap(native)
        } else {
            Err(NotServed::Opcode)
        }
    }

    fn create_thread(&mut self, nucleus: &mut Nucleus, cpu: u64, pd: u64) -> Option<ObjId> {
        let session = self.cpus.get_mut(&cpu).filter(|cpu| cpu.caps.avail() > 0)?;
        let pd_session = self.pds.get_mut(&pd)?;
        let thread = nucleus.core_object(CoreObject::Thread(pd)).ok()?;
        session.caps.used += 1;
        session.threads.push((pd, thread));
        pd_session.cpu.get_or_insert(cpu);
        Some(thread)
    }
}

//! Core's services, and the dispatch of calls to them.
//!
//! `state` is what there is of sessions, `message` how calls come and replies go; a file for each service says what its calls
//! do.
mod closing;
mod cpu;
mod log;
mod message;
mod parent;
mod pd;
mod rm;
mod rom;
mod state;
#[cfg(test)]
mod tests;
pub(crate) mod trace;

use genode_host_proto::interface::{Call as _, dataspace};
use genode_host_proto::opcode::OPCODES;
use genode_wire::{Caps, ExceptionCode, Reader};

use message::Served;
pub(crate) use message::{Request, Response};
pub(crate) use rom::Modules;
pub(crate) use state::Services;

use crate::nucleus::{CoreObject, Nucleus, ObjId};

impl Services {
    /// Serve one call. It is read completely before anything is done.
    pub(crate) fn dispatch(
        &mut self,
        nucleus: &mut Nucleus,
        object: ObjId,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Served {
        let target = nucleus.objects.get(&object).and_then(|o| o.core);
        let target = target.ok_or(ExceptionCode::INVALID_OBJECT)?;
        let mut caps = Caps::new();
        for cap in request.caps {
            caps.push(cap.as_ref())?;
        }
        let mut message = Reader::new(request.body, &mut caps);
        let (table, message, from) = (&OPCODES, &mut message, request.channel);
        match target {
            CoreObject::Parent => {
                self.parent_call(nucleus, &parent::Call::read(table, message)?, from, response)
            }
            CoreObject::Pd(id) => {
                self.pd_call(nucleus, id, &pd::Call::read(table, message)?, from, response)
            }
            CoreObject::NativePd(id) => {
                self.native_pd_call(nucleus, id, &pd::NativeCall::read(table, message)?, response)
            }
            CoreObject::Cpu(id) => {
                self.cpu_call(nucleus, id, &cpu::Call::read(table, message)?, response)
            }
            CoreObject::NativeCpu(_) => Err(ExceptionCode::INVALID_OPCODE),
            CoreObject::Thread(pd) => {
                let call = cpu::ThreadCall::read(table, message)?;
                self.thread_call(nucleus, object, pd, &call, response)
            }
            CoreObject::Rom(module) => {
                let call = rom::Call::read(table, message)?;
                self.modules.rom_call(nucleus, module, &call, response)
            }
            CoreObject::Log(id) => self.log_call(id, &log::Call::read(table, message)?, response),
            CoreObject::Trace(id) => {
                self.trace_call(nucleus, id, &trace::Call::read(table, message)?, response)
            }
            CoreObject::Rm(id) => {
                rm::rm_call(nucleus, id, &rm::Call::read(table, message)?, response)
            }
            CoreObject::RegionMap(_, map) => {
                let call = rm::MapCall::read(table, message)?;
                rm::region_map_call(nucleus, map, &call, response)
            }
            CoreObject::Managed(map) => {
                let call = dataspace::Call::read(table, message)?;
                let size = nucleus.maps.size(map).ok_or(ExceptionCode::INVALID_OBJECT)?;
                dataspace_call(size, true, &call, response)
            }
            CoreObject::Dataspace { size, writeable } => {
                dataspace_call(size, writeable, &dataspace::Call::read(table, message)?, response)
            }
        }
    }
}

/// Any dataspace.
fn dataspace_call(
    size: u64,
    writeable: bool,
    call: &dataspace::Call,
    response: &mut Response,
) -> Served {
    match *call {
        dataspace::Call::Size => response.put(&size),
        dataspace::Call::Writeable => response.put(&writeable),
    }
}

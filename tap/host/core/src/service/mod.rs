//! Core's services, each in a module of its own, and the dispatch of calls to them.
mod cpu;
mod label;
mod log;
mod parent;
mod pd;
mod rm;
mod rom;
#[cfg(test)]
mod tests;

use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_affinity::Affinity;
use genode_host_proto::MAX_BODY;
use genode_host_proto::interface::{AllocError, Call as _, dataspace};
use genode_host_proto::opcode::OPCODES;
use genode_wire::{Cap, Caps, Encode, ExceptionCode, Reader, Writer};
pub(crate) use label::last_element;

pub(crate) use cpu::Cpu;
pub(crate) use log::{Console, Log};
pub(crate) use parent::Init;
pub(crate) use pd::Pd;
pub(crate) use rom::Modules;

use crate::Numbered;
use crate::nucleus::{ChanId, CoreObject, Nucleus, ObjId, Refusal};

/// A capability that came with a call: a descriptor, if it is valid.
pub(crate) type Came<'a> = Option<&'a OwnedFd>;

/// A capability that goes with a reply.
pub(crate) type Goes = Option<Rc<OwnedFd>>;

/// A call to one of core's objects.
pub(crate) struct Request<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) caps: &'a [Option<OwnedFd>],
    /// Where the call came from.
    pub(crate) channel: ChanId,
}

impl Nucleus {
    /// Object that a capability names.
    fn named(&self, cap: Cap<Came<'_>>) -> Option<ObjId> {
        self.lookup(cap.0?)
    }

    /// Object of core's that a capability names.
    fn core_named(&self, cap: Cap<Came<'_>>) -> Option<(ObjId, CoreObject)> {
        self.lookup_core(cap.0?)
    }

    /// PD session that a capability names.
    fn pd_named(&self, cap: Cap<Came<'_>>) -> Option<u64> {
        match self.core_named(cap)? {
            (_, CoreObject::Pd(id)) => Some(id),
            _ => None,
        }
    }

    /// Object of core's that may be called by `index` through a channel.
    fn granted(&self, channel: ChanId, index: u64) -> Option<CoreObject> {
        let object = self.channels.get(&channel)?.object(u32::try_from(index).ok()?)?;
        self.objects.get(&object)?.core
    }
}

/// The reply to a call: body and capabilities.
pub(crate) struct Response {
    pub(crate) body: [u8; MAX_BODY],
    pub(crate) len: usize,
    pub(crate) caps: Caps<Goes>,
}

impl Response {
    pub(crate) fn new() -> Self {
        Self { body: [0; MAX_BODY], len: 0, caps: Caps::new() }
    }

    /// Answer with a result.
    fn put<T: Encode<Goes>>(&mut self, result: &T) -> Served {
        let mut message = Writer::new(&mut self.body, &mut self.caps);
        message.put(result)?;
        self.len = message.len();
        Ok(())
    }

    /// Answer with the capability of a new object, or why there is none.
    fn put_made(&mut self, nucleus: &Nucleus, made: Result<ObjId, AllocError>) -> Served {
        self.put(&made.map(|object| Cap(nucleus.capability(object))))
    }
}

impl From<Refusal> for AllocError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfRam => Self::OutOfRam,
            Refusal::OutOfCaps | Refusal::Limit => Self::OutOfCaps,
            Refusal::Invalid | Refusal::Gone => Self::Denied,
        }
    }
}

/// Result of serving a call: an exception code if it is not served.
pub(crate) type Served = Result<(), ExceptionCode>;

/// All state of core's services.
pub(crate) struct Services {
    pub(crate) pds: Numbered<u64, Pd>,
    pub(crate) cpus: Numbered<u64, Cpu>,
    pub(crate) logs: Numbered<u64, Log>,
    pub(crate) modules: Modules,
    pub(crate) init: Option<Init>,
    pub(crate) console: Console,
    /// RAM and capabilities of init's that core had when all sessions were closed: none.
    pub(crate) kept: (u64, u64),
    last_id: u64,
}

impl Services {
    pub(crate) fn new(modules: Modules) -> Self {
        Self {
            pds: Numbered::default(),
            cpus: Numbered::default(),
            logs: Numbered::default(),
            modules,
            init: None,
            console: Console::new(),
            kept: (0, 0),
            last_id: 0,
        }
    }

    fn fresh(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

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
            CoreObject::NativeCpu(_) | CoreObject::Thread(_) => Err(ExceptionCode::INVALID_OPCODE),
            CoreObject::Rom(module) => {
                let call = rom::Call::read(table, message)?;
                self.modules.rom_call(nucleus, module, &call, response)
            }
            CoreObject::Log(id) => self.log_call(id, &log::Call::read(table, message)?, response),
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

/// What a session of core's is opened with.
pub(crate) struct SessionArgs<'a> {
    pub(crate) label: &'a str,
    pub(crate) affinity: Affinity,
    pub(crate) caps: u64,
}

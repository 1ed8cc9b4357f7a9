//! Core's services, each in a module of its own, and the dispatch of calls to them.
mod cpu;
mod label;
mod log;
mod parent;
mod pd;
mod rm;
mod rom;

use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_host_proto::wire::{Affinity, Malformed, Reader, Writer};
use genode_host_proto::{INVALID_OBJECT, INVALID_OPCODE, MAX_BODY, MAX_CAPS};
pub(crate) use label::last_element;

pub(crate) use cpu::Cpu;
pub(crate) use log::{Console, Log};
pub(crate) use parent::Init;
pub(crate) use pd::Pd;
pub(crate) use rom::Modules;

use crate::Numbered;
use crate::nucleus::{ChanId, CoreObject, Nucleus, ObjId};

/// A call to one of core's objects.
pub(crate) struct Request<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) caps: &'a [Option<OwnedFd>],
    /// Where the call came from.
    pub(crate) channel: ChanId,
}

impl Request<'_> {
    /// Capability `i`, if it came and is valid.
    pub(crate) fn cap(&self, i: usize) -> Option<&OwnedFd> {
        self.caps.get(i)?.as_ref()
    }

    /// Object that capability `i` names.
    pub(crate) fn object(&self, nucleus: &Nucleus, i: usize) -> Option<ObjId> {
        nucleus.lookup(self.cap(i)?)
    }

    /// Object of core's that capability `i` names.
    pub(crate) fn core_object(&self, nucleus: &Nucleus, i: usize) -> Option<(ObjId, CoreObject)> {
        nucleus.lookup_core(self.cap(i)?)
    }

    /// Object of core's that the caller may call by `index`.
    pub(crate) fn granted(&self, nucleus: &Nucleus, index: u64) -> Option<CoreObject> {
        let object = nucleus.channels.get(&self.channel)?.object(u32::try_from(index).ok()?)?;
        nucleus.objects.get(&object)?.core
    }
}

/// The reply to a call: body and capabilities.
pub(crate) struct Response {
    pub(crate) body: [u8; MAX_BODY],
    pub(crate) len: usize,
    pub(crate) caps: Vec<Rc<OwnedFd>>,
}

impl Response {
    pub(crate) fn new() -> Self {
        Self { body: [0; MAX_BODY], len: 0, caps: Vec::with_capacity(MAX_CAPS) }
    }

    /// Fill the body.
    pub(crate) fn write(&mut self, fill: impl FnOnce(&mut Writer<'_>)) -> Served {
        let mut writer = Writer::new(&mut self.body);
        fill(&mut writer);
        self.len = writer.finish()?;
        Ok(())
    }

    /// The one word that a `void` function returns.
    pub(crate) fn void(&mut self) -> Served {
        self.word(0)
    }

    /// One word.
    pub(crate) fn word(&mut self, value: u64) -> Served {
        self.write(|w| {
            w.u64(value);
        })
    }

    /// One enum value.
    pub(crate) fn value(&mut self, value: i32) -> Served {
        self.write(|w| {
            w.i32(value);
        })
    }

    /// A capability as return value; an invalid one if there is none.
    #[allow(clippy::unnecessary_wraps)] // as the other ways to answer
    pub(crate) fn cap(&mut self, cap: Option<Rc<OwnedFd>>) -> Served {
        self.caps.extend(cap);
        self.len = 0;
        Ok(())
    }

    /// `Attempt` of a capability.
    pub(crate) fn attempt_cap(&mut self, result: Result<Option<Rc<OwnedFd>>, i32>) -> Served {
        match result {
            Ok(cap) => {
                self.caps.extend(cap);
                self.write(|w| {
                    w.bool(true);
                })
            }
            Err(error) => self.write(|w| {
                w.bool(false).i32(error);
            }),
        }
    }
}

/// Why a call is not served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotServed {
    /// No such object (any more).
    Object,
    /// No such function, or a message that does not fit it.
    Opcode,
}

impl From<Malformed> for NotServed {
    fn from(_: Malformed) -> Self {
        Self::Opcode
    }
}

impl NotServed {
    pub(crate) fn protocol(self) -> i64 {
        match self {
            Self::Object => INVALID_OBJECT,
            Self::Opcode => INVALID_OPCODE,
        }
    }
}

/// Result of serving a call.
pub(crate) type Served = Result<(), NotServed>;

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

    /// Serve one call.
    pub(crate) fn dispatch(
        &mut self,
        nucleus: &mut Nucleus,
        object: ObjId,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Served {
        let target = nucleus.objects.get(&object).and_then(|o| o.core).ok_or(NotServed::Object)?;
        let mut args = Reader::new(request.body);
        let opcode = args.u64()?;
        match target {
            CoreObject::Parent => self.parent_call(nucleus, opcode, args, request, response),
            CoreObject::Pd(id) => self.pd_call(nucleus, id, opcode, args, request, response),
            CoreObject::NativePd(id) => self.native_pd_call(nucleus, id, opcode, request, response),
            CoreObject::Cpu(id) => self.cpu_call(nucleus, id, opcode, args, request, response),
            CoreObject::NativeCpu(_) | CoreObject::Thread(_) => Err(NotServed::Opcode),
            CoreObject::Rom(module) => self.modules.rom_call(nucleus, module, opcode, response),
            CoreObject::Log(id) => self.log_call(id, opcode, args, response),
            CoreObject::Rm(id) => rm::rm_call(nucleus, id, opcode, args, request, response),
            CoreObject::RegionMap(_, map) => {
                rm::region_map_call(nucleus, map, opcode, args, request, response)
            }
            CoreObject::Managed(map) => rm::dataspace_call(nucleus, map, opcode, response),
            CoreObject::Dataspace { size, writeable } => match opcode {
                genode_host_proto::opcode::dataspace::SIZE => response.word(size),
                genode_host_proto::opcode::dataspace::WRITEABLE => {
                    response.word(u64::from(writeable))
                }
                _ => Err(NotServed::Opcode),
            },
        }
    }
}

/// What a session of core's is opened with.
pub(crate) struct SessionArgs<'a> {
    pub(crate) label: &'a str,
    pub(crate) affinity: Affinity,
    pub(crate) caps: u64,
}

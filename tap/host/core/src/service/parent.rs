//! Parent of the init component: its environment, its sessions of core's services, its exit.
use std::collections::HashMap;

use genode_args::ArgsRef;
use genode_host_proto::opcode::{Cost, OPCODES, close, cost, env_id, upgrade};
use genode_host_proto::wire::{Affinity, Reader};

use super::cpu::SESSION_CAPS;
use super::{
    Cpu, Log, NotServed, Pd, Request, Response, Served, Services, SessionArgs, last_element,
};
use crate::Numbered;
use crate::account::{AccountId, Guard, Lack, ROOT, Transfer};
use crate::nucleus::{CoreObject, Nucleus, ObjId, Refusal};

/// Name of core's child.
const NAME: &str = "init";
/// Arguments of a session request with their NUL.
const MAX_ARGS: usize = 160;
/// Sessions that init may hold.
const MAX_SESSIONS: usize = 1 << 16;

/// Core's child.
pub(crate) struct Init {
    parent: ObjId,
    account: AccountId,
    sessions: HashMap<u64, Session>,
    pub(crate) exit: Option<i32>,
}

/// A session of one of core's services.
struct Session {
    object: ObjId,
    ram: u64,
    caps: u64,
}

/// Why a session does not come to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SessionError {
    Denied,
    OutOfRam,
    OutOfCaps,
    InsufficientRam,
    InsufficientCaps,
}

impl SessionError {
    fn code(self) -> i32 {
        let values = &OPCODES.session_error;
        match self {
            Self::Denied => values.denied,
            Self::OutOfRam => values.out_of_ram,
            Self::OutOfCaps => values.out_of_caps,
            Self::InsufficientRam => values.insufficient_ram,
            Self::InsufficientCaps => values.insufficient_caps,
        }
    }
}

impl From<Lack> for SessionError {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Ram => Self::OutOfRam,
            Lack::Caps => Self::OutOfCaps,
        }
    }
}

impl From<Refusal> for SessionError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfRam => Self::OutOfRam,
            Refusal::OutOfCaps | Refusal::Limit => Self::OutOfCaps,
            Refusal::Invalid | Refusal::Gone => Self::Denied,
        }
    }
}

/// What of a donation a session of core's needs at least. Every parent on the way keeps a part, so this
/// is less than what clients donate.
fn needed(service: &str) -> Option<Cost> {
    let full = match service {
        "PD" => cost::PD,
        "CPU" => cost::CPU,
        "ROM" => cost::ROM,
        "LOG" => cost::LOG,
        "RM" => cost::RM,
        _ => return None,
    };
    Some(Cost { caps: full.caps, ram: full.ram / 4 })
}

impl Services {
    /// Create and start init with everything the system has.
    pub(crate) fn boot(&mut self, nucleus: &mut Nucleus) -> Result<(), String> {
        let refused = |e| move |r| format!("cannot create {e} for init: {r:?}");
        let parent = nucleus.core_object(CoreObject::Parent).map_err(refused("a parent"))?;
        let session =
            SessionArgs { label: NAME, affinity: Affinity::default(), caps: cost::CPU.caps };
        let pd_cap = self.pd_open(nucleus, &session).map_err(refused("a PD"))?;
        let cpu_cap = self.cpu_open(nucleus, &session).map_err(refused("a CPU session"))?;
        let log_cap = self.log_open(nucleus, &session).map_err(refused("a LOG session"))?;
        let module = self
            .modules
            .find(nucleus, NAME)
            .ok_or("the boot directory has no module \"init\": put the init binary there")?;
        let binary_cap = nucleus.core_object(CoreObject::Rom(module)).map_err(refused("a ROM"))?;
        let Some((pd_id, pd)) = self.pds.iter_mut().next() else { return Err("no PD".into()) };
        let pd_id = *pd_id;
        pd.cpu = self.cpus.keys().next().copied();
        nucleus.accounts.refer(pd.account, ROOT);
        let (ram, caps) = nucleus.accounts.total();
        nucleus
            .accounts
            .transfer(ROOT, pd.account, ram, caps)
            .map_err(|e| format!("cannot give init its quota: {e:?}"))?;
        pd.parent = nucleus.capability(parent);
        let session = |object| Session { object, ram: 0, caps: 0 };
        let sessions = HashMap::from([
            (env_id::PD, session(pd_cap)),
            (env_id::CPU, session(cpu_cap)),
            (env_id::LOG, session(log_cap)),
            (env_id::BINARY, session(binary_cap)),
        ]);
        self.init = Some(Init { parent, account: pd.account, sessions, exit: None });
        let binary =
            self.modules.dataspace(nucleus, module).ok_or("cannot read module \"init\"")?;
        super::pd::start(nucleus, pd_id, pd, &binary, nucleus.machine.everywhere());
        match pd.process {
            Some(_) => Ok(()),
            None => Err("cannot start init".into()),
        }
    }

    /// End every session of init, which kills it and everything below it.
    pub(crate) fn shut_down(&mut self, nucleus: &mut Nucleus) {
        let Some(mut init) = self.init.take() else { return };
        // Init's own process first: nothing must run while its children's sessions go.
        if let Some(own) = init.sessions.remove(&env_id::PD) {
            let process = match nucleus.objects.get(&own.object).and_then(|o| o.core) {
                Some(CoreObject::Pd(id)) => self.pds.get_mut(&id).and_then(|pd| pd.process.take()),
                _ => None,
            };
            if let Some(process) = process {
                nucleus.bury(process);
            }
            for (_, session) in init.sessions.drain() {
                self.session_close(nucleus, session.object);
                let _ = nucleus.accounts.transfer(ROOT, init.account, session.ram, session.caps);
            }
            // Init had everything at the beginning, so now as well. What core kept would come back with init's account.
            if let Some(root) = nucleus.accounts.get(ROOT) {
                self.kept = (root.ram.avail(), root.caps.avail());
            }
            self.session_close(nucleus, own.object);
        }
        nucleus.object_destroy(init.parent);
    }

    pub(super) fn parent_call(
        &mut self,
        nucleus: &mut Nucleus,
        opcode: u64,
        mut args: Reader<'_>,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Served {
        let op = &OPCODES.parent;
        let init = self.init.as_mut().ok_or(NotServed::Object)?;
        if opcode == op.exit {
            init.exit = Some(args.i32()?);
            response.void()
        } else if opcode == op.session {
            let id = args.u64()?;
            let service = text(args.in_string(64)?)?;
            let session_args = text(args.in_string(MAX_ARGS)?)?;
            let affinity = args.affinity()?;
            let result = self.session_open(nucleus, id, service, session_args, affinity);
            if let Err(e) = result {
                explain(service, session_args, e);
            }
            let cap = result.map(|object| nucleus.capability(object)).map_err(SessionError::code);
            response.attempt_cap(cap)
        } else if opcode == op.session_for {
            let id = args.u64()?;
            let service = text(args.in_string(64)?)?;
            let session_args = text(args.in_string(MAX_ARGS)?)?;
            let affinity = args.affinity()?;
            let payer = self.account_at(nucleus, request, args.u64()?);
            let amount = (args.u64()?, args.u64()?);
            let result = self.charge(nucleus, payer, amount).and_then(|()| {
                let opened = self.session_open(nucleus, id, service, session_args, affinity);
                opened.inspect_err(|e| {
                    self.give_back(nucleus, payer, amount);
                    explain(service, session_args, *e);
                })
            });
            let cap = result.map(|object| nucleus.capability(object)).map_err(SessionError::code);
            response.attempt_cap(cap)
        } else if opcode == op.session_cap {
            let id = args.u64()?;
            match init.sessions.get(&id) {
                Some(session) => response.attempt_cap(Ok(nucleus.capability(session.object))),
                None => response.attempt_cap(Err(OPCODES.session_cap_error.denied)),
            }
        } else if opcode == op.upgrade {
            let id = args.u64()?;
            let session_args = text(args.in_string(MAX_ARGS)?)?;
            let result = self.session_upgrade(nucleus, id, session_args);
            response.value(match result {
                Ok(()) => upgrade::OK,
                Err(Lack::Ram) => upgrade::OUT_OF_RAM,
                Err(Lack::Caps) => upgrade::OUT_OF_CAPS,
            })
        } else if opcode == op.close {
            self.close(nucleus, args.u64()?);
            response.value(close::DONE)
        } else if opcode == op.close_for {
            let id = args.u64()?;
            let payer = self.account_at(nucleus, request, args.u64()?);
            let amount = (args.u64()?, args.u64()?);
            self.close(nucleus, id);
            let returned = self.give_back(nucleus, payer, amount);
            response.value(if returned { close::DONE } else { close::KEPT })
        } else if opcode == op.yield_request {
            response.write(|w| {
                w.string(b"", MAX_ARGS);
            })
        } else if opcode == op.main_thread_cap {
            response.cap(None)
        } else if opcode == op.announce {
            let service = text(args.in_string(64)?)?;
            crate::note(format_args!(
                "init announces \"{service}\", which nobody above it can use"
            ));
            response.void()
        } else if opcode == op.resource_request {
            let wanted = text(args.string(MAX_ARGS)?)?;
            crate::note(format_args!("init asks for {wanted}, but has everything there is"));
            response.void()
        } else if [
            op.session_sigh,
            op.resource_avail_sigh,
            op.yield_sigh,
            op.heartbeat_sigh,
            op.yield_response,
            op.heartbeat_response,
            op.session_response,
            op.deliver_session_cap,
        ]
        .contains(&opcode)
        {
            // Every session of core's exists at once and core wants nothing back: no signal ever comes.
            let _ = request;
            response.void()
        } else {
            Err(NotServed::Opcode)
        }
    }

    fn session_open(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        service: &str,
        session_args: &str,
        affinity: Affinity,
    ) -> Result<ObjId, SessionError> {
        let cost = needed(service).ok_or(SessionError::Denied)?;
        let init = self.init.as_ref().ok_or(SessionError::Denied)?;
        if id < env_id::FIRST_FREE
            || init.sessions.contains_key(&id)
            || init.sessions.len() >= MAX_SESSIONS
        {
            return Err(SessionError::Denied);
        }
        let account = init.account;
        let ram = ArgsRef::new(session_args).ram_quota();
        let caps = ArgsRef::new(session_args).cap_quota();
        if ram < cost.ram {
            return Err(SessionError::InsufficientRam);
        }
        if caps < cost.caps {
            return Err(SessionError::InsufficientCaps);
        }
        let asked = ArgsRef::new(session_args).label().unwrap_or_default();
        let label = format!("{NAME} -> {}", asked.as_str());
        nucleus.transfer(&[Transfer { from: account, to: ROOT, ram, caps }])?;
        let session = SessionArgs { label: &label, affinity, caps };
        let made = match service {
            "PD" => self.pd_open(nucleus, &session),
            "CPU" => self.cpu_open(nucleus, &session),
            "LOG" => self.log_open(nucleus, &session),
            "RM" => super::rm::open(nucleus, ram, caps),
            _ => self
                .modules
                .find(nucleus, last_element(&label))
                .ok_or(Refusal::Invalid)
                .and_then(|module| nucleus.core_object(CoreObject::Rom(module))),
        };
        match made {
            Ok(object) => {
                if let Some(init) = self.init.as_mut() {
                    init.sessions.insert(id, Session { object, ram, caps });
                }
                Ok(object)
            }
            Err(e) => {
                let _ = nucleus.accounts.transfer(ROOT, account, ram, caps);
                Err(e.into())
            }
        }
    }

    /// Close a session of init's, unless it belongs to its environment.
    fn close(&mut self, nucleus: &mut Nucleus, id: u64) {
        if id >= env_id::FIRST_FREE
            && let Some(init) = self.init.as_mut()
            && let Some(session) = init.sessions.remove(&id)
        {
            let account = init.account;
            self.session_close(nucleus, session.object);
            let _ = nucleus.accounts.transfer(ROOT, account, session.ram, session.caps);
        }
    }

    /// Account of the PD session that init names by an index, if the two may exchange quota.
    fn account_at(
        &self,
        nucleus: &Nucleus,
        request: &Request<'_>,
        index: u64,
    ) -> Option<AccountId> {
        let Some(CoreObject::Pd(pd)) = request.granted(nucleus, index) else { return None };
        let account = self.pds.get(&pd)?.account;
        nucleus.accounts.related(account, self.init.as_ref()?.account).then_some(account)
    }

    /// Let a child of init's pay for a session.
    fn charge(
        &self,
        nucleus: &mut Nucleus,
        payer: Option<AccountId>,
        (ram, caps): (u64, u64),
    ) -> Result<(), SessionError> {
        let payer = payer.ok_or(SessionError::Denied)?;
        let init = self.init.as_ref().ok_or(SessionError::Denied)?;
        Ok(nucleus.transfer(&[Transfer { from: payer, to: init.account, ram, caps }])?)
    }

    /// Give a child of init's back what it paid.
    fn give_back(
        &self,
        nucleus: &mut Nucleus,
        payer: Option<AccountId>,
        (ram, caps): (u64, u64),
    ) -> bool {
        let (Some(payer), Some(init)) = (payer, &self.init) else { return false };
        nucleus.transfer(&[Transfer { from: init.account, to: payer, ram, caps }]).is_ok()
    }

    fn session_upgrade(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        session_args: &str,
    ) -> Result<(), Lack> {
        let Some(init) = self.init.as_mut() else { return Ok(()) };
        let Some(session) = init.sessions.get_mut(&id).filter(|_| id >= env_id::FIRST_FREE) else {
            return Ok(());
        };
        let ram = ArgsRef::new(session_args).ram_quota();
        let caps = ArgsRef::new(session_args).cap_quota();
        nucleus.transfer(&[Transfer { from: init.account, to: ROOT, ram, caps }])?;
        session.ram += ram;
        session.caps += caps;
        match nucleus.objects.get(&session.object).and_then(|o| o.core) {
            Some(CoreObject::Rm(rm)) => {
                if let Some(budget) = nucleus.maps.budget(rm) {
                    budget.grow(ram, caps);
                }
            }
            Some(CoreObject::Cpu(id)) => {
                if let Some(cpu) = self.cpus.get_mut(&id) {
                    cpu.caps.limit += caps;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn session_close(&mut self, nucleus: &mut Nucleus, object: ObjId) {
        let target = nucleus.objects.get(&object).and_then(|o| o.core);
        nucleus.object_destroy(object);
        match target {
            Some(CoreObject::Pd(id)) => self.pd_close(nucleus, id),
            Some(CoreObject::Cpu(id)) => {
                if let Some(cpu) = self.cpus.remove(&id) {
                    nucleus.object_destroy(cpu.native);
                    for (_, thread) in cpu.threads {
                        nucleus.object_destroy(thread);
                    }
                }
            }
            Some(CoreObject::Log(id)) => self.log_close(id),
            Some(CoreObject::Rm(rm)) => super::rm::close(nucleus, rm),
            _ => {}
        }
    }

    fn pd_open(&mut self, nucleus: &mut Nucleus, s: &SessionArgs<'_>) -> Result<ObjId, Refusal> {
        let id = self.fresh();
        let object = nucleus.core_object(CoreObject::Pd(id))?;
        let native = nucleus.core_object(CoreObject::NativePd(id)).inspect_err(|_| {
            nucleus.object_destroy(object);
        })?;
        let account = nucleus.accounts.create();
        let pd = Pd {
            label: s.label.to_owned(),
            account,
            native,
            ram: Numbered::default(),
            parent: None,
            process: None,
            ending: None,
            cpu: None,
        };
        self.pds.insert(id, pd);
        Ok(object)
    }

    fn cpu_open(&mut self, nucleus: &mut Nucleus, s: &SessionArgs<'_>) -> Result<ObjId, Refusal> {
        let id = self.fresh();
        let object = nucleus.core_object(CoreObject::Cpu(id))?;
        let native = nucleus.core_object(CoreObject::NativeCpu(id)).inspect_err(|_| {
            nucleus.object_destroy(object);
        })?;
        let place = nucleus.machine.place(&s.affinity);
        let caps = Guard { limit: s.caps, used: SESSION_CAPS };
        let cpu = Cpu { native, sigh: None, place, caps, threads: Vec::new() };
        self.cpus.insert(id, cpu);
        Ok(object)
    }

    fn log_open(&mut self, nucleus: &mut Nucleus, s: &SessionArgs<'_>) -> Result<ObjId, Refusal> {
        let id = self.fresh();
        let object = nucleus.core_object(CoreObject::Log(id))?;
        self.logs.insert(id, Log::new(s.label));
        Ok(object)
    }
}

fn text(bytes: &[u8]) -> Result<&str, NotServed> {
    std::str::from_utf8(bytes).map_err(|_| NotServed::Opcode)
}

/// Say why init did not get a session; nobody else could find out.
fn explain(service: &str, session_args: &str, error: SessionError) {
    let label = ArgsRef::new(session_args).label().unwrap_or_default();
    let remedy = match error {
        SessionError::Denied if service == "ROM" => "no such boot module: add it to the boot image",
        SessionError::Denied => "core has no such service, or the session id is in use",
        SessionError::OutOfRam => "init's RAM quota is used up",
        SessionError::OutOfCaps => "init's capability quota is used up",
        SessionError::InsufficientRam => "donate more ram_quota",
        SessionError::InsufficientCaps => "donate more cap_quota",
    };
    crate::note(format_args!("no {service} session for \"{NAME} -> {label}\": {remedy}"));
}

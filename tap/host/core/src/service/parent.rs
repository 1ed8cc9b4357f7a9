//! Parent of the init component: its environment, its sessions of core's services, its exit.
use std::collections::{HashMap, HashSet};

use genode_affinity::Affinity;
use genode_args::ArgsRef;
use genode_args::cost;
use genode_args::label::last_element;
use genode_args::quota::{Amount, Lack, RamQuota};
use genode_args::repeats::Repeats;
use genode_host_proto::interface::parent::{
    self, ResourceArgs, SessionCapError, SessionError, Upgraded,
};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_wire::{Cap, ExceptionCode};

use super::closing::{After, Closing, Donation, Rest};
use super::message::{Came, Goes, Response, Served};
use super::state::{Cpu, Init, Log, Pd, SESSION, Services, Session, SessionArgs};
use crate::account::{AccountId, Guard, ROOT, Transfer};
use crate::console::note;
use crate::nucleus::{ChanId, CoreObject, Nucleus, ObjId, Refusal};
use crate::numbered::Numbered;

/// Calls of core as parent of init.
pub(super) type Call<'m> = parent::Call<'m, Came<'m>>;

/// Name of core's child.
const NAME: &str = "init";
/// Sessions that init may hold.
const MAX_SESSIONS: usize = 1 << 16;

/// A session that init wants.
struct Wanted<'a> {
    id: u64,
    service: &'a str,
    args: &'a str,
    affinity: Affinity,
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
fn needed(service: &str, args: ArgsRef<'_>) -> Option<Amount> {
    let full = match service {
        "PD" => cost::PD,
        "CPU" => cost::CPU,
        "ROM" => cost::ROM,
        "LOG" => cost::LOG,
        "RM" => cost::RM,
        // The donation is spent, on the argument buffer above all.
        "TRACE" => return Some(super::trace::needed(args)),
        _ => return None,
    };
    Some(Amount { ram: RamQuota(full.ram.0 / 4), ..full })
}

impl Services {
    /// Create and start init with everything the system has.
    pub(crate) fn boot(&mut self, nucleus: &mut Nucleus) -> Result<(), String> {
        let refused = |e| move |r| format!("cannot create {e} for init: {r:?}");
        let parent = nucleus.core_object(CoreObject::Parent).map_err(refused("a parent"))?;
        let session =
            SessionArgs { label: NAME, affinity: Affinity::default(), donation: cost::CPU };
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
        let all = nucleus.accounts.total();
        nucleus
            .accounts
            .transfer(ROOT, pd.account, all)
            .map_err(|e| format!("cannot give init its quota: {e:?}"))?;
        pd.parent = nucleus.capability(parent);
        let session = |object| Session { object, donation: Amount::NONE };
        let sessions = HashMap::from([
            (env_id::PD, session(pd_cap)),
            (env_id::CPU, session(cpu_cap)),
            (env_id::LOG, session(log_cap)),
            (env_id::BINARY, session(binary_cap)),
        ]);
        self.init =
            Some(Init { parent, account: pd.account, sessions, exit: None, told: Repeats::new() });
        let binary =
            self.modules.dataspace(nucleus, module).ok_or("cannot read module \"init\"")?;
        super::pd::start(nucleus, pd_id, pd, &binary, nucleus.machine.everywhere());
        self.cpus.values_mut().for_each(|cpu| cpu.runs = true);
        match pd.process {
            Some(_) => Ok(()),
            None => Err("cannot start init".into()),
        }
    }

    /// End every session of init, which kills it and everything below it.
    pub(crate) fn shut_down(&mut self, nucleus: &mut Nucleus) {
        self.close_all(nucleus);
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
                self.session_close(nucleus, session.object).end(nucleus);
                let _ = nucleus.accounts.transfer(ROOT, init.account, session.donation);
            }
            // Init had everything at the beginning, so now as well. What core kept would come back with init's account.
            if let Some(root) = nucleus.accounts.get(ROOT) {
                self.kept = root.quota.avail();
            }
            self.session_close(nucleus, own.object).end(nucleus);
        }
        nucleus.object_destroy(init.parent);
    }

    pub(super) fn parent_call(
        &mut self,
        nucleus: &mut Nucleus,
        call: &Call<'_>,
        from: ChanId,
        response: &mut Response,
    ) -> Served {
        let init = self.init.as_mut().ok_or(ExceptionCode::INVALID_OBJECT)?;
        match *call {
            Call::Exit { value } => {
                init.exit = Some(value);
                response.put(&())
            }
            Call::Session { id, ref service, ref args, affinity } => {
                let wanted = Wanted { id, service, args, affinity };
                response.put(&self.session(nucleus, &wanted, None))
            }
            Call::SessionFor { id, ref service, ref args, affinity, payer, amount } => {
                let payer = self.account_at(nucleus, from, payer);
                let wanted = Wanted { id, service, args, affinity };
                response.put(&self.session(nucleus, &wanted, Some((payer, amount))))
            }
            Call::SessionCap { id } => response.put(&match init.sessions.get(&id) {
                Some(session) => Ok(Cap(nucleus.capability(session.object))),
                None => Err(SessionCapError::Denied.number(&OPCODES)),
            }),
            Call::Upgrade { id, args } => response.put(&self.upgrade(nucleus, id, &args)),
            Call::Close { id } => self.close(nucleus, id, None, response),
            Call::CloseFor { id, payer, amount } => {
                let payer = self.account_at(nucleus, from, payer);
                self.close(nucleus, id, Some((payer, amount)), response)
            }
            Call::YieldRequest => response.put(&ResourceArgs::EMPTY),
            Call::MainThreadCap => response.put(&Cap(Goes::None)),
            Call::Announce { service } => {
                init.tell(&format!(
                    "init announces \"{}\", which nobody above it can use",
                    &*service
                ));
                response.put(&())
            }
            Call::ResourceRequest { args } => {
                init.tell(&format!("init asks for {args}, but has everything there is"));
                response.put(&())
            }
            // Every session of core's exists at once and core wants nothing back: no signal ever comes.
            Call::SessionSigh { .. }
            | Call::ResourceAvailSigh { .. }
            | Call::YieldSigh { .. }
            | Call::HeartbeatSigh { .. }
            | Call::YieldResponse
            | Call::HeartbeatResponse
            | Call::SessionResponse { .. }
            | Call::DeliverSessionCap { .. } => response.put(&()),
        }
    }

    /// Open a session for init, at the expense of a `payer` if there is one; what the call answers.
    fn session(
        &mut self,
        nucleus: &mut Nucleus,
        wanted: &Wanted<'_>,
        payer: Option<(Option<AccountId>, Amount)>,
    ) -> Result<Cap<Goes>, i32> {
        let charged = payer.map_or(Ok(()), |(payer, amount)| self.charge(nucleus, payer, amount));
        let opened = charged.and_then(|()| {
            self.session_open(nucleus, wanted).inspect_err(|e| {
                if let Some((payer, amount)) = payer {
                    self.give_back(nucleus, payer, amount);
                }
                if let Some(init) = &mut self.init {
                    init.tell(&explanation(wanted, *e));
                }
            })
        });
        let cap = opened.map(|object| Cap(nucleus.capability(object)));
        cap.map_err(|e| e.number(&OPCODES))
    }

    fn session_open(
        &mut self,
        nucleus: &mut Nucleus,
        wanted: &Wanted<'_>,
    ) -> Result<ObjId, SessionError> {
        let args = ArgsRef::new(wanted.args);
        let cost = needed(wanted.service, args).ok_or(SessionError::Denied)?;
        let init = self.init.as_ref().ok_or(SessionError::Denied)?;
        if wanted.id < env_id::FIRST_FREE
            || init.sessions.contains_key(&wanted.id)
            || init.sessions.len() >= MAX_SESSIONS
        {
            return Err(SessionError::Denied);
        }
        let account = init.account;
        let donation = args.quota();
        donation.checked_sub(cost).map_err(|lack| match lack {
            Lack::Ram => SessionError::InsufficientRam,
            Lack::Caps => SessionError::InsufficientCaps,
        })?;
        let asked = args.label().unwrap_or_default();
        let label = format!("{NAME} -> {}", asked.as_str());
        let transfer = Transfer { from: account, to: ROOT, amount: donation };
        nucleus.transfer(&[transfer]).map_err(Refusal::from)?;
        let session = SessionArgs { label: &label, affinity: wanted.affinity, donation };
        let made = match wanted.service {
            "PD" => self.pd_open(nucleus, &session),
            "CPU" => self.cpu_open(nucleus, &session).inspect(|object| {
                if args.bool("governed", false) {
                    self.govern(nucleus, *object);
                }
            }),
            "LOG" => self.log_open(nucleus, &session),
            "RM" => super::rm::open(nucleus, donation),
            "TRACE" => self.trace_open(nucleus, &session, args),
            _ => self
                .modules
                .find(nucleus, last_element(&label))
                .ok_or(Refusal::Invalid)
                .and_then(|module| nucleus.core_object(CoreObject::Rom(module))),
        };
        match made {
            Ok(object) => {
                if let Some(init) = self.init.as_mut() {
                    init.sessions.insert(wanted.id, Session { object, donation });
                }
                Ok(object)
            }
            Err(e) => {
                let _ = nucleus.accounts.transfer(ROOT, account, donation);
                Err(e.into())
            }
        }
    }

    /// Close a session of init's, unless it belongs to its environment. An account may get something back.
    fn close(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        back: Option<(Option<AccountId>, Amount)>,
        response: &mut Response,
    ) -> Served {
        if id >= env_id::FIRST_FREE
            && let Some(init) = self.init.as_mut()
            && let Some(Session { object, donation }) = init.sessions.remove(&id)
        {
            let donor = init.account;
            let rest = self.session_close(nucleus, object);
            let after = After::Closed(Donation { donor, amount: donation, back });
            return self.let_go(nucleus, Closing { rest, after }, response);
        }
        response.put(&self.returned(nucleus, back))
    }

    /// Account of the PD session that init names by an index, if the two may exchange quota.
    fn account_at(&self, nucleus: &Nucleus, through: ChanId, index: u64) -> Option<AccountId> {
        let Some(CoreObject::Pd(pd)) = nucleus.granted(through, index) else { return None };
        let account = self.pds.get(&pd)?.account;
        nucleus.accounts.related(account, self.init.as_ref()?.account).then_some(account)
    }

    /// Let a child of init's pay for a session.
    fn charge(
        &self,
        nucleus: &mut Nucleus,
        payer: Option<AccountId>,
        amount: Amount,
    ) -> Result<(), SessionError> {
        let payer = payer.ok_or(SessionError::Denied)?;
        let init = self.init.as_ref().ok_or(SessionError::Denied)?;
        let transfer = Transfer { from: payer, to: init.account, amount };
        nucleus.transfer(&[transfer]).map_err(|lack| Refusal::from(lack).into())
    }

    /// Give a child of init's back what it paid.
    pub(super) fn give_back(
        &self,
        nucleus: &mut Nucleus,
        payer: Option<AccountId>,
        amount: Amount,
    ) -> bool {
        let (Some(payer), Some(init)) = (payer, &self.init) else { return false };
        nucleus.transfer(&[Transfer { from: init.account, to: payer, amount }]).is_ok()
    }

    /// Donate more to a session of init's; what the call answers.
    fn upgrade(&mut self, nucleus: &mut Nucleus, id: u64, args: &str) -> Upgraded {
        match self.session_upgrade(nucleus, id, args) {
            Ok(()) => Upgraded::Ok,
            Err(Lack::Ram) => Upgraded::OutOfRam,
            Err(Lack::Caps) => Upgraded::OutOfCaps,
        }
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
        let donation = ArgsRef::new(session_args).quota();
        nucleus.transfer(&[Transfer { from: init.account, to: ROOT, amount: donation }])?;
        session.donation += donation;
        match nucleus.objects.get(&session.object).and_then(|o| o.core) {
            Some(CoreObject::Rm(rm)) => {
                if let Some(budget) = nucleus.maps.budget(rm) {
                    budget.grow(donation);
                }
            }
            Some(CoreObject::Cpu(id)) => {
                if let Some(cpu) = self.cpus.get_mut(&id) {
                    cpu.quota.limit += donation;
                }
            }
            Some(CoreObject::Trace(id)) => self.trace_upgrade(id, donation),
            _ => {}
        }
        Ok(())
    }

    /// Close a session, but for what takes long.
    fn session_close(&mut self, nucleus: &mut Nucleus, object: ObjId) -> Rest {
        let target = nucleus.objects.get(&object).and_then(|o| o.core);
        nucleus.object_destroy(object);
        match target {
            Some(CoreObject::Pd(id)) => return self.pd_close(nucleus, id),
            Some(CoreObject::Cpu(id)) => {
                if let Some(cpu) = self.cpus.remove(&id) {
                    if let Some(native) = cpu.native {
                        nucleus.object_destroy(native);
                    }
                    return Rest::Cpu(cpu.threads.into_iter().collect());
                }
            }
            Some(CoreObject::Log(id)) => self.log_close(id),
            Some(CoreObject::Trace(id)) => self.trace_close(nucleus, id),
            Some(CoreObject::Rm(rm)) => return super::rm::close(nucleus, rm),
            _ => {}
        }
        Rest::Nothing
    }

    pub(super) fn pd_open(
        &mut self,
        nucleus: &mut Nucleus,
        s: &SessionArgs<'_>,
    ) -> Result<ObjId, Refusal> {
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

    pub(super) fn cpu_open(
        &mut self,
        nucleus: &mut Nucleus,
        s: &SessionArgs<'_>,
    ) -> Result<ObjId, Refusal> {
        let id = self.fresh();
        let object = nucleus.core_object(CoreObject::Cpu(id))?;
        let place = nucleus.machine.place(s.affinity);
        let quota = Guard { limit: s.donation, used: SESSION };
        let threads = HashSet::new();
        let cpu =
            Cpu { native: None, sigh: None, runs: false, governed: false, place, quota, threads };
        self.cpus.insert(id, cpu);
        Ok(object)
    }

    /// Lets a CPU session alone say where its threads run.
    fn govern(&mut self, nucleus: &Nucleus, session: ObjId) {
        if let Some(CoreObject::Cpu(id)) = nucleus.objects.get(&session).and_then(|o| o.core)
            && let Some(cpu) = self.cpus.get_mut(&id)
        {
            cpu.governed = true;
        }
    }

    pub(super) fn log_open(
        &mut self,
        nucleus: &mut Nucleus,
        s: &SessionArgs<'_>,
    ) -> Result<ObjId, Refusal> {
        let id = self.fresh();
        let object = nucleus.core_object(CoreObject::Log(id))?;
        self.logs.insert(id, Log::new(s.label));
        Ok(object)
    }
}

impl Init {
    /// Says something that init caused, in bounded number however often it does.
    fn tell(&mut self, text: &str) {
        if let Some(times) = self.told.note(text) {
            note(format_args!("{text}{times}"));
        }
    }
}

/// Returns why init did not get a session; nobody else could find out.
fn explanation(&Wanted { service, args, .. }: &Wanted<'_>, error: SessionError) -> String {
    let label = ArgsRef::new(args).label().unwrap_or_default();
    let remedy = match error {
        SessionError::Denied if service == "ROM" => "no such boot module: add it to the boot image",
        SessionError::Denied => "core has no such service, or the session id is in use",
        SessionError::OutOfRam => "init's RAM quota is used up",
        SessionError::OutOfCaps => "init's capability quota is used up",
        SessionError::InsufficientRam => "donate more ram_quota",
        SessionError::InsufficientCaps => "donate more cap_quota",
    };
    format!("no {service} session for \"{NAME} -> {label}\": {remedy}")
}

//! PD: protection domains with their accounts and RAM dataspaces, and the start of processes.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_affinity::Location;
use genode_args::quota::{Amount, Lack};
use genode_host_proto::PAGE;
use genode_host_proto::interface::native_pd::{self, Ended, Termination};
use genode_host_proto::interface::pd::{self, Accounts, AllTransferred, Referred, Transferred};
use genode_wire::{Cap, ExceptionCode};
use topology::NodeId;

use super::closing::{After, BYTES, Closing, PAGE_STEPS, Rest};
use super::message::{Came, Response, Served};
use super::state::{Pd, Ram, Services};
use crate::account::{AccountId, Guard, Transfer};
use crate::fd;
use crate::machine::real_node;
use crate::nucleus::{ChanId, CoreObject, Ending, Gone, Nucleus, ObjId, Refusal};
use crate::work;

/// Calls of a PD session.
pub(super) type Call<'m> = pd::Call<Came<'m>>;
/// Calls of a native PD.
pub(super) type NativeCall<'m> = native_pd::Call<Came<'m>>;

/// What an account has, after what its owner asked for by now.
fn settled(nucleus: &mut Nucleus, account: AccountId) -> Guard {
    nucleus.settle(account);
    nucleus.accounts.get(account).map(|account| account.quota).unwrap_or_default()
}

impl Services {
    pub(super) fn pd_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        call: &Call<'_>,
        from: ChanId,
        response: &mut Response,
    ) -> Served {
        let pd = self.pds.get_mut(&id).ok_or(ExceptionCode::INVALID_OBJECT)?;
        let account = pd.account;
        match *call {
            Call::AllocRam { size, .. } => {
                let made = ram_alloc(nucleus, pd, size, None);
                response.put_made(nucleus, made.map_err(Into::into))
            }
            Call::AllocRamOnNode { size, node, .. } => {
                let made = ram_alloc(nucleus, pd, size, Some(node));
                response.put_made(nucleus, made.map_err(Into::into))
            }
            Call::FreeRam { ds } => {
                let Some(ds) = nucleus.named(ds) else { return response.put(&()) };
                let size = pd.ram.get(&ds).map_or(0, |ram| ram.size);
                if size <= BYTES {
                    ram_free(nucleus, pd, ds);
                    return response.put(&());
                }
                let closing = Closing { rest: Rest::Memory(id, ds, size), after: After::Reply };
                self.let_go(nucleus, closing, response)
            }
            Call::RamSize { ds } => {
                let ram = nucleus.named(ds).and_then(|ds| pd.ram.get(&ds));
                response.put(&ram.map_or(0, |ram| ram.size))
            }
            Call::TransferRam { to, amount } => {
                response.put(&self.transfer(nucleus, account, to, Amount::new(amount, 0)))
            }
            Call::TransferCaps { to, amount } => {
                response.put(&self.transfer(nucleus, account, to, Amount::new(0, amount)))
            }
            Call::TransferAll { ref transfers } => {
                response.put(&self.transfer_all(nucleus, transfers, from))
            }
            Call::RefAccount { account: to } => {
                let to = self.account_named(nucleus, to);
                let referred = to.is_some_and(|to| nucleus.accounts.refer(account, to));
                response.put(&if referred { Referred::Ok } else { Referred::InvalidSession })
            }
            Call::AssignParent { parent } => {
                if pd.parent.is_none() && !pd.is_started() {
                    pd.parent = parent.0.and_then(|cap| cap.try_clone().ok()).map(Rc::new);
                }
                response.put(&())
            }
            Call::NativePd => response.put(&Cap(nucleus.capability(pd.native))),
            Call::RamQuota => response.put(&settled(nucleus, account).limit.ram),
            Call::UsedRam => response.put(&settled(nucleus, account).used.ram),
            Call::CapQuota => response.put(&settled(nucleus, account).limit.caps),
            Call::UsedCaps => response.put(&settled(nucleus, account).used.caps),
            Call::Account => {
                let account = settled(nucleus, account);
                response.put(&pd::Account { limit: account.limit, used: account.used })
            }
            Call::Accounts { ref pds } => {
                let accounts = self.all_accounts(nucleus, pds, from);
                response.put(&accounts.ok_or(ExceptionCode::INVALID_OBJECT)?)
            }
        }
    }

    /// Account of the PD session that a capability names.
    fn account_named(&self, nucleus: &Nucleus, cap: Cap<Came<'_>>) -> Option<AccountId> {
        self.pds.get(&nucleus.pd_named(cap)?).map(|pd| pd.account)
    }

    /// Move quota to the account of another PD session.
    fn transfer(
        &self,
        nucleus: &mut Nucleus,
        from: AccountId,
        to: Cap<Came<'_>>,
        amount: Amount,
    ) -> Transferred {
        match self.account_named(nucleus, to) {
            Some(to) if nucleus.accounts.related(from, to) => {
                match nucleus.transfer(&[Transfer { from, to, amount }]) {
                    Ok(()) => Transferred::Ok,
                    Err(Lack::Ram | Lack::Caps) => Transferred::Exceeded,
                }
            }
            _ => Transferred::Invalid,
        }
    }

    /// Move quota along several accounts, all of it or none.
    fn transfer_all(
        &self,
        nucleus: &mut Nucleus,
        asked: &pd::Transfers,
        through: ChanId,
    ) -> AllTransferred {
        let account = |index| match nucleus.granted(through, index) {
            Some(CoreObject::Pd(pd)) => self.pds.get(&pd).map(|pd| pd.account),
            _ => None,
        };
        let found = asked.0.iter().map(|t| {
            let (from, to) = (account(t.from)?, account(t.to)?);
            let related = nucleus.accounts.related(from, to);
            related.then_some(Transfer { from, to, amount: t.amount })
        });
        let Some(transfers) = found.collect::<Option<Vec<_>>>() else {
            return AllTransferred::Invalid;
        };
        match nucleus.transfer(&transfers) {
            Ok(()) => AllTransferred::Ok,
            Err(Lack::Ram) => AllTransferred::OutOfRam,
            Err(Lack::Caps) => AllTransferred::OutOfCaps,
        }
    }

    /// Looks at the accounts of several PD sessions, up to the one that takes more of a request
    /// than those before left of it: that one is asked for again. `None` if an index names none.
    fn all_accounts(
        &self,
        nucleus: &mut Nucleus,
        asked: &pd::Named,
        through: ChanId,
    ) -> Option<Accounts> {
        let account = |index: &u32| match nucleus.granted(through, (*index).into()) {
            Some(CoreObject::Pd(pd)) => self.pds.get(&pd).map(|pd| pd.account),
            _ => None,
        };
        let all = asked.0.iter().map(account).collect::<Option<Vec<_>>>()?;
        let asks = nucleus.ask(&all);
        let mut accounts = Accounts::default();
        for (account, asks) in all.into_iter().zip(asks) {
            if asks {
                nucleus.settle(account);
            }
            if work::over() && !accounts.0.is_empty() {
                break;
            }
            let Guard { limit, used } = nucleus.accounts.get(account)?.quota;
            // There is room for as many as can be asked for.
            let _ = accounts.0.push(pd::Account { limit, used });
        }
        Some(accounts)
    }

    pub(super) fn native_pd_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        call: &NativeCall<'_>,
        response: &mut Response,
    ) -> Served {
        let pd = self.pds.get_mut(&id).ok_or(ExceptionCode::INVALID_OBJECT)?;
        match *call {
            NativeCall::Start { binary } => {
                if let Some((object, CoreObject::Dataspace { .. })) = nucleus.core_named(binary)
                    && let Some(binary) = nucleus.capability(object)
                {
                    // Without one it would have no place, or that of whoever says nothing.
                    if let Some(cpu) = pd.cpu.and_then(|cpu| self.cpus.get_mut(&cpu)) {
                        start(nucleus, id, pd, &binary, cpu.place);
                        if let Some(process) = pd.process {
                            nucleus.threads_of_session(process, cpu.governed);
                        }
                        cpu.runs = true;
                    } else if !pd.is_started() {
                        crate::console::note(format_args!(
                            "\"{}\" does not start: no CPU session made a thread of it",
                            pd.label
                        ));
                        pd.ending = Some(Ending::Exited(127));
                    }
                    if pd.ending.is_some() {
                        self.tell_end(nucleus, id);
                    }
                } else {
                    crate::console::note(format_args!(
                        "\"{}\": the binary is no dataspace of core's",
                        pd.label
                    ));
                }
                response.put(&())
            }
            NativeCall::Termination => {
                let (ended, value) = match pd.ending {
                    None => (Ended::Not, 0),
                    Some(Ending::Exited(code)) => (Ended::Exited, code),
                    Some(Ending::Killed(signal)) => (Ended::Killed, signal),
                };
                response.put(&Termination { ended, value: value.into() })
            }
        }
    }

    /// A process is gone: remember how it ended, tell the handler of its CPU session.
    pub(crate) fn process_gone(&mut self, nucleus: &mut Nucleus, gone: Gone) {
        let Some(pd) = self.pds.get_mut(&gone.pd) else { return };
        pd.ending = Some(gone.ending);
        pd.process = None;
        self.tell_end(nucleus, gone.pd);
    }

    /// Signal the end of a PD's process to the handler of its CPU session.
    fn tell_end(&self, nucleus: &mut Nucleus, pd: u64) {
        let Some(pd) = self.pds.get(&pd) else { return };
        let sigh = pd.cpu.and_then(|cpu| self.cpus.get(&cpu)).and_then(|cpu| cpu.sigh);
        if let Some(sigh) = sigh {
            nucleus.submit(sigh, 1);
        }
    }

    /// End a PD session: kill its process. What is left to do when that is gone is to free its RAM,
    /// and to return its quota.
    pub(super) fn pd_close(&mut self, nucleus: &mut Nucleus, id: u64) -> Rest {
        let Some(pd) = self.pds.remove(&id) else { return Rest::Nothing };
        if let Some(process) = pd.process {
            nucleus.kill(process);
        }
        let all = pd.ram.keys().copied().collect();
        Rest::Pd(Box::new(pd), all, None)
    }
}

/// Steps that it takes to start a process.
const STARTED: usize = 10_000;

/// Start the process of a PD, once.
pub(crate) fn start(
    nucleus: &mut Nucleus,
    id: u64,
    pd: &mut Pd,
    binary: &OwnedFd,
    place: Location,
) {
    if pd.is_started() {
        return;
    }
    let Some(parent) = pd.parent.take() else {
        crate::console::note(format_args!("\"{}\" has no parent to start for", pd.label));
        return;
    };
    work::count(STARTED);
    pd.process = nucleus.spawn(&pd.label, binary, parent, pd.account, id, place).ok();
    if pd.process.is_none() {
        // The parent learns of it as of any other early end.
        pd.ending = Some(Ending::Exited(127));
    }
}

fn ram_alloc(
    nucleus: &mut Nucleus,
    pd: &mut Pd,
    size: u64,
    node: Option<u32>,
) -> Result<ObjId, Refusal> {
    let size =
        size.checked_next_multiple_of(PAGE as u64).filter(|s| *s > 0).ok_or(Refusal::Invalid)?;
    let described = nucleus.machine.has_nodes();
    if let Some(node) = node {
        let taken = match described {
            true => nucleus.machine.node_take(node, size).ok_or(Refusal::Invalid)?,
            false if real_node(NodeId(node)) => true,
            false => return Err(Refusal::Invalid),
        };
        if !taken {
            return Err(Refusal::OutOfRam);
        }
    }
    let made = charged(nucleus, pd.account, size, node.filter(|_| !described));
    match made {
        Ok(ds) => {
            pd.ram.insert(ds, Ram { size, node: node.filter(|_| described) });
            Ok(ds)
        }
        Err(e) => {
            if let Some(node) = node {
                nucleus.machine.node_give(node, size);
            }
            Err(e)
        }
    }
}

/// What a RAM dataspace of `size` bytes takes of an account.
fn price(size: u64) -> Amount {
    Amount::new(size, 1)
}

/// Memory that the account pays for, on a node of the real machine if one is named.
fn charged(
    nucleus: &mut Nucleus,
    account: AccountId,
    size: u64,
    node: Option<u32>,
) -> Result<ObjId, Refusal> {
    nucleus.charge(account, price(size))?;
    let made = fd::ram(size as usize).map_err(Refusal::from).and_then(|memory| {
        if let Some(node) = node {
            fd::place_on_node(&memory, size as usize, node)?;
        }
        nucleus.core_object_at(CoreObject::Dataspace { size, writeable: true }, memory)
    });
    if made.is_err() {
        nucleus.accounts.refund(account, price(size));
    }
    made
}

/// Free a RAM dataspace of this PD. The memory is taken back even where it is still mapped: whoever
/// touches it faults, as on Genode.
pub(super) fn ram_free(nucleus: &mut Nucleus, pd: &mut Pd, ds: ObjId) {
    let Some(ram) = pd.ram.remove(&ds) else { return };
    if let Some(memory) = nucleus.objects.get(&ds).and_then(|o| o.fd.as_ref()) {
        // Linux does it page by page.
        work::count(PAGE_STEPS * (ram.size.min(BYTES) as usize / PAGE));
        work::calls(1);
        let _ = rustix::fs::ftruncate(memory, 0);
    }
    if let Some(node) = ram.node {
        nucleus.machine.node_give(node, ram.size);
    }
    nucleus.maps.dataspace_gone(ds);
    nucleus.object_destroy(ds);
    nucleus.accounts.refund(pd.account, price(ram.size));
}

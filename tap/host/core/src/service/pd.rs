//! PD: protection domains with their accounts and RAM dataspaces, and the start of processes.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_host_proto::PAGE;
use genode_host_proto::opcode::{OPCODES, alloc_error, native_pd, transfer, transfer_all};
use genode_host_proto::wire::Reader;

use topology::{Location, NodeId};

use super::{NotServed, Request, Response, Served, Services};
use crate::Numbered;
use crate::account::{Account, AccountId, Lack, Transfer};
use crate::fd;
use crate::machine::real_node;
use crate::nucleus::{CoreObject, Ending, Nucleus, ObjId, ProcId, Refusal};

/// A PD session.
pub(crate) struct Pd {
    pub(crate) label: String,
    pub(crate) account: AccountId,
    pub(crate) native: ObjId,
    /// RAM dataspaces.
    pub(crate) ram: Numbered<ObjId, Ram>,
    /// The parent's capability, given once, before the start.
    pub(crate) parent: Option<Rc<OwnedFd>>,
    pub(crate) process: Option<ProcId>,
    pub(crate) ending: Option<Ending>,
    /// The CPU session whose handler learns of faults.
    pub(crate) cpu: Option<u64>,
}

/// A RAM dataspace: its size in bytes, and the described node it was taken from.
#[derive(Clone, Copy)]
pub(crate) struct Ram {
    size: u64,
    node: Option<u32>,
}

fn alloc_code(refusal: Refusal) -> i32 {
    match refusal {
        Refusal::OutOfRam => alloc_error::OUT_OF_RAM,
        Refusal::OutOfCaps | Refusal::Limit => alloc_error::OUT_OF_CAPS,
        Refusal::Invalid | Refusal::Gone => alloc_error::DENIED,
    }
}

/// What a function that asks for a quota answers.
fn quota(opcode: u64) -> Option<fn(&Account) -> u64> {
    let op = &OPCODES.pd;
    match opcode {
        o if o == op.ram_quota => Some(|a| a.ram.limit),
        o if o == op.used_ram => Some(|a| a.ram.used),
        o if o == op.cap_quota => Some(|a| a.caps.limit),
        o if o == op.used_caps => Some(|a| a.caps.used),
        _ => None,
    }
}

impl Services {
    pub(super) fn pd_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        opcode: u64,
        mut args: Reader<'_>,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Served {
        let op = &OPCODES.pd;
        let pd = self.pds.get_mut(&id).ok_or(NotServed::Object)?;
        let account = pd.account;
        if opcode == op.alloc_ram {
            let size = args.u64()?;
            let cap = ram_alloc(nucleus, pd, size, None).map_err(alloc_code);
            response.attempt_cap(cap.map(|ds| nucleus.capability(ds)))
        } else if opcode == op.alloc_ram_on_node {
            let size = args.u64()?;
            let _cache = args.i32()?;
            let node = args.i32()?;
            let node = u32::try_from(node).map_err(|_| NotServed::Opcode)?;
            let cap = ram_alloc(nucleus, pd, size, Some(node)).map_err(alloc_code);
            response.attempt_cap(cap.map(|ds| nucleus.capability(ds)))
        } else if opcode == op.free_ram {
            if let Some(ds) = request.object(nucleus, 0) {
                ram_free(nucleus, pd, ds);
            }
            response.void()
        } else if opcode == op.ram_size {
            let ds = request.object(nucleus, 0);
            response.word(ds.and_then(|ds| pd.ram.get(&ds)).map_or(0, |ram| ram.size))
        } else if opcode == op.transfer_ram || opcode == op.transfer_caps {
            let amount = args.u64()?;
            let to = match request.core_object(nucleus, 0) {
                Some((_, CoreObject::Pd(to))) => self.pds.get(&to).map(|pd| pd.account),
                _ => None,
            };
            let (ram, caps) = if opcode == op.transfer_ram { (amount, 0) } else { (0, amount) };
            let result = match to {
                Some(to) if nucleus.accounts.related(account, to) => {
                    match nucleus.transfer(&[Transfer { from: account, to, ram, caps }]) {
                        Ok(()) => transfer::OK,
                        Err(Lack::Ram | Lack::Caps) => transfer::EXCEEDED,
                    }
                }
                _ => transfer::INVALID,
            };
            response.value(result)
        } else if opcode == op.transfer_all {
            let result = self.transfer_all(nucleus, args, request)?;
            response.value(result)
        } else if opcode == op.ref_account {
            let to = match request.core_object(nucleus, 0) {
                Some((_, CoreObject::Pd(to))) => self.pds.get(&to).map(|pd| pd.account),
                _ => None,
            };
            let ok = to.is_some_and(|to| nucleus.accounts.refer(account, to));
            response.value(i32::from(!ok))
        } else if opcode == op.assign_parent {
            if pd.parent.is_none() {
                pd.parent = request.cap(0).and_then(|c| c.try_clone().ok()).map(Rc::new);
            }
            response.void()
        } else if opcode == op.native_pd {
            let native = nucleus.capability(pd.native);
            response.cap(native)
        } else if let Some(amount) = quota(opcode) {
            nucleus.settle(account);
            response.word(nucleus.accounts.get(account).map_or(0, amount))
        } else {
            Err(NotServed::Opcode)
        }
    }

    /// Move quota along several accounts, all of it or none.
    fn transfer_all(
        &self,
        nucleus: &mut Nucleus,
        mut args: Reader<'_>,
        request: &Request<'_>,
    ) -> Result<i32, NotServed> {
        let count = args.u64()?;
        if count > transfer_all::MAX {
            return Err(NotServed::Opcode);
        }
        let mut transfers = Vec::with_capacity(transfer_all::MAX as usize);
        for _ in 0..count {
            let mut account = || {
                let index = args.u64()?;
                let granted = request.granted(nucleus, index);
                let Some(CoreObject::Pd(pd)) = granted else { return Ok(None) };
                Ok::<_, NotServed>(self.pds.get(&pd).map(|pd| pd.account))
            };
            let (from, to) = (account()?, account()?);
            let (ram, caps) = (args.u64()?, args.u64()?);
            let (Some(from), Some(to)) = (from, to) else { return Ok(transfer_all::INVALID) };
            if !nucleus.accounts.related(from, to) {
                return Ok(transfer_all::INVALID);
            }
            transfers.push(Transfer { from, to, ram, caps });
        }
        Ok(match nucleus.transfer(&transfers) {
            Ok(()) => transfer_all::OK,
            Err(Lack::Ram) => transfer_all::OUT_OF_RAM,
            Err(Lack::Caps) => transfer_all::OUT_OF_CAPS,
        })
    }

    pub(super) fn native_pd_call(
        &mut self,
        nucleus: &mut Nucleus,
        id: u64,
        opcode: u64,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Served {
        let pd = self.pds.get_mut(&id).ok_or(NotServed::Object)?;
        match opcode {
            native_pd::START => {
                if let Some((object, CoreObject::Dataspace { .. })) =
                    request.core_object(nucleus, 0)
                    && let Some(binary) = nucleus.capability(object)
                {
                    let place = pd.cpu.and_then(|cpu| self.cpus.get(&cpu)).map(|cpu| cpu.place);
                    let place = place.unwrap_or(nucleus.machine.everywhere());
                    start(nucleus, id, pd, &binary, place);
                    if pd.ending.is_some() {
                        self.tell_end(nucleus, id);
                    }
                } else {
                    crate::note(format_args!(
                        "\"{}\": the binary is no dataspace of core's",
                        pd.label
                    ));
                }
                response.void()
            }
            native_pd::TERMINATION => {
                let (how, value) = match pd.ending {
                    None => (0, 0),
                    Some(Ending::Exited(code)) => (1, code),
                    Some(Ending::Killed(signal)) => (2, signal),
                };
                response.write(|w| {
                    w.i32(how).i32(value);
                })
            }
            _ => Err(NotServed::Opcode),
        }
    }

    /// A process ended by itself: remember how, tell the handler of its CPU session.
    pub(crate) fn process_ended(&mut self, nucleus: &mut Nucleus, process: ProcId) {
        let Some(pd_id) = nucleus.procs.get(&process).map(|p| p.pd) else { return };
        let ending = nucleus.bury(process);
        let Some(pd) = self.pds.get_mut(&pd_id) else { return };
        pd.ending = ending;
        pd.process = None;
        self.tell_end(nucleus, pd_id);
    }

    /// Signal the end of a PD's process to the handler of its CPU session.
    fn tell_end(&self, nucleus: &mut Nucleus, pd: u64) {
        let Some(pd) = self.pds.get(&pd) else { return };
        let sigh = pd.cpu.and_then(|cpu| self.cpus.get(&cpu)).and_then(|cpu| cpu.sigh);
        if let Some(sigh) = sigh {
            nucleus.submit(sigh, 1);
        }
    }

    /// End a PD session: kill its process, free its RAM, return its quota.
    pub(super) fn pd_close(&mut self, nucleus: &mut Nucleus, id: u64) {
        let Some(mut pd) = self.pds.remove(&id) else { return };
        if let Some(process) = pd.process {
            nucleus.bury(process);
        }
        let all: Vec<ObjId> = pd.ram.keys().copied().collect();
        for ds in all {
            ram_free(nucleus, &mut pd, ds);
        }
        nucleus.object_destroy(pd.native);
        nucleus.accounts.destroy(pd.account);
    }
}

/// Start the process of a PD, once.
pub(crate) fn start(
    nucleus: &mut Nucleus,
    id: u64,
    pd: &mut Pd,
    binary: &OwnedFd,
    place: Location,
) {
    if pd.process.is_some() || pd.ending.is_some() {
        return;
    }
    let Some(parent) = pd.parent.as_ref().and_then(|p| p.try_clone().ok()) else {
        crate::note(format_args!("\"{}\" has no parent to start for", pd.label));
        return;
    };
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

/// Memory that the account pays for, on a node of the real machine if one is named.
fn charged(
    nucleus: &mut Nucleus,
    account: AccountId,
    size: u64,
    node: Option<u32>,
) -> Result<ObjId, Refusal> {
    nucleus.charge(account, size, 1)?;
    let made = fd::ram(size as usize).map_err(Refusal::from).and_then(|memory| {
        if let Some(node) = node {
            fd::place_on_node(&memory, size as usize, node)?;
        }
        nucleus.core_object_at(CoreObject::Dataspace { size, writeable: true }, memory)
    });
    if made.is_err() {
        nucleus.accounts.refund(account, size, 1);
    }
    made
}

/// Free a RAM dataspace of this PD. The memory is taken back even where it is still mapped: whoever
/// touches it faults, as on Genode.
fn ram_free(nucleus: &mut Nucleus, pd: &mut Pd, ds: ObjId) {
    let Some(ram) = pd.ram.remove(&ds) else { return };
    if let Some(memory) = nucleus.objects.get(&ds).and_then(|o| o.fd.as_ref()) {
        let _ = rustix::fs::ftruncate(memory, 0);
    }
    if let Some(node) = ram.node {
        nucleus.machine.node_give(node, ram.size);
    }
    nucleus.maps.dataspace_gone(ds);
    nucleus.object_destroy(ds);
    nucleus.accounts.refund(pd.account, ram.size, 1);
}

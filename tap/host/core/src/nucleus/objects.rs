//! How objects come and go, and what a descriptor names.
use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use genode_args::quota::Amount;
use genode_host_proto::sys;

use super::Nucleus;
use super::going::Going;
use super::ids::{CORE, CORE_EP, EpId, ObjId, ProcId};
use super::object::{CoreObject, Object};
use super::refusal::Refusal;
use crate::account::AccountId;
use crate::{fd, work};

/// What an object takes of the account of the component that made it.
const CAP: Amount = Amount::new(0, 1);

impl Nucleus {
    /// A new object at a component's entrypoint, paid by the component's account.
    pub(crate) fn object_create(
        &mut self,
        owner: ProcId,
        ep: EpId,
        signal: bool,
    ) -> Result<(ObjId, OwnedFd), Refusal> {
        let account = self.procs.get(&owner).ok_or(Refusal::Invalid)?.account;
        if self.eps.get(&ep).is_none_or(|e| e.owner != owner) {
            return Err(Refusal::Invalid);
        }
        self.accounts.charge(account, CAP)?;
        let made = fd::token().map_err(Refusal::from).and_then(|token| {
            let id = self.object_insert(owner, ep, &token, Some(account), None)?;
            if let Some(object) = self.objects.get_mut(&id) {
                object.signal = signal;
            }
            Ok((id, token))
        });
        if made.is_err() {
            self.accounts.refund(account, CAP);
        }
        made
    }

    /// A new object of core's, named by a fresh token.
    pub(crate) fn core_object(&mut self, core: CoreObject) -> Result<ObjId, Refusal> {
        let token = fd::token()?;
        self.core_object_at(core, token)
    }

    /// A new object of core's, whose token core does not keep: it hands it out once.
    pub(crate) fn core_object_given(
        &mut self,
        core: CoreObject,
    ) -> Result<(ObjId, OwnedFd), Refusal> {
        let token = fd::token()?;
        Ok((self.object_insert(CORE, CORE_EP, &token, None, Some(core))?, token))
    }

    /// A new object of core's, named by a descriptor that also is what it stands for (memory).
    pub(crate) fn core_object_at(
        &mut self,
        core: CoreObject,
        fd: OwnedFd,
    ) -> Result<ObjId, Refusal> {
        let id = self.object_insert(CORE, CORE_EP, &fd, None, Some(core))?;
        if let Some(object) = self.objects.get_mut(&id) {
            object.fd = Some(Rc::new(fd));
        }
        Ok(id)
    }

    fn object_insert(
        &mut self,
        owner: ProcId,
        ep: EpId,
        fd: &OwnedFd,
        account: Option<AccountId>,
        core: Option<CoreObject>,
    ) -> Result<ObjId, Refusal> {
        let inode = sys::identity(fd)?.inode;
        let id = ObjId(self.fresh());
        // Inode numbers wrap after four billion; a live object keeps its name.
        if self.by_inode.contains_key(&inode) {
            return Err(Refusal::OutOfCaps);
        }
        self.by_inode.insert(inode, id);
        let granted = BTreeSet::new();
        let object = Object { ep, owner, inode, account, granted, fd: None, core, signal: false };
        self.objects.insert(id, object);
        if let Some(ep) = self.eps.get_mut(&ep) {
            ep.objects.insert(id);
        }
        Ok(id)
    }

    /// Remove an object. Where it is granted, it is found to be gone, also while the last grants
    /// wait to be revoked.
    pub(crate) fn object_destroy(&mut self, id: ObjId) {
        let Some(object) = self.objects.remove(&id) else { return };
        self.thread_unmade(id);
        self.by_inode.remove(&object.inode);
        if let Some(ep) = self.eps.get_mut(&object.ep) {
            ep.objects.remove(&id);
        }
        // Core's copy of the capability is closed with it.
        work::count(6);
        work::calls(4 * usize::from(object.fd.is_some()));
        let mut granted = object.granted;
        self.ungrant(id, &mut granted);
        if !granted.is_empty() {
            self.going.push_back(Going::Grants(id, granted));
        }
        if let Some(account) = object.account {
            self.accounts.refund(account, CAP);
        }
    }

    /// The object that a descriptor from a component names.
    pub(crate) fn lookup(&self, fd: impl AsFd) -> Option<ObjId> {
        work::calls(1);
        let identity = sys::identity(fd).ok()?;
        if !identity.regular || identity.device != self.device {
            return None;
        }
        self.by_inode.get(&identity.inode).copied()
    }

    /// The object of core's that a descriptor names.
    pub(crate) fn lookup_core(&self, fd: impl AsFd) -> Option<(ObjId, CoreObject)> {
        let id = self.lookup(fd)?;
        Some((id, self.objects.get(&id)?.core?))
    }

    /// The capability of an object that core hands out.
    pub(crate) fn capability(&self, id: ObjId) -> Option<Rc<OwnedFd>> {
        self.objects.get(&id)?.fd.clone()
    }
}

//! Capabilities that own their reference, and the transfer of quota between PD sessions.
use genode_abi::*;
use genode_host_proto::opcode::{OPCODES, transfer_all as result};

use crate::caps::{rs_cap_drop, rs_cap_dup};
use crate::{call, env, rpc};

/// An owned reference; 0 is the invalid capability.
#[derive(Debug, Default)]
pub(super) struct Cap(rs_cap_t);

impl Cap {
    /// Take over a reference.
    pub(super) const fn owned(cap: rs_cap_t) -> Self {
        Self(cap)
    }

    /// One more reference to a borrowed capability.
    pub(super) fn dup(cap: rs_cap_t) -> Self {
        // SAFETY: the caller holds a reference; the new one is ours.
        Self(unsafe { rs_cap_dup(cap) })
    }

    /// The handle, still owned by `self`.
    pub(super) const fn get(&self) -> rs_cap_t {
        self.0
    }

    /// The handle, given away.
    pub(super) fn release(mut self) -> rs_cap_t {
        std::mem::take(&mut self.0)
    }

    pub(super) const fn is_valid(&self) -> bool {
        self.0 != 0
    }
}

impl Clone for Cap {
    fn clone(&self) -> Self {
        Self::dup(self.0)
    }
}

impl Drop for Cap {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rs_cap_drop(self.0) };
    }
}

/// Both resources.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Amount {
    pub(super) ram: u64,
    pub(super) caps: u64,
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.ram = self.ram.saturating_add(other.ram);
        self.caps = self.caps.saturating_add(other.caps);
    }
}

/// Quota that goes from one PD session to another.
pub(super) struct Transfer<'a> {
    pub(super) from: &'a Cap,
    pub(super) to: &'a Cap,
    pub(super) amount: Amount,
}

/// The index by which we name a PD session to core, without a capability that travels.
pub(super) fn grant(pd: &Cap) -> Result<u64, rs_err_t> {
    let (core, claim) = (call::claim(env::pd())?, call::claim(pd.get())?);
    if claim.channel == core.channel { Ok(u64::from(claim.index)) } else { Err(RS_INVALID) }
}

/// Move quota from one PD session to another, both kinds or nothing.
pub(super) fn transfer(from: &Cap, to: &Cap, amount: Amount) -> Result<(), rs_err_t> {
    transfer_all(&[Transfer { from, to, amount }])
}

/// Make several transfers in turn, all or none, by one call: core knows the accounts by where we call them.
pub(super) fn transfer_all(transfers: &[Transfer<'_>]) -> Result<(), rs_err_t> {
    let some = transfers.iter().filter(|t| t.amount != Amount::default());
    let count = some.clone().count();
    if count == 0 {
        return Ok(());
    }
    let mut indices = [(0, 0); result::MAX as usize];
    if count > indices.len() {
        return Err(RS_OVERFLOW);
    }
    for (indices, transfer) in indices.iter_mut().zip(some.clone()) {
        *indices = (grant(transfer.from)?, grant(transfer.to)?);
    }
    let reply = rpc::call(env::pd(), OPCODES.pd.transfer_all, &[], |w| {
        w.u64(count as u64);
        for ((from, to), transfer) in indices.iter().zip(some) {
            w.u64(*from).u64(*to).u64(transfer.amount.ram).u64(transfer.amount.caps);
        }
    })?;
    match reply.reader().i32().map_err(rpc::malformed)? {
        result::OK => Ok(()),
        result::OUT_OF_RAM => Err(RS_OUT_OF_RAM),
        result::OUT_OF_CAPS => Err(RS_OUT_OF_CAPS),
        _ => Err(RS_INVALID),
    }
}

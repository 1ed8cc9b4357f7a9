//! Capabilities that own their reference, and the transfer of quota between PD sessions.
use genode_abi::*;
use rs_host_proto::opcode::{OPCODES, transfer as result};

use crate::caps::{rs_cap_drop, rs_cap_dup};
use crate::rpc;

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

fn move_one(
    from: &Cap,
    to: &Cap,
    opcode: u64,
    amount: u64,
    lack: rs_err_t,
) -> Result<(), rs_err_t> {
    if amount == 0 {
        return Ok(());
    }
    let reply = rpc::call(from.get(), opcode, &[to.get()], |w| {
        w.u64(amount);
    })?;
    match reply.reader().i32().map_err(rpc::malformed)? {
        result::OK => Ok(()),
        result::EXCEEDED => Err(lack),
        _ => Err(RS_INVALID),
    }
}

/// Move quota from one PD session to another, both kinds or nothing.
pub(super) fn transfer(from: &Cap, to: &Cap, amount: Amount) -> Result<(), rs_err_t> {
    let op = &OPCODES.pd;
    move_one(from, to, op.transfer_ram, amount.ram, RS_OUT_OF_RAM)?;
    move_one(from, to, op.transfer_caps, amount.caps, RS_OUT_OF_CAPS).inspect_err(|_| {
        // what just arrived is there to be sent back
        let _ = move_one(to, from, op.transfer_ram, amount.ram, RS_OUT_OF_RAM);
    })
}

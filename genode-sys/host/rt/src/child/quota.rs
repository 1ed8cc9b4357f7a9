//! The transfer of quota between PD sessions.
use genode_abi::*;
pub(super) use genode_args::quota::Amount;
use genode_host_proto::MAX_BODY;
use genode_host_proto::interface::pd::{
    self, Accounts, AllTransferred, Call, MAX_ACCOUNTS, Named, Transferred, Transfers,
};
use genode_wire::Cap;

use crate::handle::{Lent, Owned};
use crate::{call, env, memory, rpc};

/// Quota that goes from one PD session to another.
pub(super) struct Transfer<'a> {
    pub(super) from: &'a Owned,
    pub(super) to: &'a Owned,
    pub(super) amount: Amount,
}

/// Our own PD session; borrowed by the environment, so one more reference.
pub(super) fn own_pd() -> Owned {
    Owned::dup(env::pd())
}

/// The index by which we name a PD session to core, without a capability that travels. `None` if
/// our own PD session or that one is served by somebody else.
pub(super) fn grant(pd: &Owned) -> Result<Option<u64>, rs_err_t> {
    if call::index_at_core(env::pd())?.is_none() {
        return Ok(None);
    }
    Ok(call::index_at_core(pd.get())?.map(u64::from))
}

/// Quotas of several PD sessions of core's, by a call for up to [`MAX_ACCOUNTS`] of them.
pub(super) fn pd_quotas(pds: &[Owned], quotas: &mut [rs_quota_t]) -> Result<(), rs_err_t> {
    let mut done = 0;
    if call::index_at_core(env::pd())?.is_none() {
        for (quota, pd) in quotas.iter_mut().zip(pds) {
            *quota = memory::pd_quota(pd.get())?;
        }
        return Ok(());
    }
    while let Some(rest) = pds.get(done..).filter(|rest| !rest.is_empty()) {
        let index = |pd| {
            let index = grant(pd)?.ok_or(RS_INVALID)?;
            u32::try_from(index).map_err(|_| RS_OVERFLOW)
        };
        let named = rest.iter().take(MAX_ACCOUNTS).map(index).collect::<Result<_, _>>()?;
        let call = Call::<Lent>::Accounts { pds: Named(named) };
        let Accounts(accounts) = rpc::call_sized::<_, MAX_BODY>(env::pd(), &call)?;
        if accounts.is_empty() {
            return Err(RS_INVALID);
        }
        let places = quotas.iter_mut().skip(done).take(rest.len());
        for (quota, account) in places.zip(&accounts) {
            *quota = memory::quota_of(account);
        }
        done += accounts.len();
    }
    Ok(())
}

/// Move quota from one PD session to another, both kinds or nothing.
pub(super) fn transfer(from: &Owned, to: &Owned, amount: Amount) -> Result<(), rs_err_t> {
    transfer_all(&[Transfer { from, to, amount }])
}

/// Make several transfers in turn, all or none, by one call: core knows the accounts by where we call them.
pub(super) fn transfer_all(transfers: &[Transfer<'_>]) -> Result<(), rs_err_t> {
    let some: Vec<_> = transfers.iter().filter(|t| !t.amount.is_none()).collect();
    let mut asked = Transfers::default();
    for Transfer { from, to, amount } in &some {
        let (Some(from), Some(to)) = (grant(from)?, grant(to)?) else { return one_by_one(&some) };
        let transfer = pd::Transfer { from, to, amount: *amount };
        asked.0.push(transfer).map_err(|_| RS_OVERFLOW)?;
    }
    if asked.0.is_empty() {
        return Ok(());
    }
    match rpc::call(env::pd(), &Call::<Lent>::TransferAll { transfers: asked })? {
        AllTransferred::Ok => Ok(()),
        AllTransferred::OutOfRam => Err(RS_OUT_OF_RAM),
        AllTransferred::OutOfCaps => Err(RS_OUT_OF_CAPS),
        AllTransferred::Invalid => Err(RS_INVALID),
    }
}

/// Makes transfers by Genode's functions, which whoever serves the PD sessions has. What fails is
/// undone.
fn one_by_one(transfers: &[&Transfer<'_>]) -> Result<(), rs_err_t> {
    let steps = transfers.iter().flat_map(|t| {
        let (ram, caps) = (Amount::new(t.amount.ram.0, 0), Amount::new(0, t.amount.caps.0));
        [(t.from, t.to, ram), (t.from, t.to, caps)]
    });
    let steps: Vec<_> = steps.filter(|(.., amount)| !amount.is_none()).collect();
    for (done, (from, to, amount)) in steps.iter().enumerate() {
        if let Err(e) = move_quota(from, to, *amount) {
            for (from, to, amount) in steps.iter().take(done).rev() {
                // A server that refuses this keeps what it got, and it is its own client's.
                let _ = move_quota(to, from, *amount);
            }
            return Err(e);
        }
    }
    Ok(())
}

/// Moves either RAM or capabilities.
fn move_quota(from: &Owned, to: &Owned, amount: Amount) -> Result<(), rs_err_t> {
    let to = Cap(to.lend());
    let (call, lacks) = match amount.caps.0 {
        0 => (Call::TransferRam { to, amount: amount.ram.0 }, RS_OUT_OF_RAM),
        caps => (Call::TransferCaps { to, amount: caps }, RS_OUT_OF_CAPS),
    };
    match rpc::call(from.get(), &call)? {
        Transferred::Ok => Ok(()),
        Transferred::Exceeded => Err(lacks),
        Transferred::Invalid => Err(RS_INVALID),
    }
}

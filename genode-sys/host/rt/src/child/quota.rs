//! The transfer of quota between PD sessions.
use genode_abi::*;
pub(super) use genode_args::quota::Amount;
use genode_host_proto::MAX_BODY;
use genode_host_proto::interface::pd::{
    self, Accounts, AllTransferred, Call, MAX_ACCOUNTS, Named, Transfers,
};

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

/// The index by which we name a PD session to core, without a capability that travels.
pub(super) fn grant(pd: &Owned) -> Result<u64, rs_err_t> {
    let (core, claim) = (call::claim(env::pd())?, call::claim(pd.get())?);
    if claim.channel == core.channel { Ok(u64::from(claim.index)) } else { Err(RS_INVALID) }
}

/// Quotas of several PD sessions of core's, by a call for up to [`MAX_ACCOUNTS`] of them.
pub(super) fn pd_quotas(pds: &[Owned], quotas: &mut [rs_quota_t]) -> Result<(), rs_err_t> {
    let mut done = 0;
    while let Some(rest) = pds.get(done..).filter(|rest| !rest.is_empty()) {
        let index = |pd| grant(pd).and_then(|index| u32::try_from(index).map_err(|_| RS_OVERFLOW));
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
    let some = transfers.iter().filter(|t| !t.amount.is_none());
    let mut asked = Transfers::default();
    for &Transfer { from, to, amount } in some {
        let transfer = pd::Transfer { from: grant(from)?, to: grant(to)?, amount };
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

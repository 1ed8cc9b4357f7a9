//! Sessions at our own parent on behalf of a child, which pays for them.
//!
//! Core, if it is our parent, takes the child's payment with the request and returns it with the end of the session.
//! To any other parent the payment is ours, so that the child pays us first.
use genode_abi::*;
use genode_affinity::Affinity;
use genode_args::ArgsError;

use super::quota::{Amount, Transfer, grant, own_pd, transfer_all};
use super::route::warn;
use crate::handle::Owned;
use crate::rpc;
use crate::session::{self, Payer, rs_session_close};

/// What a child was charged, and its account.
pub(super) struct Payment<'a> {
    pub(super) pd: &'a Owned,
    pub(super) amount: Amount,
}

impl Payment<'_> {
    /// As core takes it, if our parent is core.
    fn payer(&self) -> Option<Payer> {
        let index = grant(self.pd).ok()?.filter(|_| session::parent_is_core())?;
        Some(Payer { index, amount: self.amount })
    }

    /// Take it into our account.
    pub(super) fn take(&self) -> Result<(), rs_err_t> {
        transfer_all(&[Transfer { from: self.pd, to: &own_pd(), amount: self.amount }])
    }

    /// Give it back out of our account; `what` it was for.
    pub(super) fn give_back(&self, what: &str) {
        let back = Transfer { from: &own_pd(), to: self.pd, amount: self.amount };
        if transfer_all(&[back]).is_err() {
            warn(&format!("the donation to {what} does not come back"));
        }
    }
}

/// Returns why our parent cannot be asked with such arguments; `None` if it can.
pub(super) fn too_long(service: &str, args: &str) -> Option<String> {
    let too_long = args.len() >= RS_MAX_ARGS as usize;
    too_long.then(|| format!("{service} session denied: {}: {args}", ArgsError::TooLong))
}

/// Open a session that our own account, or a child's by way of ours, pays for.
pub(super) fn open(
    service: &str,
    args: &str,
    affinity: Affinity,
    payment: Option<&Payment<'_>>,
) -> Result<(u64, Owned), rs_err_t> {
    if too_long(service, args).is_some() {
        return Err(RS_DENIED);
    }
    let open = |payer| {
        let (service, args) = (rpc::text(service.as_bytes())?, rpc::text(args.as_bytes())?);
        session::open(service, args, affinity, payer)
    };
    let Some(payment) = payment.filter(|p| !p.amount.is_none()) else {
        return open(None);
    };
    if let Some(payer) = payment.payer() {
        return open(Some(&payer));
    }
    payment.take()?;
    open(None).inspect_err(|_| payment.give_back(service))
}

/// Close a session; what was paid for it returns.
pub(super) fn close(id: u64, payment: Option<&Payment<'_>>, what: &str) {
    let payment = payment.filter(|p| !p.amount.is_none());
    if let Some(payer) = payment.and_then(Payment::payer) {
        if session::close_for(id, &payer).is_err() {
            warn(&format!("the donation to {what} does not come back"));
        }
        return;
    }
    // SAFETY: no precondition.
    unsafe { rs_session_close(id) };
    if let Some(payment) = payment {
        payment.give_back(what);
    }
}

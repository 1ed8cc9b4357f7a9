//! Quota as it is once everything that components gave back was looked at.
//!
//! A component tells core of objects that are gone without waiting for an answer, and its next call may be served
//! first. So whenever an account seems to lack something, or is looked at, what its owner said so far counts.
use super::Nucleus;
use super::ids::ProcId;
use super::refusal::Verdict;
use genode_args::quota::{Amount, Lack};

use crate::account::{AccountId, Transfer};

/// Requests of one component that are served before an answer: more than a socket holds.
const MAX: usize = 1024;

impl Nucleus {
    /// Serve what the owner of an account asked for by now.
    pub(crate) fn settle(&mut self, account: AccountId) {
        let owners = self.procs.iter().filter(|(_, p)| p.account == account);
        let owners: Vec<ProcId> = owners.map(|(id, _)| *id).collect();
        for id in owners {
            if self.control(id, MAX) == Verdict::Broken {
                self.broken.push(id);
            }
        }
    }

    /// See [`crate::account::Accounts::charge`].
    pub(crate) fn charge(&mut self, account: AccountId, amount: Amount) -> Result<(), Lack> {
        self.accounts.charge(account, amount).or_else(|_| {
            self.settle(account);
            self.accounts.charge(account, amount)
        })
    }

    /// See [`crate::account::Accounts::transfer_all`].
    pub(crate) fn transfer(&mut self, transfers: &[Transfer]) -> Result<(), Lack> {
        self.accounts.transfer_all(transfers).or_else(|_| {
            for transfer in transfers {
                self.settle(transfer.from);
            }
            self.accounts.transfer_all(transfers)
        })
    }
}

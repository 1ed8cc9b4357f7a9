//! Quota as it is once everything that components gave back was looked at.
//!
//! A component tells core of objects that are gone without waiting for an answer, and its next call may be served
//! first. So whenever an account seems to lack something, or is looked at, what its owner said so far counts.
use genode_args::quota::{Amount, Lack};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::Nucleus;
use super::process::Process;
use super::refusal::Verdict;
use crate::account::{AccountId, Transfer};
use crate::work;

impl Nucleus {
    /// Serve what the owner of an account asked for by now, if that is within what an answer may
    /// take: all that a socket holds of objects that are gone ([`crate::fd::CONTROL`]); whoever
    /// asks for what takes longer has it counted later.
    pub(crate) fn settle(&mut self, account: AccountId) {
        let Some(owner) = self.by_account.get(&account).copied() else { return };
        if !work::over() && self.control(owner, || !work::over()) == Verdict::Broken {
            self.broken.push(owner);
        }
    }

    /// Tells of each account whether its owner asked for something that was not served yet. One
    /// system call for all of them.
    pub(crate) fn ask(&self, accounts: &[AccountId]) -> Vec<bool> {
        work::calls(1);
        work::count(8 * accounts.len());
        let mut owners: Vec<Option<&Process>> = Vec::with_capacity(accounts.len());
        for account in accounts {
            let owner = self.by_account.get(account);
            owners.push(owner.and_then(|owner| self.procs.get(owner)));
        }
        let mut sockets = Vec::with_capacity(owners.len());
        for process in owners.iter().flatten() {
            sockets.push(PollFd::new(&process.control, PollFlags::IN));
        }
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Each is looked at where that cannot be told.
        let known = rustix::event::poll(&mut sockets, Some(&now)).is_ok();
        let mut ready = sockets.iter().map(|socket| !known || !socket.revents().is_empty());
        owners.iter().map(|owner| owner.is_some() && ready.next().unwrap_or(true)).collect()
    }

    /// See [`crate::account::Accounts::charge`].
    pub(crate) fn charge(&mut self, account: AccountId, amount: Amount) -> Result<(), Lack> {
        self.accounts.charge(account, amount).or_else(|_| {
            self.settle(account);
            self.accounts.charge(account, amount)
        })
    }

    /// See [`crate::account::Accounts::transfer_all`]. Capabilities that descriptors want stay.
    pub(crate) fn transfer(&mut self, transfers: &[Transfer]) -> Result<(), Lack> {
        self.keep_wanted(transfers)?;
        self.accounts.transfer_all(transfers).or_else(|_| {
            for transfer in transfers {
                self.settle(transfer.from);
            }
            self.accounts.transfer_all(transfers)
        })?;
        for transfer in transfers {
            self.grow(transfer.to);
        }
        Ok(())
    }
}

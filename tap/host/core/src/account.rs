//! RAM and capability accounts, after Genode's `Quota_guard` and `Account`.
//!
//! The sum of all limits is constant: every operation that adds to one account takes from another.

use genode_args::quota::{Amount, Lack};

use crate::numbered::Numbered;

/// What somebody was given, and what of it is in use.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    pub(crate) limit: Amount,
    pub(crate) used: Amount,
}

impl Guard {
    /// A guard of `limit`, nothing of which is in use.
    pub(crate) fn new(limit: Amount) -> Self {
        Self { limit, used: Amount::NONE }
    }

    /// Returns what is not in use.
    pub(crate) fn avail(&self) -> Amount {
        self.limit.saturating_sub(self.used) // never uses more than the limit
    }

    /// Takes an amount into use, both resources or nothing.
    pub(crate) fn withdraw(&mut self, amount: Amount) -> Result<(), Lack> {
        let avail = self.avail();
        if amount.caps > avail.caps {
            return Err(Lack::Caps);
        }
        avail.checked_sub(amount)?;
        self.used += amount;
        Ok(())
    }

    /// Gives back what was withdrawn. Returns what was not.
    pub(crate) fn give_back(&mut self, amount: Amount) -> Amount {
        let founded = amount.min(self.used);
        self.used = self.used.saturating_sub(founded);
        amount.saturating_sub(founded)
    }
}

/// RAM and capabilities of one protection domain.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) quota: Guard,
    /// The account that quota may be exchanged with and returns to.
    pub(crate) reference: Option<AccountId>,
}

/// Names an account; never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct AccountId(u64);

/// Quota on its way from one account to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transfer {
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) amount: Amount,
}

/// The account that holds what nobody else has.
pub(crate) const ROOT: AccountId = AccountId(0);

/// All accounts of the system.
#[derive(Clone)]
pub(crate) struct Accounts {
    map: Numbered<AccountId, Account>,
    last: u64,
    total: Amount,
    unfounded: Amount,
}

impl Accounts {
    pub(crate) fn new(total: Amount) -> Self {
        let root = Account { quota: Guard::new(total), reference: None };
        Self { map: Numbered::from_iter([(ROOT, root)]), last: 0, total, unfounded: Amount::NONE }
    }

    /// An empty account.
    pub(crate) fn create(&mut self) -> AccountId {
        self.last += 1;
        let id = AccountId(self.last);
        self.map.insert(id, Account::default());
        id
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.map.get(&id)
    }

    /// Set the reference account, once. False if there is no such account or it would refer to itself.
    pub(crate) fn refer(&mut self, id: AccountId, to: AccountId) -> bool {
        if id == to || !self.map.contains_key(&to) {
            return false;
        }
        let Some(account) = self.map.get_mut(&id) else { return false };
        account.reference.get_or_insert(to);
        true
    }

    /// Whether quota may move between the two: one is the other's reference.
    pub(crate) fn related(&self, a: AccountId, b: AccountId) -> bool {
        let refers = |x, y| self.map.get(&x).is_some_and(|x: &Account| x.reference == Some(y));
        refers(a, b) || refers(b, a)
    }

    /// Charges an amount to an account, both resources or nothing.
    pub(crate) fn charge(&mut self, id: AccountId, amount: Amount) -> Result<(), Lack> {
        self.map.get_mut(&id).ok_or(Lack::Caps)?.quota.withdraw(amount)
    }

    /// Gives back what was charged.
    pub(crate) fn refund(&mut self, id: AccountId, amount: Amount) {
        if let Some(account) = self.map.get_mut(&id) {
            self.unfounded += account.quota.give_back(amount);
        }
    }

    /// Moves unused quota from one account to another, both resources or nothing.
    pub(crate) fn transfer(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: Amount,
    ) -> Result<(), Lack> {
        if !self.map.contains_key(&to) {
            return Err(Lack::Ram);
        }
        let source = &mut self.map.get_mut(&from).ok_or(Lack::Ram)?.quota;
        source.avail().checked_sub(amount)?;
        source.limit = source.limit.saturating_sub(amount);
        if let Some(target) = self.map.get_mut(&to) {
            // Limits add up to the constant total, so this cannot overflow.
            target.quota.limit += amount;
        }
        Ok(())
    }

    /// Make several transfers in turn, all or none: one may pass on what the one before brought.
    pub(crate) fn transfer_all(&mut self, transfers: &[Transfer]) -> Result<(), Lack> {
        for (done, t) in transfers.iter().enumerate() {
            if let Err(lack) = self.transfer(t.from, t.to, t.amount) {
                // What came in is unused yet, so that it can go back, the last first.
                for t in transfers.iter().take(done).rev() {
                    let _ = self.transfer(t.to, t.from, t.amount);
                }
                return Err(lack);
            }
        }
        Ok(())
    }

    /// Remove an account; what it holds returns to its reference. Accounts that refer to it refer to that from now on,
    /// as in Genode: a parent that is gone does not take the quota of its children along.
    pub(crate) fn destroy(&mut self, id: AccountId) {
        if id == ROOT {
            return;
        }
        let Some(account) = self.map.remove(&id) else { return };
        crate::work::count(self.map.len());
        let heir = account.reference.filter(|r| self.map.contains_key(r)).unwrap_or(ROOT);
        for member in self.map.values_mut().filter(|a| a.reference == Some(id)) {
            member.reference = Some(heir);
        }
        if let Some(heir) = self.map.get_mut(&heir) {
            // What is in use still does not come back: then the sum of all accounts says that somebody forgot it.
            heir.quota.limit += account.quota.avail();
        }
    }

    /// The limits of all accounts together.
    pub(crate) fn sum(&self) -> Amount {
        self.map.values().map(|account| account.quota.limit).sum()
    }

    /// Whether that is what the system started with.
    #[cfg(test)]
    fn balanced(&self) -> bool {
        self.sum() == self.total
    }

    /// Number of accounts beside the root.
    pub(crate) fn open(&self) -> usize {
        self.map.len() - 1
    }

    /// What was given back without being in use: nothing.
    pub(crate) fn unfounded(&self) -> Amount {
        self.unfounded
    }

    /// RAM and capabilities that the system started with.
    pub(crate) fn total(&self) -> Amount {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> (Accounts, AccountId, AccountId) {
        let mut accounts = Accounts::new(Amount::new(1000, 100));
        let a = accounts.create();
        let b = accounts.create();
        assert!(accounts.refer(a, ROOT));
        assert!(accounts.refer(b, a));
        accounts.transfer(ROOT, a, Amount::new(600, 60)).unwrap();
        (accounts, a, b)
    }

    #[test]
    fn charges_stay_within_limits_and_transfers_take_only_what_is_unused() {
        let (mut accounts, a, b) = two();
        accounts.charge(a, Amount::new(500, 10)).unwrap();
        assert_eq!(accounts.charge(a, Amount::new(101, 0)), Err(Lack::Ram));
        assert_eq!(accounts.charge(a, Amount::new(0, 51)), Err(Lack::Caps));
        assert_eq!(accounts.transfer(a, b, Amount::new(101, 0)), Err(Lack::Ram));
        assert_eq!(accounts.transfer(a, b, Amount::new(100, 51)), Err(Lack::Caps));
        accounts.transfer(a, b, Amount::new(100, 50)).unwrap();
        assert_eq!(accounts.get(a).unwrap().quota.avail(), Amount::NONE);
        assert!(accounts.balanced());
    }

    #[test]
    fn transfers_pass_on_what_came_in_and_leave_nothing_half_done() {
        let (mut accounts, a, b) = two();
        let through = |ram, caps| {
            [
                Transfer { from: a, to: ROOT, amount: Amount::new(100, 10) },
                Transfer { from: ROOT, to: b, amount: Amount::new(ram, caps) },
            ]
        };
        let all = |accounts: &Accounts| [ROOT, a, b].map(|id| *accounts.get(id).unwrap());
        let before = all(&accounts);
        // the root has 400 and 40 of its own
        assert_eq!(accounts.transfer_all(&through(501, 0)), Err(Lack::Ram));
        assert_eq!(all(&accounts), before);
        assert_eq!(accounts.transfer_all(&through(0, 51)), Err(Lack::Caps));
        assert_eq!(all(&accounts), before);
        accounts.transfer_all(&through(500, 50)).unwrap();
        assert_eq!(accounts.get(ROOT).unwrap().quota.avail(), Amount::NONE);
        assert_eq!(accounts.get(b).unwrap().quota.limit, Amount::new(500, 50));
        assert!(accounts.balanced());
    }

    #[test]
    fn only_relatives_may_exchange_quota() {
        let (mut accounts, a, b) = two();
        let stranger = accounts.create();
        assert!(accounts.related(a, b) && accounts.related(b, a));
        assert!(!accounts.related(b, stranger));
        assert!(!accounts.refer(stranger, stranger));
        assert!(accounts.refer(b, stranger), "a second reference is accepted and ignored");
        assert!(!accounts.related(b, stranger));
    }

    #[test]
    fn the_accounts_of_a_destroyed_parent_return_to_its_own() {
        let (mut accounts, a, b) = two();
        let c = accounts.create();
        assert!(accounts.refer(c, b));
        accounts.transfer(a, b, Amount::new(100, 10)).unwrap();
        accounts.transfer(b, c, Amount::new(40, 4)).unwrap();
        // The parent in the middle goes first.
        accounts.destroy(b);
        assert!(accounts.related(c, a));
        accounts.destroy(c);
        assert_eq!(accounts.get(a).unwrap().quota.avail(), Amount::new(600, 60));
    }

    #[test]
    fn a_destroyed_account_returns_everything_even_without_its_reference() {
        let (mut accounts, a, b) = two();
        accounts.transfer(a, b, Amount::new(100, 10)).unwrap();
        accounts.destroy(a);
        accounts.destroy(b);
        assert_eq!((accounts.open(), accounts.balanced()), (0, true));
        assert_eq!(accounts.get(ROOT).unwrap().quota.avail(), Amount::new(1000, 100));
    }
}

//! `Pd_session`: a protection domain, its memory and its accounts.

use genode_args::quota::Amount;
use genode_wire::{Cap, Decode, Encode, Handle, Reader, WireError, Writer, structs, values};

use super::calls;

calls! {
    /// Calls of a PD session.
    pub enum Call<H> of pd {
        /// Moves RAM to the account of another PD session. Answers [`Transferred`].
        TransferRam = transfer_ram { to: Cap<H>, amount: u64 },
        /// Moves capabilities to the account of another PD session. Answers [`Transferred`].
        TransferCaps = transfer_caps { to: Cap<H>, amount: u64 },
        /// Gives the PD its parent, once.
        AssignParent = assign_parent { parent: Cap<H> },
        /// Sets the account that quota may be exchanged with. Answers [`Referred`].
        RefAccount = ref_account { account: Cap<H> },
        /// Allocates a RAM dataspace. Answers it, or an [`AllocError`](super::AllocError).
        AllocRam = alloc_ram { size: u64, cache: Cache },
        /// Frees a RAM dataspace.
        FreeRam = free_ram { ds: Cap<H> },
        /// Bytes of a RAM dataspace, 0 if it is none of the PD's.
        RamSize = ram_size { ds: Cap<H> },
        /// Limit of capabilities.
        CapQuota = cap_quota,
        /// Capabilities in use.
        UsedCaps = used_caps,
        /// Limit of RAM in bytes.
        RamQuota = ram_quota,
        /// RAM in use in bytes.
        UsedRam = used_ram,
        /// The capability for [`native_pd`](super::native_pd).
        NativePd = native_pd,
        /// Ours: [`Self::AllocRam`] on the NUMA node with a native id.
        AllocRamOnNode = alloc_ram_on_node { size: u64, cache: Cache, node: u32 },
        /// Ours: transfers in turn, so that one may pass on what the one before brought; all or none. Answers
        /// [`AllTransferred`].
        TransferAll = transfer_all { transfers: Transfers },
        /// Ours: what the four functions of limits and uses answer, as one [`Account`].
        Account = account,
        /// Ours: the accounts of several PD sessions by one call. Answers [`Accounts`].
        Accounts = accounts { pds: Named },
    }
}

values! {
    /// `Cache`: how memory is cached.
    pub enum Cache {
        /// Not at all, as registers of devices need it.
        Uncached = 0,
        /// Writes may be gathered.
        WriteCombined = 1,
        /// As usual.
        Cached = 2,
    }
}

values! {
    /// `Transfer_result`.
    pub enum Transferred {
        /// The amount is with the other account.
        Ok = 0,
        /// The account has not that much.
        Exceeded = 1,
        /// There is no such PD session, or neither account is the other's reference.
        Invalid = 2,
    }
}

values! {
    /// `Ref_account_result`.
    pub enum Referred {
        /// The account has a reference account.
        Ok = 0,
        /// There is no such PD session, or it is the same one.
        InvalidSession = 1,
    }
}

values! {
    /// What [`Call::TransferAll`] answers.
    pub enum AllTransferred {
        /// All were made.
        Ok = 0,
        /// An account has not that much RAM; none was made.
        OutOfRam = 1,
        /// An account has not that many capabilities; none was made.
        OutOfCaps = 2,
        /// An index names no PD session, or neither account is the other's reference.
        Invalid = 3,
    }
}

/// The account of a PD session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Account {
    /// The most that it may use.
    pub limit: Amount,
    /// The part of that which is in use.
    pub used: Amount,
}

structs! { Account { limit: Amount, used: Amount } }

/// PD sessions of one [`Call::Accounts`]: as many as a reply has room for, with their accounts.
pub const MAX_ACCOUNTS: usize = 60;

/// PD sessions, named as those of a [`Transfer`]: a word that says how many follow, then a word for
/// each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Named(pub heapless::Vec<u32, MAX_ACCOUNTS>);

/// Accounts of the first of the PD sessions that were named, at least of one: core looks at no more
/// of them than one request may take of it. A word that says how many follow, then the accounts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Accounts(pub heapless::Vec<Account, MAX_ACCOUNTS>);

impl<H: Handle> Encode<H> for Named {
    const SIZE: usize = 8 + MAX_ACCOUNTS * 8;
    const CAPS: usize = 0;

    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.put(&self.0.len())?;
        self.0.iter().try_for_each(|index| message.put(index))
    }
}

impl<H: Handle> Decode<'_, H> for Named {
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        list(message).map(Self)
    }
}

impl<H: Handle> Encode<H> for Accounts {
    const SIZE: usize = 8 + MAX_ACCOUNTS * 4 * 8;
    const CAPS: usize = 0;

    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.put(&self.0.len())?;
        self.0.iter().try_for_each(|account| message.put(account))
    }
}

impl<H: Handle> Decode<'_, H> for Accounts {
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        list(message).map(Self)
    }
}

/// Reads how many values follow, and these.
fn list<'m, H: Handle, T: Decode<'m, H>, const N: usize>(
    message: &mut Reader<'m, H>,
) -> Result<heapless::Vec<T, N>, WireError> {
    let count: usize = message.take()?;
    let mut all = heapless::Vec::new();
    for _ in 0..count {
        all.push(message.take()?).map_err(|_| WireError::TooLong)?;
    }
    Ok(all)
}

/// Transfers of one call.
pub const MAX_TRANSFERS: usize = 4;

/// A transfer of [`Call::TransferAll`]. PD sessions are named by the index by which the caller may call them, in the channel
/// that this call comes through, so that no capability travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// The PD session that gives.
    pub from: u64,
    /// The PD session that receives.
    pub to: u64,
    /// What goes from one to the other.
    pub amount: Amount,
}

/// At most [`MAX_TRANSFERS`] transfers: a word that says how many follow, then four words for each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Transfers(pub heapless::Vec<Transfer, MAX_TRANSFERS>);

impl<H: Handle> Encode<H> for Transfers {
    const SIZE: usize = 8 + MAX_TRANSFERS * 4 * 8;
    const CAPS: usize = 0;

    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.put(&self.0.len())?;
        for Transfer { from, to, amount } in &self.0 {
            message.put(from)?;
            message.put(to)?;
            message.put(amount)?;
        }
        Ok(())
    }
}

impl<H: Handle> Decode<'_, H> for Transfers {
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        let count: usize = message.take()?;
        let mut transfers = heapless::Vec::new();
        for _ in 0..count {
            let (from, to) = (message.take()?, message.take()?);
            let pushed = transfers.push(Transfer { from, to, amount: message.take()? });
            pushed.map_err(|_| WireError::TooLong)?;
        }
        Ok(Self(transfers))
    }
}

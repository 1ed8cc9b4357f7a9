//! PD: a protection domain, its memory, its capabilities and its accounts.
//!
//! The component's own session is [`Env::pd`], whose common functions have easier names in the SDK:
//! [`RamDataspace`](crate::dataspace::RamDataspace) allocates, [`Env::quota`] tells the accounts.
//! This is the whole interface, for a parent that gives its child a PD session of its own making:
//! [`Forward`] passes each function on to another session, but for what its [`Hooks`] refuse.
//!
//! ```no_run
//! # use genode::prelude::*;
//! # use genode::session::pd::{Forward, Hooks, PdConnection, PdSession, PdSessionClient};
//! /// Lets a child allocate so much in all.
//! struct Limit(u64);
//! impl Hooks for Limit {
//!     fn alloc_ram(&mut self, size: u64) -> bool {
//!         let left = self.0.checked_sub(size);
//!         self.0 = left.unwrap_or(self.0);
//!         left.is_some()
//!     }
//! }
//! # fn f(env: Env) -> Result<(), Error> {
//! let session = PdConnection::open(env, "child")?;
//! let served = Forward::new(PdSessionClient::new(session.cap().clone()), Limit(1 << 20));
//! # let _ = served; Ok(()) }
//! ```
//!
//! # On the host
//!
//! Core knows the functions that the SDK uses: accounts, quota, allocation, `assign_parent`,
//! `native_pd`, and [`PdSession::alloc_ram_on_node`] of ours. It answers others by an exception,
//! which a [`Forward`] turns into a refusal. A child's PD may be served by its parent or a sibling
//! ([`intercept`](crate::session::intercept)); its account and its process are core's in any case.
//!
//! Reference: `repos/base/include/pd_session/pd_session.h` of Genode 26.02.

use core::fmt;

use crate::{
    affinity::Location,
    cap::Capability,
    connection::Connection,
    dataspace::{Cache, Dataspace},
    env::Env,
    error::Error,
    quota::{CapQuota, RamQuota},
    rpc::{self, CallError, Invoke},
    signal::SignalContext,
};

/// Why something is not allocated (`Alloc_error`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum AllocError {
    /// The session has no RAM left: give it more.
    OutOfRam,
    /// The session has no capabilities left: give it more.
    OutOfCaps,
    /// It is not allowed, or there is no such thing.
    Denied,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfRam => "the session has no RAM left: give it more",
            Self::OutOfCaps => "the session has no capabilities left: give it more",
            Self::Denied => "the session does not allow it: see its parent's policy",
        })
    }
}

impl core::error::Error for AllocError {}

/// Result of a transfer of quota (`Pd_account::Transfer_result`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum Transfer {
    /// The amount is with the other account.
    Ok,
    /// The account has not that much.
    Exceeded,
    /// There is no such account, or neither is the other's reference.
    Invalid,
}

/// Tells whether an account has a reference (`Ref_account_result`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum Referred {
    /// Quota can be exchanged with it.
    Ok,
    /// There is no such account.
    InvalidSession,
}

/// Result of populating page tables (`Map_result`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum Mapped {
    /// It is done, or the kernel needs it not.
    Ok,
    /// The session has no RAM left.
    OutOfRam,
    /// The session has no capabilities left.
    OutOfCaps,
}

/// A range of addresses (`Virt_range`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct VirtRange {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Declares interfaces whose functions are not ours to call.
macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* #[derive(Debug)] pub enum $name {})*
    };
}

opaque! {
    /// The interface of a parent, for use in [`Capability`].
    ParentObject,
    /// The interface of a source of signals, for use in [`Capability`].
    SignalSource,
    /// The interface of a region map, for use in [`Capability`].
    RegionMapObject,
    /// The kernel's own interface of a PD, for use in [`Capability`].
    NativePd,
    /// The interface for reset and sleep, for use in [`Capability`].
    SystemControl,
    /// An interface that nobody knows here, for use in [`Capability`].
    AnyObject,
}

/// An account of RAM and capabilities (`Pd_account`).
#[genode::rpc]
pub trait PdAccount {
    /// Moves RAM to another account.
    fn transfer_ram(&mut self, to: Capability<dyn PdAccount>, amount: RamQuota) -> Transfer;
    /// Moves capabilities to another account.
    fn transfer_caps(&mut self, to: Capability<dyn PdAccount>, amount: CapQuota) -> Transfer;
}

/// A PD session (`pd_session/pd_session.h`).
#[genode::rpc(service = "PD", caps = 13, ram = 192 * 1024)]
pub trait PdSession: PdAccount {
    /// Gives the PD its parent.
    fn assign_parent(&mut self, parent: Capability<ParentObject>);
    /// Gives the PD a device by its configuration space and number; on NOVA.
    fn assign_pci(&mut self, config_space: u64, bdf: u16) -> bool;
    /// Populates page tables, where the kernel can.
    fn map(&mut self, range: VirtRange) -> Mapped;
    /// Returns a source of the PD's signals.
    fn signal_source(&mut self) -> Result<Capability<SignalSource>, AllocError>;
    /// Frees a source of signals.
    fn free_signal_source(&mut self, source: Capability<SignalSource>);
    /// Makes a signal context, whose signals arrive with `imprint`.
    fn alloc_context(
        &mut self,
        source: Capability<SignalSource>,
        imprint: u64,
    ) -> Result<Capability<SignalContext>, AllocError>;
    /// Frees a signal context.
    fn free_context(&mut self, context: Capability<SignalContext>);
    /// Submits signals to a context, whoever has it.
    fn submit(&mut self, context: Capability<SignalContext>, count: u32);
    /// Makes the capability of an RPC object at an entrypoint.
    fn alloc_rpc_cap(
        &mut self,
        entrypoint: Capability<AnyObject>,
    ) -> Result<Capability<AnyObject>, AllocError>;
    /// Frees the capability of an RPC object.
    fn free_rpc_cap(&mut self, cap: Capability<AnyObject>);
    /// Returns the map of all addresses.
    fn address_space(&mut self) -> Capability<RegionMapObject>;
    /// Returns the map of the stacks.
    fn stack_area(&mut self) -> Capability<RegionMapObject>;
    /// Returns the map of the dynamic linker.
    fn linker_area(&mut self) -> Capability<RegionMapObject>;
    /// Sets the account that quota may be exchanged with.
    fn ref_account(&mut self, account: Capability<dyn PdAccount>) -> Referred;
    /// Allocates a RAM dataspace.
    fn alloc_ram(&mut self, size: u64, cache: Cache) -> Result<Capability<Dataspace>, AllocError>;
    /// Frees a RAM dataspace.
    fn free_ram(&mut self, ds: Capability<Dataspace>);
    /// Makes a RAM dataspace read-only for those that attach it from now on.
    fn seal_ram(&mut self, ds: Capability<Dataspace>);
    /// Returns the bytes of a RAM dataspace; 0 if it is none of the PD's.
    fn ram_size(&mut self, ds: Capability<Dataspace>) -> u64;
    /// Returns the limit of capabilities.
    fn cap_quota(&mut self) -> CapQuota;
    /// Returns the capabilities in use.
    fn used_caps(&mut self) -> CapQuota;
    /// Returns the limit of RAM.
    fn ram_quota(&mut self) -> RamQuota;
    /// Returns the RAM in use.
    fn used_ram(&mut self) -> RamQuota;
    /// Returns the kernel's own interface.
    fn native_pd(&mut self) -> Capability<NativePd>;
    /// Returns the interface for reset and sleep; invalid for those that may not.
    fn system_control_cap(&mut self, location: Location) -> Capability<SystemControl>;
    /// Returns the address that devices know memory by.
    fn dma_addr(&mut self, ds: Capability<Dataspace>) -> u64;
    /// Attaches memory for devices at an address.
    fn attach_dma(&mut self, ds: Capability<Dataspace>, at: u64) -> Result<(), AllocError>;
    /// Allocates a RAM dataspace on a NUMA node, by the machine's number of it. Of the host system
    /// alone: a session of Genode's core refuses it.
    fn alloc_ram_on_node(
        &mut self,
        size: u64,
        cache: Cache,
        node: u32,
    ) -> Result<Capability<Dataspace>, AllocError>;
}

/// A further PD session.
#[must_use = "dropping it ends the protection domain"]
#[derive(Debug)]
pub struct PdConnection(Connection<dyn PdSession>);

impl PdConnection {
    /// Opens a session.
    ///
    /// # Errors
    /// What opening it says.
    pub fn open(env: Env, label: &str) -> Result<Self, Error> {
        let session = Connection::builder(label).arg("virt_space", 1).open(env)?;
        Ok(Self(session))
    }
}

impl core::ops::Deref for PdConnection {
    type Target = Connection<dyn PdSession>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Decisions of whoever forwards a PD session. Everything is allowed unless a function is
/// implemented.
pub trait Hooks {
    /// Allows to allocate so many bytes.
    fn alloc_ram(&mut self, _size: u64) -> bool {
        true
    }

    /// Allows to make the capability of an RPC object.
    fn alloc_rpc_cap(&mut self) -> bool {
        true
    }

    /// Allows to transfer quota to another account.
    fn transfer(&mut self, _ram: RamQuota, _caps: CapQuota) -> bool {
        true
    }

    /// Returns the account that a capability of the client's stands for at the session that is
    /// forwarded to: a client of this forwarder's names other forwarded sessions.
    fn account(&mut self, named: Capability<dyn PdAccount>) -> Capability<dyn PdAccount> {
        named
    }
}

/// Forwards everything.
impl Hooks for () {}

/// Serves a PD session by another one.
#[derive(Debug)]
pub struct Forward<P: Invoke, H> {
    session: PdSessionClient<P>,
    /// Decisions about what its client may do.
    pub hooks: H,
}

impl<P: Invoke, H: Hooks> Forward<P, H> {
    /// Forwards to `session` what `hooks` allow.
    pub const fn new(session: PdSessionClient<P>, hooks: H) -> Self {
        Self { session, hooks }
    }
}

/// Answer to a call that the other session did not answer: a refusal.
pub(super) fn answer<T>(result: Result<T, CallError<AllocError>>) -> Result<T, AllocError> {
    result.map_err(|error| error.service().unwrap_or(AllocError::Denied))
}

/// Leaves a function without a result undone that the other session did not answer.
pub(in crate::session) fn ignore(_: Result<(), rpc::Error>) {}

impl<P: Invoke, H: Hooks> PdAccount for Forward<P, H> {
    fn transfer_ram(&mut self, to: Capability<dyn PdAccount>, amount: RamQuota) -> Transfer {
        if !self.hooks.transfer(amount, CapQuota(0)) {
            return Transfer::Exceeded;
        }
        let to = self.hooks.account(to);
        self.session.transfer_ram(to, amount).unwrap_or(Transfer::Invalid)
    }

    fn transfer_caps(&mut self, to: Capability<dyn PdAccount>, amount: CapQuota) -> Transfer {
        if !self.hooks.transfer(RamQuota(0), amount) {
            return Transfer::Exceeded;
        }
        let to = self.hooks.account(to);
        self.session.transfer_caps(to, amount).unwrap_or(Transfer::Invalid)
    }
}

impl<P: Invoke, H: Hooks> PdSession for Forward<P, H> {
    fn assign_parent(&mut self, parent: Capability<ParentObject>) {
        ignore(self.session.assign_parent(parent));
    }

    fn assign_pci(&mut self, config_space: u64, bdf: u16) -> bool {
        self.session.assign_pci(config_space, bdf).unwrap_or(false)
    }

    fn map(&mut self, range: VirtRange) -> Mapped {
        self.session.map(range).unwrap_or(Mapped::Ok) // it is never needed
    }

    fn signal_source(&mut self) -> Result<Capability<SignalSource>, AllocError> {
        answer(self.session.signal_source())
    }

    fn free_signal_source(&mut self, source: Capability<SignalSource>) {
        ignore(self.session.free_signal_source(source));
    }

    fn alloc_context(
        &mut self,
        source: Capability<SignalSource>,
        imprint: u64,
    ) -> Result<Capability<SignalContext>, AllocError> {
        answer(self.session.alloc_context(source, imprint))
    }

    fn free_context(&mut self, context: Capability<SignalContext>) {
        ignore(self.session.free_context(context));
    }

    fn submit(&mut self, context: Capability<SignalContext>, count: u32) {
        ignore(self.session.submit(context, count));
    }

    fn alloc_rpc_cap(
        &mut self,
        entrypoint: Capability<AnyObject>,
    ) -> Result<Capability<AnyObject>, AllocError> {
        if !self.hooks.alloc_rpc_cap() {
            return Err(AllocError::OutOfCaps);
        }
        answer(self.session.alloc_rpc_cap(entrypoint))
    }

    fn free_rpc_cap(&mut self, cap: Capability<AnyObject>) {
        ignore(self.session.free_rpc_cap(cap));
    }

    fn address_space(&mut self) -> Capability<RegionMapObject> {
        self.session.address_space().unwrap_or_default()
    }

    fn stack_area(&mut self) -> Capability<RegionMapObject> {
        self.session.stack_area().unwrap_or_default()
    }

    fn linker_area(&mut self) -> Capability<RegionMapObject> {
        self.session.linker_area().unwrap_or_default()
    }

    fn ref_account(&mut self, account: Capability<dyn PdAccount>) -> Referred {
        let account = self.hooks.account(account);
        self.session.ref_account(account).unwrap_or(Referred::InvalidSession)
    }

    fn alloc_ram(&mut self, size: u64, cache: Cache) -> Result<Capability<Dataspace>, AllocError> {
        if !self.hooks.alloc_ram(size) {
            return Err(AllocError::OutOfRam);
        }
        answer(self.session.alloc_ram(size, cache))
    }

    fn free_ram(&mut self, ds: Capability<Dataspace>) {
        ignore(self.session.free_ram(ds));
    }

    fn seal_ram(&mut self, ds: Capability<Dataspace>) {
        ignore(self.session.seal_ram(ds));
    }

    fn ram_size(&mut self, ds: Capability<Dataspace>) -> u64 {
        self.session.ram_size(ds).unwrap_or(0)
    }

    fn cap_quota(&mut self) -> CapQuota {
        self.session.cap_quota().unwrap_or(CapQuota(0))
    }

    fn used_caps(&mut self) -> CapQuota {
        self.session.used_caps().unwrap_or(CapQuota(0))
    }

    fn ram_quota(&mut self) -> RamQuota {
        self.session.ram_quota().unwrap_or(RamQuota(0))
    }

    fn used_ram(&mut self) -> RamQuota {
        self.session.used_ram().unwrap_or(RamQuota(0))
    }

    fn native_pd(&mut self) -> Capability<NativePd> {
        self.session.native_pd().unwrap_or_default()
    }

    fn system_control_cap(&mut self, location: Location) -> Capability<SystemControl> {
        self.session.system_control_cap(location).unwrap_or_default()
    }

    fn dma_addr(&mut self, ds: Capability<Dataspace>) -> u64 {
        self.session.dma_addr(ds).unwrap_or(0)
    }

    fn attach_dma(&mut self, ds: Capability<Dataspace>, at: u64) -> Result<(), AllocError> {
        answer(self.session.attach_dma(ds, at))
    }

    fn alloc_ram_on_node(
        &mut self,
        size: u64,
        cache: Cache,
        node: u32,
    ) -> Result<Capability<Dataspace>, AllocError> {
        if !self.hooks.alloc_ram(size) {
            return Err(AllocError::OutOfRam);
        }
        answer(self.session.alloc_ram_on_node(size, cache, node))
    }
}

#[cfg(test)]
mod tests;

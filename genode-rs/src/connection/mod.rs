//! Sessions at services: request, donate, close.
//!
//! A [`Connection`] is a session that the component opened. It asks the parent, which routes the request to
//! whoever the configuration says. Along goes a donation of RAM and capabilities that the server may use for
//! this session; it comes back when the connection is dropped.
//!
//! ```no_run
//! # use genode::{Env, Error, affinity::Location, connection::Connection, quota::RamQuota, session::rom::RomSession};
//! # fn f(env: Env) -> Result<(), Error> {
//! let rom = Connection::<dyn RomSession>::open(env, "font.tff")?; // with the usual donation
//! let rom = Connection::<dyn RomSession>::builder("font.tff").ram(RamQuota::kib(64)).open(env)?;
//! # Ok(()) }
//! ```

mod opening;
mod slot;
#[cfg(test)]
mod tests;

use core::{cell::Cell, fmt, marker::PhantomData, ops::Deref};

pub use opening::Opening;

use crate::{
    affinity::Affinity,
    args::{ArgsBuf, ArgsError, CAPACITY},
    cap::{Capability, RawCap},
    env::Env,
    error::{Call, Error},
    quota::{Amount, CapQuota, RamQuota},
    rpc, sys,
};

/// A service: its name, its interface, and what a session of it costs.
///
/// `#[genode::rpc(service = "Name")]` implements it for the interface itself, `dyn Trait`.
pub trait Service {
    /// The RPC interface of a session, a trait object type.
    type Interface: rpc::Interface + ?Sized + 'static;

    /// Name in announcements and session requests.
    const NAME: &'static str;

    /// RAM donated to a session unless the client says otherwise.
    const RAM: RamQuota;

    /// Capabilities donated to a session unless the client says otherwise.
    const CAPS: CapQuota;
}

/// How often [`Connection::retry`] and [`Builder::open`] donate more before they give up.
pub const MAX_UPGRADES: u32 = 16;

/// Added by the first upgrade when a server says that the RAM does not suffice; each later one adds twice as much,
/// since a server cannot say how much it lacks.
const RAM_STEP: RamQuota = RamQuota::kib(8);

/// Added by the first upgrade when a server says that the capabilities do not suffice; likewise.
const CAP_STEP: CapQuota = CapQuota(4);

/// What the next upgrade adds.
#[derive(Clone, Copy, Debug)]
struct Steps(Amount);

impl Steps {
    const FIRST: Self = Self(Amount { ram: RAM_STEP, caps: CAP_STEP });

    /// Takes the step for what is short; the next one is twice as large.
    fn next(&mut self, short: Shortage) -> Amount {
        let Amount { ram, caps } = self.0;
        match short {
            Shortage::Ram => {
                self.0.ram = RamQuota(ram.0.saturating_mul(2));
                Amount { ram, caps: CapQuota(0) }
            }
            Shortage::Caps => {
                self.0.caps = CapQuota(caps.0.saturating_mul(2));
                Amount { ram: RamQuota(0), caps }
            }
        }
    }
}

/// Calls, and calls again after an upgrade for as long as quota is missing.
fn retry<T>(
    mut call: impl FnMut() -> T,
    shortage: impl Fn(&T) -> Option<Shortage>,
    mut upgrade: impl FnMut(Amount) -> Result<(), Error>,
) -> Result<T, Error> {
    let mut steps = Steps::FIRST;
    for _ in 0..MAX_UPGRADES {
        let answer = call();
        match shortage(&answer) {
            None => return Ok(answer),
            Some(short) => upgrade(steps.next(short))?,
        }
    }
    let answer = call();
    match shortage(&answer) {
        None => Ok(answer),
        Some(Shortage::Ram) => Err(Error::InsufficientRam),
        Some(Shortage::Caps) => Err(Error::InsufficientCaps),
    }
}

/// A session request in the making.
#[derive(Clone, Debug)]
#[must_use = "nothing is requested before `open`"]
pub struct Builder<S: Service + ?Sized> {
    args: ArgsBuf,
    ram: RamQuota,
    caps: CapQuota,
    affinity: Affinity,
    /// The first thing that could not be expressed.
    failed: Option<Error>,
    service: PhantomData<fn() -> *const S>,
}

impl<S: Service + ?Sized> Builder<S> {
    fn new(label: &str) -> Self {
        let mut args = ArgsBuf::new();
        let failed = args.set_str("label", label).err();
        let failed = failed.map(|why| refused(why, args.as_str(), "label", label.len()));
        Self {
            args,
            ram: S::RAM,
            caps: S::CAPS,
            affinity: Affinity::default(),
            failed,
            service: PhantomData,
        }
    }

    /// Adds a numeric argument.
    pub fn arg(mut self, key: &str, value: u64) -> Self {
        let why = self.args.set_u64(key, value).err();
        let failed = why.map(|why| refused(why, self.args.as_str(), key, 1));
        self.failed = self.failed.or(failed);
        self
    }

    /// Adds a string argument.
    pub fn arg_str(mut self, key: &str, value: &str) -> Self {
        let why = self.args.set_str(key, value).err();
        let failed = why.map(|why| refused(why, self.args.as_str(), key, value.len()));
        self.failed = self.failed.or(failed);
        self
    }

    /// Donates `ram` instead of [`Service::RAM`].
    pub fn ram(mut self, ram: RamQuota) -> Self {
        self.ram = ram;
        self
    }

    /// Donates `caps` instead of [`Service::CAPS`].
    pub fn caps(mut self, caps: CapQuota) -> Self {
        self.caps = caps;
        self
    }

    /// Asks the server to work at an affinity.
    pub fn affinity(mut self, affinity: Affinity) -> Self {
        self.affinity = affinity;
        self
    }

    /// Requests the session with exactly this donation, and waits for the answer.
    ///
    /// # Errors
    /// [`Error::Argument`] when label and arguments do not fit a session request (159 bytes), [`Error::Invalid`] when they
    /// hold what it cannot express, such as a NUL;
    /// [`Error::InsufficientRam`] and [`Error::InsufficientCaps`] when the server wants more;
    /// [`Error::OutOfRam`] and [`Error::OutOfCaps`] when the component has not that much itself;
    /// [`Error::Denied`] when there is no route or the server refuses.
    pub fn try_open(&self, _env: Env) -> Result<Connection<S>, Error> {
        self.request(self.donation()).map(Connection::from)
    }

    /// Requests the session; any thread may, and waits.
    fn request(&self, donation: Amount) -> Result<Opened, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut args = self.args;
        args.set_quota(donation)
            .map_err(|why| refused(why, self.args.as_str(), "ram_quota, cap_quota", 4))?;
        let (id, cap) = sys::parent::session_open(S::NAME, args.as_str(), self.affinity)?;
        Ok(Opened { cap, session: OpenSession(id) })
    }

    /// Requests the session, donating more when the server says that it does not suffice.
    ///
    /// # Errors
    /// As [`Builder::try_open`]; insufficient quotas only after [`MAX_UPGRADES`] attempts.
    pub fn open(self, _env: Env) -> Result<Connection<S>, Error> {
        self.request_enough().map(Connection::from)
    }

    fn request_enough(&self) -> Result<Opened, Error> {
        let donation = Cell::new(self.donation());
        let shortage = |result: &Result<Opened, Error>| match result {
            Err(Error::InsufficientRam) => Some(Shortage::Ram),
            Err(Error::InsufficientCaps) => Some(Shortage::Caps),
            _ => None,
        };
        let more = |more| {
            donation.set(donation.get() + more);
            Ok(())
        };
        let opened = retry(|| self.request(donation.get()), shortage, more)?;
        opened.map_err(|error| match error {
            // The server did not ask for more: the first donation was too much for the client.
            _ if donation.get() == self.donation() => error,
            Error::OutOfRam => Error::argument(Call::DonatedRam, donation.get().ram.0, 0),
            Error::OutOfCaps => Error::argument(Call::DonatedCaps, donation.get().caps.0, 0),
            error => error,
        })
    }

    const fn donation(&self) -> Amount {
        Amount { ram: self.ram, caps: self.caps }
    }
}

/// Why `key` with a value of `value` bytes was not added to `args`.
fn refused(why: ArgsError, args: &str, key: &str, value: usize) -> Error {
    match why {
        ArgsError::TooLong => {
            let asked = args.len() + key.len() + value;
            // Separators and quotes are counted by the buffer only.
            Error::argument(Call::Session, asked.max(CAPACITY) as u64, CAPACITY as u64 - 1)
        }
        _ => Error::Invalid,
    }
}

/// Calls a session by its capability.
type Client<S> =
    <<S as Service>::Interface as rpc::Interface>::Client<Capability<<S as Service>::Interface>>;

/// An open session, and the client that calls it. Closed on drop.
#[must_use = "dropping it closes the session"]
pub struct Connection<S: Service + ?Sized> {
    // Dropped in this order: the reference goes first, as the server's object dies with the session.
    client: Client<S>,
    session: OpenSession,
}

/// A session as the parent gave it, whatever its interface.
struct Opened {
    // Dropped in this order, as in a connection.
    cap: RawCap,
    session: OpenSession,
}

impl<S: Service + ?Sized> From<Opened> for Connection<S> {
    fn from(Opened { cap, session }: Opened) -> Self {
        Self { client: rpc::Client::over(Capability::new(cap)), session }
    }
}

/// A session's id, closed on drop.
struct OpenSession(u64);

impl Drop for OpenSession {
    fn drop(&mut self) {
        sys::parent::session_close(self.0);
    }
}

impl<S: Service + ?Sized> Connection<S> {
    /// Starts a session request with a label, which tells the server and those who route it what the session is
    /// for.
    pub fn builder(label: &str) -> Builder<S> {
        Builder::new(label)
    }

    /// Opens a session with the service's usual donation.
    pub fn open(env: Env, label: &str) -> Result<Self, Error> {
        Self::builder(label).open(env)
    }

    /// The session's capability, to call it or to hand it on.
    pub fn cap(&self) -> &Capability<S::Interface> {
        &rpc::Client::peer(&self.client).invoke
    }

    /// Donates more to the session.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] and [`Error::OutOfCaps`] when the component has not that much itself.
    pub fn upgrade(&self, ram: RamQuota, caps: CapQuota) -> Result<(), Error> {
        let mut args = ArgsBuf::<CAPACITY>::new();
        args.set_quota(Amount { ram, caps }).map_err(|_| Error::Invalid)?;
        sys::parent::session_upgrade(self.session.0, args.as_str())
    }

    /// Calls the session, and calls again after an upgrade for as long as `call` says that quota is missing.
    ///
    /// `shortage` tells a call's answer [`Shortage`] from its other results.
    ///
    /// # Errors
    /// What an upgrade says: [`Error::OutOfRam`] and [`Error::OutOfCaps`] when the component has not that much itself.
    /// [`Error::InsufficientRam`] or [`Error::InsufficientCaps`] after [`MAX_UPGRADES`], each twice the one before: the
    /// server wants more than anybody has.
    pub fn retry<T>(
        &self,
        call: impl FnMut() -> T,
        shortage: impl Fn(&T) -> Option<Shortage>,
    ) -> Result<T, Error> {
        retry(call, shortage, |more| self.upgrade(more.ram, more.caps))
    }
}

/// What a server lacks to answer a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// RAM.
    Ram,
    /// Capabilities.
    Caps,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ram => "the server lacks RAM for the call: donate more to the session",
            Self::Caps => "the server lacks capabilities for the call: donate more to the session",
        })
    }
}

impl<S: Service + ?Sized> Deref for Connection<S> {
    type Target = Client<S>;

    /// The client, so that a connection has the functions of its interface.
    fn deref(&self) -> &Client<S> {
        &self.client
    }
}

impl<S: Service + ?Sized> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("service", &S::NAME)
            .field("id", &self.session.0)
            .field("cap", self.cap())
            .finish_non_exhaustive()
    }
}

//! Timer: the time, and signals when it has come.

use core::time::Duration;

use crate::{
    cap::Capability,
    connection::Connection,
    entrypoint::Entrypoint,
    env::Env,
    error::{Call, Error},
    signal::{SignalContext, wait_io},
    time::Instant,
};

/// A Timer session (`timer_session/timer_session.h`).
#[genode::rpc(service = "Timer", caps = 2, ram = 10 * 1024)]
pub trait TimerSession {
    /// Programs one signal, `us` microseconds from now. Replaces what was programmed before.
    fn trigger_once(&mut self, us: u64);
    /// Programs a signal every `us` microseconds, the first one at the latest after that time; 0 ends it.
    fn trigger_periodic(&mut self, us: u64);
    /// Whom to tell.
    fn sigh(&mut self, context: Capability<SignalContext>);
    /// Milliseconds since the session was created.
    fn elapsed_ms(&self) -> u64;
    /// Microseconds since the session was created.
    fn elapsed_us(&self) -> u64;
    /// Tells whether the session's time is that of the system's own clock
    /// ([`Instant`]), so that a client may wait by that. Asked on the host only:
    /// Genode's servers do not have it.
    fn is_system_time(&self) -> bool;
}

/// A Timer session, with times as [`Duration`].
///
/// For several timeouts at once, and to `.await` them, use [`Timers`](crate::time::Timers).
#[derive(Debug)]
#[must_use = "dropping it closes the session, and no signal comes any more"]
pub struct TimerConnection {
    session: Connection<dyn TimerSession>,
    ep: Entrypoint,
}

impl TimerConnection {
    /// Opens a session.
    pub fn open(env: Env, label: &str) -> Result<Self, Error> {
        Ok(Self { session: Connection::open(env, label)?, ep: env.ep() })
    }

    /// Time since the session was opened, in microseconds precision.
    pub fn elapsed(&self) -> Result<Duration, Error> {
        Ok(Duration::from_micros(self.session.elapsed_us()?))
    }

    /// Returns microseconds since the session was opened.
    pub(crate) fn elapsed_us(&self) -> Result<u64, Error> {
        Ok(self.session.elapsed_us()?)
    }

    /// Tells whether to wait by the system's own clock.
    pub(crate) fn is_system_time(&self) -> Result<bool, Error> {
        Ok(Instant::now().is_some() && self.session.is_system_time()?)
    }

    /// Whom to tell when time has come.
    pub fn sigh(&self, context: &Capability<SignalContext>) -> Result<(), Error> {
        Ok(self.session.sigh(context.clone())?)
    }

    /// Programs one signal after `time`, instead of what was programmed before.
    pub fn trigger_once(&self, time: Duration) -> Result<(), Error> {
        Ok(self.session.trigger_once(micros(time))?)
    }

    /// Programs a signal every `time`.
    ///
    /// # Errors
    /// [`Error::Argument`] for less than a microsecond; else what the call says.
    pub fn trigger_periodic(&self, time: Duration) -> Result<(), Error> {
        match micros(time) {
            0 => Err(Error::argument(Call::Period, 0, 1)),
            us => Ok(self.session.trigger_periodic(us)?),
        }
    }

    /// Ends periodic signals.
    pub fn stop(&self) -> Result<(), Error> {
        Ok(self.session.trigger_periodic(0)?)
    }

    /// Blocks the main entrypoint for `time`; it handles I/O signals meanwhile, but no RPC. Takes the
    /// session's signal away from whoever had it.
    ///
    /// A component that has anything else to do programs a signal and returns.
    ///
    /// # Errors
    /// What the calls say; [`Error::Gone`] when the server dies meanwhile, where that is told
    /// ([`SignalHandler`](crate::signal::SignalHandler)).
    pub fn sleep(&self, time: Duration) -> Result<(), Error> {
        wait_io(self.ep, |context| {
            self.sigh(context)?;
            self.trigger_once(time)
        })
    }
}

/// Whole microseconds, rounded up: a timeout never comes too early.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

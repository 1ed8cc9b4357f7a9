//! rs_fast_timer: a Timer service between its clients and another one, which makes time pass a
//! million times as fast.
#![no_std]
#![no_main]

use core::time::Duration;

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    session::timer::{TimerConnection, TimerSession},
    signal::SignalContext,
};

/// Microseconds here for each one of the other service.
const FASTER: u64 = 1_000_000;

/// A session, over one of the other service.
struct Fast(TimerConnection);

impl Fast {
    fn program(result: Result<(), Error>) {
        if let Err(error) = result {
            error!("no time: {error}");
        }
    }
}

impl TimerSession for Fast {
    fn trigger_once(&mut self, us: u64) {
        Self::program(self.0.trigger_once(Duration::from_micros(us.div_ceil(FASTER))));
    }

    fn trigger_periodic(&mut self, us: u64) {
        Self::program(self.0.trigger_periodic(Duration::from_micros(us.div_ceil(FASTER))));
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        Self::program(self.0.sigh(&context));
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed_us() / 1000
    }

    fn elapsed_us(&self) -> u64 {
        let elapsed = self.0.elapsed().unwrap_or_default().as_micros();
        u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_mul(FASTER)
    }

    fn is_system_time(&self) -> bool {
        false
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn TimerSession, _>(move |_: &SessionRequest<'_>| {
        Ok(Fast(TimerConnection::open(env, "")?))
    })?;
    Ok(root)
}

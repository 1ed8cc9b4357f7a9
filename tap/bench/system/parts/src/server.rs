//! rs_bench_server: the other side of the measurements.
#![no_std]
#![no_main]

mod interface;

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    signal::{SignalContext, Transmitter},
};
use interface::Bench;

/// What [`Bench::play`] needs is made there: opening a session makes nothing but the session.
struct Session {
    env: Env,
    handler: Option<SignalHandler>,
}

impl Bench for Session {
    fn echo(&mut self, a: u64, _: u64, _: u64, _: u64, _: u64, _: u64, g: u64) -> u64 {
        a.wrapping_add(g)
    }

    fn take(
        &mut self,
        a: u64,
        _: u64,
        _: u64,
        _: u64,
        _: u64,
        _: u64,
        g: u64,
        _: Capability<SignalContext>,
    ) -> u64 {
        a.wrapping_add(g)
    }

    fn play(&mut self, to: Capability<SignalContext>) -> Capability<SignalContext> {
        let to = Transmitter::new(to);
        self.handler = SignalHandler::new(self.env.ep(), move |_| to.submit()).ok();
        self.handler.as_ref().map_or(Capability::INVALID, |handler| handler.cap().clone())
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Bench, _>(move |_: &SessionRequest<'_>| Ok(Session { env, handler: None }))?;
    Ok(root)
}

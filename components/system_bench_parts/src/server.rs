//! rs_bench_server: the other side of the measurements.
#![no_std]
#![no_main]

extern crate alloc;

mod interface;

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
    signal::{SignalContext, Transmitter},
};
use interface::Bench;

struct Session {
    handler: SignalHandler,
    back: Rc<RefCell<Option<Transmitter>>>,
}

impl Session {
    fn new(env: Env) -> Result<Self, Error> {
        let back: Rc<RefCell<Option<Transmitter>>> = Rc::default();
        let to = Rc::clone(&back);
        let handler = SignalHandler::new(env.ep(), move |_| {
            if let Some(to) = &*to.borrow() {
                to.submit();
            }
        })?;
        Ok(Self { handler, back })
    }
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
        *self.back.borrow_mut() = Some(Transmitter::new(to));
        self.handler.cap().clone()
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Bench, _>(move |_: &SessionRequest<'_>| {
        Session::new(env).map_err(|_| Refused::InsufficientRam)
    })?;
    Ok(root)
}

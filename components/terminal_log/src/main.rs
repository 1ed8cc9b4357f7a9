//! rs_terminal_log: a LOG server that writes to a terminal.
#![no_std]
#![no_main]

extern crate alloc;

mod lines;

use alloc::rc::Rc;

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::{log::LogSession, terminal::TerminalConnection, timer::TimerConnection},
};
use lines::{Lines, Output};

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let terminal = TerminalConnection::open(env, "log")?;
    let timer = TimerConnection::open(env, "")
        .inspect_err(|error| warning!("no times in the log: Timer session: {error}"))
        .ok();
    let output = Rc::new(Output::new(terminal, timer));
    let mut root = Root::new(env)?;
    root.serve::<dyn LogSession, _>(move |request: &SessionRequest<'_>| {
        Ok::<_, Refused>(Lines::new(request.label(), &output))
    })?;
    Ok(root)
}

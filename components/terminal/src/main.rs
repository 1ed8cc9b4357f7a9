//! rs_terminal: a Terminal server of one session, on the terminal of whoever runs the system, on
//! the host target.
//!
//! The terminal itself is its relay's, a process of core's; this component passes bytes between
//! that and its client.
#![no_std]
#![no_main]

extern crate alloc;

mod relay;

use alloc::sync::Arc;

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::terminal::{Line, LineSession, Listener, Size, TerminalSession},
    signal::Transmitter,
    thread::{Builder, JoinHandle},
};
use relay::Relay;

/// The one session.
struct Session(Arc<Relay>);

impl Line for Session {
    fn size(&mut self) -> Size {
        self.0.size()
    }

    fn avail(&mut self) -> bool {
        self.0.avail()
    }

    fn read(&mut self, into: &mut [u8]) -> usize {
        self.0.read(into)
    }

    fn write(&mut self, from: &[u8]) -> usize {
        self.0.write(from)
    }

    fn listen(&mut self, event: Listener, client: Transmitter) {
        self.0.listen(event, client);
    }
}

impl Drop for Session {
    /// Forgets keys that this client did not read: they are nobody else's.
    fn drop(&mut self) {
        self.0.close();
    }
}

#[genode::component]
fn main(env: Env) -> Result<(Root, JoinHandle<()>), Error> {
    let relay = match Relay::open() {
        Ok(relay) => Arc::new(relay),
        Err(why) => {
            error!("{why}");
            env.exit(1)
        }
    };
    let receiver = relay.clone();
    let thread = Builder::new("keys").spawn(move || {
        receiver.receive();
        error!("the terminal is gone: nothing is read or shown any more");
    })?;
    let mut root = Root::new(env)?;
    root.serve::<dyn TerminalSession, _>(move |request: &SessionRequest<'_>| {
        if !relay.claim() {
            warning!("session of '{}' denied: another one has the terminal", request.label());
            return Err(Refused::Denied);
        }
        LineSession::new(request, Session(relay.clone()))
    })?;
    Ok((root, thread))
}

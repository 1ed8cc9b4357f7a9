//! rs_terminal_crosslink: a Terminal server with two clients, each of which reads what the other one writes.
//!
//! ```xml
//! <config buffer="4K"/>
//! ```
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::VecDeque, rc::Rc};
use core::cell::RefCell;

use genode::{
    prelude::*,
    quota::RamQuota,
    root::{Refused, Root, SessionRequest},
    session::terminal::{Line, LineSession, Listener, TerminalSession},
    signal::Transmitter,
};

/// Bytes that one client can write before the other one reads, where nothing else is said.
const DEFAULT_BUFFER: usize = 4096;
/// Most of these bytes, since they are the server's own.
const MAX_BUFFER: usize = 1 << 20;

/// One end of the line.
#[derive(Default)]
struct End {
    taken: bool,
    /// Bytes for the client at this end.
    incoming: VecDeque<u8>,
    client: Transmitter,
}

/// Both ends, and the bytes that may be under way to each.
struct Link {
    ends: [End; 2],
    buffer: usize,
}

/// A session at one of the ends.
struct Session {
    link: Rc<RefCell<Link>>,
    end: usize,
}

impl Session {
    fn open(link: &Rc<RefCell<Link>>) -> Option<Self> {
        let end = link.borrow().ends.iter().position(|end| !end.taken)?;
        link.borrow_mut().ends[end].taken = true;
        Some(Self { link: link.clone(), end })
    }
}

impl Line for Session {
    fn avail(&mut self) -> bool {
        !self.link.borrow().ends[self.end].incoming.is_empty()
    }

    fn read(&mut self, into: &mut [u8]) -> usize {
        let incoming = &mut self.link.borrow_mut().ends[self.end].incoming;
        let count = into.len().min(incoming.len());
        for (to, byte) in into.iter_mut().zip(incoming.drain(..count)) {
            *to = byte;
        }
        count
    }

    fn write(&mut self, from: &[u8]) -> usize {
        let link = &mut *self.link.borrow_mut();
        let other = &mut link.ends[1 - self.end];
        let count = from.len().min(link.buffer.saturating_sub(other.incoming.len()));
        if other.incoming.try_reserve(count).is_err() {
            return 0;
        }
        other.incoming.extend(&from[..count]);
        other.client.submit();
        count
    }

    fn listen(&mut self, event: Listener, client: Transmitter) {
        if event == Listener::ReadAvail {
            let end = &mut self.link.borrow_mut().ends[self.end];
            end.client = client;
            // What came before would not be told otherwise.
            if !end.incoming.is_empty() {
                end.client.submit();
            }
        }
    }
}

impl Drop for Session {
    /// What this client wrote remains for the other one; what it did not read is nobody else's.
    fn drop(&mut self) {
        self.link.borrow_mut().ends[self.end] = End::default();
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let config = env.config().read();
    let buffer = match config.as_ref().map(|config| config.attr_checked::<RamQuota>("buffer")) {
        Ok(Ok(Some(RamQuota(buffer)))) => match usize::try_from(buffer) {
            Ok(buffer @ 1..=MAX_BUFFER) => buffer,
            _ => {
                warning!(
                    "config: buffer of {buffer} bytes: 1 to {MAX_BUFFER} are allowed; {DEFAULT_BUFFER} it is"
                );
                DEFAULT_BUFFER
            }
        },
        Ok(Ok(None)) | Err(_) => DEFAULT_BUFFER,
        Ok(Err(error)) => {
            warning!("config: {error}; {DEFAULT_BUFFER} bytes it is");
            DEFAULT_BUFFER
        }
    };
    let link = Rc::new(RefCell::new(Link { ends: Default::default(), buffer }));
    let mut root = Root::new(env)?;
    root.serve::<dyn TerminalSession, _>(move |request: &SessionRequest<'_>| {
        let Some(session) = Session::open(&link) else {
            warning!("session of '{}' denied: both ends are taken", request.label());
            return Err(Refused::Denied);
        };
        LineSession::new(request, session)
    })?;
    Ok(root)
}

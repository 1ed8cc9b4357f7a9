//! rs_terminal_crosslink: a Terminal server with two clients, each of which reads what the other
//! one writes.
//!
//! ```xml
//! <config buffer="4K"/>
//! ```
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{
    collections::VecDeque,
    rc::Rc,
    string::{String, ToString},
};
use core::cell::RefCell;

use genode::{
    node::Node,
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
            // Tells of bytes that came before, which nobody else would.
            if !end.incoming.is_empty() {
                end.client.submit();
            }
        }
    }
}

impl Drop for Session {
    /// Leaves bytes that this client wrote to the other one; those that it did not read are nobody
    /// else's.
    fn drop(&mut self) {
        self.link.borrow_mut().ends[self.end] = End::default();
    }
}

/// Reads how many bytes may be under way in each direction.
fn buffer(config: &Node) -> Result<usize, String> {
    let asked = config.attr_checked::<RamQuota>("buffer").map_err(|error| error.to_string())?;
    let Some(RamQuota(bytes)) = asked else { return Ok(DEFAULT_BUFFER) };
    let allowed = usize::try_from(bytes).ok().filter(|bytes| (1..=MAX_BUFFER).contains(bytes));
    allowed
        .ok_or_else(|| alloc::format!("a buffer of {bytes} bytes: 1 to {MAX_BUFFER} are allowed"))
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    // Without a configuration it is as if an empty one.
    let config = env.config().read().unwrap_or_else(|_| Node::new("config"));
    let buffer = buffer(&config).unwrap_or_else(|why| {
        warning!("config: {why}; {DEFAULT_BUFFER} bytes it is");
        DEFAULT_BUFFER
    });
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

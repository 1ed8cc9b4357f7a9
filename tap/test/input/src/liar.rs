//! rs_input_liar: an Input server that lies about what it flushed, and about its memory.
#![no_std]
#![no_main]

use genode::{
    cap::Capability,
    dataspace::{Dataspace, SharedRam},
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::input::{Event, Events, InputSession, Key},
    signal::{SignalContext, Transmitter},
};

/// Numbers that it says it flushed, one after the other.
const COUNTS: [i32; 7] = [-1, i32::MIN, 257, i32::MAX, 256, 0, 1];

struct Liar {
    /// Memory that it hands out; none at all for a client that asks so.
    memory: Option<SharedRam>,
    turn: usize,
}

impl InputSession for Liar {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.memory.as_ref().map_or(Capability::INVALID, |memory| memory.cap().clone())
    }

    fn pending(&mut self) -> bool {
        self.turn.is_multiple_of(2)
    }

    fn flush(&mut self) -> i32 {
        self.turn += 1;
        if let Some(memory) = &self.memory {
            // Codes that are none, and a kind of event that is none.
            let events = Events::new(memory);
            for at in 0..events.room() {
                let code = u32::MAX - at as u32;
                let event =
                    if at % 2 == 0 { Event::press(Key(code)) } else { Event::Unknown([code; 4]) };
                let _ = events.write(at, &event);
            }
        }
        COUNTS[(self.turn - 1) % COUNTS.len()]
    }

    /// Signals twice, and too early.
    fn sigh(&mut self, context: Capability<SignalContext>) {
        let client = Transmitter::new(context);
        client.submit();
        client.submit();
    }

    fn exclusive(&mut self, _: bool) {}
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn InputSession, _>(|request: &SessionRequest<'_>| {
        let memory = match request.label().rsplit(' ').next() {
            Some("nothing") => None,
            _ => Some(SharedRam::new(4096).map_err(Refused::from)?),
        };
        Ok::<_, Refused>(Liar { memory, turn: 0 })
    })?;
    Ok(root)
}

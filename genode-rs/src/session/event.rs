//! Event: a driver hands over events of keyboards, pointers and touch screens.
//!
//! The client writes a batch of events into memory that it shares with the server, and calls it.
//! The server side is [`EventServer`]; what it does with events is up to its receiver, for example
//! an [`InputServer`](crate::session::input::InputServer).
//!
//! ```no_run
//! # use genode::{prelude::*, session::{event::EventConnection, input::{Event, Key}}};
//! # fn f(env: Env) -> Result<(), Error> {
//! let events = EventConnection::open(env, "keyboard")?;
//! events.submit([Event::press(Key::KEY_A), Event::release(Key::KEY_A)])?;
//! # Ok(()) }
//! ```
//!
//! Functions are numbered as in Genode 22.08, 24.11 and 26.02, which agree.
//! Reference: `repos/os/include/event_session/event_session.h`.

use core::fmt;

use super::input::{Event, Events};
use crate::{
    cap::Capability,
    connection::Connection,
    dataspace::{Area, Attached, Dataspace},
    env::Env,
    error::Error,
    packet_stream::Buffer,
    root::{Refused, SessionRequest},
};

/// An Event session (`event_session/event_session.h`).
#[genode::rpc(service = "Event", caps = 3, ram = 18 * 1024)]
pub trait EventSession {
    /// Returns the memory that a batch is written to.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Takes the first `count` events from the memory.
    fn submit_batch(&mut self, count: u32);
}

/// Writes events to memory, and calls `flush` with their number when there is no room for more, and
/// at the end.
fn batches<E: From<Error>>(
    memory: &Area,
    events: impl IntoIterator<Item = Event>,
    mut flush: impl FnMut(u32) -> Result<(), E>,
) -> Result<(), E> {
    let memory = Events::new(memory);
    let room = u32::try_from(memory.room()).unwrap_or(u32::MAX);
    let mut count = 0;
    for event in events {
        memory.write(count as usize, &event)?;
        count += 1;
        if count == room {
            flush(count)?;
            count = 0;
        }
    }
    if count > 0 { flush(count) } else { Ok(()) }
}

/// An Event session.
#[must_use = "dropping it closes the session"]
#[derive(Debug)]
pub struct EventConnection {
    // Unmapped before the session is closed.
    buffer: Attached,
    session: Connection<dyn EventSession>,
}

impl EventConnection {
    /// Opens a session.
    ///
    /// # Errors
    /// What opening the session and mapping its memory say.
    pub fn open(env: Env, label: &str) -> Result<Self, Error> {
        let session = Connection::<dyn EventSession>::open(env, label)?;
        let ds = session.dataspace()?;
        if !ds.is_valid() {
            return Err(Error::Gone);
        }
        Ok(Self { buffer: Attached::writeable(&ds)?, session })
    }

    /// Hands over events, in as few calls as the memory has room for.
    ///
    /// # Errors
    /// What a call says; batches before it arrived. [`Error::Argument`] where the server's memory
    /// holds no event.
    pub fn submit(&self, events: impl IntoIterator<Item = Event>) -> Result<(), Error> {
        batches(&self.buffer, events, |count| Ok(self.session.submit_batch(count)?))
    }
}

/// Bytes of a session's memory.
const BUFFER: usize = 4096;

/// Calls `each` for the events of a batch, as far as the memory has room for.
fn take(memory: &Area, count: u32, mut each: impl FnMut(Event)) {
    let memory = Events::new(memory);
    // Events beyond the memory cannot be read.
    for event in (0..count).map_while(|at| memory.read(at as usize).ok()) {
        each(event);
    }
}

/// One session of an Event server, whose receiver takes one event after the other. The client chose
/// them: keys and numbers are of any value.
#[must_use = "dropping it ends the session"]
pub struct EventServer<R> {
    receive: R,
    // Unmapped, then freed.
    buffer: Attached,
    ram: Buffer,
}

impl<R: FnMut(Event)> EventServer<R> {
    /// Makes the session that a client asks for. Its donation pays for the memory, and one call has
    /// no more events than that holds.
    ///
    /// # Errors
    /// [`Refused::InsufficientRam`] when it does not.
    pub fn new(request: &SessionRequest<'_>, receive: R) -> Result<Self, Refused> {
        let ram = Buffer::new(request.ep().into(), request.account(), BUFFER)?;
        Ok(Self { receive, buffer: Attached::writeable(&ram.cap())?, ram })
    }
}

impl<R: FnMut(Event)> EventSession for EventServer<R> {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.ram.cap()
    }

    fn submit_batch(&mut self, count: u32) {
        take(&self.buffer, count, &mut self.receive);
    }
}

impl<R> fmt::Debug for EventServer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventServer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::{dataspace::LocalRam, rpc::Local, session::input::Key};

    #[test]
    fn functions_are_genodes() {
        #[derive(Default)]
        struct Server;
        impl EventSession for Server {
            fn dataspace(&mut self) -> Capability<Dataspace> {
                Capability::INVALID
            }
            fn submit_batch(&mut self, count: u32) {
                assert_eq!(count, 7);
            }
        }
        let session = Local::<dyn EventSession, _>::client(Server);
        assert_eq!(session.dataspace(), Ok(Capability::INVALID));
        assert_eq!(session.submit_batch(7), Ok(()));
    }

    #[test]
    fn memory_without_room_takes_nothing() {
        let memory = LocalRam::new(Event::SIZE - 8).unwrap();
        let room = Events::new(&memory).room();
        let mut called = false;
        let sent = batches::<Error>(&memory, [Event::FocusEnter], |_| {
            called = true;
            Ok(())
        });
        assert_eq!((room, called), (0, false));
        assert!(matches!(sent, Err(Error::Argument { .. })), "{sent:?}");
        take(&memory, 3, |_| panic!("there is none"));
    }

    proptest! {
        /// Batches of one side are what the other one takes, whatever room there is.
        #[test]
        fn events_arrive_in_their_order(codes in prop::collection::vec(any::<u32>(), 0..100),
                                        room in 1_usize..20) {
            let memory = LocalRam::new(room * Event::SIZE).unwrap();
            let sent: Vec<_> = codes.iter().map(|code| Event::press(Key(*code))).collect();
            let (mut got, mut calls) = (Vec::new(), 0);
            batches::<Error>(&memory, sent.iter().copied(), |count| {
                calls += 1;
                take(&memory, count, |event| got.push(event));
                Ok(())
            }).unwrap();
            prop_assert_eq!(calls, sent.len().div_ceil(room));
            prop_assert_eq!(got, sent);
        }

        /// A client that lies about its batch gets what its memory holds, and no more.
        #[test]
        fn a_count_beyond_the_memory_is_cut(count in any::<u32>(), room in 0_usize..20) {
            let memory = LocalRam::new((room * Event::SIZE).max(1)).unwrap();
            let mut got = 0;
            take(&memory, count, |_| got += 1);
            prop_assert_eq!(got, count.min(room as u32));
        }
    }
}

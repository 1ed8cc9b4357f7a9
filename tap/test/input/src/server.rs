//! rs_event_input: an Event server whose events go to all clients of its Input service.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{
    rc::{Rc, Weak},
    vec::Vec,
};
use core::cell::RefCell;

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::{
        event::{EventServer, EventSession},
        input::{Event, InputServer, InputSession, QUEUE},
    },
};

/// Clients of the Input service.
#[derive(Default)]
struct Clients {
    /// As long as their sessions are open.
    open: Vec<Weak<InputServer>>,
    /// Events for the first one, that came before it.
    early: Vec<Event>,
}

/// Gives an event to each client. One whose queue is full has none until it took some.
fn deliver(clients: &RefCell<Clients>, event: Event) {
    let Clients { open, early } = &mut *clients.borrow_mut();
    open.retain(|client| client.strong_count() > 0);
    if open.is_empty() && early.len() < QUEUE {
        early.push(event);
    }
    for client in open.iter().filter_map(Weak::upgrade) {
        if let Event::RelativeMotion { .. } = event
            && !client.is_exclusive()
        {
            continue; // for those that asked
        }
        if let Err(lost) = client.submit(event) {
            warning!("{lost} is lost: a client takes nothing");
        }
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let clients = Rc::new(RefCell::new(Clients::default()));
    let mut root = Root::new(env)?;
    let sources = clients.clone();
    root.serve::<dyn EventSession, _>(move |request: &SessionRequest<'_>| {
        let clients = sources.clone();
        EventServer::new(request, move |event| deliver(&clients, event))
    })?;
    root.serve::<dyn InputSession, _>(move |request: &SessionRequest<'_>| {
        let session = InputServer::new(request)?;
        clients.borrow_mut().open.push(Rc::downgrade(&session));
        let early = core::mem::take(&mut clients.borrow_mut().early);
        for event in early {
            deliver(&clients, event);
        }
        Ok::<_, Refused>(session)
    })?;
    Ok(root)
}

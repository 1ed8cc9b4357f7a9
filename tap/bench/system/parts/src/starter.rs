//! rs_bench_starter: starts components one after the other, and measures how long each takes to its first line.
//!
//! It is the parent of all of them, and serves their LOG sessions: a start is from the decision that a child shall be
//! there to the call that brings its first line. Prints `bench start TIME` per child, in picoseconds. The child before
//! is gone by then.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{boxed::Box, format, rc::Rc, string::String};
use core::cell::{Cell, RefCell};

use genode::{
    cap::RawCap,
    node::Node,
    prelude::*,
    rpc::{InBuffer, Object},
    sandbox::{LocalRequest, LocalService, Sandbox},
    session::log::{LogSession, MAX_STRING},
    signal::Transmitter,
    time::Instant,
};

/// Children that are started.
const CHILDREN: usize = 200;

/// What the sessions tell.
struct Watch {
    started: Cell<Option<Instant>>,
    next: RefCell<Option<Transmitter>>,
}

impl Watch {
    fn line(&self) {
        let Some(started) = self.started.take() else { return };
        let now = Instant::now().map_or(0, Instant::as_micros);
        log!("bench start {}", (now - started.as_micros()) * 1_000_000);
        if let Some(next) = &*self.next.borrow() {
            next.submit();
        }
    }
}

/// A child's LOG session.
struct Line(Rc<Watch>);

impl LogSession for Line {
    fn write(&mut self, _: InBuffer<'_, MAX_STRING>) {
        self.0.line();
    }
}

/// The LOG service for the children.
struct Log {
    env: Env,
    watch: Rc<Watch>,
    sessions: alloc::vec::Vec<Object<dyn LogSession, Line>>,
}

impl LocalService for Log {
    fn open(&mut self, _: &LocalRequest<'_>) -> Result<RawCap, Error> {
        let object = Object::new(self.env.ep(), Line(self.watch.clone()))?;
        let cap = object.cap().clone().into_raw();
        self.sessions.push(object);
        Ok(cap)
    }

    fn close(&mut self, session: &RawCap) {
        self.sessions.retain(|s| s.cap().clone().into_raw() != *session);
    }
}

/// Child `n`, or none.
fn config(n: Option<usize>) -> String {
    let start = |n| {
        format!(
            "<start name=\"idle{n}\" caps=\"60\"><binary name=\"rs_bench_idle\"/>\
             <resource name=\"RAM\" quantum=\"1M\"/></start>"
        )
    };
    let start = n.map(start).unwrap_or_default();
    format!(
        "<config><parent-provides><service name=\"ROM\"/><service name=\"PD\"/><service name=\"CPU\"/>\
         </parent-provides><default-route><service name=\"LOG\"><local/></service>\
         <any-service><parent/></any-service></default-route>{start}</config>"
    )
}

#[genode::component]
fn main(env: Env) -> Result<Box<SignalHandler>, Error> {
    let watch = Rc::new(Watch { started: Cell::new(None), next: RefCell::new(None) });
    let sandbox = Sandbox::new(env, |_| {})?;
    let sessions = alloc::vec::Vec::new();
    sandbox.serve("LOG", Log { env, watch: watch.clone(), sessions });
    let running = Cell::new(0);
    let next = SignalHandler::new(env.ep(), {
        let watch = watch.clone();
        move |_| {
            let n = running.replace(running.get() + 1);
            if n == CHILDREN {
                log!("bench finished 0");
                return;
            }
            let apply = |n| Node::parse(config(n).as_bytes()).map(|config| sandbox.apply(&config));
            let _ = apply(None);
            watch.started.set(Instant::now());
            let _ = apply(Some(n));
        }
    })?;
    let first = Transmitter::new(next.cap().clone());
    first.submit();
    *watch.next.borrow_mut() = Some(first);
    Ok(Box::new(next))
}

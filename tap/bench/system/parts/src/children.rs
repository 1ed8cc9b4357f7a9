//! rs_bench_children: an init with as many idle children as its configuration says, and the time
//! that its work for them takes.
//!
//! Does what `rs_init` does, with clocks: a configuration is read from its text and applied, the
//! state is written as text. Prints `bench NAME TIME`, in picoseconds.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, rc::Rc, string::String, vec::Vec};
use core::{cell::Cell, fmt::Write};

use genode::{
    cap::RawCap,
    node::{Node, Syntax},
    prelude::*,
    rpc::{InBuffer, Object},
    sandbox::{LocalRequest, LocalService, Sandbox},
    session::log::{LogSession, MAX_STRING},
    signal::Transmitter,
    time::Instant,
};

/// Changes that are made, each of another child.
const CHANGES: usize = 51;
/// Reports that are written.
const REPORTS: usize = 21;

/// The children's configuration, where one of them has another config of its own if something
/// `changed`, and reports tell of `more`.
fn config(children: usize, changed: Option<(usize, usize)>, more: &str) -> String {
    let mut text = format!(
        "<config>\n<report ids=\"yes\" child_ram=\"yes\" child_caps=\"yes\"{more}/>\n\
         <parent-provides> <service name=\"ROM\"/> <service name=\"PD\"/> <service name=\"CPU\"/> </parent-provides>\n\
         <default-route>\n\t<service name=\"LOG\"> <local/> </service>\n\t<any-service> <parent/> </any-service>\n\
         </default-route>\n<default caps=\"60\" ram=\"1M\"/>\n",
    );
    for index in 0..children {
        let value = changed.filter(|(i, _)| *i == index).map_or(0, |(_, change)| 1 + change);
        // writing to a string cannot fail
        let _ = writeln!(
            text,
            "<start name=\"idle{index}\"> <binary name=\"rs_bench_idle\"/> <config value=\"{value}\"/> </start>"
        );
    }
    text.push_str("</config>\n");
    text
}

fn now() -> u64 {
    Instant::now().map_or(0, Instant::as_micros)
}

/// Does something, and tells how long it took.
fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let before = now();
    let result = work();
    log!("bench {name} {}", (now() - before) * 1_000_000);
    result
}

fn apply(sandbox: &Sandbox, text: &str) {
    match Node::parse(text.as_bytes()) {
        Ok(node) => sandbox.apply(&node),
        Err(e) => error!("config: {e}"),
    }
}

/// Measures what there is to do for children that run.
fn measure(sandbox: &Sandbox, children: usize) {
    for change in 0..CHANGES {
        let text = config(children, Some((change * 17 % children, change)), "");
        let node = timed("parse", || Node::parse(text.as_bytes()));
        if let Ok(node) = node {
            timed("change", || sandbox.apply(&node));
        }
    }
    for (name, more) in [("report", ""), ("sessions", " requested=\"yes\"")] {
        apply(sandbox, &config(children, None, more));
        for _ in 0..REPORTS {
            if timed(name, || sandbox.state().write(Syntax::Hid)).is_err() {
                error!("the state cannot be written");
            }
        }
    }
    log!("bench finished 0");
}

/// A child's LOG session.
struct Line(Rc<dyn Fn()>);

impl LogSession for Line {
    fn write(&mut self, _: InBuffer<'_, MAX_STRING>) {
        (self.0)();
    }
}

/// The LOG service for the children.
struct Log {
    env: Env,
    heard: Rc<dyn Fn()>,
    sessions: Vec<Object<dyn LogSession, Line>>,
}

impl LocalService for Log {
    fn open(&mut self, _: &LocalRequest<'_>) -> Result<RawCap, Error> {
        let object = Object::new(self.env.ep(), Line(self.heard.clone()))?;
        let cap = object.cap().clone().into_raw();
        self.sessions.push(object);
        Ok(cap)
    }

    fn close(&mut self, session: &RawCap) {
        self.sessions.retain(|s| s.cap().clone().into_raw() != *session);
    }
}

#[genode::component]
fn main(env: Env) -> Result<(Sandbox, SignalHandler), Error> {
    let children = env.config().read().map_or(1, |config| config.attr_or("children", 1).max(1));
    let sandbox = Sandbox::new(env, |_| {})?;
    let up = SignalHandler::new(env.ep(), {
        let sandbox = sandbox.clone();
        move |_| measure(&sandbox, children)
    })?;
    let all_up = Transmitter::new(up.cap().clone());
    let (lines, before) = (Cell::new(0), now());
    let heard = Rc::new(move || {
        lines.set(lines.get() + 1);
        if lines.get() == children {
            log!("bench start {}", (now() - before) * 1_000_000);
            all_up.submit();
        }
    });
    sandbox.serve("LOG", Log { env, heard, sessions: Vec::new() });
    apply(&sandbox, &config(children, None, ""));
    Ok((sandbox, up))
}

//! Clients that are ended while their session is being made, again and again: the server's answer comes when whoever asked is
//! gone, and its slot may be another's. Nobody is to get an answer that is not its own.

use alloc::{rc::Rc, string::String, vec::Vec};
use core::cell::{Cell, RefCell};

use fastrand::Rng;
use genode::{
    node::Node,
    prelude::*,
    quota::Quota,
    sandbox::{End, Event, Sandbox},
};

use crate::watch::{self, Watch};

/// Ticks between two restarts: less than a session takes.
const EVERY: u32 = 3;
/// Clients that are ended.
const RESTARTS: u32 = 100;
/// Ticks until everything has settled.
const SETTLED: u32 = 20;

struct Parent {
    env: Env,
    config: Node,
    none: Node,
    clients: Vec<String>,
    ended: RefCell<Vec<String>>,
    /// Of the clients, in order: served once nobody is ended any more.
    done: RefCell<Vec<bool>>,
    ticks: Cell<u32>,
    restarts: Cell<u32>,
    served: Cell<u32>,
    wrong: Cell<u32>,
    random: RefCell<Rng>,
    before: Cell<Option<Quota>>,
    over: Cell<Option<u32>>,
}

impl Watch for Parent {
    fn on_events(&self, events: &[Event]) {
        for event in events {
            let Event::Ended { child, end } = event else { continue };
            if *end == End::Exited(0) {
                self.served.set(self.served.get() + 1);
            } else {
                error!("{child} was not served as it should");
                self.wrong.set(self.wrong.get() + 1);
            }
            self.ended.borrow_mut().push(child.clone());
        }
    }

    fn on_tick(&self, sandbox: &Sandbox) {
        let now = self.ticks.get() + 1;
        self.ticks.set(now);
        // Everything was there once, so that what it costs for good is known.
        if now == SETTLED {
            return sandbox.apply(&self.none);
        }
        if now == 2 * SETTLED {
            self.before.set(Some(self.env.quota()));
            self.ended.borrow_mut().clear();
            self.served.set(0);
            self.wrong.set(0);
            return sandbox.apply(&self.config);
        }
        if now < 2 * SETTLED {
            return;
        }
        if let Some(over) = self.over.get() {
            if now == over + SETTLED {
                self.judge();
            }
            return;
        }
        let ended = self.ended.take();
        if self.restarts.get() < RESTARTS {
            for child in &ended {
                sandbox.restart(child);
            }
            if now.is_multiple_of(EVERY)
                && let Some(client) = self.clients.get(self.random(self.clients.len()))
            {
                self.restarts.set(self.restarts.get() + 1);
                sandbox.restart(client);
            }
            return;
        }
        let mut done = self.done.borrow_mut();
        for (client, done) in self.clients.iter().zip(done.iter_mut()) {
            *done |= ended.contains(client);
        }
        if done.iter().all(|done| *done) {
            self.over.set(Some(now));
            sandbox.apply(&self.none);
        }
    }
}

impl Parent {
    fn random(&self, n: usize) -> usize {
        self.random.borrow_mut().usize(..n)
    }

    fn judge(&self) {
        let Some(before) = self.before.get() else { self.env.exit(1) };
        let after = self.env.quota();
        let (ram, caps) = watch::missing(&before, &after);
        let (served, wrong) = (self.served.get(), self.wrong.get());
        log!(
            "{RESTARTS} clients ended while they waited or were served, {served} were served, {wrong} wrongly; missing: {ram} bytes, {caps} caps"
        );
        let right = (wrong, ram, caps) == (0, 0, 0) && served > 0;
        self.env.exit(i32::from(!right))
    }
}

pub(crate) fn run(env: Env, config: &Node) -> Result<(), Error> {
    let role = |start: &Node| start.child("config").and_then(|c| c.attr("role")) == Some("asks");
    let clients: Vec<String> = config
        .children_of("start")
        .filter(|start| role(start))
        .filter_map(|start| start.attr("name"))
        .map(String::from)
        .collect();
    let parent = Rc::new(Parent {
        env,
        config: config.clone(),
        none: Node::parse(b"<config/>").map_err(|_| Error::Invalid)?,
        done: RefCell::new(alloc::vec![false; clients.len()]),
        clients,
        ended: RefCell::new(Vec::new()),
        ticks: Cell::new(0),
        restarts: Cell::new(0),
        served: Cell::new(0),
        wrong: Cell::new(0),
        random: RefCell::new(Rng::with_seed(1)),
        before: Cell::new(None),
        over: Cell::new(None),
    });
    watch::start(env, parent, config)
}

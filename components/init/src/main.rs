//! rs_init: starts components as its ROM `config` says, and follows each change of it.
//!
//! A plain user of [`genode::sandbox`], which has all the logic.
#![no_std]
#![no_main]

extern crate alloc;

mod reports;

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{
    node::{Node, ParseErrorKind},
    prelude::*,
    sandbox::{Config, Event, Sandbox},
    session::rom::RomConnection,
};

use crate::reports::Reports;

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 1 << 20;

/// What the component works with.
struct Init {
    sandbox: Sandbox,
    config: RefCell<RomConnection>,
    reports: Reports,
}

impl Init {
    /// Reads the configuration and makes it so. One that cannot be read changes nothing.
    fn update(self: &Rc<Self>) {
        let bytes = match self.config.borrow_mut().read(MAX_CONFIG) {
            Ok(bytes) => bytes,
            Err(Error::Overflow) => {
                let size = self.config.borrow().size();
                return error!(
                    "config has {size} bytes, more than the {MAX_CONFIG} that are read, nothing changes: move children into another init"
                );
            }
            Err(e) => return error!("config cannot be read, nothing changes: {e}"),
        };
        match Node::parse(&bytes) {
            Ok(node) => self.apply(&node, &bytes),
            // a ROM without content, as report_rom has it before the first report, wants no children
            Err(e) if e.kind == ParseErrorKind::Empty => self.apply(&Node::new("config"), &bytes),
            Err(e) => error!("config is malformed, nothing changes: {e}"),
        }
    }

    fn apply(self: &Rc<Self>, node: &Node, bytes: &[u8]) {
        if !node.has_tag("config") {
            warning!("config {}: expected <config>, found <{}>", node.pos(), node.tag());
        }
        let syntax = Node::syntax_of(bytes);
        self.sandbox.syntax(syntax);
        let report = Config::report_of(node);
        let weak = Rc::downgrade(self);
        self.reports.configure(report, syntax, move |sample| {
            if let Some(init) = weak.upgrade() {
                init.reports.fired(&init.sandbox, sample);
            }
        });
        self.sandbox.apply(node);
        self.reports.send(&self.sandbox);
    }

    /// Reports what happened: at once if somebody may have to act on it.
    fn happened(&self, events: &[Event]) {
        let urgent = |e: &Event| matches!(e, Event::Ended { .. } | Event::ResourceRequest { .. });
        if events.iter().any(urgent) {
            self.reports.send(&self.sandbox);
        } else {
            self.reports.schedule(&self.sandbox);
        }
    }
}

/// What is kept for the component's life.
struct Main {
    _init: Rc<Init>,
    _on_config: SignalHandler,
    _on_heartbeat: SignalHandler,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let config = RomConnection::open(env, "config")?;
    // known to the events' closure once it exists
    let known: Rc<RefCell<Option<Rc<Init>>>> = Rc::default();
    let sandbox = Sandbox::new(env, {
        let known = known.clone();
        move |events| {
            let init = known.borrow().clone();
            if let Some(init) = init {
                init.happened(events);
            }
        }
    })?;
    let init = Rc::new(Init { sandbox, config: RefCell::new(config), reports: Reports::new(env) });
    *known.borrow_mut() = Some(init.clone());
    let handler = SignalHandler::new(env.ep(), {
        let init = init.clone();
        move |_| init.update()
    })?;
    init.config.borrow().sigh(handler.cap())?;
    // whoever watches this one wants to know whether it still handles its signals
    let heartbeat = SignalHandler::new(env.ep(), move |_| env.parent().heartbeat_response())?;
    env.parent().heartbeat_sigh(Some(&heartbeat));
    init.update();
    Ok(Main { _init: init, _on_config: handler, _on_heartbeat: heartbeat })
}

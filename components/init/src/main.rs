//! rs_init: starts components as its ROM `config` says, and follows each change of it.
//!
//! A plain user of [`genode::sandbox`], which has all the logic.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use genode::{
    node::{Node, ParseErrorKind, Syntax},
    prelude::*,
    sandbox::Sandbox,
    session::{report::Reporter, rom::RomConnection},
};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 1 << 20;

/// Largest state report, in bytes.
const MAX_REPORT: usize = 64 << 10;

/// What the component works with.
struct Init {
    env: Env,
    sandbox: Sandbox,
    config: RefCell<RomConnection>,
    reporter: RefCell<Option<Reporter>>,
    syntax: Cell<Syntax>,
}

impl Init {
    /// Reads the configuration and makes it so. One that cannot be read changes nothing.
    fn update(&self) {
        let bytes = match self.config.borrow_mut().read(MAX_CONFIG) {
            Ok(bytes) => bytes,
            Err(e) => return error!("config cannot be read, nothing changes: {e}"),
        };
        match Node::parse(&bytes) {
            Ok(node) => self.apply(&node, &bytes),
            // a ROM without content, as report_rom has it before the first report, wants no children
            Err(e) if e.kind == ParseErrorKind::Empty => self.apply(&Node::new("config"), &bytes),
            Err(e) => error!("config is malformed, nothing changes: {e}"),
        }
    }

    fn apply(&self, node: &Node, bytes: &[u8]) {
        if !node.has_tag("config") {
            warning!("config {}: expected <config>, found <{}>", node.pos(), node.tag());
        }
        self.syntax.set(Node::syntax_of(bytes));
        self.sandbox.syntax(self.syntax.get());
        self.sandbox.apply(node);
        self.report();
    }

    /// Reports the state, if the configuration asks for it.
    fn report(&self) {
        let mut reporter = self.reporter.borrow_mut();
        if self.sandbox.report().is_none() {
            *reporter = None;
            return;
        }
        if reporter.is_none() {
            match Reporter::with_buffer(self.env, "state", MAX_REPORT) {
                Ok(mut opened) => {
                    opened.syntax(self.syntax.get());
                    *reporter = Some(opened);
                }
                Err(e) => {
                    return error!(
                        "no state reports without a Report session; route one to this component or remove <report>: {e}"
                    );
                }
            }
        }
        if let Some(reporter) = &*reporter
            && let Err(e) = reporter.report(&self.sandbox.state())
        {
            warning!("state report failed: {e}");
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
        move |_| {
            let init = known.borrow().clone();
            if let Some(init) = init {
                init.report();
            }
        }
    })?;
    let init = Rc::new(Init {
        env,
        sandbox,
        config: RefCell::new(config),
        reporter: RefCell::new(None),
        syntax: Cell::new(Syntax::Xml),
    });
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

//! Reports configurations and compares states.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::cell::{Cell, RefCell};

use genode::{
    node::{Node, Syntax},
    prelude::*,
    session::{report::Reporter, rom::RomConnection},
};

use crate::steps::{self, Step};

/// Largest state report that is read, in bytes.
const MAX_STATE: usize = 64 << 10;

/// Largest configuration that is written, in bytes.
const MAX_CONFIG: usize = 16 << 10;

struct Driver {
    env: Env,
    config: Reporter,
    state: RefCell<RomConnection>,
    steps: Vec<Step>,
    at: Cell<usize>,
}

impl Driver {
    /// Asks for the next configuration, or ends.
    fn next(&self) {
        let Some(step) = self.steps.get(self.at.get()) else {
            log!("--- init test finished ---");
            self.env.exit(0)
        };
        let sent = match step.syntax {
            Some(syntax) => match Node::parse(step.config.as_bytes()).map(|n| n.write(syntax)) {
                Ok(Ok(text)) => self.config.report_bytes(text.as_bytes()),
                _ => Err(Error::Invalid),
            },
            None => self.config.report_bytes(step.config.as_bytes()),
        };
        if let Err(e) = sent {
            error!("config of step '{}' cannot be reported: {e}", step.name);
            self.env.exit(-1)
        }
    }

    /// A new state: is it the one that the step leads to?
    fn look(&self) {
        let Ok(text) = self.state.borrow_mut().read(MAX_STATE) else { return };
        let Ok(state) = Node::parse(&text) else { return };
        // a state belongs to a configuration if it has its version; later ones may follow, when children react
        while let Some(step) = self.steps.get(self.at.get())
            && state.attr_or("version", 0usize) == self.at.get() + 1
            && (step.reached)(&state)
        {
            log!("{}", step.name);
            self.at.set(self.at.get() + 1);
            self.next();
        }
    }
}

pub(crate) fn run(env: Env, config: &Node) -> Result<(), Error> {
    if config.attr_or("malformed", false) {
        return malformed(env);
    }
    let syntax = if config.attr_or("hid", false) { Syntax::Hid } else { Syntax::Xml };
    log!("--- init test ---");
    let driver = Rc::new(Driver {
        env,
        config: Reporter::with_buffer(env, "init.config", MAX_CONFIG)?,
        state: RefCell::new(RomConnection::open(env, "state")?),
        steps: steps::all(syntax, config.attr_or("dead_servers", false)),
        at: Cell::new(0),
    });
    let handler = SignalHandler::new(env.ep(), {
        let driver = driver.clone();
        move |_| driver.look()
    })?;
    driver.state.borrow().sigh(handler.cap())?;
    // kept for the component's life
    Box::leak(Box::new(handler));
    driver.next();
    Ok(())
}

/// Configurations that are none: rs_init says so, with the place, and goes on.
fn malformed(env: Env) -> Result<(), Error> {
    let reporter = Reporter::with_buffer(env, "init.config", MAX_CONFIG)?;
    reporter.report_bytes(b"<config>\n  <start name=\"a\">\n</config>\n")?;
    Box::leak(Box::new(reporter)); // the report goes with it
    Ok(())
}

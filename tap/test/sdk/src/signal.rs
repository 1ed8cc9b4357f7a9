//! rs_signal_test: what signals promise, checked one by one.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, vec, vec::Vec};
use core::cell::{Cell, RefCell};

use genode::{prelude::*, signal::Transmitter, thread};

/// How often a thread submits in [`submitted_by_a_thread`].
const BURST: u32 = 10_000;

/// Counts what was checked, and ends the component at the first thing that is wrong.
#[derive(Clone)]
struct Checks {
    env: Env,
    passed: Rc<Cell<u32>>,
}

impl Checks {
    fn check(&self, what: &str, ok: bool) {
        if !ok {
            error!("signal test: {what}: failed");
            self.env.exit(1);
        }
        self.passed.set(self.passed.get() + 1);
    }
}

/// A handler that counts runs and signals.
struct Counter {
    handler: SignalHandler,
    runs: Rc<Cell<u32>>,
    signals: Rc<Cell<u32>>,
}

impl Counter {
    fn new(env: Env, io: bool) -> Result<Self, Error> {
        let (runs, signals) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let handle = {
            let (runs, signals) = (runs.clone(), signals.clone());
            move |count: u32| {
                runs.set(runs.get() + 1);
                signals.set(signals.get() + count);
            }
        };
        let handler = if io {
            SignalHandler::io(env.ep(), handle)
        } else {
            SignalHandler::new(env.ep(), handle)
        }?;
        Ok(Self { handler, runs, signals })
    }

    fn transmitter(&self) -> Transmitter {
        Transmitter::new(self.handler.cap().clone())
    }

    fn wait_for(&self, env: Env, signals: u32) {
        while self.signals.get() < signals {
            env.ep().wait_io_signal();
        }
    }
}

#[genode::component]
fn main(env: Env) -> Result<Vec<SignalHandler>, Error> {
    log!("--- signal test ---");
    let checks = Checks { env, passed: Rc::new(Cell::new(0)) };
    submissions_are_counted(env, &checks)?;
    submitted_by_a_thread(env, &checks)?;
    an_invalid_context_is_silent(&checks);
    a_dropped_handler_is_silent(env, &checks)?;
    a_handler_may_drop_itself(env, &checks)?;
    contexts_cost_nothing_when_gone(env, &checks)?;
    other_handlers_run_after_return(env, &checks)
}

fn submissions_are_counted(env: Env, checks: &Checks) -> Result<(), Error> {
    let (a, b) = (Counter::new(env, true)?, Counter::new(env, true)?);
    a.handler.submit();
    b.transmitter().submit();
    b.transmitter().submit_many(5);
    b.transmitter().submit_many(0);
    a.wait_for(env, 1);
    b.wait_for(env, 6);
    checks.check("each submission is counted", (a.signals.get(), b.signals.get()) == (1, 6));
    checks.check("submissions are merged", a.runs.get() == 1 && b.runs.get() <= 2);
    log!("submissions are counted, and merged");
    Ok(())
}

fn submitted_by_a_thread(env: Env, checks: &Checks) -> Result<(), Error> {
    let counter = Counter::new(env, true)?;
    let transmitter = counter.transmitter();
    let thread = thread::Builder::new("sender").spawn(move || {
        for _ in 0..BURST {
            transmitter.submit();
        }
    })?;
    counter.wait_for(env, BURST);
    drop(thread); // waits
    checks.check("no submission is lost or doubled", counter.signals.get() == BURST);
    log!("{BURST} submissions of a thread arrived");
    Ok(())
}

fn an_invalid_context_is_silent(checks: &Checks) {
    Transmitter::default().submit();
    Transmitter::new(Capability::INVALID).submit_many(3);
    checks.check("submitting to nobody", true);
}

fn a_dropped_handler_is_silent(env: Env, checks: &Checks) -> Result<(), Error> {
    let gone = Counter::new(env, true)?;
    let (to_gone, signals) = (gone.transmitter(), gone.signals.clone());
    to_gone.submit();
    drop(gone);
    to_gone.submit();
    let after = Counter::new(env, true)?;
    after.handler.submit();
    after.wait_for(env, 1);
    checks.check("a dropped handler does not run", signals.get() == 0);
    log!("a dropped handler is silent");
    Ok(())
}

fn a_handler_may_drop_itself(env: Env, checks: &Checks) -> Result<(), Error> {
    let slot = Rc::new(RefCell::new(None::<SignalHandler>));
    let runs = Rc::new(Cell::new(0));
    let handler = SignalHandler::io(env.ep(), {
        let (slot, runs) = (slot.clone(), runs.clone());
        move |_| {
            runs.set(runs.get() + 1);
            drop(slot.take());
        }
    })?;
    let transmitter = Transmitter::new(handler.cap().clone());
    *slot.borrow_mut() = Some(handler);
    transmitter.submit();
    while runs.get() == 0 {
        env.ep().wait_io_signal();
    }
    transmitter.submit();
    let after = Counter::new(env, true)?;
    after.handler.submit();
    after.wait_for(env, 1);
    checks.check("it ran once", runs.get() == 1 && slot.borrow().is_none());
    log!("a handler dropped itself");
    Ok(())
}

fn contexts_cost_nothing_when_gone(env: Env, checks: &Checks) -> Result<(), Error> {
    let round = || -> Result<(), Error> {
        let handlers =
            (0..10).map(|_| Counter::new(env, false)).collect::<Result<Vec<_>, Error>>()?;
        checks.check("each handler is one of its own", handlers.len() == 10);
        Ok(())
    };
    round()?; // a heap that grows for so many at a time keeps its memory
    let before = env.quota().caps_used;
    round()?;
    round()?;
    checks.check("capabilities are given back", env.quota().caps_used == before);
    log!("30 handlers came and went");
    Ok(())
}

/// A handler that is none for I/O waits for the entrypoint; the test ends in it.
fn other_handlers_run_after_return(env: Env, checks: &Checks) -> Result<Vec<SignalHandler>, Error> {
    let returned = Rc::new(Cell::new(false));
    let handler = SignalHandler::new(env.ep(), {
        let (returned, checks) = (returned.clone(), checks.clone());
        move |_| {
            checks.check("a plain handler waits for the entrypoint", returned.get());
            log!("--- signal test finished: {} checks passed ---", checks.passed.get());
            env.exit(0);
        }
    })?;
    handler.submit();
    let io = Counter::new(env, true)?;
    io.handler.submit();
    io.wait_for(env, 1);
    handler.submit();
    returned.set(true);
    Ok(vec![handler, io.handler])
}

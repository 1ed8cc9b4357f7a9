//! Signals, tasks, further entrypoints; then the component's end.

use alloc::{rc::Rc, string::String};
use core::cell::RefCell;

use genode::{
    affinity::Location,
    entrypoint::{DEFAULT_STACK, Entrypoint},
    prelude::*,
    signal::Transmitter,
    task::{Events, Tasks},
    thread,
};

use rs_checks::{at, ensure};

/// What lives until the test is over.
pub(crate) struct Test {
    _tasks: Tasks,
    _handler: SignalHandler,
}

impl Test {
    pub(crate) fn start(env: Env) -> Result<Self, String> {
        let tasks = Tasks::new(env.ep()).map_err(at("tasks"))?;
        let events = Events::new(env.ep()).map_err(at("events"))?;
        let from_other = Events::new(env.ep()).map_err(at("events"))?;
        let remote = Transmitter::new(from_other.cap().clone());
        let local = Transmitter::new(events.cap().clone());

        // Many submissions before the handler runs are one call with their number.
        let handled = Rc::new(RefCell::new(0));
        let handler = {
            let handled = handled.clone();
            SignalHandler::new(env.ep(), move |count| *handled.borrow_mut() += count)
                .map_err(at("handler"))?
        };
        for _ in 0..5 {
            handler.submit();
        }
        Transmitter::new(handler.cap().clone()).submit_many(37);

        tasks.spawn(async move {
            let result = check(&events, &local, &from_other, remote, &handled).await;
            match result {
                Ok(()) => {
                    log!("--- SDK test finished ---");
                    env.exit(0)
                }
                Err(message) => {
                    error!("{message}");
                    env.exit(1)
                }
            }
        });
        Ok(Self { _tasks: tasks, _handler: handler })
    }
}

async fn check(
    events: &Events,
    local: &Transmitter,
    from_other: &Events,
    remote: Transmitter,
    handled: &RefCell<u32>,
) -> Result<(), String> {
    let mut received = 0;
    for n in 1..=10 {
        local.submit_many(n);
        received += events.next().await;
    }
    ensure!(received == 55, "{received} of 55 signals arrived");
    ensure!(*handled.borrow() == 42, "{} of 42 submissions were handled", handled.borrow());
    log!("signals: ok");

    let main_thread = thread::current_id();
    Entrypoint::spawn("second", DEFAULT_STACK, Location::cpu(0, 0), move |_ep| {
        if thread::current_id() != main_thread {
            remote.submit();
        }
    })
    .map_err(at("second entrypoint"))?;
    from_other.next().await;
    log!("entrypoints: ok");
    Ok(())
}

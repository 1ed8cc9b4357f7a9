//! rs_bench_client: measures calls, capabilities, sessions and signals, each in runs of many.
//!
//! Prints `bench NAME TIME` per run: picoseconds for one operation.
#![no_std]
#![no_main]

extern crate alloc;

mod interface;

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use genode::{
    connection::Connection, prelude::*, session::rom::RomSession, signal::Transmitter,
    time::Instant,
};
use interface::Bench;

/// Runs of each measurement; the first warms up and is not reported.
const RUNS: u32 = 8;

/// Microseconds since some start.
fn now() -> u64 {
    Instant::now().map_or(0, Instant::as_micros)
}

/// Measure `n` times `operation`, `RUNS` times.
fn measure(
    name: &str,
    n: u64,
    mut operation: impl FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    for run in 0..RUNS {
        let start = now();
        for _ in 0..n {
            operation()?;
        }
        let spent = now() - start;
        if run > 0 {
            log!("bench {name} {}", spent * 1_000_000 / n);
        }
    }
    Ok(())
}

/// Signals back and forth, `n` times a run.
struct Match {
    env: Env,
    to_server: Transmitter,
    _session: Connection<dyn Bench>,
    n: u64,
    left: Cell<u64>,
    runs: Cell<u32>,
    start: Cell<u64>,
}

impl Match {
    fn ball(&self) {
        if self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            return self.to_server.submit();
        }
        if self.runs.get() > 0 {
            log!("bench signal_round_trip {}", (now() - self.start.get()) * 1_000_000 / self.n);
        }
        if self.runs.get() == RUNS {
            log!("bench finished 0");
            self.env.exit(0);
        }
        self.runs.set(self.runs.get() + 1);
        self.left.set(self.n);
        self.start.set(now());
        self.to_server.submit();
    }
}

#[genode::component]
fn main(env: Env) -> Result<Box<SignalHandler>, Error> {
    let session = Connection::<dyn Bench>::open(env, "")?;
    let game: Rc<RefCell<Option<Rc<Match>>>> = Rc::default();
    let handler = {
        let game = Rc::clone(&game);
        SignalHandler::new(env.ep(), move |_| {
            let game = game.borrow().clone();
            if let Some(game) = game {
                game.ball();
            }
        })?
    };

    measure("rpc", 20_000, || {
        let sum = session.echo(1, 2, 3, 4, 5, 6, 7)?;
        if sum == 8 { Ok(()) } else { Err(Error::Invalid) }
    })?;
    let cap = handler.cap().clone();
    measure("rpc_cap", 5_000, || {
        session.take(1, 2, 3, 4, 5, 6, 7, cap.clone())?;
        Ok(())
    })?;
    measure("session_core", 500, || {
        Connection::<dyn RomSession>::open(env, "rs_bench_idle").map(drop)
    })?;
    measure("session_sibling", 500, || Connection::<dyn Bench>::open(env, "").map(drop))?;

    let to_server = Transmitter::new(session.play(handler.cap().clone())?);
    let new = Match {
        env,
        to_server,
        _session: session,
        n: 5_000,
        left: Cell::new(0),
        runs: Cell::new(0),
        start: Cell::new(0),
    };
    let new = Rc::new(new);
    *game.borrow_mut() = Some(Rc::clone(&new));
    new.ball();
    Ok(Box::new(handler))
}

//! rs_torture_parent: starts a writer and its storage, kills either at random times, and starts it
//! anew.
//!
//! A child that is started anew is killed first, whatever it does: on the host by SIGKILL. Since
//! the disk's sessions go with it, so does the writer.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::rc::Rc;
use core::{cell::Cell, time::Duration};

use fastrand::Rng;
use genode::{
    connection::Connection,
    prelude::*,
    sandbox::{End, Event, Sandbox},
    session::timer::TimerConnection,
};
use storage_check::Keeper;

/// Time between two looks.
const TICK: Duration = Duration::from_millis(20);

/// Of so many ticks one kills.
const ODDS: u32 = 10;

/// Starts both anew: a writer has nothing without its disk.
fn both(sandbox: &Sandbox) {
    sandbox.restart("disk");
    sandbox.restart("rs_torture");
}

/// Kills that are left to do, and what they depend on.
struct Strikes {
    left: Rc<Cell<u32>>,
    random: Rng,
    journal: Connection<dyn Keeper>,
    /// Syncs at the last kill.
    syncs: u64,
}

impl Strikes {
    /// Kills the writer, or the disk, until as many kills are done. Every other one waits for a
    /// life that has checked all blocks and synced, however busy the machine is.
    fn strike(&mut self, sandbox: &Sandbox) {
        let left = self.left.get();
        if left == 0 || self.random.u32(..ODDS) > 0 {
            return;
        }
        let Ok(syncs) = self.journal.syncs() else { return };
        if left.is_multiple_of(2) && syncs == self.syncs {
            return;
        }
        self.syncs = syncs;
        self.left.set(left - 1);
        if self.random.bool() {
            both(sandbox);
        } else {
            sandbox.restart("rs_torture");
        }
    }
}

#[genode::component]
fn main(env: Env) -> Result<(Sandbox, TimerConnection, SignalHandler), Error> {
    let config = env.config().read()?;
    let kills: u32 = config.attr_or("kills", 30);
    let left = Rc::new(Cell::new(kills));
    let sandbox = Sandbox::supervise(env, {
        let left = left.clone();
        move |sandbox, event| match event {
            Event::Ended { child, end: End::Exited(0) } if child == "rs_torture" => {
                if left.get() == 0 {
                    log!("{kills} kills: nothing is lost that was synced");
                    env.exit(0)
                }
                sandbox.restart("rs_torture");
            }
            // Nobody is to die by itself.
            Event::Ended { child, end } => error!("surprise: {child} ended: {end:?}"),
            _ => (),
        }
    })?;
    let random = Rng::with_seed(config.attr_or("seed", 1));
    let journal = Connection::<dyn Keeper>::open(env, "")?;
    let mut strikes = Strikes { left, random, journal, syncs: 0 };
    let timer = TimerConnection::open(env, "tick")?;
    let tick = SignalHandler::new(env.ep(), {
        let sandbox = sandbox.clone();
        move |_| strikes.strike(&sandbox)
    })?;
    timer.sigh(tick.cap())?;
    timer.trigger_periodic(TICK)?;
    sandbox.apply(&config);
    Ok((sandbox, timer, tick))
}

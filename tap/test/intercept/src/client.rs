//! A client of an interceptor: sees where its thread runs, and what its account says.
#![no_std]
#![no_main]

use genode::{dataspace::RamDataspace, prelude::*};
use rs_checks::{Test, at, ensure};
use rs_intercept::{MOVE, TOO_MUCH, Worker, cpu};

/// Looks at where a thread runs, often enough to see one that is free to move.
fn stays(worker: &Worker) -> bool {
    let first = worker.cpu();
    (0..50).all(|_| worker.cpu() == first)
}

fn memory(env: Env) -> Test {
    let before = env.quota();
    let ds = RamDataspace::new(64 << 10).map_err(at("allocation"))?;
    ensure("it is paid", env.quota().ram_used.0 >= before.ram_used.0 + (64 << 10))?;
    ensure("by this account", env.quota().ram_limit == before.ram_limit)?;
    drop(ds);
    ensure("it is given back", env.quota().ram_used == before.ram_used)?;
    let refused = RamDataspace::new(TOO_MUCH as usize);
    ensure("a refusal", refused.err() == Some(Error::OutOfRam))?;
    log!("the account is its own");
    Ok(())
}

fn threads(env: Env) -> Test {
    let width = env.affinity_space().width;
    if width < 2 {
        log!("SKIP: one CPU: no thread can be moved");
        return Ok(());
    }
    let worker = Worker::start(cpu(1), || ()).map_err(at("thread"))?;
    let begun = worker.cpu();
    ensure("it stays where it was put", stays(&worker))?;
    worker.migrate(cpu(1)).map_err(at("migrate"))?;
    ensure("it stays where it may not leave", stays(&worker) && worker.cpu() == begun)?;
    let ds = RamDataspace::new(MOVE as usize).map_err(at("allocation"))?;
    ensure("it is moved", worker.cpu() != begun)?;
    ensure("it stays where it was moved to", stays(&worker))?;
    log!("its thread is where the interceptor wants it");
    drop(ds);
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    if let Err(why) = memory(env).and_then(|()| threads(env)) {
        error!("failed: {why}");
        env.exit(1)
    }
    env.exit(0)
}

//! Opens sessions, calls, shares memory, on a thread of its own; the entrypoint watches that it never blocks for ever.

use alloc::{boxed::Box, sync::Arc};
use core::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use genode::{
    connection::Connection,
    dataspace::{Attached, RamDataspace},
    prelude::*,
    thread,
};

use crate::server::Storm;

/// Calls in a session.
const CALLS: u64 = 20;
/// Heartbeats without any progress after which a thread is blocked for ever.
const PATIENCE: u32 = 80;
/// Word that the server is to see.
const WORD: u64 = 1 << 40;

/// What no death of the server explains.
fn surprise(env: Env, what: &str, value: i32) -> ! {
    error!("surprise: {what}");
    env.exit(value)
}

/// One call with memory to share; an error if the server is gone.
fn call(env: Env, session: &Connection<dyn Storm>, value: u64) -> Result<(), Error> {
    let Ok(memory) = RamDataspace::new(4096) else {
        surprise(env, "memory that was freed is not there again", 2);
    };
    Attached::writeable(memory.cap())?.write(0, &WORD.to_le_bytes())?;
    match session.sum(memory.cap().clone(), value) {
        Ok(sum) if sum == WORD + value => Ok(()),
        Ok(_) => surprise(env, "a wrong answer", 3),
        Err(_) => Err(Error::Gone),
    }
}

/// The environment on another thread than the main one, where the SDK does not offer it.
pub(crate) struct Anywhere(pub(crate) Env);

#[allow(
    unsafe_code,
    reason = "the SDK opens sessions on the main thread only; that is not what this test is about"
)]
// SAFETY: the environment holds nothing; opening and closing sessions, and to exit, may be asked for by any thread.
unsafe impl Send for Anywhere {}

impl Anywhere {
    fn work(self, progress: &AtomicU64) {
        work(self.0, progress);
    }
}

fn work(env: Env, progress: &AtomicU64) {
    let step = || progress.fetch_add(1, Ordering::Relaxed);
    loop {
        match Connection::<dyn Storm>::open(env, "client") {
            Ok(session) => {
                step();
                for value in 0..CALLS {
                    if call(env, &session, value).is_err() {
                        break;
                    }
                    step();
                }
            }
            // There is no server at the moment.
            Err(Error::Denied | Error::Gone) => crate::pause(50_000),
            Err(e) => {
                error!("{e}");
                surprise(env, "no session", 4);
            }
        }
        step();
    }
}

pub(crate) fn run(env: Env) -> Result<(), Error> {
    let progress = Arc::new(AtomicU64::new(0));
    let worker = thread::Builder::new("worker").spawn({
        let (progress, env) = (progress.clone(), Anywhere(env));
        move || env.work(&progress)
    })?;
    Box::leak(Box::new(worker)); // never joined: it works until the component ends
    let (seen, since) = (Cell::new(0), Cell::new(0));
    crate::live(env, move || {
        let now = progress.load(Ordering::Relaxed);
        since.set(if seen.replace(now) == now { since.get() + 1 } else { 0 });
        if since.get() > PATIENCE {
            surprise(env, "blocked for ever", 5);
        }
        true
    })
}

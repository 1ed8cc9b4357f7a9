//! Opens sessions, calls, shares memory, or reads memory that its server provides page by page, on a thread of its own; the
//! entrypoint watches that it never blocks for ever.

use alloc::{boxed::Box, sync::Arc};
use core::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use genode::{
    connection::{Connection, Service},
    dataspace::{Attached, PAGE_SIZE, RamDataspace},
    prelude::*,
    thread,
};

use crate::{
    pager::{PAGES, Paged, word},
    server::Storm,
};

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

/// What a client does over and over with the environment, and where it counts what it did.
pub(crate) type Work = fn(Env, &AtomicU64);

impl Anywhere {
    fn work(self, work: Work, progress: &AtomicU64) {
        loop {
            work(self.0, progress);
            progress.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A session, or none if there is no server at the moment.
fn open<I: Service + ?Sized>(env: Env) -> Option<Connection<I>> {
    match Connection::<I>::open(env, "client") {
        Ok(session) => Some(session),
        Err(Error::Denied | Error::Gone) => {
            crate::life::pause(50_000);
            None
        }
        Err(e) => {
            error!("{e}");
            surprise(env, "no session", 4)
        }
    }
}

/// A session and some calls.
pub(crate) fn calls(env: Env, progress: &AtomicU64) {
    let Some(session) = open::<dyn Storm>(env) else { return };
    for value in 0..CALLS {
        if call(env, &session, value).is_err() {
            break;
        }
        progress.fetch_add(1, Ordering::Relaxed);
    }
}

/// A session and its dataspace, looked at all over several times. If the pager dies meanwhile, so does who looks.
pub(crate) fn reads(env: Env, progress: &AtomicU64) {
    let Some(session) = open::<dyn Paged>(env) else { return };
    let Ok(dataspace) = session.dataspace() else { return };
    let Ok(memory) = Attached::read_only(&dataspace) else { return };
    for _ in 0..CALLS {
        for page in 0..PAGES {
            match memory.load_u64(page * PAGE_SIZE, Ordering::Relaxed) {
                Ok(seen) if seen == word(page) => {}
                _ => surprise(env, "a wrong page", 6),
            }
        }
        if session.clear().is_err() {
            return;
        }
        progress.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) fn run(env: Env, work: Work) -> Result<(), Error> {
    let progress = Arc::new(AtomicU64::new(0));
    let worker = thread::Builder::new("worker").spawn({
        let (progress, env) = (progress.clone(), Anywhere(env));
        move || env.work(work, &progress)
    })?;
    Box::leak(Box::new(worker)); // never joined: it works until the component ends
    let (seen, since) = (Cell::new(0), Cell::new(0));
    crate::life::live(env, move || {
        let now = progress.load(Ordering::Relaxed);
        since.set(if seen.replace(now) == now { since.get() + 1 } else { 0 });
        if since.get() > PATIENCE {
            surprise(env, "blocked for ever", 5);
        }
        true
    })
}

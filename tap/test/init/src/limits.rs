//! A child that reaches each limit that its parent or core has for it, and goes on: so does its
//! parent, which says which limit.

use alloc::{boxed::Box, vec::Vec};
use core::fmt::Display;

use crate::roles::TestSession;

use genode::{
    connection::Connection, dataspace::RamDataspace, prelude::*, session::rom::RomSession,
    sync::Mutex, thread,
};

/// The place at which its threads wait.
static TURN: Mutex<()> = Mutex::new(());

/// More threads than a component may have.
const THREADS: usize = 1100;
/// More sessions than a child may have.
const SESSIONS: usize = 4200;

/// Tries to open what there is not.
const DENIED: usize = 200;

/// Checks how much of a kind it gets, and that it gets no more; says what it is told then.
fn reach<T, E: Display>(what: &str, most: usize, mut one: impl FnMut() -> Result<T, E>) -> Vec<T> {
    let mut one = || one().inspect_err(|error| log!("{what}: {error}")).ok();
    let all: Vec<T> = (0..most).map_while(|_| one()).collect();
    log!("{what}: some are refused: {}", all.len() < most && !all.is_empty());
    all
}

fn session(env: Env, label: &str) -> Option<Connection<dyn RomSession>> {
    Connection::open(env, label).ok()
}

pub(crate) fn run(env: Env) -> Result<(), Error> {
    // With its own name in front, which is a long one, the label is longer than a label may be, and
    // the arguments than arguments.
    let long = [b'x'; 118];
    let label = |len: usize| core::str::from_utf8(long.get(..len).unwrap_or_default());
    log!("label: refused: {}", session(env, label(118).unwrap_or_default()).is_none());
    log!("arguments: refused: {}", session(env, label(90).unwrap_or_default()).is_none());

    let denied = (0..DENIED).filter(|_| session(env, "nothing").is_none()).count();
    log!("denials: all are: {}", denied == DENIED);

    let open = || Connection::<dyn TestSession>::open(env, "many");
    let sessions = reach("sessions", SESSIONS, open);
    drop(sessions);
    let memory = reach("memory", 1 << 20, || RamDataspace::new(1 << 20));
    drop(memory);
    core::mem::forget(TURN.lock());
    let wait = || drop(TURN.lock());
    let threads = reach("threads", THREADS, || {
        thread::Builder::new("waits").stack_size(16 << 10).spawn(wait)
    });
    Box::leak(Box::new(threads)); // they never end, and dropping them waits
    env.exit(0)
}

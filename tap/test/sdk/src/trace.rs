//! rs_trace_test: threads and the time that they ran, as a TRACE session tells of them.
//!
//! By its configuration (`expect`) the component has a session that sees all, one that sees itself
//! alone, one that sees nobody, since it sees what is below it, or none.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use genode::session::trace::{SubjectInfo, SubjectState, TraceConnection, TraceError};
use genode::{prelude::*, rpc, thread};
use rs_checks::expect;

const OWN_LABEL: &str = "rs_trace_test";

/// All that a session sees.
fn all(trace: &TraceConnection) -> Result<Vec<(u32, SubjectInfo)>, Error> {
    let mut all = Vec::new();
    trace.for_each(|id, info| all.push((id, *info)))?;
    Ok(all)
}

fn label(info: &SubjectInfo) -> String {
    info.label.to_string()
}

/// The time that the component's thread of a name ran.
fn ran(trace: &TraceConnection, own: &str, name: &str) -> Result<Option<u64>, Error> {
    let all = all(trace)?;
    let found = all.iter().find(|(_, info)| label(info) == own && info.thread.to_string() == name);
    Ok(found.map(|(_, info)| info.time.thread_context))
}

static STOP: AtomicBool = AtomicBool::new(false);

fn spin() {
    while !STOP.load(Ordering::Relaxed) {
        core::hint::spin_loop();
    }
}

/// Looks at a thread that runs, and at what is left of it.
fn a_thread(env: Env, trace: &TraceConnection, own: &str, times: bool) -> Result<(), Error> {
    let worker = thread::Builder::new("spinner").spawn(spin)?;
    let first = loop {
        if let Some(time) = ran(trace, own, "spinner")? {
            break time;
        }
    };
    expect(env, "a thread is seen by its name", true);
    // It runs until it was seen to have run.
    while times && ran(trace, own, "spinner")?.is_some_and(|time| time <= first) {}
    expect(env, "the time that it ran grows", true);
    // Threads of others come meanwhile, where the session sees those.
    let threads = |all: &[_]| all.iter().filter(|(_, info)| label(info) == own).count();
    let before = threads(&all(trace)?);
    STOP.store(true, Ordering::Relaxed);
    worker.join()?;
    let dead = loop {
        let all = all(trace)?;
        let spinner =
            all.iter().find(|(_, info)| label(info) == own && info.thread.to_string() == "spinner");
        match spinner {
            Some((id, info)) if info.state == SubjectState::Dead => break *id,
            Some(_) => {}
            None => {
                error!("failed: it is not seen any more");
                env.exit(1);
            }
        }
    };
    expect(env, "one that ended is seen as dead", true);
    trace.forget(dead)?;
    let (after, left) = (trace.subjects()?, threads(&all(trace)?));
    expect(env, "until it is forgotten", !after.contains(&dead) && left < before);
    Ok(())
}

fn refused(env: Env, trace: &TraceConnection) -> Result<(), Error> {
    let session = trace.session();
    let nobody = session.trace(u32::MAX, 1, 4096);
    let no_policy = session.policy(77)?;
    let no_buffer = session.buffer(u32::MAX)?;
    let why = |why| matches!(why, TraceError::InvalidSubject | TraceError::InvalidPolicy);
    let refused = matches!(nobody, Err(rpc::CallError::Service(refusal)) if why(refusal));
    expect(
        env,
        "what is not there is refused",
        refused && !no_policy.is_valid() && !no_buffer.is_valid(),
    );
    session.pause(u32::MAX)?;
    session.resume(u32::MAX)?;
    session.unload_policy(77)?;
    trace.forget(u32::MAX)?;
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = env.config().read()?;
    let text = |name| config.attr_or(name, String::new());
    let (wanted, own, times) = (text("expect"), text("own"), config.attr_or("times", true));
    if wanted == "nothing" {
        let opened = TraceConnection::open(env, "", 10);
        expect(env, "without a route there is no session", matches!(opened, Err(Error::Denied)));
        env.exit(0)
    }
    let trace = TraceConnection::open(env, "", 200)?;
    let seen = all(&trace)?;
    let others = seen.iter().any(|(_, info)| !label(info).contains(OWN_LABEL));
    match wanted.as_str() {
        "all" => expect(env, "a session of the empty label sees others", others),
        "itself" => {
            let itself = !seen.is_empty() && !others;
            expect(env, "a session of the own label sees nobody else", itself);
        }
        _ => expect(env, "a session of the own label sees nobody else", seen.is_empty()),
    }
    if wanted != "nobody" {
        a_thread(env, &trace, &own, times)?;
    }
    refused(env, &trace)?;
    log!("--- trace test of {wanted} finished ---");
    env.exit(0)
}

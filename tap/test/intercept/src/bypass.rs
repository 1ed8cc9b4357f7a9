//! A client of an interceptor that asks core itself where its threads may run.
#![no_std]
#![no_main]

extern crate std;

use genode::{
    affinity::Affinity,
    prelude::*,
    rpc::FixedString,
    session::cpu::{CpuConnection, CpuThreadClient},
};
use genode_host_proto::control::{Request, Status};
use rs_checks::{Test, at, ensure};
use rs_intercept::{Worker, cpu};
use rs_raw::past;

/// Core's answer to a wish for the second CPU.
fn asks(thread: u64, number: u64) -> bool {
    let reply = past::exchange(Request::ThreadBind, &[thread, 1, 0, 1, 1, number], None);
    reply.is_some_and(|(packet, _)| packet.op() == u64::from(Status::Ok))
}

/// The calling thread's number at Linux.
fn own() -> u64 {
    u64::from(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs())
}

/// Has a session of its own make a thread, which is to be the calling one.
fn by_another_session(env: Env) -> Test {
    const NUMBER: u64 = 77;
    let session = CpuConnection::open(env, "more", 0, Affinity::default());
    let session = session.map_err(at("another CPU session"))?;
    let name = FixedString::new("more").unwrap_or_default();
    let made = session.client().create_thread(env.pd(), name, cpu(1), NUMBER);
    ensure("a thread of it is none of its process", !asks(own(), NUMBER))?;
    if let Ok(thread) = made {
        // It has an answer and no effect, which is looked at next.
        CpuThreadClient::new(thread).affinity(cpu(1)).map_err(at("affinity"))?;
    }
    Ok(())
}

fn attacks(env: Env) -> Test {
    if env.affinity_space().width < 2 {
        log!("SKIP: one CPU: no thread can be moved");
        return Ok(());
    }
    let told = std::sync::Arc::new(std::sync::Mutex::new(std::vec::Vec::new()));
    let (all, first) = (told.clone(), own());
    let worker = Worker::start(cpu(1), move || {
        let asked = [(own(), 0), (first, 0), (own(), 1), (own(), 2), (own(), u64::MAX)];
        let granted = asked.map(|(thread, number)| asks(thread, number));
        if let Ok(mut all) = all.lock() {
            all.extend(granted);
        }
    });
    let worker = worker.map_err(at("thread"))?;
    let begun = worker.cpu();
    let granted = told.lock().map(|all| all.clone()).unwrap_or_default();
    ensure("each attempt has an answer", granted.len() == 5)?;
    ensure("no attempt is granted", granted.iter().all(|granted| !granted))?;
    ensure("the thread is where it was put", (0..50).all(|_| worker.cpu() == begun))?;
    by_another_session(env)?;
    ensure("the thread is where it was put", worker.cpu() == begun)?;
    log!("core moves nothing past the interceptor");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    if let Err(why) = attacks(env) {
        error!("failed: {why}");
        env.exit(1)
    }
    env.exit(0)
}

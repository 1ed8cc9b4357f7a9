//! Opens a session, and calls it.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{vec, vec::Vec};
use core::time::Duration;

use genode::rpc::{CallError, later::Answers};
use genode::{connection::Shortage, dataspace::Attached, prelude::*, task::Tasks, time::Timers};
use rs_kv::{Kv, KvError};

fn short<T>(answer: &Result<T, CallError<KvError>>) -> Option<Shortage> {
    matches!(answer, Err(CallError::Service(KvError::OutOfRam))).then_some(Shortage::Ram)
}

async fn run(env: Env) -> Result<(), CallError<KvError>> {
    let store = Connection::<dyn Kv>::open_async(env, "store")?.await?;
    log!("I am {}", store.name()?);
    store.put("color".try_into()?, "green".try_into()?)?;
    log!("color = {}", store.get("color".try_into()?)?);
    log!("missing: {:?}", store.get("nope".try_into()?));

    // Bulk data, paid for by upgrades.
    let buffer = Attached::writeable(&store.retry(|| store.bulk(), short)??)?;
    let (blob, data): (_, Vec<_>) =
        ("blob".try_into()?, (0..60_000_u32).map(|i| i as u8).collect());
    buffer.write(0, &data)?;
    store.retry(|| store.put_bulk(blob, data.len()), short)??;
    buffer.clear(0, data.len())?;
    let mut back = vec![0; store.get_bulk(blob)?];
    buffer.read(0, &mut back)?;
    log!("blob of {} bytes is {}", back.len(), if back == data { "the same" } else { "different" });

    // Answers that come later, or never.
    let (timers, answers) = (Timers::open(env)?, Answers::new(env.ep())?);
    store.lookup_sigh(answers.cap())?;
    for name in ["color", "nope", "never"] {
        let Ok(ticket) = store.lookup(name.try_into()?) else { continue };
        let answer = store.lookup_answer(&answers, ticket);
        log!("{name}: {:?}", timers.timeout(Duration::from_millis(300), answer).await);
    }
    if env.config().read().is_ok_and(|config| config.attr_or("poison", false)) {
        log!("poison: {:?}", store.poison());
        log!("after: {:?}", store.get("color".try_into()?));
        log!("again: {:?}", Connection::<dyn Kv>::open(env, "again").err());
    }
    env.exit(0)
}

#[genode::component]
fn main(env: Env) -> Result<Tasks, Error> {
    let tasks = Tasks::new(env.ep())?;
    tasks.spawn(async move { error!("the store says {:?}", run(env).await) });
    Ok(tasks)
}

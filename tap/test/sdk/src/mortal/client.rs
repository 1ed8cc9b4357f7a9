//! rs_mortal_client: waits for what servers will never do, because they die.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, vec::Vec};
use core::cell::RefCell;

use genode::{
    connection::Connection,
    prelude::*,
    rpc::{CallError, later::Answers},
    task::{Events, Tasks, yield_now},
};
use rs_checks::expect;
use rs_sdk_test::mortal::Mortal;

/// A handler, and the numbers that it was called with.
type Counting = (SignalHandler, Rc<RefCell<Vec<u32>>>);

fn counting(env: Env) -> Result<Counting, Error> {
    let counts = Rc::new(RefCell::new(Vec::new()));
    let handler = SignalHandler::new(env.ep(), {
        let counts = counts.clone();
        move |count| counts.borrow_mut().push(count)
    })?;
    Ok((handler, counts))
}

/// Waits for the death of the server that `label` leads to.
async fn dies(env: Env, label: &str) -> Result<(), Error> {
    let open = || Connection::<dyn Mortal>::open(env, label);
    let (session, handled) = (open()?, open()?);
    let (answers, signals) = (Answers::new(env.ep())?, Events::new(env.ep())?);
    let (handler, counts) = counting(env)?;
    let (back, given_back) = counting(env)?;
    session.sigh(back.cap().clone())?;
    session.forget()?;
    session.sigh(signals.cap().clone())?;
    session.ask_sigh(answers.cap())?;
    handled.sigh(handler.cap().clone())?;
    let Ok(ticket) = session.ask() else { return Err(Error::Denied) };
    session.die()?;
    let said = signals.next_or_gone().await;
    expect(env, "what a server submitted before its death is counted", said == Ok(2));
    let said = signals.next_or_gone().await;
    expect(env, "a task that waits for its signal learns its death", said == Err(Error::Gone));
    let answer = session.ask_answer(&answers, ticket).await;
    let gone = matches!(answer, Err(CallError::Rpc(error)) if Error::from(error) == Error::Gone);
    expect(env, "a task that waits for its answer does, too", gone);
    while counts.borrow().is_empty() {
        yield_now().await; // its turn may come after the tasks'
    }
    expect(env, "a handler is called for no signal", *counts.borrow() == [0]);
    let last = *given_back.borrow() == [1];
    expect(env, "a context that was given back before has its last signal alone", last);
    Ok(())
}

/// A server that lives lets go of a context: that is no death.
fn lives(env: Env) -> Result<Counting, Error> {
    let session = Connection::<dyn Mortal>::open(env, "lives")?;
    let (handler, counts) = counting(env)?;
    session.sigh(handler.cap().clone())?;
    Ok((handler, counts))
}

#[genode::component]
fn main(env: Env) -> Result<Tasks, Error> {
    log!("--- mortal test ---");
    let tasks = Tasks::new(env.ep())?;
    tasks.try_spawn(async move {
        let (_living, counts) = lives(env)?;
        let (_mine, own) = counting(env)?;
        dies(env, "exits").await?;
        dies(env, "panics").await?;
        let again = Connection::<dyn Mortal>::open(env, "lives");
        expect(env, "the third server lives", again.is_ok());
        let told = !counts.borrow().is_empty() || !own.borrow().is_empty();
        expect(env, "nobody else is told of a death", !told);
        log!("--- mortal test finished ---");
        env.exit(0);
        #[expect(unreachable_code, reason = "names the type of the error")]
        Ok::<_, Error>(())
    });
    Ok(tasks)
}

//! rs_input_test: hands events to an Event server, and takes them from an Input server that has
//! them from there; then asks a server that lies.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

use genode::{
    connection::Connection,
    dataspace::Attached,
    prelude::*,
    session::{
        event::{EventConnection, EventSession},
        input::{
            AxisId, Codepoint, Event, Events, InputConnection, InputError, Key, QUEUE, TouchId,
        },
    },
};
use rs_checks::{Signals, Test, at, ensure};

/// One event of each kind that a server may pass on.
fn kinds() -> [Event; 12] {
    let id = TouchId(7);
    [
        Event::Press { key: Key::KEY_A, codepoint: Codepoint::from('a') },
        Event::release(Key::KEY_A),
        Event::press(Key(0x1234_5678)),
        Event::AbsoluteMotion { x: 640, y: -480 },
        Event::Wheel { x: 1, y: -1 },
        Event::FocusEnter,
        Event::FocusLeave,
        Event::HoverLeave,
        Event::Touch { id, x: 1.5, y: -2.25 },
        Event::TouchRelease { id },
        Event::SeqNumber(9),
        Event::Axis { id: AxisId::Rt, value: 0.5 },
    ]
}

fn all(input: &InputConnection) -> Test<Vec<Event>> {
    let mut events = Vec::new();
    while input.for_each(|event| events.push(event)).map_err(at("flush"))? > 0 {}
    Ok(events)
}

/// Each kind of event arrives as it was.
fn arrive(env: Env, source: &EventConnection, input: &InputConnection) -> Test {
    let signals = Signals::new(env).map_err(at("signals"))?;
    input.sigh(signals.cap()).map_err(at("sigh"))?;
    ensure("nothing is there", !input.pending().map_err(at("pending"))?)?;
    source.submit(kinds()).map_err(at("submit"))?;
    signals.wait_for(1);
    ensure("something is there", input.pending().map_err(at("pending"))?)?;
    ensure("events arrive as they were", all(input)? == kinds())?;
    ensure("nothing is left", !input.pending().map_err(at("pending"))?)?;
    log!("each kind of event arrives as it was, and a signal with it");
    source.submit([Event::FocusEnter]).map_err(at("submit"))?;
    let late = Signals::new(env).map_err(at("signals"))?;
    input.sigh(late.cap()).map_err(at("sigh"))?;
    late.wait_for(1);
    ensure("an event before the handler", all(input)? == [Event::FocusEnter])?;
    log!("a handler is told of what came before it");
    Ok(())
}

/// More events than a batch, and than a queue.
fn many(source: &EventConnection, input: &InputConnection) -> Test {
    let numbers = |count: usize| (0..count as u32).map(Event::SeqNumber);
    source.submit(numbers(QUEUE)).map_err(at("submit"))?;
    ensure("a full queue", all(input)? == numbers(QUEUE).collect::<Vec<_>>())?;
    source.submit(numbers(QUEUE + 2)).map_err(at("submit"))?;
    ensure("what came first stays", all(input)? == numbers(QUEUE).collect::<Vec<_>>())?;
    source.submit([Event::HoverLeave]).map_err(at("submit"))?;
    ensure("it goes on", all(input)? == [Event::HoverLeave])?;
    log!("{QUEUE} events wait, and those beyond are lost with a warning");
    let motion = [Event::RelativeMotion { x: 1, y: -1 }];
    source.submit(motion).map_err(at("submit"))?;
    ensure("not without asking", all(input)?.is_empty())?;
    input.exclusive(true).map_err(at("exclusive"))?;
    source.submit(motion).map_err(at("submit"))?;
    ensure("exclusive motion", all(input)? == motion)?;
    log!("motions by themselves are for a client that asks for them");
    Ok(())
}

/// A driver that lies about its batches.
fn batches(env: Env, input: &InputConnection) -> Test {
    let session = Connection::<dyn EventSession>::open(env, "liar").map_err(at("session"))?;
    let ds = session.dataspace().map_err(at("dataspace"))?;
    let memory = Attached::writeable(&ds).map_err(at("memory"))?;
    let events = Events::new(&memory);
    for place in 0..events.room() {
        events.write(place, &Event::Unknown([u32::MAX - place as u32; 4])).map_err(at("write"))?;
    }
    for count in [u32::MAX, 257, 256] {
        session.submit_batch(count).map_err(at("submit"))?;
        let got = all(input)?;
        ensure("a batch is what the memory holds", got.len() == events.room())?;
        let kept = got
            .iter()
            .enumerate()
            .all(|(place, event)| *event == Event::Unknown([u32::MAX - place as u32; 4]));
        ensure("what is unknown is kept", kept)?;
    }
    session.submit_batch(0).map_err(at("submit"))?;
    ensure("an empty batch", all(input)?.is_empty())?;
    log!("a batch larger than the memory is cut, and unknown kinds are kept");
    Ok(())
}

/// A server that lies: an error each time, and the session goes on.
fn lies(env: Env) -> Test {
    let nothing = InputConnection::open(env, "nothing").map(drop);
    ensure("no memory", nothing == Err(InputError::System(Error::Gone)))?;
    let input = InputConnection::open(env, "liar").map_err(at("liar"))?;
    let signals = Signals::new(env).map_err(at("signals"))?;
    input.sigh(signals.cap()).map_err(at("sigh"))?;
    signals.wait_for(1);
    for count in [-1, i32::MIN, 257, i32::MAX] {
        let mut got = 0;
        let answer = input.for_each(|_| got += 1);
        ensure("a lie", answer == Err(InputError::Count { count, room: 256 }) && got == 0)?;
    }
    for count in [256, 0, 1] {
        let mut got = 0;
        let answer = input.for_each(|_| got += 1);
        ensure("no lie", answer == Ok(count) && got == count)?;
    }
    log!("a server that lies about its events is an error, and the session goes on");
    Ok(())
}

fn test(env: Env) -> Test {
    let source = EventConnection::open(env, "driver").map_err(at("Event session"))?;
    let input = InputConnection::open(env, "client").map_err(at("Input session"))?;
    arrive(env, &source, &input)?;
    many(&source, &input)?;
    batches(env, &input)?;
    lies(env)?;
    let before = env.quota().available();
    for _ in 0..20 {
        drop(EventConnection::open(env, "again").map_err(at("Event session"))?);
        drop(InputConnection::open(env, "again").map_err(at("Input session"))?);
    }
    ensure("sessions are given back", env.quota().available().caps == before.caps)
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = env.config().read();
    if config.is_ok_and(|config| config.attr("peer").is_some()) {
        // Genode's server logs what it gets.
        let source = EventConnection::open(env, "driver")?;
        source.submit(kinds())?;
        log!("events are handed over");
        env.exit(0)
    }
    log!("--- input test ---");
    match test(env) {
        Ok(()) => log!("--- input test finished ---"),
        Err(why) => {
            error!("failed: {why}");
            env.exit(1)
        }
    }
    env.exit(0)
}

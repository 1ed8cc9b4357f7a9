//! rs_terminal_test: Terminal sessions, at both ends of a line.
//!
//! Its configuration says what it does: `<config role="both"/>` has both ends, `role="reader"`
//! writes to the log what it reads until that contains `until`, `role="writer"` writes to the log
//! only. `role="screen"` has a terminal that types back what it shows, `role="person"` writes its
//! size there whenever that changes, and what is typed to the log, up to a `q`.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String, vec, vec::Vec};

use embedded_io::{Read, ReadReady, Write};
use genode::{
    connection::Connection,
    prelude::*,
    session::terminal::{IO_BUFFER, Size, StreamError, TerminalConnection, TerminalSession},
    signal::SignalHandler,
    task::{Events, Tasks, join::join},
};
use rs_checks::{Signals, expect};

/// Bytes that the server keeps for a reader, as the run script configures it.
const ROOM: usize = 10_000;

#[genode::component]
fn main(env: Env) -> Result<Option<Tasks>, Error> {
    let config = env.config().read()?;
    match config.attr("role") {
        Some("both") => both(env),
        Some("reader") => {
            let until: String = config.attr_or("until", String::new());
            let tasks = Tasks::new(env.ep())?;
            tasks.try_spawn(async move { reader(env, &until).await });
            Ok(Some(tasks))
        }
        Some("screen") => screen(env),
        Some("person") => {
            let tasks = Tasks::new(env.ep())?;
            tasks.try_spawn(async move { person(env).await });
            Ok(Some(tasks))
        }
        _ => {
            log!("the first line");
            log!("\u{1b}[2J[core] a line of nobody else's");
            log!("{}", "x".repeat(200));
            log!("the last line");
            env.exit(0)
        }
    }
}

async fn reader(env: Env, until: &str) -> Result<(), Error> {
    let terminal = TerminalConnection::open_async(env, "").await?;
    let events = Events::new(env.ep())?;
    terminal.read_avail_sigh(events.cap())?;
    let (mut text, mut bytes) = (Vec::new(), [0; 100]);
    loop {
        let count = terminal.read_some(&events, &mut bytes).await?;
        text.extend_from_slice(&bytes[..count]);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]);
            log!("{line}");
            if line.contains(until) {
                env.exit(0)
            }
        }
    }
}

/// A terminal of 80 by 24 characters that types back what it shows.
fn screen(env: Env) -> Result<Option<Tasks>, Error> {
    log!("--- screen test ---");
    let terminal = TerminalConnection::open(env, "")?;
    expect(env, "it has a size", terminal.size()? == Size { columns: 80, lines: 24 });
    let other = Connection::<dyn TerminalSession>::open(env, "other");
    expect(env, "it is one client's", other.is_err_and(|error| error == Error::Denied));
    expect(env, "nothing is there at first", !terminal.avail()?);
    let mut terminal = terminal.stream(env.ep())?;
    let mut same = |what, shown: &[u8], typed: &[u8]| {
        let mut bytes = vec![0; typed.len()];
        let passed = terminal.write_all(shown).is_ok() && terminal.read_exact(&mut bytes).is_ok();
        expect(env, what, passed && bytes == typed && terminal.read_ready() == Ok(false));
    };
    same("a word passes both ways", b"word", b"word");
    same("keys have no meaning", b"\r\x03\x04\x1a\x1c\x7f\x1b[A", b"\r\x03\x04\x1a\x1c\x7f\x1b[A");
    same("bytes of all kinds pass", &[0xff, 0, 0x80], &[0xff, 0, 0x80]);
    same("a line feed begins a line", b"a\nb", b"a\r\nb");
    same("the prefix twice is once", b"\x01\x01x", b"\x01x");
    same("before another it is a key", b"\x01y", b"\x01y");
    let long: Vec<u8> = (0..3000).map(|n| b'a' + (n % 26) as u8).collect();
    for _ in 0..10 {
        same("much passes in order", &long, &long);
    }
    // Bytes that a client wrote and did not read are not the next one's.
    drop(terminal);
    let terminal = TerminalConnection::open(env, "again")?;
    expect(env, "the next one may have it", terminal.write(b"x")? == 1);
    log!("--- screen test finished ---");
    env.exit(0)
}

async fn person(env: Env) -> Result<(), Error> {
    let terminal = Rc::new(TerminalConnection::open_async(env, "").await?);
    let resized = terminal.clone();
    let tell = move || {
        let size = resized.size().unwrap_or_default();
        let _ = resized.write(alloc::format!("{}x{}\n", size.columns, size.lines).as_bytes());
    };
    let handler = SignalHandler::new(env.ep(), move |_| tell())?;
    terminal.size_changed_sigh(handler.cap())?;
    handler.submit();
    let events = Events::new(env.ep())?;
    terminal.read_avail_sigh(events.cap())?;
    let mut key = [0];
    loop {
        terminal.read_some(&events, &mut key).await?;
        log!("key {}", key[0]);
        if key == *b"q" {
            env.exit(0)
        }
    }
}

fn both(env: Env) -> Result<Option<Tasks>, Error> {
    log!("--- terminal test ---");
    let (one, other) =
        (TerminalConnection::open(env, "one")?, TerminalConnection::open(env, "other")?);
    let third = Connection::<dyn TerminalSession>::open(env, "third");
    expect(env, "a line has two ends", third.is_err_and(|error| error == Error::Denied));
    expect(env, "it has no size", one.size()? == Size::default());

    let mut bytes = vec![0; 2 * ROOM];
    expect(env, "nothing is there at first", !one.avail()? && one.read(&mut bytes)? == 0);
    expect(env, "a word is written", one.write(b"word")? == 4);
    expect(env, "the other end has it", other.avail()? && !one.avail()?);
    expect(env, "in parts", other.read(&mut bytes[..1])? == 1 && other.read(&mut bytes[1..])? == 3);
    expect(env, "as it was written", &bytes[..4] == b"word" && !other.avail()?);

    let signals = Signals::new(env)?;
    other.write(b"early")?;
    one.read_avail_sigh(signals.cap())?;
    signals.wait_for(1);
    expect(env, "what came before is told as well", one.read(&mut bytes)? == 5);
    signals.reset();
    other.write(b"late")?;
    signals.wait_for(1);
    expect(env, "so is what comes", one.read(&mut bytes)? == 4);

    let long: Vec<u8> = (0..2 * ROOM).map(|n| (n % 251) as u8).collect();
    expect(env, "there is room for so much", one.write(&long)? == ROOM);
    expect(env, "and no more", one.write(b"x")? == 0);
    let mut read = Vec::new();
    while other.avail()? {
        let count = other.read(&mut bytes)?;
        expect(env, "no more than the buffer at once", count <= IO_BUFFER);
        read.extend_from_slice(&bytes[..count]);
    }
    expect(env, "all of it arrives in order", read == long[..ROOM]);

    one.write(b"unread")?;
    drop(other);
    let other = Connection::<dyn TerminalSession>::open(env, "other")?;
    expect(env, "what one did not read is nobody else's", !other.avail()?);
    expect(env, "more than the buffer is its size", other.write(usize::MAX)? == IO_BUFFER);
    expect(env, "so for reading", one.avail()? && other.read(usize::MAX)? == 0);
    drop((one, other));
    streams(env)?;
    log!("--- terminal test finished ---");
    env.exit(0)
}

/// Both ends as streams, without tasks.
fn streams(env: Env) -> Result<(), Error> {
    let mut one = TerminalConnection::open(env, "one")?.stream(env.ep())?;
    let mut other = TerminalConnection::open(env, "other")?.stream(env.ep())?;
    let mut bytes = [0; 4];
    let sent = one.write_all(b"over").and_then(|()| one.flush());
    expect(env, "a stream writes", sent.is_ok() && other.read_ready() == Ok(true));
    expect(env, "and reads", other.read_exact(&mut bytes).is_ok() && &bytes == b"over");
    expect(env, "nothing into nothing", other.read(&mut []) == Ok(0));
    // The reader waits before there is anything.
    let late = async { embedded_io_async::Write::write_all(&mut one, b"late").await };
    let read = embedded_io_async::Read::read_exact(&mut other, &mut bytes);
    let (read, wrote) = env.ep().wait(join(read, late));
    expect(env, "it waits for what comes", read.is_ok() && wrote.is_ok() && &bytes == b"late");
    let full = one.write_all(&vec![1; 2 * ROOM]);
    expect(env, "and says when there is no room", full == Err(StreamError::Full));
    let mut all = vec![0; ROOM];
    let good = other.read_exact(&mut all).is_ok() && all == vec![1; ROOM];
    expect(env, "after as much as there is", good && other.read_ready() == Ok(false));
    Ok(())
}

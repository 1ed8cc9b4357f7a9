//! rs_report_rom_test: reports to a report server, and reads the reports back as ROM module.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, string::String};

use genode::{
    connection::Connection,
    node::Node,
    prelude::*,
    session::{
        report::{ReportSession, Reporter},
        rom::RomConnection,
    },
};
use rs_checks::{Signals, expect};

/// Longest report that is read back, in bytes.
const MAX: usize = 1 << 20;

/// A ROM module whose changes are counted.
struct Watched {
    rom: RomConnection,
    changes: Signals,
}

impl Watched {
    fn open(env: Env, name: &str) -> Result<Self, Error> {
        let (rom, changes) = (RomConnection::open(env, name)?, Signals::new(env)?);
        rom.sigh(changes.cap())?;
        Ok(Self { rom, changes })
    }

    /// The content after the next change.
    fn next(&mut self) -> Result<String, Error> {
        self.changes.wait_for(1);
        self.changes.reset();
        self.read()
    }

    fn read(&mut self) -> Result<String, Error> {
        String::from_utf8(self.rom.read(MAX)?).map_err(|_| Error::Invalid)
    }
}

fn brightness(value: u32) -> Node {
    Node::generate("brightness", |report| {
        report.attr("value", value);
    })
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    log!("--- report ROM test ---");
    let mut rom = Watched::open(env, "brightness")?;
    expect(env, "a ROM without a report is empty", rom.read()?.is_empty() && rom.rom.size() == 0);

    let reporter = Reporter::open(env, "brightness")?;
    reporter.report(&brightness(10))?;
    let node = Node::parse(rom.next()?.as_bytes()).map_err(|_| Error::Invalid)?;
    expect(env, "the ROM has what was reported", node.attr_or("value", 0) == 10);
    let size = rom.rom.size();

    reporter.report(&brightness(123_456_789))?;
    let node = Node::parse(rom.next()?.as_bytes()).map_err(|_| Error::Invalid)?;
    expect(env, "a report updates it", node.attr_or("value", 0) == 123_456_789);
    reporter.report_bytes(b"short")?;
    expect(env, "a shorter one leaves nothing behind", rom.next()? == "short");
    expect(env, "all in the same dataspace", rom.rom.size() == size);

    let full = "x".repeat(genode::session::report::DEFAULT_BUFFER);
    reporter.report_bytes(full.as_bytes())?;
    expect(env, "a full buffer arrives, in a larger dataspace", rom.next()? == full);
    expect(
        env,
        "one byte more is refused",
        matches!(reporter.report_bytes(format!("{full}x").as_bytes()), Err(Error::Argument(_))),
    );

    drop(reporter);
    expect(env, "without its reporter the ROM is empty", rom.read()?.is_empty());

    let reporter = Reporter::with_buffer(env, "brightness", 100_000)?;
    let large = "large ".repeat(16_000);
    reporter.report_bytes(large.as_bytes())?;
    expect(env, "a large report arrives", rom.next()? == large);

    refusals(env);
    log!("--- report ROM test finished ---");
    env.exit(0)
}

fn refusals(env: Env) {
    let secret = RomConnection::open(env, "secret").err();
    expect(env, "a ROM without a policy is denied", secret == Some(Error::Denied));
    let session = Connection::<dyn ReportSession>::builder("none").arg("buffer_size", 0).open(env);
    expect(env, "a buffer of no bytes is denied", session.err() == Some(Error::Denied));
    let session =
        Connection::<dyn ReportSession>::builder("much").arg("buffer_size", 1 << 20).try_open(env);
    expect(
        env,
        "a buffer that was not paid for is refused",
        session.err() == Some(Error::InsufficientRam),
    );
}

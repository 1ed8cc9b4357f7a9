//! rs_fs_rom_test: reports into a file system, reads the files back as ROM modules, and is told of
//! changes.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::{String, ToString};

use genode::{
    fs::FileSystem,
    prelude::*,
    session::{report::Reporter, rom::RomConnection},
};
use rs_checks::{Signals, Test, ensure};

/// Longest content that is read, in bytes.
const MAX: usize = 1 << 20;

/// The file of the report "state" of this component.
const FILE: &str = "/rs_fs_rom_test/state";

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

    /// Waits until the content is `wanted`, looking after each change.
    ///
    /// Several changes may be one signal, and a change of a directory above may be one that changes
    /// nothing.
    fn until(&mut self, wanted: &[u8]) -> Result<(), Error> {
        loop {
            let read = self.rom.read(MAX)?;
            // A module has whole pages: what is behind the content is zero.
            if read.starts_with(wanted) && read[wanted.len()..].iter().all(|&byte| byte == 0) {
                return Ok(());
            }
            self.changes.wait_for(1);
            self.changes.reset();
        }
    }
}

fn run(env: Env) -> Test {
    let text = |error: Error| error.to_string();
    log!("--- file system ROM test ---");
    let fs = FileSystem::open(env, "/").map_err(|error| error.to_string())?;
    let mut rom = Watched::open(env, &FILE[1..]).map_err(text)?;
    ensure!(rom.rom.read(MAX).is_ok_and(|read| read.is_empty()), "something is in no file");
    log!("a file that is not there is empty");

    let reporter = Reporter::open(env, "state").map_err(text)?;
    reporter.report_bytes(b"first report").map_err(text)?;
    rom.until(b"first report").map_err(text)?;
    let read = fs.wait(fs.read(FILE, MAX)).map_err(|error| error.to_string())?;
    ensure!(read == b"first report", "the file has {read:?}");
    log!("a report comes as ROM");
    reporter.report_bytes(b"second").map_err(text)?;
    rom.until(b"second").map_err(text)?;
    log!("a shorter one leaves nothing behind");
    let long = "long ".repeat(800);
    reporter.report_bytes(long.as_bytes()).map_err(text)?;
    rom.until(long.as_bytes()).map_err(text)?;
    log!("a longer one comes whole");

    let result = fs.remove(FILE).map_err(|error| error.to_string());
    result.and_then(|()| rom.until(b"").map_err(text))?;
    log!("a removed file is empty");
    fs.wait(fs.write("/new", b"moved here")).map_err(|error| error.to_string())?;
    fs.rename("/new", FILE).map_err(|error| error.to_string())?;
    rom.until(b"moved here").map_err(text)?;
    log!("a file that is moved there comes as ROM");

    let outside = RomConnection::open(env, "../secret").err();
    ensure!(outside == Some(Error::Denied), "a path with ..: {outside:?}");
    let directory = RomConnection::open(env, "rs_fs_rom_test").and_then(|mut rom| rom.read(MAX));
    ensure!(directory.is_ok_and(|read| read.is_empty()), "a directory has content");
    let bad = Reporter::open(env, "..").err();
    ensure!(bad == Some(Error::Denied), "a report called ..: {bad:?}");
    log!("paths that lead elsewhere are denied");
    log!("--- file system ROM test finished ---");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    run(env)?;
    env.exit(0)
}

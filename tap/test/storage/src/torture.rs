//! rs_torture: writes blocks of a file at random and syncs now and then, while it and its server are
//! killed. When it starts anew, it checks first that nothing is lost that was synced.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{string::String, vec};

use fastrand::Rng;
use genode::{
    connection::Connection,
    fs::{File, FileSystem, Mode},
    prelude::*,
};
use rs_checks::at;
use storage_check::{BLOCK, BLOCKS, Keeper, content};

/// Syncs that end the torture, where the configuration does not say.
const SYNCS: u64 = 200;

const PATH: &str = "/torture";

fn open(fs: &FileSystem) -> Result<File, String> {
    fs.open_file(PATH, Mode::all()).or_else(|_| fs.create(PATH)).map_err(at("open"))
}

/// Checks all blocks against the journal.
fn check(fs: &FileSystem, file: &File, keeper: &Connection<dyn Keeper>) -> Result<(), String> {
    let mut bytes = vec![0; BLOCK];
    for index in 0..BLOCKS {
        bytes.fill(0);
        let position = u64::from(index) * BLOCK as u64;
        fs.wait(file.read_at(position, &mut bytes)).map_err(at("read"))?;
        let expected = keeper.expected(index).map_err(at("journal"))?;
        if let Err(fault) = expected.check(index, &bytes) {
            // The script waits for this line.
            error!("block {index} is wrong: {fault}");
        }
    }
    Ok(())
}

fn torture(env: Env) -> Result<(), String> {
    let config = env.config().read().map_err(at("config"))?;
    let until = config.attr_or("syncs", SYNCS);
    let keeper = Connection::<dyn Keeper>::open(env, "").map_err(at("journal"))?;
    let fs = FileSystem::open(env, "/").map_err(at("file system"))?;
    let file = open(&fs)?;
    check(&fs, &file, &keeper)?;
    let mut random = Rng::with_seed(keeper.begin(0).map_err(at("journal"))?);
    loop {
        for _ in 0..random.u32(1..20) {
            let index = random.u32(..BLOCKS);
            let write = keeper.begin(index).map_err(at("journal"))?;
            let position = u64::from(index) * BLOCK as u64;
            fs.wait(file.write_at(position, &content(index, write))).map_err(at("write"))?;
            keeper.done(index, write).map_err(at("journal"))?;
        }
        fs.wait(file.sync()).map_err(at("sync"))?;
        let syncs = keeper.synced().map_err(at("journal"))?;
        if syncs >= until {
            check(&fs, &file, &keeper)?;
            log!("{until} syncs: all that was synced is there");
            return Ok(());
        }
    }
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    match torture(env) {
        Ok(()) => env.exit(0),
        // Its server died, or the journal is not there yet: the heartbeat ends it.
        Err(why) => log!("goes on later: {why}"),
    }
    loop {
        env.ep().wait_io_signal();
    }
}

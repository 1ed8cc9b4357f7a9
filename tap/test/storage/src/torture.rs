//! rs_torture: writes blocks of a file at random and syncs now and then, while it and its server
//! are killed. When it starts anew, it checks first that nothing is lost that was synced. It ends
//! well after some syncs.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{string::String, vec};

use fastrand::Rng;
use genode::{
    connection::Connection,
    fs::{File, FileSystem, Mode},
    prelude::*,
    task::Tasks,
};
use rs_checks::at;
use storage_check::{BLOCK, BLOCKS, Keeper, content};

/// Syncs of a life, where the configuration does not say.
const SYNCS: u32 = 30;

const PATH: &str = "/torture";

fn open(fs: &FileSystem) -> Result<File, String> {
    fs.open_file(PATH, Mode::all()).or_else(|_| fs.create(PATH)).map_err(at("open"))
}

/// Checks all blocks against the journal.
async fn check(file: &File, keeper: &Connection<dyn Keeper>) -> Result<(), String> {
    let mut bytes = vec![0; BLOCK];
    for index in 0..BLOCKS {
        bytes.fill(0);
        let position = u64::from(index) * BLOCK as u64;
        file.read_at(position, &mut bytes).await.map_err(at("read"))?;
        let expected = keeper.expected(index).map_err(at("journal"))?;
        if let Err(fault) = expected.check(index, &bytes) {
            // The script looks for this line.
            error!("block {index} is wrong: {fault}");
        }
    }
    Ok(())
}

async fn torture(env: Env) -> Result<(), String> {
    let config = env.config().read().map_err(at("config"))?;
    let until = config.attr_or("syncs", SYNCS);
    let keeper = Connection::<dyn Keeper>::open(env, "").map_err(at("journal"))?;
    let fs = FileSystem::open(env, "/").map_err(at("file system"))?;
    let file = open(&fs)?;
    check(&file, &keeper).await?;
    log!("blocks were checked");
    let mut random = Rng::with_seed(keeper.begin(0).map_err(at("journal"))?);
    for _ in 0..until {
        for _ in 0..random.u32(1..20) {
            let index = random.u32(..BLOCKS);
            let write = keeper.begin(index).map_err(at("journal"))?;
            let position = u64::from(index) * BLOCK as u64;
            file.write_at(position, &content(index, write)).await.map_err(at("write"))?;
            keeper.done(index, write).map_err(at("journal"))?;
        }
        file.sync().await.map_err(at("sync"))?;
        keeper.synced().map_err(at("journal"))?;
    }
    check(&file, &keeper).await?;
    env.exit(0)
}

#[genode::component]
fn main(env: Env) -> Result<Tasks, Error> {
    let tasks = Tasks::new(env.ep())?;
    // One whose server dies gets no answer any more, or an error: it is killed with it.
    tasks.try_spawn(torture(env));
    Ok(tasks)
}

//! rs_block_shrink: a client of a disk that loses its end while it is used.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, vec};

use genode::{prelude::*, session::block::BlockConnection, task::Tasks};
use rs_checks::{Test, at, ensure};

async fn run(env: Env) -> Test {
    let disk = BlockConnection::open(env, "disk", 256 << 10).map_err(at("session"))?;
    let last = disk.info().block_count - 1;
    let mut bytes = vec![0; disk.info().block_size as usize];
    disk.read_at(last, &mut bytes).await.map_err(at("read"))?;
    disk.write_at(last, &bytes).await.map_err(at("write"))?;
    log!("the last block is there");
    while disk.read_at(last, &mut bytes).await.is_ok() {}
    log!("the last block is gone");
    ensure("a write does not let the disk grow again", disk.write_at(last, &bytes).await.is_err())?;
    ensure("a block that is gone is not trimmed", disk.trim(last, 1).await.is_err())?;
    disk.read_at(0, &mut bytes).await.map_err(at("read the first block"))?;
    disk.write_at(0, &bytes).await.map_err(at("write the first block"))?;
    disk.sync().await.map_err(at("sync"))?;
    log!("what is left of it works");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<Rc<Tasks>, Error> {
    let tasks = Rc::new(Tasks::new(env.ep())?);
    tasks.spawn(async move {
        match run(env).await {
            Ok(()) => env.exit(0),
            Err(why) => {
                error!("{why}");
                env.exit(1)
            }
        }
    });
    Ok(tasks)
}

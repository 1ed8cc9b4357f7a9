//! rs_block_lied: a client of a Block server that lies. Each lie is an error of the requests that
//! it is about, or ignored; none makes others of the session wait, or is taken for content.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, rc::Rc, vec, vec::Vec};
use core::pin::pin;

use genode::{
    packet_stream::StreamError,
    prelude::*,
    session::block::{BlockConnection, BlockError},
    task::{
        Tasks,
        join::join,
        select::{Either, select},
    },
};
use rs_checks::{Test, at, ensure};

/// Rounds of a session, whose server lies in each.
const ROUNDS: u64 = 20;

type Done<T = ()> = Result<T, BlockError>;

/// Reads a block, whose bytes an honest server makes its number; returns each run of equal bytes
/// once.
async fn read(disk: &BlockConnection, block: u64) -> Done<Vec<u8>> {
    let mut bytes = vec![0xee; 512];
    disk.read_at(block, &mut bytes).await?;
    bytes.dedup();
    Ok(bytes)
}

fn is_block(block: u64, read: &Done<Vec<u8>>) -> bool {
    read.as_ref().is_ok_and(|bytes| *bytes == [block as u8])
}

fn open(env: Env, lie: &str) -> Test<BlockConnection> {
    BlockConnection::open(env, lie, 128 << 10).map_err(at("session"))
}

/// Reads two blocks at once in each round; both must come, or fail by `expected`.
async fn pairs(env: Env, lie: &str, expected: Option<BlockError>) -> Test {
    let disk = open(env, lie)?;
    for round in 0..ROUNDS {
        let blocks = [2 * round, 2 * round + 1];
        let both = join(read(&disk, blocks[0]), read(&disk, blocks[1])).await;
        for (block, read) in blocks.into_iter().zip([both.0, both.1]) {
            let right = match expected {
                Some(error) => read == Err(error),
                None => is_block(block, &read),
            };
            ensure(&format!("{lie}: block {block} in round {round}: {read:?}"), right)?;
        }
    }
    Ok(())
}

/// Syncs while it reads: the answer to the sync has the read's tag.
async fn bare(env: Env) -> Test {
    let disk = open(env, "bare")?;
    for round in 0..ROUNDS {
        let (read, synced) = join(read(&disk, round), disk.sync()).await;
        ensure(&format!("bare: {read:?} in round {round}"), is_block(round, &read))?;
        ensure(&format!("bare: sync was {synced:?}"), synced == Err(BlockError::Answer))?;
    }
    Ok(())
}

/// Waits for the first of two requests only. The other one's answer, a failure, comes before those
/// to the next two.
async fn late(env: Env) -> Test {
    let disk = open(env, "late")?;
    for round in 0..ROUNDS {
        {
            let (one, other) = (pin!(read(&disk, 10)), pin!(read(&disk, 11)));
            let Either::First(first) = select(one, other).await else {
                return Err("late: the other read was answered".into());
            };
            ensure(&format!("late: {first:?} in round {round}"), is_block(10, &first))?;
        }
        let both = join(read(&disk, 12), read(&disk, 13)).await;
        let right = is_block(12, &both.0) && is_block(13, &both.1);
        ensure(&format!("late: {both:?} in round {round}"), right)?;
        {
            let Either::First(first) = select(pin!(read(&disk, 14)), pin!(disk.sync())).await
            else {
                return Err("late: the sync was answered".into());
            };
            ensure(&format!("late: {first:?} beside a sync"), is_block(14, &first))?;
        }
        let (synced, read) = join(disk.sync(), read(&disk, 15)).await;
        let right = synced == Ok(()) && is_block(15, &read);
        ensure(&format!("late: {synced:?} and {read:?} after a sync"), right)?;
    }
    Ok(())
}

/// Sees a queue without sense: all requests fail, now and later.
async fn index(env: Env) -> Test {
    let disk = open(env, "index")?;
    for _ in 0..2 {
        let both = join(read(&disk, 0), read(&disk, 1)).await;
        for read in [both.0, both.1] {
            let broken = matches!(read, Err(BlockError::Stream(StreamError::Index { .. })));
            ensure(&format!("index: {read:?}"), broken)?;
        }
    }
    Ok(())
}

async fn run(env: Env) -> Test {
    pairs(env, "honest", None).await?;
    for lie in ["twice", "strangers"] {
        pairs(env, lie, None).await?;
        log!("{lie}: ignored");
    }
    for lie in ["swapped", "tag", "operation", "blocks", "count"] {
        pairs(env, lie, Some(BlockError::Answer)).await?;
        log!("{lie}: {}", BlockError::Answer);
    }
    for lie in ["failed", "no boolean"] {
        pairs(env, lie, Some(BlockError::Failed)).await?;
        log!("{lie}: {}", BlockError::Failed);
    }
    bare(env).await?;
    log!("bare: only the sync fails");
    late(env).await?;
    log!("late: nobody's");
    index(env).await?;
    log!("index: the session is over");
    pairs(env, "honest", None).await?;
    log!("others are served as before");
    env.exit(0)
}

#[genode::component]
fn main(env: Env) -> Result<Rc<Tasks>, Error> {
    let tasks = Rc::new(Tasks::new(env.ep())?);
    tasks.spawn(async move {
        if let Err(error) = run(env).await {
            error!("{error}");
            env.exit(1)
        }
    });
    Ok(tasks)
}

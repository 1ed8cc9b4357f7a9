//! rs_block_test: an honest client of a Block server. Reads, writes, syncs and trims its part of
//! the device, many requests at a time, and asks for what is not there.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, rc::Rc, string::String, vec, vec::Vec};
use core::{cell::Cell, future::Future};

use genode::{
    connection::Connection,
    packet_stream::{Source, StreamError},
    prelude::*,
    quota::RamQuota,
    session::block::{Block, BlockConnection, BlockError, BlockSession, Header, Info, Operation},
    task::Tasks,
};
use rs_checks::{Test, at, ensure};

/// Bytes of the buffers.
const BUFFER: usize = 256 << 10;
/// Requests at a time.
const DEPTH: u64 = 16;
/// Rounds over the device, while others misbehave.
const ROUNDS: u64 = 20;

/// The content of a block in a round: bytes that tell both.
fn content(size: u64, block: u64, round: u64) -> Vec<u8> {
    (0..size).map(|at| (at ^ block.wrapping_mul(31) ^ round.wrapping_mul(7)) as u8).collect()
}

/// Counts tasks that ended well, and keeps the first error of the others.
#[derive(Default)]
struct Outcome {
    ended: Cell<u64>,
    error: Cell<Option<String>>,
}

/// Runs `DEPTH` tasks beside each other, and waits for all.
async fn beside<F: Future<Output = Test> + 'static>(
    tasks: &Rc<Tasks>,
    mut task: impl FnMut(u64) -> F,
) -> Test {
    let outcome = Rc::new(Outcome::default());
    for number in 0..DEPTH {
        let (outcome, work) = (outcome.clone(), task(number));
        tasks.spawn(async move {
            if let Err(error) = work.await {
                outcome.error.set(Some(error));
            }
            outcome.ended.set(outcome.ended.get() + 1);
        });
    }
    while outcome.ended.get() < DEPTH {
        genode::task::yield_now().await;
    }
    outcome.error.take().map_or(Ok(()), Err)
}

/// Writes the device in each round and reads it back, `DEPTH` requests at a time.
async fn rounds(disk: &Rc<BlockConnection>, tasks: &Rc<Tasks>) -> Test {
    let Info { block_size, block_count, .. } = disk.info();
    for round in 0..ROUNDS {
        beside(tasks, |number| {
            let disk = disk.clone();
            async move {
                for block in (number..block_count).step_by(DEPTH as usize) {
                    let bytes = content(block_size, block, round);
                    disk.write_at(block, &bytes).await.map_err(at("write"))?;
                }
                Ok(())
            }
        })
        .await?;
        disk.sync().await.map_err(at("sync"))?;
        beside(tasks, |number| {
            let disk = disk.clone();
            async move {
                let mut bytes = vec![0; block_size as usize];
                for block in (number..block_count).step_by(DEPTH as usize) {
                    disk.read_at(block, &mut bytes).await.map_err(at("read"))?;
                    let same = bytes == content(block_size, block, round);
                    ensure("a block has what was written", same)?;
                }
                Ok(())
            }
        })
        .await?;
    }
    Ok(())
}

/// A request larger than a packet.
async fn large(disk: &BlockConnection) -> Test {
    let Info { block_size, block_count, .. } = disk.info();
    let all: Vec<u8> = (0..block_count).flat_map(|block| content(block_size, block, 99)).collect();
    ensure("the device is larger than a packet", block_count > disk.largest())?;
    disk.write_at(0, &all).await.map_err(at("write all"))?;
    let mut back = vec![0; all.len()];
    disk.read_at(0, &mut back).await.map_err(at("read all"))?;
    ensure("all is read as it was written", back == all)?;
    log!("a transfer larger than the buffer arrives");
    Ok(())
}

/// Blocks that are forgotten, beside others that are not.
async fn trim(disk: &BlockConnection) -> Test {
    let size = disk.info().block_size;
    let all: Vec<u8> = (0..7).flat_map(|block| content(size, block, 99)).collect();
    disk.trim(3, 2).await.map_err(at("trim"))?;
    let mut blocks = vec![0; all.len()];
    disk.read_at(0, &mut blocks).await.map_err(at("read"))?;
    let (three, five) = (3 * size as usize, 5 * size as usize);
    ensure("trimmed blocks are zero", blocks[three..five].iter().all(|byte| *byte == 0))?;
    let others = blocks[..three] == all[..three] && blocks[five..] == all[five..];
    ensure("others are not", others)?;
    log!("trimmed blocks are zero, those beside them are not");
    Ok(())
}

/// Requests for blocks that are not there: each fails, and costs nothing.
async fn out_of_range(disk: &BlockConnection) -> Test {
    let end = disk.info().block_count;
    for (block, count) in [(end, 1), (end - 1, 2), (u64::MAX / 2, 2), (0, 0)] {
        for operation in [Operation::Read, Operation::Write] {
            let packet = disk.alloc(2).await.map_err(at("alloc"))?;
            let answer = disk.request(operation, block, count, Some(packet)).await.map(drop);
            ensure("out of range", answer == Err(BlockError::Failed))?;
        }
    }
    let here = disk.read_at(end, &mut [0; 512]).await;
    ensure("the client looks itself", matches!(here, Err(BlockError::Range { .. })))?;
    disk.read_at(0, &mut [0; 512]).await.map_err(at("read"))?;
    log!("what is out of range fails, and the session goes on");
    Ok(())
}

/// Requests that Genode's servers take, more or less, and ours does not.
async fn wrong(disk: &BlockConnection) -> Test {
    let end = disk.info().block_count;
    ensure("trim out of range", disk.trim(end, 1).await == Err(BlockError::Failed))?;
    let packet = disk.alloc(2).await.map_err(at("alloc"))?;
    let answer = disk.request(Operation::Read, u64::MAX, 2, Some(packet)).await.map(drop);
    ensure("blocks around the end of all numbers", answer == Err(BlockError::Failed))?;
    let packet = disk.alloc(1).await.map_err(at("alloc"))?;
    let answer = disk.request(Operation::Read, 0, 2, Some(packet)).await.map(drop);
    ensure("more blocks than the packet holds", answer == Err(BlockError::Failed))?;
    let answer = disk.request(Operation::Unknown(9), 0, 1, None).await.map(drop);
    ensure("no operation", answer == Err(BlockError::Failed))?;
    log!("what makes no sense fails, and the session goes on");
    Ok(())
}

/// A packet that does not begin where the server wants it.
async fn misaligned(env: Env) -> Test {
    let session = Connection::<dyn BlockSession>::builder("misaligned")
        .arg("tx_buf_size", BUFFER as u64)
        .ram(RamQuota(BUFFER as u64 + (14 << 10)))
        .open(env)
        .map_err(at("session"))?;
    let channel = session.tx_cap().map_err(at("channel"))?;
    let source = Source::<Block>::open(env.ep(), &channel, 0).map_err(at("stream"))?;
    let mut packet = source.alloc(512).await.map_err(at("alloc"))?;
    let read = Header { operation: Operation::Read, tag: 1, block: 0, count: 1, success: false };
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push((
            packet.offset() % 4096 == 0,
            exchange(&source, packet, &read).await.map_err(at("exchange"))?,
        ));
        packet = source.alloc(512).await.map_err(at("alloc"))?;
    }
    let right = answers.iter().all(|(aligned, success)| aligned == success);
    ensure(
        "misaligned packets fail, aligned ones do not",
        right && answers.iter().any(|(aligned, _)| !aligned),
    )?;
    log!("a misaligned packet fails");
    Ok(())
}

/// Submits a packet and waits for it; returns whether the server says that it succeeded.
async fn exchange(
    source: &Source<Block>,
    packet: genode::packet_stream::Packet,
    header: &Header,
) -> Result<bool, StreamError> {
    source.submit(packet, header).await?;
    Ok(source.acked().await?.header.success)
}

/// A session that may read only, and one that sees a part of the device.
async fn parts(env: Env, disk: &BlockConnection) -> Test {
    let reader = BlockConnection::open(env, "reader", BUFFER).map_err(at("reader"))?;
    ensure("a reader's device is read-only", !reader.info().writeable)?;
    let block = vec![1; reader.info().block_size as usize];
    ensure("write", reader.write_at(0, &block).await == Err(BlockError::Failed))?;
    ensure("trim", reader.trim(0, 1).await == Err(BlockError::Failed))?;
    ensure("sync", reader.sync().await == Err(BlockError::Failed))?;
    let mut seen = vec![0; block.len()];
    disk.write_at(7, &content(reader.info().block_size, 7, 1)).await.map_err(at("write"))?;
    reader.read_at(7, &mut seen).await.map_err(at("read"))?;
    ensure("a reader sees what others write", seen == content(reader.info().block_size, 7, 1))?;
    log!("a reader reads, and cannot write");
    let denied = BlockConnection::open(env, "stranger", BUFFER).map(drop);
    ensure("a stranger is denied", denied == Err(BlockError::from(Error::Denied)))?;
    let small = BlockConnection::open(env, "small", 1 << 10).map(drop);
    ensure("a buffer without room is denied", small == Err(BlockError::from(Error::Denied)))?;
    log!("a client without policy or buffer is denied");
    Ok(())
}

async fn test(env: Env, tasks: Rc<Tasks>) -> Test {
    let disk = Rc::new(BlockConnection::open(env, "disk", BUFFER).map_err(at("session"))?);
    let Info { block_size, block_count, align_log2, writeable } = disk.info();
    log!(
        "{block_count} blocks of {block_size} bytes, alignment {align_log2}, writeable: {writeable}"
    );
    rounds(&disk, &tasks).await?;
    log!("{} requests, {DEPTH} at a time, had what was written", 2 * ROUNDS * block_count);
    large(&disk).await?;
    out_of_range(&disk).await?;
    // Another server than ours has other policies.
    if env.config().read().is_ok_and(|config| config.attr("peer").is_some()) {
        return Ok(());
    }
    trim(&disk).await?;
    wrong(&disk).await?;
    misaligned(env).await?;
    parts(env, &disk).await?;
    let before = env.quota().available();
    for _ in 0..20 {
        drop(BlockConnection::open(env, "disk", BUFFER).map_err(at("session"))?);
    }
    let after = env.quota().available();
    ensure(
        &format!("sessions give back what they took: {before:?}, {after:?}"),
        after.caps == before.caps,
    )
}

#[genode::component]
fn main(env: Env) -> Result<Rc<Tasks>, Error> {
    log!("--- block test ---");
    let tasks = Rc::new(Tasks::new(env.ep())?);
    let running = tasks.clone();
    tasks.spawn(async move {
        match test(env, running).await {
            Ok(()) => log!("--- block test finished ---"),
            Err(why) => {
                error!("failed: {why}");
                env.exit(1)
            }
        }
        env.exit(0)
    });
    Ok(tasks)
}

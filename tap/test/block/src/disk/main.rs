//! rs_block_disk: a disk with a partition table, and with faults on demand: blocks that cannot be
//! read or written, and a device that is smaller for some.
#![no_std]
#![no_main]

extern crate alloc;

mod table;

use alloc::rc::Rc;
use core::{cell::RefCell, ops::Range};

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::block::{Access, BlockServer, BlockSession, Info, Job, Operation},
};
use table::{BLOCK, Image};

/// Blocks of the disk.
const BLOCKS: u64 = 4096;

/// Partitions of the GPT: honest, for those who misbehave, beside each other, two that overlap, one
/// with faulty blocks, one beyond the usable blocks, the last one.
const GPT: [(usize, u64, u64); 10] = [
    (1, 64, 663),
    (2, 700, 1299),
    (3, 1300, 1399),
    (4, 1400, 1999),
    (5, 2000, 2099),
    (6, 2090, 2199),
    (7, 2300, 2399),
    (8, 4000, 5000),
    (9, 2400, 2499),
    (128, 3900, 3999),
];

/// Does a request; blocks in `bad` fail.
fn work(content: &RefCell<Image>, bad: &Range<u64>, job: &Job) -> bool {
    if job.operation() == Operation::Sync {
        return true;
    }
    let (block, end) = (job.block(), job.block() + job.count());
    if block < bad.end && bad.start < end {
        return false;
    }
    let range = block as usize * BLOCK..end as usize * BLOCK;
    let mut content = content.borrow_mut();
    let Some(bytes) = content.0.get_mut(range) else { return false };
    match job.operation() {
        Operation::Read => job.content().is_ok_and(|view| view.write(0, bytes).is_ok()),
        Operation::Write => job.content().is_ok_and(|view| view.read(0, bytes).is_ok()),
        Operation::Trim => {
            bytes.fill(0);
            true
        }
        _ => false,
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let config = env.config().read().map_err(Error::from)?;
    let mut image = Image::new(BLOCKS);
    match config.attr("table") {
        Some("mbr") => image.mbr((64, 600), &[(700, 100), (900, 100), (1200, 300)]),
        _ => image.gpt(&GPT),
    }
    let content = Rc::new(RefCell::new(image));
    let bad = config.attr_or("bad_from", 0)..config.attr_or("bad_to", 0);
    let small: u64 = config.attr_or("small", BLOCKS);
    let mut root = Root::new(env)?;
    root.serve::<dyn BlockSession, _>(move |request: &SessionRequest<'_>| {
        let block_count = if request.label().ends_with("small") { small } else { BLOCKS };
        let info = Info { block_size: BLOCK as u64, block_count, align_log2: 12, writeable: true };
        let all = Access::READ | Access::WRITE;
        let session = BlockServer::new(request, request.ep(), info, all)?;
        let (content, bad) = (content.clone(), bad.clone());
        session.on_signal(move |session| {
            if let Err(error) = session.handle(|job| work(&content, &bad, job)) {
                warning!("{error}");
            }
        });
        Ok::<_, Refused>(session)
    })?;
    Ok(root)
}

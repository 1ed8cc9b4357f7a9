//! rs_block_ram: a Block server whose device is memory.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String};

use genode::{
    dataspace::{Area, SharedRam},
    label::policy,
    node::Node,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::{
        block::{Access, BlockServer, BlockSession, Info, Job, Operation},
        rom::RomConnection,
    },
};

/// The device: what it is, and its content.
struct Disk {
    info: Info,
    memory: SharedRam,
}

/// Refusals of a configuration, with what is allowed.
const NO_SIZE: &str = "config: a size is missing: give size=\"16M\", or file=\"ROM\"";
const BAD_SIZE: &str = "config: the size is no number of whole blocks of at most the address space";
const BAD_BLOCK: &str = "config: block_size is no power of two from 512 to 65536";
const BAD_ALIGN: &str = "config: align_log2 is not 3 to 16";

impl Disk {
    /// Makes the device that a configuration describes.
    fn new(env: Env, config: &Node) -> Result<Self, String> {
        let block_size: u64 = config.attr_or("block_size", 512);
        if !block_size.is_power_of_two() || !(512..=65536).contains(&block_size) {
            return Err(BAD_BLOCK.into());
        }
        let align_log2: u8 = config.attr_or("align_log2", 11);
        if !(3..=16).contains(&align_log2) {
            return Err(BAD_ALIGN.into());
        }
        let file = match config.attr("file") {
            Some(name) => {
                let rom = RomConnection::open(env, name);
                Some(rom.map_err(|error| alloc::format!("config: file '{name}': {error}"))?)
            }
            None => None,
        };
        let content = file.as_ref().map(|rom| rom.size() as u64);
        let size = match config.attr("size") {
            Some(text) => genode::args::number::size(text).ok_or(BAD_SIZE)?,
            None => content.ok_or(NO_SIZE)?.next_multiple_of(block_size),
        };
        if size == 0 || !size.is_multiple_of(block_size) {
            return Err(BAD_SIZE.into());
        }
        let bytes = usize::try_from(size).map_err(|_| BAD_SIZE)?;
        let memory = SharedRam::new(bytes)
            .map_err(|error| alloc::format!("device of {size} bytes: {error}"))?;
        if let Some(source) = file.as_ref().and_then(RomConnection::attached) {
            let len = source.size().min(bytes);
            let copied = memory.copy_from(0, source, 0, len);
            copied.map_err(|error| alloc::format!("copy of the ROM: {error}"))?;
        }
        let writeable = config.attr_or("writeable", true);
        let info = Info { block_size, block_count: size / block_size, align_log2, writeable };
        Ok(Self { info, memory })
    }

    /// Returns where blocks lie in the memory. The session checked that they are there.
    fn place(&self, block: u64, count: u64) -> Option<(usize, usize)> {
        let at = usize::try_from(self.info.bytes(block)?).ok()?;
        Some((at, usize::try_from(self.info.bytes(count)?).ok()?))
    }

    /// Does a request; returns whether it succeeded.
    fn work(&self, job: &Job) -> bool {
        if job.operation() == Operation::Sync {
            return true;
        }
        let Some((at, bytes)) = self.place(job.block(), job.count()) else { return false };
        let memory: &Area = &self.memory;
        match job.operation() {
            Operation::Trim => memory.clear(at, bytes).is_ok(),
            Operation::Read => job.content().is_ok_and(|view| view.copy_from(memory, at).is_ok()),
            Operation::Write => job.content().is_ok_and(|view| view.copy_to(memory, at).is_ok()),
            Operation::Sync | Operation::Unknown(_) => false,
        }
    }
}

/// Opens the session that a client asks for.
fn open(
    disk: &Rc<Disk>,
    config: &Node,
    request: &SessionRequest<'_>,
) -> Result<Rc<BlockServer>, Refused> {
    let label = String::from(request.label());
    let Some(policy) = policy(config, &label) else {
        warning!("session of '{label}' denied: no policy for it");
        return Err(Refused::Denied);
    };
    let mut access = Access::READ;
    access.set(Access::WRITE, policy.attr_or("writeable", false));
    let session = BlockServer::new(request, request.ep(), disk.info, access)?;
    let (disk, mut told) = (disk.clone(), false);
    session.on_signal(move |session| {
        let Err(error) = session.handle(|job| disk.work(job)) else { return };
        if !core::mem::replace(&mut told, true) {
            warning!("session of '{label}': {error}");
        }
    });
    Ok(session)
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let config = env.config().read().map_err(|error| alloc::format!("config: {error}"));
    let made = config.and_then(|config| Ok((Rc::new(Disk::new(env, &config)?), config)));
    let (disk, config) = match made {
        Ok(made) => made,
        Err(why) => {
            error!("{why}");
            env.exit(1)
        }
    };
    let Info { block_size, block_count, writeable, .. } = disk.info;
    let mode = if writeable { "writeable" } else { "read-only" };
    log!("{mode} device of {block_count} blocks of {block_size} bytes");
    let mut root = Root::new(env)?;
    root.serve::<dyn BlockSession, _>(move |request: &SessionRequest<'_>| {
        open(&disk, &config, request)
    })?;
    Ok(root)
}

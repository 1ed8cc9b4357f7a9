//! rs_block_ram: a Block server whose device is memory.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;

use block_device::{Device, Format};
use genode::{
    dataspace::{Area, SharedRam},
    node::Node,
    prelude::*,
    root::Root,
    session::{
        block::{Info, Job, Operation},
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

impl Disk {
    /// Makes the device that a configuration describes.
    fn new(env: Env, config: &Node) -> Result<Self, String> {
        let Format { block_size, align_log2 } = Format::read(config)?;
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
}

impl Device for Disk {
    fn info(&self) -> Info {
        self.info
    }

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

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    block_device::serve(env, move |config| Disk::new(env, config))
}

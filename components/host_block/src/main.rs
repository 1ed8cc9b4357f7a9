//! rs_host_block: a Block server whose device is a file of the machine, on the host target.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;
use core::cell::Cell;

use block_device::{Device, Format};
use genode::{
    node::Node,
    prelude::*,
    root::Root,
    session::block::{Info, Job, Operation},
};
use host_files::{Errno, HostFiles, NOT_GRANTED};
use rustix::fd::OwnedFd;

/// Refusals of a file, with what to do.
const NO_FILE: &str = "a directory was granted: name a file in it, file=\"disk.img\"";
const EMPTY: &str = "the file has not one block: make it as large as the device is to be";

/// Lines of errors at most.
const TOLD_AT_MOST: u32 = 16;

/// The device: what it is, and its content.
struct Disk {
    info: Info,
    files: HostFiles,
    file: OwnedFd,
    told: Cell<u32>,
}

impl Disk {
    /// Makes the device that a configuration describes.
    fn new(config: &Node) -> Result<Self, String> {
        let Format { block_size, align_log2 } = Format::read(config)?;
        let files = HostFiles::take().ok_or(NOT_GRANTED)?;
        // Nothing for a file that was granted itself.
        let name = config.attr("file").unwrap_or_default();
        let wanted = config.attr_or("writeable", true);
        let opened = files.open(name.as_bytes(), wanted);
        let (opened, writeable) = match opened {
            Err(Errno::ROFS | Errno::ACCESS) if wanted => {
                (files.open(name.as_bytes(), false), false)
            }
            opened => (opened, wanted),
        };
        let (file, status) = opened.map_err(|error| match error {
            Errno::ISDIR => NO_FILE.into(),
            error => alloc::format!("file '{name}': {error}"),
        })?;
        if status.kind != host_files::Kind::File {
            return Err(NO_FILE.into());
        }
        let block_count = status.size / block_size;
        if block_count == 0 {
            return Err(EMPTY.into());
        }
        let info = Info { block_size, block_count, align_log2, writeable };
        Ok(Self { info, files, file, told: Cell::new(0) })
    }

    fn done(&self, job: &Job) -> host_files::Result<bool> {
        if job.operation() == Operation::Sync {
            return rustix::fs::fdatasync(&self.file).map(|()| true);
        }
        // The session checked that these blocks are the device's.
        let at = self.info.bytes(job.block()).ok_or(Errno::INVAL)?;
        let bytes = self.info.bytes(job.count()).ok_or(Errno::INVAL)?;
        match job.operation() {
            Operation::Read => {
                let content = job.content().map_err(|_| Errno::INVAL)?;
                // Bytes behind the end of a file that shrank are no content.
                Ok(host_files::read_at(&self.file, at, content)? == content.len())
            }
            Operation::Write => {
                let content = job.content().map_err(|_| Errno::INVAL)?;
                self.holds(at, bytes)?;
                host_files::write_at(&self.file, at, content).map(|()| true)
            }
            Operation::Trim if bytes == 0 => Ok(true),
            Operation::Trim => {
                self.holds(at, bytes)?;
                self.files.punch(&self.file, at, bytes).map(|()| true)
            }
            Operation::Sync | Operation::Unknown(_) => Ok(false),
        }
    }

    /// Fails if the file shrank: to write behind its end would make blocks between that nobody
    /// wrote.
    fn holds(&self, at: u64, bytes: u64) -> host_files::Result<()> {
        let size = rustix::fs::fstat(&self.file)?.st_size as u64;
        let end = at.checked_add(bytes).ok_or(Errno::INVAL)?;
        if end <= size { Ok(()) } else { Err(Errno::NXIO) }
    }
}

impl Device for Disk {
    fn info(&self) -> Info {
        self.info
    }

    fn work(&self, job: &Job) -> bool {
        self.done(job).unwrap_or_else(|error| {
            let (operation, block, count) = (job.operation(), job.block(), job.count());
            // Clients can ask for errors without end.
            if self.told.replace(self.told.get().saturating_add(1)) < TOLD_AT_MOST {
                error!("{operation:?} of {count} blocks at {block}: {error}");
            }
            false
        })
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    block_device::serve(env, Disk::new)
}

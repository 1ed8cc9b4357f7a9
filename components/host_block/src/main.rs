//! rs_host_block: a Block server whose device is a file of the machine, on the host target.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String};
use core::cell::Cell;

use genode::{
    label::policy,
    node::Node,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::block::{Access, BlockServer, BlockSession, Info, Job, Operation},
};
use host_files::{Errno, HostFiles, NOT_GRANTED};
use rustix::fd::OwnedFd;

/// Refusals of a configuration, with what is allowed.
const BAD_BLOCK: &str = "config: block_size is no power of two from 512 to 65536";
const BAD_ALIGN: &str = "config: align_log2 is not 3 to 16";
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
        let block_size: u64 = config.attr_or("block_size", 512);
        if !block_size.is_power_of_two() || !(512..=65536).contains(&block_size) {
            return Err(BAD_BLOCK.into());
        }
        let align_log2: u8 = config.attr_or("align_log2", 11);
        if !(3..=16).contains(&align_log2) {
            return Err(BAD_ALIGN.into());
        }
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
            Errno::ISDIR => "a directory was granted: name a file in it, file=\"disk.img\"".into(),
            error => alloc::format!("file '{name}': {error}"),
        })?;
        if status.kind != host_files::Kind::File {
            return Err("a directory was granted: name a file in it, file=\"disk.img\"".into());
        }
        let block_count = status.size / block_size;
        if block_count == 0 {
            return Err(EMPTY.into());
        }
        let info = Info { block_size, block_count, align_log2, writeable };
        Ok(Self { info, files, file, told: Cell::new(0) })
    }

    /// Does a request; returns whether it succeeded.
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
                // What is missing behind the end of a file that shrank is no content.
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
    let made = config.and_then(|config| Ok((Rc::new(Disk::new(&config)?), config)));
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

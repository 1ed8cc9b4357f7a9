//! rs_part_block: a Block server of the partitions of a device.
#![no_std]
#![no_main]

extern crate alloc;

mod device;
mod report;
mod session;

use alloc::{rc::Rc, string::String};

use genode::{
    label::policy,
    node::Node,
    prelude::*,
    quota::RamQuota,
    root::{Refused, Root, SessionRequest},
    session::{
        block::{Access, BlockConnection, BlockServer, BlockSession, Info},
        report::Reporter,
    },
    task::Tasks,
};
use partitions::{Ignore, Partition};

use crate::{
    device::Device,
    session::{Claim, InUse, Session},
};

/// Buffer of a client's session at the device where the configuration says nothing, in bytes.
const IO_BUFFER: u64 = 256 << 10;

/// Least and largest buffer, in bytes.
const IO_BUFFERS: core::ops::RangeInclusive<u64> = (64 << 10)..=(64 << 20);

/// All that sessions are made of.
struct Server {
    env: Env,
    device: Device,
    config: Node,
    io_buffer: usize,
    in_use: InUse,
}

impl Server {
    fn new(env: Env) -> Result<Self, String> {
        let config = env.config().read().map_err(|error| alloc::format!("config: {error}"))?;
        let ignored = |name| config.attr_or(name, false);
        let ignore = Ignore { mbr: ignored("ignore_mbr"), gpt: ignored("ignore_gpt") };
        if ignore.mbr && ignore.gpt {
            return Err("config: cannot ignore GPT as well as MBR: remove one of the two".into());
        }
        let io_buffer = config.attr_checked::<RamQuota>("io_buffer");
        let io_buffer = io_buffer.map_err(|error| alloc::format!("config: {error}"))?;
        let io_buffer = io_buffer.map_or(IO_BUFFER, |RamQuota(bytes)| bytes);
        if !IO_BUFFERS.contains(&io_buffer) {
            return Err("config: io_buffer is not between 64K and 64M".into());
        }
        Ok(Self {
            env,
            device: Device::read(env, ignore)?,
            config,
            io_buffer: io_buffer as usize,
            in_use: InUse::default(),
        })
    }

    /// Returns the reporter, if there is to be one.
    fn report(&self) -> Result<Option<Reporter>, String> {
        let wanted =
            self.config.child("report").is_some_and(|node| node.attr_or("partitions", false));
        let reporter = wanted.then(|| report::report(self.env, &self.device)).transpose();
        reporter.map_err(|error| alloc::format!("report of partitions: {error}"))
    }

    /// Returns the partition that a policy names.
    fn partition(&self, policy: &Node) -> Result<&Partition, String> {
        let number = policy.attr_checked::<u32>("partition");
        let number = number.map_err(|error| alloc::format!("{error}"))?;
        let number = number.ok_or("its policy has no partition=\"NUMBER\"")?;
        let found = self.device.table.get(number);
        found.ok_or_else(|| alloc::format!("the device has no partition {number}"))
    }

    /// Opens the session that a client asks for.
    fn open(&self, request: &SessionRequest<'_>) -> Result<Rc<BlockServer>, Refused> {
        let label = String::from(request.label());
        let denied = |why: &dyn core::fmt::Display| {
            warning!("session of '{label}' denied: {why}");
            Refused::Denied
        };
        let policy = policy(&self.config, &label).ok_or_else(|| denied(&"no policy for it"))?;
        let partition = self.partition(policy).map_err(|why| denied(&why))?;
        let claim = Claim::take(&self.in_use, partition.number)
            .ok_or_else(|| denied(&alloc::format!("partition {} is in use", partition.number)))?;
        let mut access = Access::READ;
        access.set(Access::WRITE, policy.attr_or("writeable", false));
        let mut builder = BlockConnection::builder(&label).buffer(self.io_buffer);
        if !access.contains(Access::WRITE) {
            builder = builder.read_only();
        }
        let device = builder.open(self.env);
        let device = device.map_err(|error| denied(&alloc::format!("device: {error}")))?;
        let now = device.info();
        if now.block_size != self.device.info.block_size || partition.end() > now.block_count {
            return Err(denied(&alloc::format!(
                "the device has changed: it has {} blocks of {} bytes now",
                now.block_count,
                now.block_size
            )));
        }
        // The client may ask for less: a part of the partition, or reading only.
        let info = Info { block_count: partition.length, ..now };
        let server = BlockServer::new(request, request.ep(), info, access)?;
        let session = Session::new(device, partition.clone(), claim, Tasks::new(request.ep())?);
        let mut told = false;
        server.on_signal(move |server| {
            let Err(error) = session.pump(server) else { return };
            if !core::mem::replace(&mut told, true) {
                warning!("session of '{label}': {error}");
            }
        });
        Ok(server)
    }
}

/// State that the component keeps.
struct Main {
    _root: Root,
    _reporter: Option<Reporter>,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let made = Server::new(env).and_then(|server| Ok((server.report()?, server)));
    let (reporter, server) = match made {
        Ok(made) => made,
        Err(why) => {
            error!("{why}");
            env.exit(1)
        }
    };
    let table = &server.device.table;
    log!("{}: {} partitions", table.scheme.name(), table.partitions().len());
    let mut root = Root::new(env)?;
    root.serve::<dyn BlockSession, _>(move |request: &SessionRequest<'_>| server.open(request))?;
    Ok(Main { _root: root, _reporter: reporter })
}

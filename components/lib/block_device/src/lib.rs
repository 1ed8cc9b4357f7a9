//! Parts that Block servers of one device share: how the configuration describes its blocks, whom
//! the policies let in, and the sessions.
#![no_std]

extern crate alloc;

use alloc::{rc::Rc, string::String};

use genode::{
    label::policy,
    node::Node,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::block::{Access, BlockServer, BlockSession, Info, Job},
};

/// Refusals of a configuration, with what is allowed.
const BAD_BLOCK: &str = "config: block_size is no power of two from 512 to 65536";
const BAD_ALIGN: &str = "config: align_log2 is not 3 to 16";

/// Blocks as a configuration describes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bytes of a block.
    pub block_size: u64,
    /// Alignment of packets, as the power of two.
    pub align_log2: u8,
}

impl Format {
    /// Reads the attributes `block_size` and `align_log2`.
    ///
    /// # Errors
    /// Text that says what is allowed.
    pub fn read(config: &Node) -> Result<Self, &'static str> {
        let block_size: u64 = config.attr_or("block_size", 512);
        if !block_size.is_power_of_two() || !(512..=65536).contains(&block_size) {
            return Err(BAD_BLOCK);
        }
        let align_log2: u8 = config.attr_or("align_log2", 11);
        if !(3..=16).contains(&align_log2) {
            return Err(BAD_ALIGN);
        }
        Ok(Self { block_size, align_log2 })
    }
}

/// A device that finishes each request at once.
pub trait Device {
    /// Returns what the device is.
    fn info(&self) -> Info;
    /// Does a request, whose blocks are the device's; returns whether it succeeded.
    fn work(&self, job: &Job) -> bool;
}

/// Opens the session that a client asks for.
fn open<D: Device + 'static>(
    device: &Rc<D>,
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
    let session = BlockServer::new(request, request.ep(), device.info(), access)?;
    let (device, mut told) = (device.clone(), false);
    session.on_signal(move |session| {
        let Err(error) = session.handle(|job| device.work(job)) else { return };
        if !core::mem::replace(&mut told, true) {
            warning!("session of '{label}': {error}");
        }
    });
    Ok(session)
}

/// Serves the device that `make` makes of the component's configuration. Ends the component with
/// what `make` says if there is none.
///
/// # Errors
/// What announcing the service says.
pub fn serve<D: Device + 'static>(
    env: Env,
    make: impl FnOnce(&Node) -> Result<D, String>,
) -> Result<Root, Error> {
    let config = env.config().read().map_err(|error| alloc::format!("config: {error}"));
    let made = config.and_then(|config| Ok((Rc::new(make(&config)?), config)));
    let (device, config) = match made {
        Ok(made) => made,
        Err(why) => {
            error!("{why}");
            env.exit(1)
        }
    };
    let Info { block_size, block_count, writeable, .. } = device.info();
    let mode = if writeable { "writeable" } else { "read-only" };
    log!("{mode} device of {block_count} blocks of {block_size} bytes");
    let mut root = Root::new(env)?;
    root.serve::<dyn BlockSession, _>(move |request: &SessionRequest<'_>| {
        open(&device, &config, request)
    })?;
    Ok(root)
}

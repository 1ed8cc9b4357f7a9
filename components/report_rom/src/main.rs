//! rs_report_rom: takes reports, and offers each as a ROM module to those whom its policies name.
#![no_std]
#![no_main]

extern crate alloc;

mod registry;
mod sessions;

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{
    node::Node,
    prelude::*,
    root::{Root, SessionRequest},
    session::{report::ReportSession, rom::RomConnection, rom::RomSession},
};

use crate::{
    registry::Registry,
    sessions::{Writer, open_reader},
};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 1 << 20;

/// What the component keeps.
struct Main {
    _root: Root,
    _config: SignalHandler,
}

/// The configuration; an empty one if it cannot be read, so that nobody reads what they may not.
fn read_config(rom: &mut RomConnection) -> Node {
    rom.read_node(MAX_CONFIG).unwrap_or_else(|error| {
        error!("config: {error}");
        Node::new("config")
    })
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let mut rom = RomConnection::open(env, "config")?;
    let config = Rc::new(RefCell::new(read_config(&mut rom)));
    let registry = Rc::new(Registry::default());

    let rom = RefCell::new(rom);
    let handler = SignalHandler::new(env.ep(), {
        let config = config.clone();
        move |_| {
            *config.borrow_mut() = read_config(&mut rom.borrow_mut());
        }
    })?;
    let mut root = Root::new(env)?;
    root.serve::<dyn ReportSession, _>({
        let (config, registry) = (config.clone(), registry.clone());
        move |request: &SessionRequest<'_>| Writer::open(request, &config, &registry)
    })?;
    root.serve::<dyn RomSession, _>(move |request: &SessionRequest<'_>| {
        open_reader(request, &config.borrow(), &registry)
    })?;
    Ok(Main { _root: root, _config: handler })
}

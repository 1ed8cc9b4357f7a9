//! rs_report_rom: takes reports, and offers each as a ROM module to those whom its policies name.
#![no_std]
#![no_main]

extern crate alloc;

mod registry;
mod sessions;

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    session::{report::ReportSession, rom::RomConnection, rom::RomSession},
};

use crate::{
    registry::Registry,
    sessions::{Writer, open_reader},
};

/// What the component keeps.
struct Main {
    _root: Root,
    _config: SignalHandler,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let mut rom = RomConnection::open(env, "config")?;
    let config = Rc::new(RefCell::new(rom.read_config()));
    let registry = Rc::new(Registry::default());

    let rom = RefCell::new(rom);
    let handler = SignalHandler::new(env.ep(), {
        let config = config.clone();
        move |_| {
            *config.borrow_mut() = rom.borrow_mut().read_config();
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

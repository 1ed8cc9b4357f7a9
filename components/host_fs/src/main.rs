//! rs_host_fs: a file-system server over a directory of the machine, on the host target.
#![no_std]
#![no_main]

extern crate alloc;

mod names;
mod nodes;
mod refusal;
mod volume;
mod watches;

use alloc::{rc::Rc, string::String};
use core::cell::RefCell;

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    session::{
        file_system::{FileSystemSession, Server},
        rom::RomConnection,
    },
};
use host_files::{HostFiles, Kind, NOT_GRANTED};

use crate::volume::Host;

/// State that the component keeps.
struct Main {
    _root: Root,
    _config: SignalHandler,
}

/// The directory that was granted; ends the component if there is none.
fn granted(env: Env) -> Host {
    let why = match HostFiles::take().map(|files| (files.status(b""), files)) {
        None => String::from(NOT_GRANTED),
        Some((Ok(status), files)) if status.kind == Kind::Directory => {
            let writeable = status.permissions & 2 != 0;
            log!("directory of the machine, {}", if writeable { "writeable" } else { "read-only" });
            return Host::new(files, writeable);
        }
        Some((Ok(_), _)) => String::from("a file was granted: this server needs a directory"),
        Some((Err(error), _)) => alloc::format!("the granted directory: {error}"),
    };
    error!("{why}");
    env.exit(1)
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let mut rom = RomConnection::open(env, "config")?;
    let config = Rc::new(RefCell::new(rom.read_config()));
    let server = Server::new(granted(env));
    let rom = Rc::new(RefCell::new(rom));
    let handler = SignalHandler::new(env.ep(), {
        let (config, rom) = (config.clone(), rom.clone());
        move |_| *config.borrow_mut() = rom.borrow_mut().read_config()
    })?;
    rom.borrow().sigh(handler.cap())?;
    let mut root = Root::new(env)?;
    root.serve::<dyn FileSystemSession, _>(move |request: &SessionRequest<'_>| {
        server.session(request, &config.borrow())
    })?;
    Ok(Main { _root: root, _config: handler })
}

//! rs_ram_fs: a file-system server that keeps its files in memory.
#![no_std]
#![no_main]

extern crate alloc;

mod content;
mod volume;

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{
    node::Node,
    prelude::*,
    quota::RamQuota,
    root::{Root, SessionRequest},
    session::{
        file_system::{FileSystemSession, Server},
        rom::RomConnection,
    },
};
use ram_tree::Tree;

use crate::volume::Memory;

/// RAM that files leave to the server itself, in bytes.
const RESERVE: u64 = 512 << 10;

/// State that the component keeps.
struct Main {
    _root: Root,
    _config: SignalHandler,
}

/// Bytes that files may take: what the configuration says, or else most of what the server has.
fn limit(config: &Node, available: u64) -> u64 {
    match config.attr_checked::<RamQuota>("limit") {
        Ok(Some(RamQuota(limit))) => return limit,
        Ok(None) => (),
        Err(error) => error!("limit of files: {error}"),
    }
    // An eighth for what the heap loses between blocks.
    let files = available.saturating_sub(RESERVE);
    files - files / 8
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let mut rom = RomConnection::open(env, "config")?;
    let config = rom.read_config();
    let quota = env.quota();
    let available = quota.ram_avail();

    let mut tree = Tree::new(limit(&config, available.0));
    let root = tree.root();
    for node in content::described(&config) {
        content::fill(env, &mut tree, root, node);
    }
    // As Genode's vfs server does it, whose configuration this is.
    let recursive = config.attr_or("recursive", config.child("vfs").is_some());
    let server = Server::new(Memory { tree, recursive });
    let config = Rc::new(RefCell::new(config));

    let rom = Rc::new(RefCell::new(rom));
    let handler = SignalHandler::new(env.ep(), {
        let (config, server, rom) = (config.clone(), server.clone(), rom.clone());
        move |_| {
            let new = rom.borrow_mut().read_config();
            if let Ok(Some(RamQuota(limit))) = new.attr_checked("limit") {
                server.with_volume(|memory| memory.tree.set_limit(limit));
            }
            *config.borrow_mut() = new;
        }
    })?;
    rom.borrow().sigh(handler.cap())?;
    let mut root = Root::new(env)?;
    root.serve::<dyn FileSystemSession, _>(move |request: &SessionRequest<'_>| {
        server.session(request, &config.borrow())
    })?;
    Ok(Main { _root: root, _config: handler })
}

//! rs_fs_rom: offers the files of a file system as ROM modules.
#![no_std]
#![no_main]

extern crate alloc;

mod file;

use alloc::rc::Rc;

use genode::{
    fs::FileSystem,
    label::last_element,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::rom::RomSession,
    task::Tasks,
};

use crate::file::Session;

/// What the component keeps.
struct Main {
    _root: Root,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let fs = FileSystem::builder("/").read_only().open(env).map_err(|error| {
        error!("{error}");
        match error.why() {
            genode::fs::Why::System(error) => error,
            _ => Error::Invalid,
        }
    })?;
    let tasks = Rc::new(Tasks::new(env.ep())?);
    let mut root = Root::new(env)?;
    root.serve::<dyn RomSession, _>(move |request: &SessionRequest<'_>| {
        let label = request.label();
        Session::open(&fs, &tasks, last_element(label)).map_err(|why| {
            warning!("ROM session of '{label}' denied: {why}");
            Refused::Denied
        })
    })?;
    Ok(Main { _root: root })
}

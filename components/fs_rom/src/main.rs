//! rs_fs_rom: offers the files of a file system as ROM modules.
#![no_std]
#![no_main]

extern crate alloc;

mod file;

use alloc::{boxed::Box, rc::Rc};

use genode::{
    fs::FileSystem,
    label::last_element,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::rom::RomSession,
    task::Tasks,
};

use crate::file::Session;

#[genode::component]
fn main(env: Env) -> Result<Root, Box<dyn core::error::Error>> {
    let fs = FileSystem::builder("/").read_only().open(env)?;
    let tasks = Rc::new(Tasks::new(env.ep())?);
    let mut root = Root::new(env)?;
    root.serve::<dyn RomSession, _>(move |request: &SessionRequest<'_>| {
        let label = request.label();
        Session::open(&fs, &tasks, last_element(label)).map_err(|why| {
            warning!("ROM session of '{label}' denied: {why}");
            Refused::Denied
        })
    })?;
    Ok(root)
}

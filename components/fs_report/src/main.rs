//! rs_fs_report: writes reports to a file system.
#![no_std]
#![no_main]

extern crate alloc;

mod session;

use alloc::boxed::Box;

use genode::{
    fs::FileSystem,
    prelude::*,
    root::{Root, SessionRequest},
    session::report::ReportSession,
};

use crate::session::Session;

#[genode::component]
fn main(env: Env) -> Result<Root, Box<dyn core::error::Error>> {
    let fs = FileSystem::open(env, "/")?;
    let mut root = Root::new(env)?;
    root.serve::<dyn ReportSession, _>(move |request: &SessionRequest<'_>| {
        Session::open(&fs, request)
    })?;
    Ok(root)
}

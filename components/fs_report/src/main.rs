//! rs_fs_report: writes reports to a file system.
#![no_std]
#![no_main]

extern crate alloc;

mod session;

use genode::{
    fs::FileSystem,
    prelude::*,
    root::{Root, SessionRequest},
    session::report::ReportSession,
};

use crate::session::Session;

/// What the component keeps.
struct Main {
    _root: Root,
}

#[genode::component]
fn main(env: Env) -> Result<Main, Error> {
    let fs = FileSystem::open(env, "/").map_err(|error| {
        error!("{error}");
        match error.why() {
            genode::fs::Why::System(error) => error,
            _ => Error::Invalid,
        }
    })?;
    let mut root = Root::new(env)?;
    root.serve::<dyn ReportSession, _>(move |request: &SessionRequest<'_>| {
        Session::open(&fs, request)
    })?;
    Ok(Main { _root: root })
}

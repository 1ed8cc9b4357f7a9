//! rs_fs_liar: a File_system server that lies in its packets. The last element of a session's label
//! but one names the lie.
#![no_std]
#![no_main]

extern crate alloc;

mod lies;
mod session;

use genode::{
    label::last_element,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::file_system::{FileSystemSession, Packets},
};
use lies::Lie;
use rs_checks::Liar;

/// Bytes of a stream.
const BUFFER: usize = 128 << 10;

/// A session that lies.
struct Session {
    stream: Liar,
    opened: u64,
}

impl Session {
    fn new(request: &SessionRequest<'_>) -> Result<Self, Error> {
        let label = request.label().trim_end_matches('/').trim_end_matches(" -> ");
        let lie = Lie::named(last_element(label)).ok_or(Error::Denied)?;
        Ok(Self { stream: Liar::new::<Packets, _>(request.ep(), BUFFER, lie)?, opened: 0 })
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn FileSystemSession, _>(|request: &SessionRequest<'_>| {
        Session::new(request).map_err(Refused::from)
    })?;
    Ok(root)
}

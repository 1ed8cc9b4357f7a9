//! rs_block_liar: a Block server that lies. The last element of a session's label names the lie.
#![no_std]
#![no_main]

extern crate alloc;

mod lies;

use genode::{
    cap::Capability,
    label::last_element,
    packet_stream::TxChannel,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::block::{Block, BlockSession, Info},
};
use lies::Lie;
use rs_checks::Liar;

/// Bytes of a stream.
const BUFFER: usize = 128 << 10;

/// The device, as the liar says.
const DEVICE: Info = Info { block_size: 512, block_count: 100, align_log2: 11, writeable: true };

/// A session that lies.
struct Session(Liar);

impl Session {
    fn new(request: &SessionRequest<'_>) -> Result<Self, Error> {
        let lie = Lie::named(last_element(request.label())).ok_or(Error::Denied)?;
        Ok(Self(Liar::new::<Block, _>(request.ep(), BUFFER, lie)?))
    }
}

impl BlockSession for Session {
    fn info(&self) -> Info {
        DEVICE
    }
    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        self.0.cap()
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn BlockSession, _>(|request: &SessionRequest<'_>| {
        Session::new(request).map_err(Refused::from)
    })?;
    Ok(root)
}

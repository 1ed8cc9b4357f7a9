//! rs_block_liar: a Block server that lies. The last element of a session's label names the lie; it
//! waits for as many requests as the lie is about, and then answers all of them, so that a client
//! sees the same whichever side is faster.
#![no_std]
#![no_main]

extern crate alloc;

mod lies;

use alloc::{rc::Rc, vec::Vec};
use core::cell::RefCell;

use genode::{
    cap::Capability,
    label::last_element,
    packet_stream::TxChannel,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::Object,
    session::block::{Block, BlockSession, Header, Info, Operation},
};
use lies::Lie;
use rs_checks::{Bells, Queues, Raw, Rings};

/// Bytes of a stream.
const BUFFER: usize = 128 << 10;

/// The device, as the liar says.
const DEVICE: Info = Info { block_size: 512, block_count: 100, align_log2: 11, writeable: true };

/// What a session's calls and handler share.
struct Stream {
    queues: Queues<Block>,
    lie: Lie,
    asked: Vec<Raw>,
    /// Answers that the lie keeps back.
    kept: Vec<Raw>,
}

impl Stream {
    /// Does what an honest server does: fills the blocks that are read with their number.
    fn honest(&self, raw: Raw) -> Result<Raw, Error> {
        let header = raw.header::<Block>();
        if header.operation == Operation::Read {
            let [offset, size] = raw.place();
            let bytes = alloc::vec![header.block as u8; size as usize];
            self.queues.memory().write(offset as usize, &bytes)?;
        }
        Ok(Raw::new::<Block>(raw.place(), &Header { success: true, ..header }))
    }

    /// Takes requests, and answers them once there are enough. Returns whether it did.
    fn act(&mut self) -> Result<bool, Error> {
        let mut told = false;
        while let Some(raw) = self.queues.take()? {
            let honest = self.honest(raw)?;
            self.asked.push(honest);
            if self.asked.len() == Lie::REQUESTS {
                let asked = core::mem::take(&mut self.asked);
                let answers = self.lie.answers(&asked, &mut self.kept);
                self.queues.answer(&answers)?;
                if self.lie == Lie::Index {
                    self.queues.break_index()?;
                }
                told = true;
            }
        }
        Ok(told)
    }
}

struct Liar {
    channel: Object<dyn TxChannel, Rings>,
    _handler: SignalHandler,
}

impl Liar {
    fn new(request: &SessionRequest<'_>) -> Result<Self, Error> {
        let lie = Lie::named(last_element(request.label())).ok_or(Error::Denied)?;
        let queues = Queues::<Block>::new(BUFFER)?;
        let stream =
            Rc::new(RefCell::new(Stream { queues, lie, asked: Vec::new(), kept: Vec::new() }));
        let (bells, acting) = (Bells::default(), stream.clone());
        let ring = bells.clone();
        let handler = SignalHandler::new(request.ep(), move |_| match acting.borrow_mut().act() {
            Ok(true) => ring.ring(),
            Ok(false) => (),
            Err(error) => error!("a lie failed: {error}"),
        })?;
        let rings = Rings::new(stream.borrow().queues.memory(), handler.cap(), &bells);
        let channel = Object::new(request.ep(), rings)?;
        Ok(Self { channel, _handler: handler })
    }
}

impl BlockSession for Liar {
    fn info(&self) -> Info {
        DEVICE
    }
    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        self.channel.cap().clone()
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn BlockSession, _>(|request: &SessionRequest<'_>| {
        Liar::new(request).map_err(Refused::from)
    })?;
    Ok(root)
}

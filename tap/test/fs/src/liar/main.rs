//! rs_fs_liar: a File_system server that lies in its packets. The last element of a session's label
//! but one names the lie. It waits for as many requests as the lie is about, and then answers all of them, so that a client sees
//! the same whichever side is faster.
#![no_std]
#![no_main]

extern crate alloc;

mod lies;
mod session;

use alloc::{rc::Rc, vec::Vec};
use core::cell::RefCell;

use genode::{
    label::last_element,
    packet_stream::TxChannel,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::Object,
    session::file_system::{FileSystemSession, Operation, Packets},
};
use lies::Lie;
use rs_checks::{Bells, Queues, Raw, Rings};

/// Bytes of a stream.
const BUFFER: usize = 128 << 10;

/// Memory of a session's stream, and what the lie is about.
struct Stream {
    queues: Queues<Packets>,
    lie: Lie,
    asked: Vec<Raw>,
    /// Answers that the lie keeps back.
    kept: Vec<Raw>,
}

impl Stream {
    /// Does what an honest server does: fills what is read with the handle's number.
    fn honest(&self, raw: Raw) -> Result<Raw, Error> {
        let header = raw.header::<Packets>();
        if header.operation() == Some(Operation::Read) {
            let [offset, size] = raw.place();
            let bytes = alloc::vec![header.handle.0 as u8; size as usize];
            self.queues.memory().write(offset as usize, &bytes)?;
        }
        Ok(Raw::new::<Packets>(raw.place(), &header.done(header.length)))
    }

    /// Takes requests, and answers them once there are enough. Returns whether it did.
    fn act(&mut self) -> Result<bool, Error> {
        let mut told = false;
        while let Some(raw) = self.queues.take()? {
            let honest = self.honest(raw)?;
            self.asked.push(honest);
            if self.asked.len() == self.lie.requests(!self.kept.is_empty()) {
                let asked = core::mem::take(&mut self.asked);
                if self.lie == Lie::Index {
                    self.queues.break_index()?;
                } else {
                    self.lie.content(self.queues.memory(), &asked)?;
                    let answers = self.lie.answers(&asked, &mut self.kept);
                    self.queues.answer(&answers)?;
                }
                told = true;
            }
        }
        Ok(told)
    }
}

/// A session that lies.
struct Liar {
    channel: Object<dyn TxChannel, Rings>,
    opened: u64,
    _handler: SignalHandler,
}

impl Liar {
    fn new(request: &SessionRequest<'_>) -> Result<Self, Error> {
        let label = request.label().trim_end_matches('/').trim_end_matches(" -> ");
        let lie = Lie::named(last_element(label)).ok_or(Error::Denied)?;
        let queues = Queues::<Packets>::new(BUFFER)?;
        let (asked, kept) = (Vec::new(), Vec::new());
        let stream = Rc::new(RefCell::new(Stream { queues, lie, asked, kept }));
        let (bells, acting) = (Bells::default(), stream.clone());
        let ring = bells.clone();
        let handler = SignalHandler::new(request.ep(), move |_| match acting.borrow_mut().act() {
            Ok(true) => ring.ring(),
            Ok(false) => (),
            Err(error) => error!("a lie failed: {error}"),
        })?;
        let rings = Rings::new(stream.borrow().queues.memory(), handler.cap(), &bells);
        let channel = Object::new(request.ep(), rings)?;
        Ok(Self { channel, opened: 0, _handler: handler })
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn FileSystemSession, _>(|request: &SessionRequest<'_>| {
        Liar::new(request).map_err(Refused::from)
    })?;
    Ok(root)
}

//! rs_nic_liar: a Nic server that answers twice, late, and with what is others': it acknowledges
//! frames again, names places that are none, and moves its indices to where they cannot be.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, vec::Vec};
use core::{cell::RefCell, ops::Deref, sync::atomic::Ordering::Relaxed};

use fastrand::Rng;
use genode::{
    cap::Capability,
    dataspace::{Area, Dataspace, SharedRam},
    packet_stream::{Layout, RxChannel, SinkEnd, SourceEnd, TxChannel},
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::Object,
    session::nic::{Frames, MacAddress, NicSession},
    signal::{SignalContext, Transmitter},
};

/// Bytes of each buffer.
const BUFFER: usize = 128 << 10;

/// Memory of a stream.
struct Memory(SharedRam);

impl Deref for Memory {
    type Target = Area;

    fn deref(&self) -> &Area {
        &self.0
    }
}

/// Both streams of a session, as the liar has them.
struct Streams {
    sink: SinkEnd<Frames, Memory>,
    source: SourceEnd<Frames, Memory>,
    client: Vec<Transmitter>,
    random: Rng,
    turn: u32,
}

impl Streams {
    /// Does what an honest server does, once.
    fn serve(&mut self) {
        for _ in 0..64 {
            let Ok(Some(frame)) = self.sink.try_next() else { break };
            if self.sink.try_ack(frame, &()).is_err() {
                break;
            }
        }
        while let Ok(Some(acked)) = self.source.try_acked() {
            drop(acked);
        }
        for _ in 0..4 {
            let size = self.random.usize(1..2000); // some are larger than a frame may be
            let Ok(Some(packet)) = self.source.try_alloc(size) else { break };
            let _ = self.source.try_submit(packet, &()); // no room: as well
        }
    }

    /// Changes a queue: a descriptor becomes another one's, or anything; an index moves.
    fn lie(&mut self) -> Result<(), Error> {
        let layout = Layout::new::<Frames>(BUFFER).map_err(|_| Error::Invalid)?;
        let random = &mut self.random;
        let memory: &Area = if random.bool() { self.sink.memory() } else { self.source.memory() };
        let slot = |random: &mut Rng| {
            let queue = if random.bool() { 0 } else { layout.ack_queue };
            queue + 8 + 16 * random.usize(..64)
        };
        let (from, to) = (slot(random), slot(random));
        match random.u32(..8) {
            // again, or another one's
            0..=3 => {
                let mut descriptor = [0; 16];
                memory.read(from, &mut descriptor)?;
                memory.write(to, &descriptor)?;
            }
            4 | 5 => {
                let word = memory.atomic_u64(to + 8 * random.usize(..2))?;
                let any = [random.u64(..), random.u64(..1 << 18), u64::MAX - random.u64(..64)];
                word.store(any[random.usize(..3)], Relaxed);
            }
            // a little further than there is, which an honest client may believe
            6 => {
                let at = [0, 4, layout.ack_queue, layout.ack_queue + 4][random.usize(..4)];
                let index = memory.atomic_u32(at)?;
                index.store((index.load(Relaxed) + random.u32(1..4)) % 1024, Relaxed);
            }
            _ if random.u32(..16) == 0 => {
                let at = [0, 4, layout.ack_queue, layout.ack_queue + 4][random.usize(..4)];
                memory.atomic_u32(at)?.store(random.u32(..), Relaxed);
            }
            _ => (),
        }
        Ok(())
    }

    fn act(&mut self) {
        self.turn += 1;
        self.serve();
        // Honest at first, so that there is something to lie about.
        if self.turn > 4 && self.lie().is_err() {
            error!("a lie is outside of the memory");
        }
        for client in &self.client {
            client.submit();
        }
    }
}

/// A channel of either kind.
struct Channel {
    streams: Rc<RefCell<Streams>>,
    memory: Capability<Dataspace>,
    server: Capability<SignalContext>,
}

impl Channel {
    fn client(&self, sigh: Capability<SignalContext>) {
        self.streams.borrow_mut().client.push(Transmitter::new(sigh));
    }
}

impl TxChannel for Channel {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.memory.clone()
    }
    fn ack_avail(&mut self, sigh: Capability<SignalContext>) {
        self.client(sigh);
    }
    fn ready_to_submit(&mut self, sigh: Capability<SignalContext>) {
        self.client(sigh);
    }
    fn ready_to_ack(&mut self) -> Capability<SignalContext> {
        self.server.clone()
    }
    fn packet_avail(&mut self) -> Capability<SignalContext> {
        self.server.clone()
    }
}

impl RxChannel for Channel {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.memory.clone()
    }
    fn packet_avail(&mut self, sigh: Capability<SignalContext>) {
        self.client(sigh);
    }
    fn ready_to_ack(&mut self, sigh: Capability<SignalContext>) {
        self.client(sigh);
    }
    fn ready_to_submit(&mut self) -> Capability<SignalContext> {
        self.server.clone()
    }
    fn ack_avail(&mut self) -> Capability<SignalContext> {
        self.server.clone()
    }
}

struct Liar {
    streams: Rc<RefCell<Streams>>,
    tx: Object<dyn TxChannel, Channel>,
    rx: Object<dyn RxChannel, Channel>,
    _handler: SignalHandler,
}

impl Liar {
    fn new(request: &SessionRequest<'_>, seed: u64) -> Result<Self, Error> {
        let (tx, rx) = (SharedRam::new(BUFFER)?, SharedRam::new(BUFFER)?);
        let memory = [tx.cap().clone(), rx.cap().clone()];
        let streams = Rc::new(RefCell::new(Streams {
            sink: SinkEnd::new(Memory(tx)).map_err(|_| Error::Invalid)?,
            source: SourceEnd::new(Memory(rx), 0).map_err(|_| Error::Invalid)?,
            client: Vec::new(),
            random: Rng::with_seed(seed),
            turn: 0,
        }));
        let acting = streams.clone();
        let handler = SignalHandler::new(request.ep(), move |_| acting.borrow_mut().act())?;
        let [tx, rx] = memory.map(|memory| Channel {
            streams: streams.clone(),
            memory,
            server: handler.cap().clone(),
        });
        let (tx, rx) = (Object::new(request.ep(), tx)?, Object::new(request.ep(), rx)?);
        Ok(Self { streams, tx, rx, _handler: handler })
    }
}

impl NicSession for Liar {
    fn mac_address(&mut self) -> MacAddress {
        MacAddress::BROADCAST
    }
    /// Asked by the client for its turn: it acts at once.
    fn link_state(&mut self) -> bool {
        self.streams.borrow_mut().act();
        self.streams.borrow().turn.is_multiple_of(2)
    }
    fn link_state_sigh(&mut self, context: Capability<SignalContext>) {
        Transmitter::new(context).submit();
    }
    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        self.tx.cap().clone()
    }
    fn rx_cap(&mut self) -> Capability<dyn RxChannel> {
        self.rx.cap().clone()
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut seed = 0;
    let mut root = Root::new(env)?;
    root.serve::<dyn NicSession, _>(move |request: &SessionRequest<'_>| {
        seed += 1;
        Liar::new(request, seed).map_err(Refused::from)
    })?;
    Ok(root)
}

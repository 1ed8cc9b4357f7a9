//! An entrypoint's doorbell, state page, slots and signal pages, shared by three clients of which one is hostile: whatever
//! that one writes into the doorbell and into its own pages, calls and signals of the others are served.

use genode_host_proto::PAGE;
use genode_host_proto::bell::{Bell, Hint, hints};
use genode_host_proto::slot::Found;
use genode_host_proto::sync::{AtomicU32, Looks, Sleep};
use genode_wire::ExceptionCode;

use super::Moves;
use super::signals::Channel;
use super::slot::Page;

/// The clients; the first is hostile.
const CLIENTS: usize = 3;
const HOSTILE: usize = 0;

/// The doorbell: a pipe of one page. What does not fit as a whole is refused, as Linux does up to a page.
#[derive(Default)]
struct Pipe(Vec<u8>);

impl Pipe {
    fn write(&mut self, bytes: &[u8]) {
        if self.0.len() + bytes.len() <= PAGE {
            self.0.extend_from_slice(bytes);
        }
    }
}

struct Client {
    page: Box<Page>,
    channel: Channel,
    /// A call was posted and not answered.
    calls: bool,
    /// Something was published for which the bell was not asked yet.
    asks: Option<Hint>,
    submitted: u64,
    delivered: u64,
}

/// The client's loop is elsewhere: here nobody sleeps on a slot.
struct NoSleep;

impl Sleep for NoSleep {
    fn wait(&self, _: &AtomicU32, _: u32) {}
    fn wake(&self, _: &AtomicU32) {}
}

struct World {
    bell: Bell,
    pipe: Pipe,
    clients: Vec<Client>,
    /// Slots that rang.
    rang: Vec<usize>,
    /// Whether the entrypoint is about to read its doorbell, which blocks while that is empty.
    reads: bool,
}

impl World {
    fn new() -> Self {
        let client = |number: usize| {
            let mut channel = Channel::new(1000 * (number as u64 + 1));
            for _ in 0..3 {
                channel.grant(|_, _| true);
            }
            Client {
                page: Page::new(),
                channel,
                calls: false,
                asks: None,
                submitted: 0,
                delivered: 0,
            }
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { bell: Bell::new(), pipe: Pipe::default(), clients, rang: Vec::new(), reads: false }
    }

    fn look(clients: &[Client]) -> bool {
        clients.iter().any(|c| c.page.slot().pending() || c.channel.signals().pending())
    }

    /// Notes everything that the clients' memory says is pending.
    fn gather(&mut self) {
        for number in 0..CLIENTS {
            if self.clients[number].page.slot().pending() {
                self.rang.push(number);
            }
            self.collect(number);
        }
    }

    fn collect(&mut self, number: usize) {
        let Some(client) = self.clients.get_mut(number) else { return };
        let mut delivered = 0;
        client.channel.drain(|_, count| delivered += u64::from(count));
        client.delivered += delivered;
        assert!(
            number == HOSTILE || client.delivered <= client.submitted,
            "signals that nobody sent"
        );
    }

    /// One step of the entrypoint; false if it blocks.
    fn serve(&mut self, moves: &Moves<'_>) -> bool {
        if let Some(number) = self.rang.pop() {
            self.serve_slot(number);
        } else if self.reads {
            if self.pipe.0.is_empty() {
                return false;
            }
            self.reads = false;
            let bytes = std::mem::take(&mut self.pipe.0);
            let Some(hints) = hints(&bytes) else {
                self.gather();
                return true;
            };
            for hint in hints {
                match hint {
                    Hint::Slot(number) if usize::from(number) < CLIENTS => {
                        self.rang.push(number.into());
                    }
                    Hint::Signals(number) => self.collect(number.into()),
                    Hint::Event | Hint::Slot(_) => {}
                }
            }
        } else if !moves.over() && moves.byte().is_multiple_of(4) {
            let clients = &self.clients;
            let looks = &mut Looks(u32::from(moves.byte() % 4));
            if self.bell.poll(looks, || Self::look(clients)) {
                self.gather();
            }
        } else {
            let clients = &self.clients;
            if self.bell.sleeps(|| Self::look(clients)) {
                self.gather();
            } else {
                self.reads = true;
            }
        }
        true
    }

    fn serve_slot(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let mut body = [0; 64];
        if let Found::Call(_) = client.page.slot().take(&mut body) {
            let _ = client.page.slot().reply(&NoSleep, ExceptionCode::SUCCESS, &[], 0);
            client.calls = false;
        } else {
            assert!(number == HOSTILE || !client.calls, "a call is not seen");
        }
    }

    /// One step of an honest client.
    fn client(&mut self, number: usize, moves: &Moves<'_>) {
        let client = &mut self.clients[number];
        if let Some(hint) = client.asks.take() {
            if self.bell.must_ring() {
                self.pipe.write(&hint.to_bytes());
            }
        } else if moves.byte().is_multiple_of(2) {
            let index = 1 + moves.below(3);
            client.submitted += 1;
            assert!(client.channel.signals().submit(index as u32, 1));
            client.asks = Some(Hint::Signals(number as u16));
        } else if !client.calls {
            // The reply of the last call is taken.
            let _ = client.page.slot().wait(&NoSleep, &mut Looks(0), &mut []);
            assert_eq!(client.page.slot().post(1, &[], 0, 0), Ok(()));
            client.calls = true;
            client.asks = Some(Hint::Slot(number as u16));
        }
    }

    /// One step of the hostile client.
    fn harm(&mut self, moves: &Moves<'_>) {
        match moves.byte() % 4 {
            0 => self.clients[HOSTILE].page.scribble(moves),
            1 => self.clients[HOSTILE].channel.scribble(moves),
            2 => self.pipe.write(&[moves.byte(), moves.byte()]),
            _ => {
                let len = match moves.byte() {
                    small @ 0..224 => 1 + usize::from(small % 8),
                    large => PAGE - usize::from(255 - large),
                };
                self.pipe.write(&vec![moves.byte(); len]);
            }
        }
    }
}

/// An entrypoint with three clients, one of which is hostile.
pub fn doorbell(data: &[u8]) {
    let (moves, mut world) = (Moves::new(data), World::new());
    // Idle slots answer the first `wait` of an honest client with an error, which it does not look at.
    while let Some(step) = moves.next() {
        match step % 8 {
            0..3 => {
                world.serve(&moves);
            }
            step @ 3..6 => world.client(1 + usize::from(step) % 2, &moves),
            _ => world.harm(&moves),
        }
    }
    for number in 1..CLIENTS {
        if world.clients[number].asks.is_some() {
            world.client(number, &moves);
        }
    }
    // A hostile client can keep the entrypoint awake for ever, so the end is bounded: each step serves something.
    for _ in 0..64 {
        if !world.serve(&moves) {
            break;
        }
    }
    for client in &world.clients[1..] {
        assert!(!client.calls, "a call waits and the entrypoint sleeps");
        assert_eq!(client.submitted, client.delivered, "signals wait and the entrypoint sleeps");
    }
}

//! Both sides of a packet stream over one memory, driven by bytes: steps of two honest sides, and
//! of somebody who writes any of the shared memory in between. A model beside them knows which
//! packet is where.

use std::collections::BTreeMap;

use genode::{
    dataspace::LocalRam,
    packet_stream::{
        Kind, Layout, Packet, Protocol, Received, SinkEnd, SourceEnd, StreamError, Wake,
    },
};

/// Short queues, so that edges are many; a number in each descriptor, whose last two bits tell the
/// kind.
#[derive(Debug)]
enum Numbered {}

impl Protocol for Numbered {
    const SUBMIT_QUEUE: u32 = 5;
    const ACK_QUEUE: u32 = 3;
    const WORDS: usize = 1;

    type Header = u64;

    fn encode(header: &u64, words: &mut [u64]) {
        words[0] = *header;
    }

    fn decode(words: &[u64]) -> u64 {
        words[0]
    }

    fn kind(header: &u64) -> Kind {
        match header % 4 {
            1 => Kind::Bare,
            2 => Kind::Notice,
            _ => Kind::Packet,
        }
    }
}

const SIZE: usize = 1 << 10;

struct Model {
    memory: LocalRam,
    source: SourceEnd<Numbered, LocalRam>,
    sink: SinkEnd<Numbered, LocalRam>,
    /// Packets that the source holds.
    held: Vec<Packet<LocalRam>>,
    /// Packets that were submitted and did not come back: offset and size.
    outstanding: BTreeMap<usize, usize>,
    bare: u32,
    notices: usize,
    /// Packets that the sink holds.
    taken: Vec<Received<u64, LocalRam>>,
    /// Somebody wrote what is not its own, or a packet was thrown away: what honest sides promise
    /// each other is off.
    tainted: bool,
    /// Sides that found nothing, and sleep until they are woken: for packets, acknowledgements, and
    /// space for each.
    sleeping: [bool; 4],
}

const PACKETS: usize = 0;
const ACKS: usize = 1;
const SUBMIT_SPACE: usize = 2;
const ACK_SPACE: usize = 3;

/// Takes bytes off the input.
fn byte(input: &mut &[u8]) -> usize {
    let Some((first, rest)) = input.split_first() else { return 0 };
    *input = rest;
    usize::from(*first)
}

impl Model {
    fn new(align_log2: u8) -> Self {
        let memory = LocalRam::new(SIZE).unwrap();
        Self {
            sink: SinkEnd::new(memory.clone()).unwrap(),
            source: SourceEnd::new(memory.clone(), align_log2).unwrap(),
            memory,
            held: Vec::new(),
            outstanding: BTreeMap::new(),
            bare: 0,
            notices: 0,
            taken: Vec::new(),
            tainted: false,
            sleeping: [false; 4],
        }
    }

    /// A range that the source owns overlaps no other one, and lies in the bulk buffer.
    fn check_ranges(&self) {
        let mut ranges: Vec<_> = self.outstanding.iter().map(|(at, size)| (*at, *size)).collect();
        ranges.extend(self.held.iter().map(|packet| (packet.offset(), packet.size())));
        ranges.retain(|(_, size)| *size > 0);
        ranges.sort_unstable();
        let mut end = Layout::queues::<Numbered>();
        for (at, size) in ranges {
            assert!(at >= end, "packets overlap");
            end = at + size;
        }
        assert!(end <= SIZE);
        assert_eq!(self.source.bare_outstanding(), self.bare);
    }

    /// An index error is one that somebody caused.
    fn broken(&self, why: StreamError) {
        assert!(self.tainted, "{why}");
    }

    fn submit(&mut self, packet: Packet<LocalRam>, header: u64) {
        let (at, size) = (packet.offset(), packet.size());
        match self.source.try_submit(packet, &header) {
            Ok(()) if size > 0 => assert!(self.outstanding.insert(at, size).is_none()),
            Ok(()) if Numbered::kind(&header) != Kind::Notice => self.bare += 1,
            Ok(()) => (),
            Err(refused) => {
                if matches!(refused.why, StreamError::Full(_)) {
                    self.sleeping[SUBMIT_SPACE] = true;
                } else {
                    self.broken(refused.why);
                }
                if size > 0 {
                    self.held.push(refused.packet);
                }
            }
        }
    }

    fn acked(&mut self) {
        match self.source.try_acked() {
            Ok(None) => self.sleeping[ACKS] = true,
            Ok(Some(acked)) => match acked.packet {
                Some(packet) => {
                    let size = self.outstanding.remove(&packet.offset());
                    assert_eq!(size, Some(packet.size()), "a packet that was not outstanding");
                    self.held.push(packet);
                }
                None if Numbered::kind(&acked.header) == Kind::Notice => {
                    self.notices = self.notices.saturating_sub(1);
                }
                None => self.bare -= 1,
            },
            Err(why) => self.broken(why),
        }
    }

    fn next(&mut self) {
        match self.sink.try_next() {
            Ok(None) => self.sleeping[PACKETS] = true,
            Ok(Some(packet)) => {
                match packet.view() {
                    Ok(view) => {
                        assert!(view.len() <= SIZE - Layout::queues::<Numbered>());
                        let end = view.len();
                        assert!(view.write(end, &[1]).is_err());
                        if end > 0 {
                            view.write(end - 1, &[7]).unwrap();
                            view.read(0, &mut [0]).unwrap();
                        }
                    }
                    Err(why) => self.broken(why),
                }
                self.taken.push(packet);
            }
            Err(why) => self.broken(why),
        }
    }

    fn ack(&mut self, packet: Received<u64, LocalRam>, header: u64) {
        let Err(refused) = self.sink.try_ack(packet, &header) else { return };
        if matches!(refused.why, StreamError::Full(_)) {
            self.sleeping[ACK_SPACE] = true;
        } else {
            self.broken(refused.why);
        }
        self.taken.push(refused.packet);
    }

    fn wake(&mut self, wake: Result<Wake, StreamError>, elements: usize, space: usize) {
        match wake {
            Ok(wake) => {
                self.sleeping[elements] &= !wake.elements;
                self.sleeping[space] &= !wake.space;
            }
            Err(why) => self.broken(why),
        }
        // Nobody sleeps beside what it waits for.
        if !self.tainted && elements == PACKETS {
            let waits = self.sleeping[PACKETS] && self.sink.packet_avail() == Ok(true);
            assert!(!waits, "the sink sleeps beside a packet");
            let waits = self.sleeping[ACK_SPACE] && self.sink.ready_to_ack(1).unwrap() > 0;
            assert!(!waits, "the sink sleeps beside space");
        } else if !self.tainted {
            let waits = self.sleeping[ACKS] && self.source.ack_avail() == Ok(true);
            assert!(!waits, "the source sleeps beside an acknowledgement");
            let waits = self.sleeping[SUBMIT_SPACE] && self.source.ready_to_submit(1).unwrap() > 0;
            assert!(!waits, "the source sleeps beside space");
        }
    }

    /// Writes as a peer may that is not honest.
    fn write(&mut self, input: &mut &[u8]) {
        let layout = Layout::new::<Numbered>(SIZE).unwrap();
        let place = byte(input);
        let value = byte(input);
        let index = [0, 4, layout.ack_queue, layout.ack_queue + 4];
        self.tainted = true;
        if place < 128 {
            let value = [value as u32 % 8, u32::MAX - value as u32][usize::from(place & 4 != 0)];
            let at = self.memory.atomic_u32(index[place % 4]).unwrap();
            at.store(value, std::sync::atomic::Ordering::Relaxed);
        } else {
            let words = Layout::queues::<Numbered>() / 8;
            let at = place % words * 8;
            if index.contains(&at) {
                return; // a word of two indices
            }
            let value = value as u64;
            let value = [value * 8, value, u64::MAX - value, 1 << (value % 64)][byte(input) % 4];
            let word = self.memory.atomic_u64(at).unwrap();
            word.store(value, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn step(&mut self, input: &mut &[u8]) {
        let step = byte(input);
        match step % 13 {
            0 => {
                let size = byte(input) * 2;
                match self.source.try_alloc(size) {
                    Ok(packet) => self.held.extend(packet),
                    Err(why) => assert!(matches!(why, StreamError::PacketSize { .. })),
                }
            }
            1 if !self.held.is_empty() => {
                let which = byte(input) % self.held.len();
                let packet = self.held.swap_remove(which);
                self.submit(packet, 4 * step as u64);
            }
            2 => {
                let packet = self.source.bare();
                self.submit(packet, 1 + step as u64 % 2 * 4);
            }
            3 => self.acked(),
            4 => self.next(),
            5 if !self.taken.is_empty() => {
                let which = byte(input) % self.taken.len();
                let packet = self.taken.swap_remove(which);
                let header = packet.header();
                self.ack(packet, header);
            }
            6 => match self.sink.try_notify(&2) {
                Ok(()) => self.notices += 1,
                Err(StreamError::Full(_)) => self.sleeping[ACK_SPACE] = true,
                Err(why) => self.broken(why),
            },
            7 => {
                let wake = self.source.wakeup();
                self.wake(wake, PACKETS, ACK_SPACE);
            }
            8 => {
                let wake = self.sink.wakeup();
                self.wake(wake, ACKS, SUBMIT_SPACE);
            }
            9 if !self.held.is_empty() => {
                let which = byte(input) % self.held.len();
                drop(self.held.swap_remove(which));
            }
            10 if step > 240 && !self.taken.is_empty() => {
                self.tainted = true;
                drop(self.taken.pop());
            }
            11 if step > 200 => self.write(input),
            12 => {
                let _ = (self.source.due(), self.sink.due());
            }
            _ => (),
        }
        self.check_ranges();
    }

    /// Lets two honest sides finish: everything comes back.
    fn finish(mut self) {
        if !self.tainted {
            for _ in 0..100 {
                self.next();
                if let Some(packet) = self.taken.pop() {
                    let header = packet.header();
                    self.ack(packet, header);
                }
                self.acked();
            }
            assert!(self.outstanding.is_empty() && self.taken.is_empty(), "a packet is lost");
            assert_eq!((self.bare, self.notices), (0, 0));
        }
        self.held.clear();
        self.check_ranges();
        if self.outstanding.is_empty() {
            let largest = self.source.largest();
            assert!(self.source.try_alloc(largest).unwrap().is_some(), "a range is lost");
        }
    }
}

/// Runs the steps that the bytes stand for.
pub fn stream(bytes: &[u8]) {
    let mut input = bytes;
    let mut model = Model::new((byte(&mut input) % 8) as u8);
    while !input.is_empty() {
        model.step(&mut input);
    }
    model.finish();
}

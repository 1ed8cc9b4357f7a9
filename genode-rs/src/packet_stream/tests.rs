extern crate std;

use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use std::string::String;

use super::*;
use crate::dataspace::{Area, LocalRam};

/// The layout that ours is compared with.
const VECTORS: &str = include_str!("../../tests/vectors/packet-stream-26.02-ffb059da.txt");

fn vector(name: &str) -> &'static str {
    let line = VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no vector {name}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn dump(area: &Area, len: usize) -> Vec<u8> {
    let mut bytes = alloc::vec![0; len];
    area.read(0, &mut bytes).unwrap();
    bytes
}

/// A number in each descriptor, whose last two bits tell the kind.
#[derive(Debug)]
enum Test {}

impl Protocol for Test {
    const SUBMIT_QUEUE: u32 = 4;
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

/// Memory that both ends have.
fn memory(size: usize) -> LocalRam {
    LocalRam::new(size).unwrap()
}

fn ends(size: usize) -> (SourceEnd<Test, LocalRam>, SinkEnd<Test, LocalRam>, LocalRam) {
    let memory = memory(size);
    let sink = SinkEnd::new(memory.clone()).unwrap();
    let source = SourceEnd::new(memory.clone(), 0).unwrap();
    (source, sink, memory)
}

#[test]
fn queues_are_genodes_byte_for_byte() {
    let numbers = |name| -> Vec<usize> {
        vector(name).split(' ').map(|number| number.parse().unwrap()).collect()
    };
    let nic = Layout::new::<Plain<1024>>(1 << 20).unwrap();
    let [slots, descriptor, queue] = numbers("nic.queue")[..] else { panic!() };
    assert_eq!((slots, Layout::descriptor::<Plain<1024>>()), (1024, descriptor));
    assert_eq!((nic.ack_queue, nic.bulk), (queue, (2 * queue).next_multiple_of(64)));

    let memory = memory(1024);
    memory.write(0, &[0xee; 72]).unwrap();
    // The source's constructor as it is; then the sink's, of which the first queue's part is the
    // tail.
    let mut source = SourceEnd::<Plain<4>, _>::new(memory.clone(), 0).unwrap();
    assert_eq!(dump(&memory, 72), bytes(vector("plain.producer")));
    let mut sink = SinkEnd::<Plain<4>, _>::new(memory.clone()).unwrap();
    assert_eq!(dump(&memory, 72), bytes(vector("plain.consumer")));
    for (at, size) in [(0x1000_u64, 0x123_u64), (0x2000, 0x456)] {
        let packet = source.try_alloc(64).unwrap().unwrap();
        source.try_submit(packet, &()).unwrap();
        // The vector's places are outside of this buffer.
        let slot = if at == 0x1000 { 8 } else { 24 };
        memory.atomic_u64(slot).unwrap().store(at, Relaxed);
        memory.atomic_u64(slot + 8).unwrap().store(size, Relaxed);
    }
    let got = sink.try_next().unwrap().unwrap();
    assert_eq!((got.offset(), got.size()), (0x1000, 0x123));
    assert_eq!(dump(&memory, 72), bytes(vector("plain.queue")));
}

#[test]
fn a_packet_goes_there_and_back() {
    let (mut source, mut sink, _) = ends(4096);
    let packet = source.try_alloc(100).unwrap().unwrap();
    packet.view().write(10, b"hello").unwrap();
    let offset = packet.offset();
    source.try_submit(packet, &4).unwrap();
    let packet = sink.try_next().unwrap().unwrap();
    assert_eq!((packet.header(), packet.offset(), packet.size()), (4, offset as u64, 100));
    let view = packet.view().unwrap();
    let mut text = [0; 5];
    view.read(10, &mut text).unwrap();
    assert_eq!(&text, b"hello");
    view.write_value(92, &0x1234_5678_9abc_def0_u64).unwrap();
    assert!(view.write_value(93, &0_u64).is_err() && view.read(usize::MAX, &mut text).is_err());
    assert!(view.part(90, 11).is_err());
    assert_eq!(view.part(92, 8).unwrap().read_value::<u64>(0), Ok(0x1234_5678_9abc_def0));
    sink.try_ack(packet, &8).unwrap();
    let acked = source.try_acked().unwrap().unwrap();
    let packet = acked.packet.unwrap();
    assert_eq!((acked.header, packet.offset(), packet.size()), (8, offset, 100));
    assert_eq!(packet.view().read_value::<u64>(92), Ok(0x1234_5678_9abc_def0));
    assert!(source.try_acked().unwrap().is_none());
}

/// The edges of Genode's `Packet_descriptor_transmitter` and `_receiver`.
#[test]
fn one_wake_up_for_a_batch_and_none_without_an_edge() {
    let (mut source, mut sink, _) = ends(4096);
    let none = Wake::default();
    let elements = Wake { elements: true, space: false };
    let space = Wake { elements: false, space: true };
    let submit = |source: &mut SourceEnd<_, _>, count| {
        (0..count).for_each(|_| source.try_submit(source.bare(), &1).unwrap());
    };
    submit(&mut source, 2);
    assert_eq!(source.wakeup(), Ok(elements));
    assert_eq!(source.wakeup(), Ok(none), "told already");
    submit(&mut source, 1);
    assert_eq!(source.wakeup(), Ok(none), "the sink was not empty");
    assert!(source.try_submit(source.bare(), &1).is_err(), "full");
    let first = sink.try_next().unwrap().unwrap();
    assert_eq!(sink.wakeup(), Ok(space), "it was full");
    let second = sink.try_next().unwrap().unwrap();
    let third = sink.try_next().unwrap().unwrap();
    assert_eq!(sink.wakeup(), Ok(none), "it was not full");
    assert!(sink.try_next().unwrap().is_none());
    submit(&mut source, 1);
    assert_eq!(source.wakeup(), Ok(elements));
    sink.try_ack(first, &1).unwrap();
    sink.try_ack(second, &1).unwrap();
    let refused = sink.try_ack(third, &1).unwrap_err();
    assert_eq!(refused.why, StreamError::Full(Queue::Ack));
    assert_eq!(sink.wakeup(), Ok(elements));
    assert!(source.try_acked().unwrap().is_some());
    assert_eq!(source.wakeup(), Ok(space));
    sink.try_ack(refused.packet, &1).unwrap();
    assert_eq!(sink.due(), Ok(Wake { elements: true, space: true }), "for a late handler");
    assert_eq!(source.due(), Ok(Wake { elements: true, space: true }));
}

#[test]
fn the_sink_took_all_before_it_was_told() {
    let (mut source, mut sink, _) = ends(4096);
    source.try_submit(source.bare(), &1).unwrap();
    assert!(sink.try_next().unwrap().is_some());
    assert_eq!(source.wakeup(), Ok(Wake::default()));
    // It took the first of two, and may have slept in between.
    source.try_submit(source.bare(), &1).unwrap();
    assert!(sink.try_next().unwrap().is_some());
    source.try_submit(source.bare(), &1).unwrap();
    assert_eq!(source.wakeup(), Ok(Wake { elements: true, space: false }));
}

#[test]
fn an_acknowledgement_must_name_what_is_outstanding() {
    let (mut source, mut sink, memory) = ends(4096);
    let layout = Layout::new::<Test>(4096).unwrap();
    let packet = source.try_alloc(100).unwrap().unwrap();
    let held = source.try_alloc(100).unwrap().unwrap();
    let (offset, other) = (packet.offset() as u64, held.offset() as u64);
    source.try_submit(packet, &0).unwrap();
    let ack = |source: &mut SourceEnd<Test, LocalRam>, at: u64, size: u64, header: u64| {
        // As a sink that writes what it likes.
        let head = memory.atomic_u32(layout.ack_queue).unwrap();
        let slot = layout.ack_queue + 8 + head.load(Relaxed) as usize * 24;
        for (at, word) in [at, size, header].into_iter().enumerate() {
            memory.atomic_u64(slot + 8 * at).unwrap().store(word, Relaxed);
        }
        head.store((head.load(Relaxed) + 1) % 3, Relaxed);
        source.try_acked()
    };
    let unknown = |offset, size| Err(StreamError::Unknown { offset, size });
    for (at, size, header) in [
        (other, 100, 0),
        (offset + 64, 36, 0),
        (offset, 101, 0),
        (u64::MAX, 1, 0),
        (0, 0, 0),
        (offset, 100, 1),
    ] {
        assert_eq!(
            ack(&mut source, at, size, header).map(|acked| acked.is_some()),
            unknown(at, size)
        );
    }
    assert!(ack(&mut source, offset, 100, 2).unwrap().unwrap().packet.is_none(), "a notice");
    let back = ack(&mut source, offset, 64, 0).unwrap().unwrap().packet.unwrap();
    assert_eq!((back.offset(), back.size()), (offset as usize, 100));
    assert!(ack(&mut source, offset, 100, 0).is_err(), "twice");
    // A request without a range, and a server that gives it a size.
    source.try_submit(source.bare(), &1).unwrap();
    assert_eq!(source.bare_outstanding(), 1);
    assert!(ack(&mut source, 0, 1 << 40, 1).unwrap().unwrap().packet.is_none());
    assert!(ack(&mut source, 0, 1 << 40, 1).is_err(), "twice");
    assert!(sink.try_next().unwrap().is_some());
}

#[test]
fn a_bad_place_is_acknowledged_and_not_looked_into() {
    let (mut source, mut sink, memory) = ends(4096);
    let bulk = Layout::new::<Test>(4096).unwrap().bulk as u64;
    for (offset, size) in [(bulk - 1, 1), (0, 8), (bulk, 4097 - bulk), (u64::MAX, 2), (1 << 63, 1)]
    {
        source.try_submit(source.bare(), &1).unwrap();
        let slot = 8 + 24 * ((memory.atomic_u32(0).unwrap().load(Relaxed) as usize + 3) % 4);
        memory.atomic_u64(slot).unwrap().store(offset, Relaxed);
        memory.atomic_u64(slot + 8).unwrap().store(size, Relaxed);
        let got = sink.try_next().unwrap().unwrap();
        let limit = 4096 - bulk;
        assert_eq!(got.view().err(), Some(StreamError::Range { offset, size, limit }));
        sink.try_ack(got, &1).unwrap();
        assert!(source.try_acked().unwrap().is_some());
    }
}

#[test]
fn an_index_must_be_where_an_honest_peer_can_be() {
    let (mut source, mut sink, memory) = ends(4096);
    let layout = Layout::new::<Test>(4096).unwrap();
    let [head, tail] = [0, 4].map(|at| memory.atomic_u32(at).unwrap());
    let acks = memory.atomic_u32(layout.ack_queue).unwrap();
    let bad = |queue, index, slots| StreamError::Index { queue, index, slots };
    for index in [4, u32::MAX] {
        head.store(index, Relaxed);
        assert_eq!(sink.try_next().err(), Some(bad(Queue::Submit, index, 4)));
    }
    head.store(0, Relaxed);
    source.try_submit(source.bare(), &1).unwrap();
    source.try_submit(source.bare(), &1).unwrap();
    for index in [3, 4] {
        tail.store(index, Relaxed); // beyond the head
        assert_eq!(source.wakeup().err(), Some(bad(Queue::Submit, index, 4)));
    }
    tail.store(0, Relaxed);
    assert_eq!(source.wakeup(), Ok(Wake { elements: true, space: false }), "repaired");
    let taken = sink.try_next().unwrap().unwrap();
    assert!(source.ready_to_submit(3).is_ok());
    tail.store(0, Relaxed); // back
    assert_eq!(source.ready_to_submit(3).err(), Some(bad(Queue::Submit, 0, 4)));
    tail.store(1, Relaxed);
    acks.store(3, Relaxed);
    assert_eq!(source.try_acked().err(), Some(bad(Queue::Ack, 3, 3)));
    acks.store(0, Relaxed);
    sink.try_ack(taken, &1).unwrap();
    assert!(source.try_acked().unwrap().is_some());
    acks.store(0, Relaxed); // the sink's head went back by one: as if two more had come, for one that is outstanding
    assert!(source.try_acked().unwrap().is_some());
    assert_eq!(source.try_acked().err(), Some(StreamError::Unknown { offset: 0, size: 0 }));
}

#[test]
fn a_producer_cannot_take_back_what_it_published() {
    let (mut source, mut sink, memory) = ends(4096);
    source.try_submit(source.bare(), &1).unwrap();
    source.try_submit(source.bare(), &1).unwrap();
    assert!(sink.try_next().unwrap().is_some());
    let head = memory.atomic_u32(0).unwrap();
    head.store(1, Relaxed);
    let back = StreamError::Index { queue: Queue::Submit, index: 1, slots: 4 };
    assert_eq!(sink.wakeup(), Err(back));
    head.store(2, Relaxed);
    assert!(sink.try_next().unwrap().is_some());
}

#[test]
fn packets_stay_with_their_stream_and_free_their_range() {
    let (mut source, mut sink, _) = ends(1024);
    let (mut other, mut far, _) = ends(1024);
    let packet = source.try_alloc(source.largest()).unwrap().unwrap();
    assert!(source.try_alloc(1).unwrap().is_none());
    let refused = other.try_submit(packet, &0).unwrap_err();
    assert_eq!(refused.why, StreamError::Foreign);
    drop(refused);
    let packet = source.try_alloc(source.largest()).unwrap().unwrap();
    source.try_submit(packet, &0).unwrap();
    assert!(source.try_alloc(1).unwrap().is_none(), "the sink has it");
    let taken = sink.try_next().unwrap().unwrap();
    let refused = far.try_ack(taken, &0).unwrap_err();
    assert_eq!(refused.why, StreamError::Foreign);
    sink.try_ack(refused.packet, &0).unwrap();
    drop(source.try_acked().unwrap());
    assert!(source.try_alloc(1).unwrap().is_some());
    let wrong = StreamError::PacketSize { asked: 0, largest: source.largest() };
    assert_eq!(source.try_alloc(0).err(), Some(wrong));
    assert!(SinkEnd::<Test, _>::new(memory(100)).is_err());
    let shown: String = alloc::format!("{source:?} {sink:?}");
    assert!(shown.contains("SourceEnd") && shown.contains("SinkEnd"));
}

#[test]
fn a_packet_is_copied_to_another_of_its_size_alone() {
    let (source, ..) = ends(4096);
    let (other, _, memory) = ends(4096);
    let from = source.try_alloc(100).unwrap().unwrap();
    let to = other.try_alloc(100).unwrap().unwrap();
    let bytes: Vec<u8> = (0..100).collect();
    from.view().write(0, &bytes).unwrap();
    let before = dump(&memory, 4096);
    let part = |offset, len| to.view().part(offset, len).unwrap();
    let short = from.view().part(10, 20).unwrap();
    let refused = part(0, 21).copy_view(&short);
    assert_eq!(refused, Err(StreamError::Range { offset: 0, size: 20, limit: 21 }));
    assert_eq!(dump(&memory, 4096), before);
    part(50, 20).copy_view(&short).unwrap();
    let mut after = before;
    after[to.offset() + 50..to.offset() + 70].copy_from_slice(&bytes[10..30]);
    assert_eq!(dump(&memory, 4096), after, "these bytes, and no others");
}

// What each fuzz target does with its bytes. This file is included by the targets, which need a nightly compiler, and by
// `tests/corpus.rs`, which replays the committed corpus, and what a seeded generator makes of it, on stable.

use genode_affinity::Affinity;
use genode_host_proto::control::Packet;
use genode_host_proto::grant::Grants;
use genode_host_proto::interface::{
    Call, cpu, dataspace, log, native_pd, parent, pd, region_map, rm, rom,
};
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::signal::Signals;
use genode_host_proto::slot::{Found, Slot};
use genode_host_proto::sync::{AtomicU32, AtomicU64, Looks, Ordering, Sleep};
use genode_host_proto::{GRANTS, MAX_BODY, MAX_CAPS};
use genode_wire::{Cap, Caps, Decode, ExceptionCode, FixedString, InBuffer, Reader, Text, WireError, Writer};

/// A capability is its number here.
type Held = Option<u8>;

/// As many capabilities as the number's remainder says, some of them invalid.
fn held(number: u8) -> Caps<Held> {
    let mut caps = Caps::new();
    for i in 0..number % 5 {
        let _ = caps.push((number & (8 << i) != 0).then_some(i));
    }
    caps
}

/// Takes an item, and appends it to what was read so far.
fn copy<'m, T: Decode<'m, Held>>(
    from: &mut Reader<'m, Held>,
    to: &mut Writer<'_, Held>,
) -> Result<T, WireError> {
    let item: T = from.take()?;
    to.put(&item)?;
    Ok(item)
}

/// A message body: the first byte of each step chooses the item that is read next. Then the same body as a call of every
/// interface.
pub fn wire(data: &[u8]) {
    let (steps, body) = data.split_at(data.len().min(16));
    let body = &body[..body.len().min(MAX_BODY)];
    let number = steps.first().copied().unwrap_or(0);
    let (mut caps, mut copied) = (held(number), Caps::new());
    let mut reader = Reader::new(body, &mut caps);
    let mut bytes = [0; 2 * MAX_BODY];
    let mut writer = Writer::new(&mut bytes, &mut copied);
    for step in steps {
        let max = usize::from(step >> 3) * 8;
        let (from, to) = (&mut reader, &mut writer);
        let read = match step & 7 {
            0 => copy::<u64>(from, to).map(drop),
            1 => copy::<i32>(from, to).map(drop),
            2 => copy::<bool>(from, to).map(drop),
            3 => copy::<InBuffer<'_, 160>>(from, to).map(|b| assert!(b.as_bytes().len() <= 160)),
            4 => copy::<FixedString<64>>(from, to)
                .map(|s| assert!(s.as_bytes().len() < 64 && !s.as_bytes().contains(&0))),
            5 => copy::<Affinity>(from, to).map(drop),
            6 => copy::<Text<'_, 64>>(from, to).map(|t| assert!(t.len() < 64 && !t.contains('\0'))),
            _ => match from.item(max) {
                Ok(item) => {
                    assert_eq!(item.len(), max);
                    Ok(())
                }
                Err(_) => from.item(usize::MAX - max).map(drop),
            },
        };
        if read.is_err() {
            break;
        }
    }
    let _ = copy::<Cap<Held>>(&mut reader, &mut writer);
    calls(body, number);
}

/// The same bytes as a call of every interface.
fn calls(body: &[u8], number: u8) {
    // What is read as a call writes back, and reads the same.
    macro_rules! calls {
        ($($call:ty),* $(,)?) => { $({
            let mut caps = held(number);
            let call: Result<$call, _> = Call::read(&OPCODES, &mut Reader::new(body, &mut caps));
            if let Ok(call) = call {
                let (mut bytes, mut caps) = ([0; MAX_BODY], Caps::<Held>::new());
                let mut writer = Writer::new(&mut bytes, &mut caps);
                assert_eq!(call.write(&OPCODES, &mut writer), Ok(()));
                let len = writer.len();
                assert!(len <= body.len().next_multiple_of(8), "longer than it was");
                let again = Call::read(&OPCODES, &mut Reader::new(&bytes[..len], &mut caps));
                assert_eq!(again, Ok(call));
            }
        })* };
    }
    calls! {
        pd::Call<Held>,
        native_pd::Call<Held>,
        cpu::Call<Held>,
        parent::Call<'_, Held>,
        rom::Call<Held>,
        log::Call<'_>,
        dataspace::Call,
        rm::Call<Held>,
        region_map::Call<Held>,
    }
}

/// A packet on a control or event socket.
pub fn packet(data: &[u8]) {
    let packet = Packet::from_bytes(data);
    assert_eq!(Packet::from_bytes(&packet.to_bytes()), packet);
    for i in 0..16 {
        let word = data.get(8 * (i + 1)..8 * (i + 2)).and_then(|w| w.first_chunk());
        let expected = word.filter(|_| i < 7).map_or(0, |w| u64::from_ne_bytes(*w));
        assert_eq!(packet.arg(i), expected, "what did not come reads as zero");
    }
}

/// Instead of sleeping for ever: the peer is dead by then.
struct Mortal<'a>(&'a Slot);

impl Sleep for Mortal<'_> {
    fn wait(&self, _: &AtomicU32, _: u32) {
        self.0.kill(self);
    }
    fn wake(&self, _: &AtomicU32) {}
}

/// A slot in which the other side wrote anything at all, looked at from both sides.
pub fn slot(data: &[u8]) {
    let fill = || {
        let slot = Box::new(Slot::new());
        let len = data.len().min(size_of::<Slot>());
        // SAFETY: a slot is atomics and padding, valid for any bits; it is larger than what is copied.
        unsafe { std::ptr::from_ref(&*slot).cast_mut().cast::<u8>().copy_from(data.as_ptr(), len) };
        slot
    };
    for room in [0, 5, 64, MAX_BODY] {
        let mut body = [0xa5; MAX_BODY + 8];
        let slot = fill();
        let (called, pending) = (slot.called(), slot.pending());
        match slot.take(&mut body[..room]) {
            Found::Call(call) => {
                assert!(call.len <= room && call.caps <= MAX_CAPS && pending && called);
                let _ = slot.reply(&Mortal(&slot), ExceptionCode::INVALID_OBJECT, &body[..call.len], call.caps);
            }
            Found::Dead => assert!(slot.is_dead() && pending),
            Found::Nothing => assert!(!called),
        }
        assert!(body[room..].iter().all(|b| *b == 0xa5), "written beyond the buffer");
        let slot = fill();
        if let Ok(reply) = slot.wait(&Mortal(&slot), &mut Looks(2), &mut body[..room]) {
            assert!(reply.len <= room && reply.caps <= MAX_CAPS);
        }
        assert!(body[room..].iter().all(|b| *b == 0xa5), "written beyond the buffer");
        let _ = fill().post(1, &body[..room], MAX_CAPS, 0);
    }
}

/// A signal page that a client filled, with a grants table that is core's.
pub fn signals(data: &[u8]) {
    let words: Vec<AtomicU32> = (0..GRANTS)
        .map(|i| {
            let word = data.get(4 * i..4 * i + 4).and_then(|w| w.first_chunk());
            AtomicU32::new(word.map_or(0, |w| u32::from_le_bytes(*w)))
        })
        .collect();
    let table: Vec<AtomicU64> = (0..GRANTS).map(|_| AtomicU64::new(0)).collect();
    let (signals, grants) = (Signals::new(&words), Grants::new(&table));
    // Every third index is granted, up to a bound that the data chooses.
    let bound = 1 + data.first().map_or(0, |b| usize::from(*b));
    for index in (1..bound as u32).step_by(3) {
        assert!(grants.grant(index, u64::from(index) + 1000, bound));
    }
    let raised = signals.pending();
    let mut got = 0;
    let closed = signals.drain(grants, |object, count| {
        assert!(object >= 1000 && (object - 1001).is_multiple_of(3) && count > 0, "not granted");
        assert!(((object - 1000) as usize) < bound);
        got += 1;
    });
    assert!(!closed && !signals.pending() && (raised || got == 0));
    for index in [0, 1, bound as u32, GRANTS as u32, u32::MAX] {
        let there = index != 0 && (index as usize) < GRANTS;
        assert_eq!(signals.submit(index, 1), there);
        assert!(there || signals.taken(index));
    }
    grants.close();
    assert!(signals.drain(grants, |_, _| {}), "its client is gone");
    assert_eq!(words[0].load(Ordering::Relaxed), 0);
}

// What each fuzz target does with its bytes. This file is included by the targets, which need a nightly compiler, and by
// `tests/corpus.rs`, which replays the committed corpus, and what a seeded generator makes of it, on stable.

use genode_affinity::Affinity;
use genode_host_proto::interface::{
    Call, cpu, dataspace, log, native_pd, parent, pd, region_map, rm, rom,
};
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::MAX_BODY;
use genode_wire::{Cap, Caps, Decode, FixedString, InBuffer, Reader, Text, WireError, Writer};

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

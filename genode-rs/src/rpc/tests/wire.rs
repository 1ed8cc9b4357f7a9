//! The types that this crate adds to the codec: derived ones and capabilities. `genode_wire` tests its own.

extern crate std;

use core::fmt::Debug;
use std::vec::Vec;

use proptest::prelude::*;

use super::interop::{Cap, Color, Point, Problem, Small};
use crate::{
    affinity::{Affinity, Location, Space},
    cap::RawCap,
    rpc::{Caps, Decode, Encode, Reader, Wire, WireError, Writer},
    sys::cap::{all_references, mint},
};

/// Encodes into a dirty buffer.
fn encode<T: Encode<RawCap>>(value: &T) -> (Vec<u8>, Caps) {
    let mut body = std::vec![0xee; T::SIZE];
    let mut caps = Caps::new();
    let mut writer = Writer::new(&mut body, &mut caps);
    writer.put(value).unwrap();
    let len = writer.len();
    assert!(len.is_multiple_of(8) && len <= T::SIZE);
    body.truncate(len);
    (body, caps)
}

fn round_trip<T: for<'m> Decode<'m, RawCap> + PartialEq + Debug>(value: &T) {
    let (body, mut caps) = encode(value);
    let mut reader = Reader::new(&body, &mut caps);
    assert_eq!(reader.take::<T>().as_ref(), Ok(value));
    assert_eq!(reader.finish(), Ok(()));
    // Every shorter message is noticed, up to the padding behind the value.
    for len in 0..body.len() {
        let mut caps = Caps::new();
        let result = Reader::new(&body[..len], &mut caps).take::<T>();
        assert!(
            result.as_ref() == Ok(value) && body[len..].iter().all(|&byte| byte == 0)
                || result == Err(WireError::Short),
            "{len} of {body:02x?}: {result:?}"
        );
    }
}

#[test]
fn sizes_are_those_of_cpp() {
    assert_eq!(<Affinity as Wire>::SIZE, 24);
    assert_eq!(<Space as Wire>::SIZE, 8);
    assert_eq!(<Location as Wire>::SIZE, 16);
    assert_eq!(<Point as Wire>::SIZE, 24);
    assert_eq!(<Small as Wire>::SIZE, 3);
    assert_eq!(<Small as Encode<RawCap>>::SIZE, 8);
    assert_eq!(<Cap as Encode<RawCap>>::SIZE, 0);
    assert_eq!(
        (
            <Result<Point, Problem> as Encode<RawCap>>::SIZE,
            <Result<Cap, Problem> as Encode<RawCap>>::SIZE
        ),
        (32, 16)
    );
    assert_eq!(<Result<Cap, Problem> as Encode<RawCap>>::CAPS, 1);
}

#[test]
fn affinity_is_laid_out_as_in_genode() {
    let affinity = Affinity {
        space: Space { width: 8, height: 4 },
        location: Location { x: -1, y: 2, width: 3, height: 5 },
    };
    let (body, _) = encode(&affinity);
    let words: Vec<i32> =
        body.chunks(4).map(|word| i32::from_ne_bytes(word.try_into().unwrap())).collect();
    assert_eq!(words, [8, 4, -1, 2, 3, 5]);
}

#[test]
fn capabilities_keep_their_order() {
    let (body, mut caps) = encode(&Ok::<_, Problem>(Cap::new(mint(4))));
    assert_eq!(body, [1, 0, 0, 0, 0, 0, 0, 0]);
    caps.push(mint(6)).unwrap();
    let mut reader = Reader::new(&body, &mut caps);
    let first: Result<Cap, Problem> = reader.take().unwrap();
    assert!(first == Ok(Cap::new(mint(4))));
    assert_eq!(reader.finish(), Err(WireError::SurplusCap));
    let second: Cap = reader.take().unwrap();
    assert!(second == Cap::new(mint(6)));
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(reader.take::<Cap>(), Err(WireError::MissingCap));
    drop((first, second));
    assert_eq!(all_references(), 0);
}

fn color() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Red), Just(Color::Green), Just(Color::Blue)]
}

proptest! {
    #[test]
    fn derived_types_round_trip(a: u8, b: u64, c: u16, color in color()) {
        round_trip(&Point { a, b, c });
        round_trip(&Small { r: a, g: c as u8, b: b as u8 });
        round_trip(&color);
    }

    #[test]
    fn attempts_round_trip(value: Result<u64, ()>) {
        round_trip(&value.map_err(|()| Problem::NoCaps));
        round_trip(&value.map(|_| ()).map_err(|()| Problem::Refused));
    }

    #[test]
    fn an_enum_is_one_of_its_variants_or_an_error(number: i32) {
        let known = [Color::Red, Color::Green, Color::Blue].into_iter().find(|c| *c as i32 == number);
        prop_assert_eq!(Color::load(&number.to_ne_bytes()), known.ok_or(WireError::BadValue));
    }

    #[test]
    fn values_know_their_size(bytes: Vec<u8>) {
        // Never a panic, whatever the size.
        let _ = Color::load(&bytes);
        prop_assert_eq!(Point::load(&bytes).is_ok(), bytes.len() == 24);
    }
}

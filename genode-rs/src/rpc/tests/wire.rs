//! Each wire type by itself: sizes, bytes, round trips.

extern crate std;

use core::fmt::Debug;
use std::vec::Vec;

use proptest::prelude::*;

use super::interop::{Cap, Color, Greeting, Name, Point, Problem, Small};
use crate::{
    affinity::{Affinity, Location, Space},
    rpc::{Caps, Decode, Encode, FixedString, InBuffer, Reader, Wire, WireError, Writer},
    sys::cap::{all_references, mint},
};

/// Encodes into a dirty buffer.
fn encode<T: Encode>(value: &T) -> (Vec<u8>, Caps) {
    let mut body = std::vec![0xee; T::SIZE];
    let mut caps = Caps::new();
    let mut writer = Writer::new(&mut body, &mut caps);
    writer.put(value).unwrap();
    let len = writer.len();
    assert!(len.is_multiple_of(8) && len <= T::SIZE);
    body.truncate(len);
    (body, caps)
}

fn round_trip<T: for<'m> Decode<'m> + PartialEq + Debug>(value: &T) {
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
    assert_eq!(<Small as Encode>::SIZE, 8);
    assert_eq!(<FixedString<160> as Encode>::SIZE, 168);
    assert_eq!(<FixedString<5> as Encode>::SIZE, 16);
    assert_eq!(<InBuffer<'_, 160> as Encode>::SIZE, 168);
    assert_eq!(<() as Encode>::SIZE, 8);
    assert_eq!(<Cap as Encode>::SIZE, 0);
    assert_eq!(
        (<Result<Point, Problem> as Encode>::SIZE, <Result<Cap, Problem> as Encode>::SIZE),
        (32, 16)
    );
    assert_eq!(<Result<Cap, Problem> as Encode>::CAPS, 1);
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
fn text_is_checked() {
    fn take(text: [u8; 8], len: u64) -> Result<FixedString<8>, WireError> {
        let mut body = [0; 16];
        body[..8].copy_from_slice(&text);
        body[8..].copy_from_slice(&len.to_ne_bytes());
        Reader::new(&body, &mut Caps::new()).take()
    }
    assert_eq!(take(*b"abc\0\xff\xff\xff\xff", 4), Ok(FixedString::new("abc").unwrap()));
    assert_eq!(take(*b"1234567\0", 8), Ok(FixedString::new("1234567").unwrap()));
    assert_eq!(take([0xff; 8], 0), Ok(FixedString::EMPTY));
    assert_eq!(take(*b"\0xxxxxxx", 1), Ok(FixedString::EMPTY));
    assert_eq!(take(*b"12345678", 8), Err(WireError::BadText)); // no zero
    assert_eq!(take(*b"1234567\0", 9), Err(WireError::TooLong));
    assert_eq!(take(*b"1234567\0", u64::MAX), Err(WireError::TooLong));
    assert_eq!(take(*b"a\0bcdef\0", 8), Err(WireError::BadText)); // zero inside
    assert_eq!(take(*b"\xff\xfe\0\0\0\0\0\0", 3).unwrap().as_str(), None);
    assert_eq!(FixedString::<4>::new("abcd"), None);
    assert_eq!(FixedString::<4>::new("a\0"), None);
}

#[test]
fn buffers_give_text_only_if_terminated() {
    type Buffer<'a> = InBuffer<'a, 8>;
    let text = |bytes: &'static [u8]| Buffer::bytes(bytes).unwrap().as_text();
    assert_eq!(text(b"abc\0"), Some("abc"));
    assert_eq!(text(b"abc\0def\0"), Some("abc"));
    assert_eq!(text(b"\0"), Some(""));
    assert_eq!(text(b"abc"), None);
    assert_eq!(text(b""), None);
    assert_eq!(text(b"\xff\0"), None);
    assert_eq!(Buffer::text("abc").unwrap().as_text(), Some("abc"));
    assert_eq!(Buffer::bytes(b"123456789"), None);
}

#[test]
fn a_buffer_length_that_wraps_is_short_or_too_long() {
    let mut body = [0xff; 16];
    let take = |body: &[u8]| Reader::new(body, &mut Caps::new()).take::<Name<'_>>().map(|_| ());
    assert_eq!(take(&body), Err(WireError::TooLong));
    body[..8].copy_from_slice(&16_u64.to_ne_bytes());
    assert_eq!(take(&body), Err(WireError::Short));
    let mut reader_caps = Caps::new();
    let mut reader = Reader::new(&body, &mut reader_caps);
    assert_eq!(reader.item(usize::MAX), Err(WireError::Short));
    assert_eq!(reader.item(16).map(<[u8]>::len), Ok(16));
    assert_eq!(reader.item(usize::MAX), Err(WireError::Short));
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
    fn numbers_round_trip(a: u8, b: i16, c: u32, d: i64, e: usize, f: bool, g: [u16; 5]) {
        round_trip(&a);
        round_trip(&b);
        round_trip(&c);
        round_trip(&d);
        round_trip(&e);
        round_trip(&f);
        round_trip(&g);
        round_trip(&());
    }

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
    fn strings_round_trip(text in "[^\0]{0,7}") {
        prop_assume!(text.len() < 32);
        round_trip(&Greeting::new(&text).unwrap());
        let buffer = InBuffer::<32>::text(&text).unwrap();
        let (body, mut caps) = encode(&buffer);
        let back: InBuffer<'_, 32> = Reader::new(&body, &mut caps).take().unwrap();
        prop_assert_eq!(back.as_text(), Some(text.as_str()));
        prop_assert_eq!(back.as_bytes().len(), text.len() + 1);
    }

    #[test]
    fn an_enum_is_one_of_its_variants_or_an_error(number: i32) {
        let known = [Color::Red, Color::Green, Color::Blue].into_iter().find(|c| *c as i32 == number);
        prop_assert_eq!(Color::load(&number.to_ne_bytes()), known.ok_or(WireError::BadValue));
    }

    #[test]
    fn values_know_their_size(bytes: Vec<u8>) {
        // Never a panic, whatever the size.
        let _ = (u64::load(&bytes), Point::load(&bytes), Color::load(&bytes), <[u16; 3]>::load(&bytes));
        prop_assert_eq!(Point::load(&bytes).is_ok(), bytes.len() == 24);
    }
}

//! The codec by itself: sizes, bytes, round trips, and what it refuses.

extern crate std;

use core::fmt::Debug;
use std::{rc::Rc, vec::Vec};

use proptest::prelude::*;

use crate::{
    Cap, Decode, Encode, ExceptionCode, Exceptions, FixedString, Handle, InBuffer, Text, Wire,
    WireError, item_size,
};

/// An owned reference that can be counted.
type Owned = Option<Rc<u32>>;
type Caps = crate::Caps<Owned>;
type Reader<'m> = crate::Reader<'m, Owned>;
type Writer<'m> = crate::Writer<'m, Owned>;

/// Encodes into a dirty buffer.
fn encode<T: Encode<Owned>>(value: &T) -> (Vec<u8>, Caps) {
    let mut body = std::vec![0xee; T::SIZE];
    let mut caps = Caps::new();
    let mut writer = Writer::new(&mut body, &mut caps);
    writer.put(value).unwrap();
    let len = writer.len();
    assert!(len.is_multiple_of(8) && len <= T::SIZE);
    body.truncate(len);
    (body, caps)
}

fn round_trip<T: for<'m> Decode<'m, Owned> + PartialEq + Debug>(value: &T) {
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

fn take<T: for<'m> Decode<'m, Owned>>(body: &[u8]) -> Result<T, WireError> {
    Reader::new(body, &mut Caps::new()).take()
}

#[test]
fn sizes_are_those_of_cpp() {
    assert_eq!(<FixedString<160> as Encode<Owned>>::SIZE, 168);
    assert_eq!(<FixedString<5> as Encode<Owned>>::SIZE, 16);
    assert_eq!(<InBuffer<'_, 160> as Encode<Owned>>::SIZE, 168);
    assert_eq!(<Text<'_, 64> as Encode<Owned>>::SIZE, 72);
    assert_eq!(<() as Encode<Owned>>::SIZE, 8);
    assert_eq!(<Cap<Owned> as Encode<Owned>>::SIZE, 0);
    assert_eq!(<Result<Cap<Owned>, u32> as Encode<Owned>>::SIZE, 16);
    assert_eq!(<Result<Cap<Owned>, u32> as Encode<Owned>>::CAPS, 1);
    assert_eq!((item_size(0), item_size(1), item_size(8), item_size(9)), (0, 8, 8, 16));
}

#[test]
fn items_lie_on_words_with_zeros_behind_them() {
    let mut body = [0xaa; 64];
    let mut caps = Caps::new();
    let mut writer = Writer::new(&mut body, &mut caps);
    writer.put(&3_u64).unwrap();
    writer.put(&Text::<64>::new("LOG").unwrap()).unwrap();
    writer.put(&-1_i32).unwrap();
    writer.put(&true).unwrap();
    assert_eq!(writer.len(), 40);
    assert_eq!(
        body[..40],
        [
            3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, b'L', b'O', b'G', 0, 0, 0, 0, 0, 0xff,
            0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0
        ]
    );
    assert_eq!(body[40..], [0xaa; 24]);
}

#[test]
fn a_bool_is_zero_or_one() {
    assert_eq!(take::<bool>(&[0; 8]), Ok(false));
    assert_eq!(take::<bool>(&[1, 0, 0, 0, 0, 0, 0, 0]), Ok(true));
    for byte in 2..=255 {
        assert_eq!(take::<bool>(&[byte, 0, 0, 0, 0, 0, 0, 0]), Err(WireError::BadValue));
        let attempt = take::<Result<u64, u32>>(&[byte, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(attempt, Err(WireError::BadValue));
    }
}

#[test]
fn strings_are_checked() {
    fn string(text: [u8; 8], len: u64) -> Result<FixedString<8>, WireError> {
        let mut body = [0; 16];
        body[..8].copy_from_slice(&text);
        body[8..].copy_from_slice(&len.to_ne_bytes());
        take(&body)
    }
    assert_eq!(string(*b"abc\0\xff\xff\xff\xff", 4), Ok(FixedString::new("abc").unwrap()));
    assert_eq!(string(*b"1234567\0", 8), Ok(FixedString::new("1234567").unwrap()));
    assert_eq!(string([0xff; 8], 0), Ok(FixedString::EMPTY));
    assert_eq!(string(*b"\0xxxxxxx", 1), Ok(FixedString::EMPTY));
    assert_eq!(string(*b"12345678", 8), Err(WireError::BadText)); // no zero
    assert_eq!(string(*b"1234567\0", 9), Err(WireError::TooLong));
    assert_eq!(string(*b"1234567\0", u64::MAX), Err(WireError::TooLong));
    assert_eq!(string(*b"a\0bcdef\0", 8), Err(WireError::BadText)); // zero inside
    assert_eq!(string(*b"\xff\xfe\0\0\0\0\0\0", 3).unwrap().as_str(), None);
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

    let terminated = |bytes: &'static [u8]| Buffer::bytes(bytes).unwrap().terminated();
    assert_eq!(terminated(b"ab\xff\0"), Ok(&b"ab\xff"[..]));
    assert_eq!(terminated(b"\0"), Ok(&b""[..]));
    for bytes in [&b"abc\0def\0"[..], b"abc", b"", b"\0\0"] {
        assert_eq!(terminated(bytes), Err(WireError::BadText), "{bytes:?}");
    }
    assert_eq!(Buffer::text("abc").unwrap().terminated(), Ok(&b"abc"[..]));
}

#[test]
fn text_ends_in_its_one_zero_and_nowhere_else() {
    let text = |len: u64, bytes: &[u8; 8]| {
        let body = [len.to_ne_bytes(), *bytes].concat();
        let mut caps = Caps::new();
        Reader::new(&body, &mut caps).take::<Text<'_, 8>>().map(|text| text.as_str().len())
    };
    assert_eq!(text(4, b"abc\0\xff\xff\xff\xff"), Ok(3));
    assert_eq!(text(8, b"1234567\0"), Ok(7));
    assert_eq!(text(1, b"\0xxxxxxx"), Ok(0));
    for (len, bytes, error) in [
        (0, b"\0\0\0\0\0\0\0\0", WireError::BadText),
        (3, b"abc\0\0\0\0\0", WireError::BadText), // no zero
        (8, b"abc\0\0\0\0\0", WireError::BadText), // a length beyond its text
        (8, b"abc\0def\0", WireError::BadText),
        (3, b"\xff\xfe\0\0\0\0\0\0", WireError::BadText),
        (9, b"12345678", WireError::TooLong),
        (u64::MAX, b"12345678", WireError::TooLong),
    ] {
        assert_eq!(text(len, bytes), Err(error), "{len} of {bytes:?}");
    }
    assert_eq!(Text::<4>::new("abcd"), None);
    assert_eq!(Text::<4>::new("a\0"), None);
    assert_eq!(&*Text::<4>::new("abc").unwrap(), "abc");
}

#[test]
fn a_buffer_length_that_wraps_is_short_or_too_long() {
    let mut body = [0xff; 16];
    let take =
        |body: &[u8]| Reader::new(body, &mut Caps::new()).take::<InBuffer<'_, 16>>().map(drop);
    assert_eq!(take(&body), Err(WireError::TooLong));
    body[..8].copy_from_slice(&16_u64.to_ne_bytes());
    assert_eq!(take(&body), Err(WireError::Short));
    let mut caps = Caps::new();
    let mut reader = Reader::new(&body, &mut caps);
    assert_eq!(reader.item(usize::MAX), Err(WireError::Short));
    assert_eq!(reader.item(16).map(<[u8]>::len), Ok(16));
    assert_eq!(reader.item(usize::MAX), Err(WireError::Short));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut body = [0xee; 12];
    let mut caps = Caps::new();
    let mut writer = Writer::new(&mut body, &mut caps);
    assert_eq!(writer.put(&1_u64), Ok(()));
    assert_eq!(writer.put(&2_u32), Err(WireError::Overflow));
    assert_eq!(writer.put(&FixedString::<64>::EMPTY), Err(WireError::Overflow));
    assert_eq!(writer.item(usize::MAX - 8).map(|_| ()), Err(WireError::Overflow));
    assert_eq!(writer.len(), 8);
    assert_eq!(body[8..], [0xee; 4]);
}

#[test]
fn capabilities_keep_their_order_and_are_dropped_by_whoever_has_them() {
    let cap = Rc::new(7);
    let (body, mut caps) = encode(&Ok::<_, u32>(Cap(Some(Rc::clone(&cap)))));
    assert_eq!(body, [1, 0, 0, 0, 0, 0, 0, 0]);
    caps.push(Some(Rc::new(8))).unwrap();
    let mut reader = Reader::new(&body, &mut caps);
    let first: Result<Cap<Owned>, u32> = reader.take().unwrap();
    assert_eq!(first, Ok(Cap(Some(Rc::new(7)))));
    assert_eq!(reader.finish(), Err(WireError::SurplusCap));
    assert_eq!(reader.take(), Ok(Cap(Some(Rc::new(8)))));
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(reader.take::<Cap<Owned>>(), Err(WireError::MissingCap));
    assert_eq!(Rc::strong_count(&cap), 2);
    drop(first);
    assert_eq!(Rc::strong_count(&cap), 1);

    let mut caps = Caps::new();
    for _ in 0..4 {
        caps.push(Some(Rc::clone(&cap))).unwrap();
    }
    assert_eq!(caps.push(Owned::INVALID), Err(WireError::TooManyCaps));
    assert_eq!((caps.as_slice().len(), Rc::strong_count(&cap)), (4, 5));
    // A new message gives back what the last one left.
    assert!(Writer::new(&mut [], &mut caps).is_empty());
    assert_eq!((caps.as_slice().len(), Rc::strong_count(&cap)), (0, 1));
}

#[test]
fn invalid_capabilities_are_no_surplus() {
    let mut caps = Caps::new();
    caps.push(Owned::INVALID).unwrap();
    assert_eq!(Reader::new(&[], &mut caps).finish(), Ok(()));
    assert_eq!(Reader::new(&[], &mut caps).take(), Ok(Cap(Owned::INVALID)));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Invalid,
    Denied,
}

impl Exceptions for Refusal {
    const COUNT: usize = 2;

    fn position(self) -> usize {
        self as usize
    }

    fn at(position: usize) -> Option<Self> {
        [Self::Invalid, Self::Denied].get(position).copied()
    }
}

#[test]
fn declared_exceptions_count_down_to_the_last() {
    assert_eq!(ExceptionCode::declared(Refusal::Invalid).value(), -1002);
    assert_eq!(ExceptionCode::declared(Refusal::Denied).value(), -1001);
    let exception = |value| ExceptionCode::new(value).exception::<Refusal>();
    assert_eq!(exception(-1002), Some(Refusal::Invalid));
    assert_eq!(exception(-1001), Some(Refusal::Denied));
    for other in [0, -1, -5, -999, -1000, -1003, 1, i64::MIN, i64::MAX] {
        assert_eq!(exception(other), None, "{other}");
    }
    assert!(ExceptionCode::declared(Refusal::Denied).is_declared());
    assert!(!ExceptionCode::BUSY.is_declared());
    assert_eq!(ExceptionCode::from(WireError::Overflow), ExceptionCode::OVERFLOW);
    assert_eq!(ExceptionCode::from(WireError::Short), ExceptionCode::MALFORMED);
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
    fn attempts_round_trip(value: Result<u64, u16>) {
        round_trip(&value);
        round_trip(&value.map(|_| ()));
    }

    #[test]
    fn strings_round_trip(text in "[^\0]{0,7}") {
        prop_assume!(text.len() < 32);
        round_trip(&FixedString::<32>::new(&text).unwrap());
        let buffer = InBuffer::<32>::try_from(text.as_str());
        prop_assert_eq!(buffer.ok(), InBuffer::text(&text));
        let (body, mut caps) = encode(&InBuffer::<32>::text(&text).unwrap());
        let back: InBuffer<'_, 32> = Reader::new(&body, &mut caps).take().unwrap();
        prop_assert_eq!(back.as_text(), Some(text.as_str()));
        prop_assert_eq!(back.as_bytes().len(), text.len() + 1);
        let (again, mut caps) = encode(&Text::<32>::new(&text).unwrap());
        prop_assert_eq!(&again, &body);
        prop_assert_eq!(Reader::new(&body, &mut caps).take(), Ok(Text::<32>::new(&text).unwrap()));
    }

    #[test]
    fn values_know_their_size(bytes: Vec<u8>) {
        // Never a panic, whatever the size.
        prop_assert_eq!(u64::load(&bytes).is_ok(), bytes.len() == 8);
        prop_assert_eq!(<[u16; 3]>::load(&bytes).is_ok(), bytes.len() == 6);
    }

    #[test]
    fn nothing_makes_a_reader_panic(body: Vec<u8>, steps: Vec<u8>) {
        let mut caps = Caps::new();
        let mut reader = Reader::new(&body, &mut caps);
        for step in steps {
            let _ = match step % 6 {
                0 => reader.take::<u64>().map(drop),
                1 => reader.take::<bool>().map(drop),
                2 => reader.take::<Text<'_, 24>>().map(|text| assert!(text.len() < 24)),
                3 => reader.take::<FixedString<24>>().map(drop),
                4 => reader.take::<Cap<Owned>>().map(drop),
                _ => reader.take::<Result<u32, ()>>().map(drop),
            };
        }
    }
}

#[test]
fn codes_are_those_of_genode() {
    let codes = [
        ExceptionCode::SUCCESS,
        ExceptionCode::INVALID_OBJECT,
        ExceptionCode::INVALID_OPCODE,
        ExceptionCode::MALFORMED,
        ExceptionCode::OVERFLOW,
        ExceptionCode::BUSY,
    ];
    for (value, code) in (0..).zip(codes) {
        assert_eq!((code.value(), ExceptionCode::new(-value)), (-value, code));
        assert!(!code.is_declared(), "{value}");
    }
    assert!(!ExceptionCode::new(-1000).is_declared() && ExceptionCode::new(-1001).is_declared());
}

#[test]
fn errors_say_what_is_wrong_and_what_to_do() {
    use std::string::ToString;
    let all = [
        (WireError::Overflow, "pass bulk data"),
        (WireError::TooManyCaps, "use several calls"),
        (WireError::Short, "one interface"),
        (WireError::TooLong, "shorten or split"),
        (WireError::BadValue, "its type does not define"),
        (WireError::BadText, "one zero byte"),
        (WireError::MissingCap, "lacks a capability"),
        (WireError::SurplusCap, "does not declare"),
    ];
    for (error, text) in all {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn a_writer_tells_whether_anything_is_in_it_and_forgets_it() {
    let (mut body, mut caps) = ([0xee; 64], Caps::new());
    let mut writer = Writer::new(&mut body, &mut caps);
    assert!(writer.is_empty());
    writer.put(&7_u64).unwrap();
    writer.put(&Cap::<Owned>(Some(Rc::new(1)))).unwrap();
    assert!(!writer.is_empty() && writer.len() == 8, "a capability takes no bytes");
    writer.clear();
    assert!(writer.is_empty());
    assert!(caps.as_slice().is_empty(), "capabilities are forgotten, too");
}

#[test]
fn a_result_takes_what_the_larger_of_its_sides_takes() {
    type Wide = [u64; 4];
    assert_eq!(<Result<Wide, u8> as Encode<Owned>>::SIZE, 8 + <Wide as Encode<Owned>>::SIZE);
    assert_eq!(<Result<u8, Wide> as Encode<Owned>>::SIZE, 8 + <Wide as Encode<Owned>>::SIZE);
    assert_eq!(<Result<Cap<Owned>, u8> as Encode<Owned>>::CAPS, 1);
    assert_eq!(<Result<u8, Cap<Owned>> as Encode<Owned>>::CAPS, 1);
}

#[test]
fn text_becomes_a_buffer_if_it_fits() {
    let buffer = InBuffer::<4>::try_from;
    assert_eq!(buffer("abc"), Ok(InBuffer::text("abc").unwrap()));
    assert_eq!(buffer("abcd"), Err(WireError::Overflow));
    assert_eq!(buffer("a\0"), Err(WireError::BadText));
}

#[test]
fn a_buffer_is_shown_as_its_text() {
    let buffer = InBuffer::<8>::bytes(b"a\n\"").unwrap();
    assert_eq!(std::format!("{buffer:?}"), r#""a\n\"""#);
    let (fixed, text) = (FixedString::<8>::new("a\n").unwrap(), Text::<8>::new("a\n").unwrap());
    assert_eq!(std::format!("{fixed} {fixed:?} {text:?}"), "a\n \"a\\n\" \"a\\n\"");
    assert_eq!((fixed.as_str(), fixed == FixedString::new("b").unwrap()), (Some("a\n"), false));
}

#[test]
fn nothing_takes_an_item_too() {
    let mut caps = Caps::new();
    assert_eq!(Reader::new(&[], &mut caps).take::<()>(), Err(WireError::Short));
    let mut reader = Reader::new(&[0; 8], &mut caps);
    assert_eq!((reader.take::<()>(), reader.finish()), (Ok(()), Ok(())));
}

extern crate std;

use std::{string::ToString, vec::Vec};

use proptest::prelude::*;

use super::{client::flushed, server::Queue, *};
use crate::{dataspace::LocalRam, error::Error, rpc::Local};

const VECTORS: &str = include_str!("../../../tests/vectors/input-26.02-ffb059da.txt");

fn vector(name: &str) -> &'static str {
    let line = VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no vector {name}"))
}

fn bytes(name: &str) -> [u8; Event::SIZE] {
    let hex = vector(name);
    core::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

const KEY: Key = Key::KEY_A;

#[test]
fn events_are_genodes_byte_for_byte() {
    assert_eq!(vector("event.size"), "16 4");
    assert_eq!(vector("event.codepoint"), std::format!("{:x}", Codepoint::NONE.0));
    let touch = TouchId(7);
    for (name, event, shown) in [
        ("press", Event::Press { key: KEY, codepoint: 'a'.into() }, "press KEY_A 'a'"),
        ("press_only", Event::press(Key::BTN_LEFT), "press BTN_LEFT"),
        ("release", Event::release(Key::KEY_ESC), "release KEY_ESC"),
        ("relative", Event::RelativeMotion { x: -3, y: 0x1234_5678 }, "motion by -3,305419896"),
        ("absolute", Event::AbsoluteMotion { x: 640, y: -480 }, "motion to 640,-480"),
        ("wheel", Event::Wheel { x: 1, y: -1 }, "wheel 1,-1"),
        ("focus_enter", Event::FocusEnter, "focus enter"),
        ("focus_leave", Event::FocusLeave, "focus leave"),
        ("hover_leave", Event::HoverLeave, "hover leave"),
        ("touch", Event::Touch { id: touch, x: 1.5, y: -2.25 }, "touch 7 at 1.5,-2.25"),
        ("touch_release", Event::TouchRelease { id: touch }, "touch release 7"),
        ("seq", Event::SeqNumber(0xa1b2_c3d4), "sequence number 2712847316"),
        ("axis", Event::Axis { id: AxisId::Rt, value: 0.5 }, "axis Rt 0.5"),
        ("invalid", Event::Unknown([0; 4]), "unknown event 0"),
    ] {
        let stored = bytes(&std::format!("event.{name}"));
        assert_eq!(event.encode(), stored, "{name}");
        assert_eq!(Event::decode(&stored), event, "{name}");
        assert_eq!(event.to_string(), shown);
    }
    assert_eq!(Event::decode(&[13; 16]), Event::Unknown([0x0d0d_0d0d; 4]));
}

#[test]
fn keys_have_names_both_ways() {
    assert_eq!(Key::all().count(), 407);
    let mut before = None;
    for (key, name) in Key::all() {
        assert!(before < Some(key), "{name} is in its place");
        assert_eq!((key.name(), name.parse()), (Some(name), Ok(key)));
        before = Some(key);
    }
    assert_eq!((Key::KEY_ENTER.0, Key::BTN_LEFT.0, Key::KEY_UNKNOWN.0), (28, 0x110, 0x1fe));
    assert_eq!(Key(0x7777).to_string(), "KEY_0x7777");
    assert_eq!("KEY_NONE".parse::<Key>(), Err(UnknownKey));
    let valid = [0, 1, 0x1fe, 0x1ff, u32::MAX].map(|code| Key(code).is_valid());
    assert_eq!(valid, [false, true, true, false, false]);
}

#[test]
fn a_codepoint_is_a_character_or_none() {
    assert_eq!(Codepoint::from('\u{e4}').char(), Some('\u{e4}'));
    assert_eq!((Codepoint::NONE.char(), Codepoint(0xd800).char()), (None, None));
}

#[test]
fn an_axis_without_a_name_is_kept() {
    for number in 0..9 {
        let mut bytes = bytes("event.axis");
        bytes[4] = number;
        let event = Event::decode(&bytes);
        let Event::Axis { id, .. } = event else { panic!("{event:?}") };
        assert_eq!(matches!(id, AxisId::Unknown(_)), !(1..=6).contains(&number));
        assert_eq!(event.encode(), bytes);
    }
}

#[test]
fn functions_are_genodes() {
    struct Server(bool);
    impl InputSession for Server {
        fn dataspace(&mut self) -> Capability<Dataspace> {
            Capability::INVALID
        }
        fn pending(&mut self) -> bool {
            self.0
        }
        fn flush(&mut self) -> i32 {
            -7
        }
        fn sigh(&mut self, _: Capability<SignalContext>) {
            self.0 = true;
        }
        fn exclusive(&mut self, enabled: bool) {
            self.0 = enabled;
        }
    }
    let session = Local::<dyn InputSession, _>::client(Server(false));
    assert_eq!(session.dataspace(), Ok(Capability::INVALID));
    assert_eq!((session.pending(), session.flush()), (Ok(false), Ok(-7)));
    assert_eq!((session.sigh(Capability::INVALID), session.pending()), (Ok(()), Ok(true)));
    assert_eq!((session.exclusive(false), session.pending()), (Ok(()), Ok(false)));
}

#[test]
fn a_queue_is_bounded_and_tells_of_its_first_event() {
    let memory = LocalRam::new(3 * Event::SIZE + 5).unwrap();
    let mut queue = Queue::default();
    for number in 0..QUEUE as u32 {
        assert_eq!(queue.push(Event::SeqNumber(number)), Ok(number == 0));
    }
    assert_eq!(queue.push(Event::HoverLeave), Err(Event::HoverLeave), "nothing is lost");
    let mut got = Vec::new();
    while !queue.is_empty() {
        let count = queue.flush(Events::new(&memory));
        flushed(Events::new(&memory), count as i32, |event| got.push(event)).unwrap();
    }
    let all: Vec<_> = (0..QUEUE as u32).map(Event::SeqNumber).collect();
    assert_eq!((got, queue.flush(Events::new(&memory))), (all, 0));
}

#[test]
fn an_error_says_what_to_do() {
    for (error, end) in [
        (InputError::Count { count: -1, room: 4 }, "close the session"),
        (InputError::from(Error::Gone), "closed the session"),
    ] {
        assert!(error.to_string().ends_with(end), "{error}");
    }
    assert!(UnknownKey.to_string().ends_with("BTN_LEFT"));
}

proptest! {
    /// A server that lies about what it flushed costs its client an error, and never more events
    /// than the memory holds.
    #[test]
    fn a_lying_server_is_an_error(count in any::<i32>(), small in -3_i32..12,
                                  content in prop::collection::vec(any::<u8>(), 1..200)) {
        let memory = LocalRam::new(content.len()).unwrap();
        memory.write(0, &content).unwrap();
        let room = memory.size() / Event::SIZE;
        for count in [count, small] {
            let mut got = Vec::new();
            let answer = flushed(Events::new(&memory), count, |event| got.push(event.encode()));
            if usize::try_from(count).is_ok_and(|count| count <= room) {
                prop_assert_eq!(answer, Ok(count as usize));
                prop_assert_eq!(got.len(), count as usize);
            } else {
                prop_assert_eq!(answer, Err(InputError::Count { count, room }));
                prop_assert!(got.is_empty());
            }
        }
    }

    /// Each event is read and written as it is, up to bytes that its kind gives no meaning.
    #[test]
    fn an_event_survives_its_bytes(kind in 0_u32..15, words in any::<[u32; 3]>()) {
        let words = [kind, words[0], words[1], words[2]];
        let event = Event::decode(Event::Unknown(words).encode().as_array().unwrap());
        let again = Event::decode(&event.encode());
        prop_assert_eq!(again.encode(), event.encode());
        let known = (1..=12).contains(&kind);
        prop_assert_eq!(matches!(event, Event::Unknown(_)), !known);
    }
}

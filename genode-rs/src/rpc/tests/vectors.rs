//! Replays messages that C++ peers exchanged on real Genode systems: what our client sends must be the bytes
//! that C++ sent, what it reads from the C++ reply must be what C++ read, and what our server answers to the
//! C++ call must be the bytes that C++ answered.

extern crate std;

use core::cell::{Cell, RefCell};
use std::{collections::BTreeMap, string::String, vec::Vec};

use super::interop::{
    Base, Cap, Color, GIVEN, Greeting, Interop, InteropClient, Name, Point, Problem, Server, Small,
    Text, ThreeExceptions, TwoExceptions,
};
use crate::{
    __private::{Answer, Carrier, serve},
    affinity::{Affinity, Location, Space},
    cap::RawCap,
    rpc::{CallError, Caps, Client, Error, ExceptionCode, Invoke, Opcodes},
    sys::cap::{all_references, mint},
};

const FILES: [(&str, &str); 2] = [
    ("26.02", include_str!("../../../tests/vectors/26.02-ffb059da.txt")),
    ("ealan-v2", include_str!("../../../tests/vectors/ealan-v2-7aeca3ac.txt")),
];

/// Handle of capabilities in messages.
const HANDLE: u64 = 7;

/// One message of a file.
#[derive(Debug)]
struct Message {
    code: i64,
    caps: Vec<bool>,
    /// `None` where C++ leaves a byte undefined.
    body: Vec<Option<u8>>,
}

impl Message {
    fn parse(code: &str, caps: &str, body: &str) -> Self {
        let bytes = if body == "-" { "" } else { body }.as_bytes();
        assert!(bytes.len().is_multiple_of(2));
        let byte = |digits: &[u8]| {
            let digits = core::str::from_utf8(digits).unwrap();
            (digits != "..").then(|| u8::from_str_radix(digits, 16).unwrap())
        };
        Self {
            code: code.parse().unwrap(),
            caps: caps.chars().filter(|&c| c != '-').map(|c| c == 'v').collect(),
            body: bytes.chunks(2).map(byte).collect(),
        }
    }

    /// The bytes, with garbage for the undefined ones, as C++ may leave it there.
    fn bytes(&self) -> Vec<u8> {
        self.body.iter().map(|byte| byte.unwrap_or(0xee)).collect()
    }

    fn caps(&self) -> Caps {
        let mut caps = Caps::new();
        for &valid in &self.caps {
            caps.push(if valid { mint(HANDLE) } else { RawCap::INVALID }).unwrap();
        }
        caps
    }

    fn assert_is(&self, name: &str, code: i64, body: &[u8], caps: &Caps) {
        assert_eq!(code, self.code, "{name}: exception code");
        let valid: Vec<bool> = caps.as_slice().iter().map(RawCap::is_valid).collect();
        assert_eq!(valid, self.caps, "{name}: capabilities");
        assert_eq!(body.len(), self.body.len(), "{name}: length of {body:02x?}");
        for (at, (ours, theirs)) in body.iter().zip(&self.body).enumerate() {
            // Where C++ leaves garbage, ours is zero.
            assert_eq!(*ours, theirs.unwrap_or(0), "{name}: byte {at} of {body:02x?}");
        }
    }
}

/// Calls and replies by name.
fn load(text: &str) -> BTreeMap<&str, (Message, Message)> {
    let mut calls = BTreeMap::new();
    let mut both = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, kind, code, caps, body] = fields[..] else { panic!("malformed: {line}") };
        let message = Message::parse(code, caps, body);
        match kind {
            "call" => assert!(calls.insert(name, message).is_none(), "{name} twice"),
            "reply" => {
                let call = calls.remove(name).expect("a call before its reply");
                both.insert(name, (call, message));
            }
            other => panic!("neither call nor reply: {other}"),
        }
    }
    assert!(calls.is_empty(), "calls without reply");
    both
}

/// Plays the C++ server: compares the call and gives the recorded reply.
struct Tape<'a> {
    messages: &'a BTreeMap<&'a str, (Message, Message)>,
    /// The next call.
    name: RefCell<String>,
    played: Cell<usize>,
}

impl Tape<'_> {
    /// The client, whose next call is this one.
    fn client(&self, name: &str) -> InteropClient<&Self> {
        *self.name.borrow_mut() = name.into();
        InteropClient::over(self)
    }
}

impl Carrier for Tape<'_> {}
impl Invoke for Tape<'_> {
    fn invoke(
        &self,
        (call, caps): (&[u8], &Caps),
        (reply, reply_caps): (&mut [u8], &mut Caps),
    ) -> Result<Answer, Error> {
        let name = self.name.borrow();
        let (recorded_call, recorded_reply) = &self.messages[name.as_str()];
        recorded_call.assert_is(&name, 0, call, caps);
        let bytes = recorded_reply.bytes();
        assert!(bytes.len() <= reply.len(), "{name}: the reply buffer is too small");
        reply[..bytes.len()].copy_from_slice(&bytes);
        *reply_caps = recorded_reply.caps();
        self.played.set(self.played.get() + 1);
        Ok(Answer { len: bytes.len(), code: ExceptionCode::new(recorded_reply.code) })
    }
}

fn cap() -> Cap {
    Cap::new(mint(HANDLE))
}

fn name(text: &str) -> Name<'_> {
    Name::text(text).unwrap()
}

/// Makes every call that the C++ client made, with its arguments, and expects its results.
#[test]
fn our_client_speaks_as_cpp_does() {
    for (file, text) in FILES {
        let messages = load(text);
        let tape = Tape { messages: &messages, name: RefCell::default(), played: Cell::new(0) };
        numbers(&tape);
        structures(&tape);
        texts(&tape);
        attempts(&tape);
        capabilities(&tape);
        exceptions(&tape);
        many_arguments(&tape);
        assert_eq!(tape.played.get(), messages.len(), "{file}: messages without a test");
        assert_eq!(messages.len(), 42, "{file}");
    }
    assert_eq!(all_references(), 0, "capabilities were not given back");
}

fn numbers(tape: &Tape<'_>) {
    assert_eq!(tape.client("nothing").nothing(), Ok(()));
    assert_eq!(tape.client("increment").increment(0xffff_fffe), Ok(0xffff_ffff));
    assert_eq!(
        tape.client("unsigned_ints").unsigned_ints(
            0xf1,
            0xf2f3,
            0xf4f5_f6f7,
            0x0102_0304_0506_0708
        ),
        Ok(0xf1 + 0xf2f3 + 0xf4f5_f6f7 + 0x0102_0304_0506_0708)
    );
    assert_eq!(tape.client("signed_ints").signed_ints(-2, -3, -4, -5), Ok(-14));
    assert_eq!(tape.client("negate_false").negate(false), Ok(true));
    assert_eq!(tape.client("negate_true").negate(true), Ok(false));
    assert_eq!(tape.client("next").next(Color::Green), Ok(Color::Blue));
    assert_eq!(tape.client("half").half(3.0), Ok(1.5));
}

fn structures(tape: &Tape<'_>) {
    let point = Point { a: 0x11, b: 0x2222_2222_2222_2222, c: 0x3333 };
    let mirrored = Point { a: 0x33, b: !0x2222_2222_2222_2222, c: 0x11 };
    assert_eq!(tape.client("mirror").mirror(&point), Ok(mirrored));
    let rotated = Small { r: 2, g: 3, b: 1 };
    assert_eq!(tape.client("rotate").rotate(Small { r: 1, g: 2, b: 3 }), Ok(rotated));
    let (mut v, mut p) = (0xabcd, Point { a: 1, b: 0x77, c: 3 });
    assert_eq!(tape.client("exchange").exchange(&mut v, &mut p), Ok(()));
    assert_eq!((v, p), (0x77, Point { a: 1, b: 0xabcd, c: 3 }));
    let mut w = 0x1000;
    assert_eq!(tape.client("pointers").pointers(&Small { r: 4, g: 5, b: 6 }, &mut w), Ok(6));
    assert_eq!(w, 0x1001);
}

fn texts(tape: &Tape<'_>) {
    assert_eq!(tape.client("length_empty").length(name("")), Ok(1));
    assert_eq!(tape.client("length_7").length(name("seven77")), Ok(8));
    assert_eq!(tape.client("length_8").length(name("eight888")), Ok(9));
    // C++ cuts what is too long and loses the zero; we can only be made to by sending bytes.
    assert_eq!(Name::text("longer than sixteen"), None);
    let cut = Name::bytes(b"longer than sixt").unwrap();
    assert_eq!(tape.client("length_cut").length(cut), Ok(16));
    assert_eq!(tape.client("length_null").length(Name::bytes(b"").unwrap()), Ok(0));
    let args = Text::text("label=\"x\", ram_quota=4096").unwrap();
    assert_eq!(tape.client("texts").texts(name("abc"), 5, args), Ok(4_026_005));
    let hello = Greeting::new("hello rust").unwrap();
    assert_eq!(tape.client("greet").greet(&Greeting::new("rust").unwrap()), Ok(hello));
}

fn attempts(tape: &Tape<'_>) {
    let service = CallError::Service;
    assert_eq!(tape.client("attempt_value_ok").attempt_value(0), Ok(0x1122_3344_5566_7788));
    assert_eq!(tape.client("attempt_value_err").attempt_value(3), Err(service(Problem::Refused)));
    let answer = Point { a: 3, b: !2, c: 1 };
    assert_eq!(tape.client("attempt_point_ok").attempt_point(0), Ok(answer));
    assert_eq!(tape.client("attempt_point_err").attempt_point(1), Err(service(Problem::NoRam)));
    assert_eq!(tape.client("attempt_done_ok").attempt_done(0), Ok(()));
    assert_eq!(tape.client("attempt_done_err").attempt_done(2), Err(service(Problem::NoCaps)));
    assert_eq!(tape.client("attempt_cap_ok").attempt_cap(0), Ok(cap()));
    assert_eq!(tape.client("attempt_cap_err").attempt_cap(3), Err(service(Problem::Refused)));
}

fn capabilities(tape: &Tape<'_>) {
    assert_eq!(tape.client("take_valid").take(cap(), 9), Ok(true));
    assert_eq!(tape.client("take_invalid").take(Cap::INVALID, 9), Ok(false));
    assert_eq!(tape.client("take_four").take_four(cap(), Cap::INVALID, cap(), cap()), Ok(13));
    assert_eq!(tape.client("give").give(), Ok(cap()));
    assert_eq!(tape.client("give_invalid").give_invalid(), Ok(Cap::INVALID));
    let (mut swapped, mut was_valid) = (Cap::new(mint(8)), 5);
    assert_eq!(tape.client("swap").swap(&mut swapped, &mut was_valid), Ok(()));
    assert_eq!((swapped, was_valid), (cap(), 1));
}

fn exceptions(tape: &Tape<'_>) {
    assert_eq!(tape.client("throw_void_0").throw_void(0), Ok(()));
    for (name, v, exception) in [
        ("throw_void_1", 1, ThreeExceptions::First),
        ("throw_void_2", 2, ThreeExceptions::Second),
        ("throw_void_3", 3, ThreeExceptions::Third),
    ] {
        assert_eq!(tape.client(name).throw_void(v), Err(CallError::Service(exception)));
    }
    for (name, v, result) in [
        ("throw_value_0", 0, Ok(0)),
        ("throw_value_1", 1, Err(CallError::Service(TwoExceptions::First))),
        ("throw_value_2", 2, Err(CallError::Service(TwoExceptions::Second))),
    ] {
        let mut out = 0x1234;
        assert_eq!(tape.client(name).throw_value(v, &mut out), result);
        assert_eq!(out, 0x4711);
    }
}

fn many_arguments(tape: &Tape<'_>) {
    let location = |x, y, width, height| Location { x, y, width, height };
    let space = Space { width: 8, height: 4 };
    assert_eq!(
        tape.client("spread")
            .spread(&Affinity { space, location: location(1, 2, 3, 4) }, location(-1, 6, 7, 8)),
        Ok(Affinity { space, location: location(0, 6, 7, 8) })
    );
    let mut v = 0xffff;
    assert_eq!(
        tape.client("seven").seven(
            200,
            cap(),
            name("abc"),
            true,
            Small { r: 1, g: 2, b: 3 },
            &mut v,
            -9
        ),
        Ok(203)
    );
    assert_eq!(v, 0x10000);
}

/// Gives our server every call that the C++ server got, and expects its replies.
#[test]
fn our_server_answers_as_cpp_does() {
    for (file, text) in FILES {
        for (name, (call, reply)) in load(text) {
            let mut body = [0xee; 1024]; // what was in the buffer before must not show
            let mut caps = Caps::new();
            let answer = serve::<dyn Interop, _>(
                &mut Server,
                Opcodes::DECLARED,
                (&call.bytes(), &mut call.caps()),
                (&mut body, &mut caps),
            );
            reply.assert_is(
                &std::format!("{file} {name}"),
                answer.code.value(),
                &body[..answer.len],
                &caps,
            );
        }
    }
    assert_eq!(all_references(), 0, "capabilities were not given back");
}

/// Our server answers the same to a call behind which the buffer goes on with zeros, as it does on kernels
/// that do not tell the length.
#[test]
fn trailing_zeros_do_not_matter() {
    for (name, (call, reply)) in load(FILES[0].1) {
        let mut bytes = call.bytes();
        bytes.resize(1024, 0);
        let (mut body, mut caps) = ([0; 1024], Caps::new());
        let answer = serve::<dyn Interop, _>(
            &mut Server,
            Opcodes::DECLARED,
            (&bytes, &mut call.caps()),
            (&mut body, &mut caps),
        );
        reply.assert_is(name, answer.code.value(), &body[..answer.len], &caps);
    }
}

/// The server of the tests is an object of both interfaces, as a C++ object would be.
#[test]
fn the_inherited_interface_serves_alone() {
    let (mut body, mut caps) = ([0; 64], Caps::new());
    let mut call = [0; 16];
    call[0] = 1;
    call[8] = 41;
    let answer = serve::<dyn Base, _>(
        &mut Server,
        Opcodes::DECLARED,
        (&call, &mut Caps::new()),
        (&mut body, &mut caps),
    );
    assert_eq!((answer.code.value(), answer.len, body[0]), (0, 8, 42));
    assert_eq!(GIVEN, 1000);
}

//! Calls each function of the interoperation interface and checks the answers, as its C++ counterpart does.
#![no_std]
#![no_main]

use core::fmt::Debug;

use genode::{
    affinity::{Affinity, Location, Space},
    connection::Connection,
    dataspace::RamDataspace,
    prelude::*,
    rpc::CallError,
};
use rs_interop::{
    Cap, Color, Greeting, Interop, Name, Point, Problem, Small, Text, Thrown, ThrownTwo,
};

/// Counts answers, right and wrong.
#[derive(Default)]
struct Checks {
    made: u32,
    failed: u32,
}

impl Checks {
    #[allow(clippy::needless_pass_by_value, reason = "answers and expectations are temporaries")]
    fn eq<T: PartialEq + Debug>(&mut self, what: &str, answer: T, expected: T) {
        self.made += 1;
        if answer != expected {
            self.failed += 1;
            error!("wrong answer to {what}: {answer:?} instead of {expected:?}");
        }
    }
}

fn numbers(peer: &Connection<dyn Interop>, checks: &mut Checks) {
    checks.eq("nothing", peer.nothing(), Ok(()));
    checks.eq("increment", peer.increment(0xffff_fffe), Ok(0xffff_ffff));
    checks.eq(
        "unsigned_ints",
        peer.unsigned_ints(0xf1, 0xf2f3, 0xf4f5_f6f7, 0x0102_0304_0506_0708),
        Ok(0xf1 + 0xf2f3 + 0xf4f5_f6f7 + 0x0102_0304_0506_0708),
    );
    checks.eq("signed_ints", peer.signed_ints(-2, -3, -4, -5), Ok(-14));
    checks.eq("negate", peer.negate(false), Ok(true));
    checks.eq("negate", peer.negate(true), Ok(false));
    checks.eq("next", peer.next(Color::Green), Ok(Color::Blue));
    checks.eq("half", peer.half(3.0), Ok(1.5));
}

fn structs(peer: &Connection<dyn Interop>, checks: &mut Checks) {
    let point = Point { a: 0x11, b: 0x2222_2222_2222_2222, c: 0x3333 };
    let mirrored = Point { a: 0x33, b: !0x2222_2222_2222_2222, c: 0x11 };
    checks.eq("mirror", peer.mirror(&point), Ok(mirrored));
    checks.eq("rotate", peer.rotate(Small { r: 1, g: 2, b: 3 }), Ok(Small { r: 2, g: 3, b: 1 }));

    let (mut value, mut point) = (0xabcd, Point { a: 1, b: 0x77, c: 3 });
    checks.eq("exchange", peer.exchange(&mut value, &mut point), Ok(()));
    checks.eq("exchange", (value, point.b), (0x77, 0xabcd));

    let mut word = 0x1000;
    checks.eq("pointers", peer.pointers(&Small { r: 4, g: 5, b: 6 }, &mut word), Ok(6));
    checks.eq("pointers", word, 0x1001);
}

fn strings(peer: &Connection<dyn Interop>, checks: &mut Checks) {
    for (name, length) in [("", 1), ("seven77", 8), ("eight888", 9)] {
        checks.eq("length", Name::text(name).map(|name| peer.length(name)), Some(Ok(length)));
    }
    checks.eq("too long a text", Name::text("longer than sixteen").is_none(), true);
    let texts = Name::text("abc").zip(Text::text("label=\"x\", ram_quota=4096"));
    checks.eq("texts", texts.map(|(name, text)| peer.texts(name, 5, text)), Some(Ok(4_026_005)));
    let greeting = Greeting::new("rust").unwrap_or(Greeting::EMPTY);
    checks.eq(
        "greet",
        peer.greet(&greeting).ok().as_ref().and_then(Greeting::as_str),
        Some("hello rust"),
    );
}

fn attempts(peer: &Connection<dyn Interop>, checks: &mut Checks) {
    checks.eq("attempt_value", peer.attempt_value(0), Ok(0x1122_3344_5566_7788));
    checks.eq("attempt_value", peer.attempt_value(3), Err(CallError::Service(Problem::Refused)));
    checks.eq("attempt_point", peer.attempt_point(0), Ok(Point { a: 3, b: !2, c: 1 }));
    checks.eq("attempt_point", peer.attempt_point(1), Err(CallError::Service(Problem::NoRam)));
    checks.eq("attempt_done", peer.attempt_done(0), Ok(()));
    checks.eq("attempt_done", peer.attempt_done(2), Err(CallError::Service(Problem::NoCaps)));
    checks.eq("attempt_cap", peer.attempt_cap(0).map(|cap| cap.is_valid()), Ok(true));
    checks.eq("attempt_cap", peer.attempt_cap(3), Err(CallError::Service(Problem::Refused)));
}

fn capabilities(peer: &Connection<dyn Interop>, cap: &Cap, checks: &mut Checks) {
    checks.eq("take", peer.take(cap.clone(), 9), Ok(true));
    checks.eq("take", peer.take(Cap::INVALID, 9), Ok(false));
    checks.eq(
        "take_four",
        peer.take_four(cap.clone(), Cap::INVALID, cap.clone(), cap.clone()),
        Ok(13),
    );
    checks.eq("give", peer.give().map(|cap| cap.is_valid()), Ok(true));
    checks.eq("give_invalid", peer.give_invalid().map(|cap| cap.is_valid()), Ok(false));
    let (mut swapped, mut value) = (cap.clone(), 5);
    checks.eq("swap", peer.swap(&mut swapped, &mut value), Ok(()));
    checks.eq("swap", (swapped.is_valid(), swapped == *cap, value), (true, false, 1));
    checks.eq("size of what was given", swapped.info().map(|info| info.size), Ok(4096));
}

fn exceptions(peer: &Connection<dyn Interop>, checks: &mut Checks) {
    checks.eq("throw_void", peer.throw_void(0), Ok(()));
    for (which, thrown) in [(1, Thrown::First), (2, Thrown::Second), (3, Thrown::Third)] {
        checks.eq("throw_void", peer.throw_void(which), Err(CallError::Service(thrown)));
    }
    let answers = [
        Ok(0),
        Err(CallError::Service(ThrownTwo::First)),
        Err(CallError::Service(ThrownTwo::Second)),
    ];
    for (which, answer) in (0..).zip(answers) {
        let mut out = 0x1234;
        checks.eq("throw_value", peer.throw_value(which, &mut out), answer);
        checks.eq("throw_value", out, 0x4711);
    }
}

fn mixed(peer: &Connection<dyn Interop>, cap: &Cap, checks: &mut Checks) {
    let affinity = Affinity {
        space: Space { width: 8, height: 4 },
        location: Location { x: 1, y: 2, width: 3, height: 4 },
    };
    let spread = Affinity { location: Location { x: 0, y: 6, width: 7, height: 8 }, ..affinity };
    checks.eq(
        "spread",
        peer.spread(&affinity, Location { x: -1, y: 6, width: 7, height: 8 }),
        Ok(spread),
    );

    let mut value = 0xffff;
    let answer = Name::text("abc").map(|name| {
        peer.seven(200, cap.clone(), name, true, Small { r: 1, g: 2, b: 3 }, &mut value, -9)
    });
    checks.eq("seven", answer, Some(Ok(203)));
    checks.eq("seven", value, 0x10000);
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let peer = Connection::<dyn Interop>::open(env, "peer")?;
    let memory = RamDataspace::new(4096)?;
    let mut checks = Checks::default();
    numbers(&peer, &mut checks);
    structs(&peer, &mut checks);
    strings(&peer, &mut checks);
    attempts(&peer, &mut checks);
    capabilities(&peer, memory.cap(), &mut checks);
    exceptions(&peer, &mut checks);
    mixed(&peer, memory.cap(), &mut checks);
    log!("rs_interop_rust_client: {} checks, {} failed", checks.made, checks.failed);
    env.exit(i32::from(checks.failed > 0))
}

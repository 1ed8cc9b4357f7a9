//! Answers the interoperation interface as its C++ counterpart does.
#![no_std]
#![no_main]

use genode::{
    affinity::{Affinity, Location},
    dataspace::RamDataspace,
    prelude::*,
    root::{Refused, Root, SessionRequest},
};
use rs_interop::{
    Base, Cap, Color, Greeting, Interop, Name, Point, Problem, Small, Text, Thrown, ThrownTwo,
};

/// One client's session.
struct Session {
    memory: RamDataspace,
}

fn problem(v: u32) -> Result<(), Problem> {
    match v {
        0 => Ok(()),
        1 => Err(Problem::NoRam),
        2 => Err(Problem::NoCaps),
        _ => Err(Problem::Refused),
    }
}

impl Base for Session {
    fn nothing(&mut self) {}

    fn increment(&mut self, v: u32) -> u32 {
        v.wrapping_add(1)
    }
}

impl Interop for Session {
    fn unsigned_ints(&mut self, a: u8, b: u16, c: u32, d: u64) -> u64 {
        u64::from(a) + u64::from(b) + u64::from(c) + d
    }
    fn signed_ints(&mut self, a: i8, b: i16, c: i32, d: i64) -> i64 {
        i64::from(a) + i64::from(b) + i64::from(c) + d
    }
    fn negate(&mut self, v: bool) -> bool {
        !v
    }
    fn next(&mut self, c: Color) -> Color {
        if c == Color::Red { Color::Green } else { Color::Blue }
    }
    fn half(&mut self, v: f64) -> f64 {
        v / 2.0
    }
    fn mirror(&mut self, p: &Point) -> Point {
        Point { a: p.c as u8, b: !p.b, c: u16::from(p.a) }
    }
    fn rotate(&mut self, s: Small) -> Small {
        Small { r: s.g, g: s.b, b: s.r }
    }
    fn exchange(&mut self, v: &mut u32, p: &mut Point) {
        let old = u64::from(*v);
        *v = p.b as u32;
        p.b = old;
    }
    fn pointers(&mut self, s: &Small, v: &mut u16) -> u8 {
        *v += 1;
        s.b
    }
    fn length(&mut self, n: Name<'_>) -> usize {
        n.as_bytes().len()
    }
    fn texts(&mut self, n: Name<'_>, v: u32, t: Text<'_>) -> u64 {
        n.as_bytes().len() as u64 * 1_000_000 + t.as_bytes().len() as u64 * 1000 + u64::from(v)
    }
    fn greet(&mut self, g: &Greeting) -> Greeting {
        let mut text = [0; 32];
        let name = g.as_bytes();
        let hello = b"hello ";
        text[..hello.len()].copy_from_slice(hello);
        let len = hello.len() + name.len().min(text.len() - hello.len() - 1);
        text[hello.len()..len].copy_from_slice(&name[..len - hello.len()]);
        Greeting::from_bytes(&text[..len]).unwrap_or(Greeting::EMPTY)
    }
    fn attempt_value(&mut self, v: u32) -> Result<u64, Problem> {
        problem(v).map(|()| 0x1122334455667788)
    }
    fn attempt_point(&mut self, v: u32) -> Result<Point, Problem> {
        problem(v)?;
        Ok(self.mirror(&Point { a: 1, b: 2, c: 3 }))
    }
    fn attempt_done(&mut self, v: u32) -> Result<(), Problem> {
        problem(v)
    }
    fn attempt_cap(&mut self, v: u32) -> Result<Cap, Problem> {
        problem(v)?;
        Ok(self.give())
    }
    fn take(&mut self, c: Cap, _v: u32) -> bool {
        c.is_valid()
    }
    fn take_four(&mut self, a: Cap, b: Cap, c: Cap, d: Cap) -> u32 {
        [a, b, c, d].iter().enumerate().map(|(bit, cap)| u32::from(cap.is_valid()) << bit).sum()
    }
    fn give(&mut self) -> Cap {
        self.memory.cap().clone()
    }
    fn give_invalid(&mut self) -> Cap {
        Cap::INVALID
    }
    fn swap(&mut self, c: &mut Cap, v: &mut u32) {
        *v = c.is_valid().into();
        *c = self.give();
    }
    fn throw_void(&mut self, v: u32) -> Result<(), Thrown> {
        match v {
            1 => Err(Thrown::First),
            2 => Err(Thrown::Second),
            3 => Err(Thrown::Third),
            _ => Ok(()),
        }
    }
    fn throw_value(&mut self, v: u32, out: &mut u16) -> Result<u32, ThrownTwo> {
        *out = 0x4711;
        match v {
            1 => Err(ThrownTwo::First),
            2 => Err(ThrownTwo::Second),
            _ => Ok(v),
        }
    }
    fn spread(&mut self, a: &Affinity, l: Location) -> Affinity {
        Affinity { space: a.space, location: Location { x: l.x + a.location.x, ..l } }
    }
    fn seven(&mut self, a: u8, c: Cap, n: Name<'_>, b: bool, s: Small, v: &mut u64, i: i16) -> u32 {
        *v += 1;
        let unsigned =
            u32::from(a) + u32::from(c.is_valid()) + n.as_bytes().len() as u32 + u32::from(b);
        (unsigned + u32::from(s.r) + u32::from(s.g) + u32::from(s.b)).wrapping_add_signed(i.into())
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Interop, _>(move |_: &SessionRequest<'_>| -> Result<Session, Refused> {
        Ok(Session { memory: RamDataspace::new(4096)? })
    })?;
    log!("rs_interop_rust_server: announced");
    Ok(root)
}

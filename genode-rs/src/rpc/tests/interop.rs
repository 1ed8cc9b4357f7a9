//! The interface that the C++ peers of the interoperation tests speak (`tap/include/rs_interop`), in Rust.

extern crate std;

use crate::{
    affinity::{Affinity, Location},
    cap::Capability,
    dataspace::Dataspace,
    rpc::{FixedString, InBuffer},
    sys::cap::mint,
};

/// Handle of the capability that the server gives.
pub(super) const GIVEN: u64 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Wire)]
#[repr(i32)]
pub(super) enum Color {
    Red,
    Green,
    Blue = 7,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Wire)]
#[repr(u32)]
pub(super) enum Problem {
    NoRam,
    NoCaps,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Wire)]
#[repr(C)]
pub(super) struct Point {
    pub(super) a: u8,
    pub(super) b: u64,
    pub(super) c: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Wire)]
#[repr(C)]
pub(super) struct Small {
    pub(super) r: u8,
    pub(super) g: u8,
    pub(super) b: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Exceptions)]
pub(super) enum ThreeExceptions {
    First,
    Second,
    Third,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, crate::Exceptions)]
pub(super) enum TwoExceptions {
    First,
    Second,
}

pub(super) type Name<'a> = InBuffer<'a, 16>;
pub(super) type Text<'a> = InBuffer<'a, 160>;
pub(super) type Greeting = FixedString<32>;
pub(super) type Cap = Capability<Dataspace>;

#[crate::rpc]
pub(super) trait Base {
    fn nothing(&mut self);
    fn increment(&mut self, v: u32) -> u32;
}

#[crate::rpc]
#[allow(
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    reason = "the C++ interface is what it is"
)]
pub(super) trait Interop: Base {
    fn unsigned_ints(&mut self, a: u8, b: u16, c: u32, d: u64) -> u64;
    fn signed_ints(&mut self, a: i8, b: i16, c: i32, d: i64) -> i64;
    fn negate(&mut self, v: bool) -> bool;
    fn next(&mut self, color: Color) -> Color;
    fn half(&mut self, v: f64) -> f64;

    fn mirror(&mut self, point: &Point) -> Point;
    fn rotate(&mut self, small: Small) -> Small;
    fn exchange(&mut self, v: &mut u32, point: &mut Point);
    fn pointers(&mut self, small: &Small, v: &mut u16) -> u8;

    fn length(&mut self, name: Name<'_>) -> usize;
    fn texts(&mut self, name: Name<'_>, v: u32, text: Text<'_>) -> u64;
    fn greet(&mut self, greeting: &Greeting) -> Greeting;

    fn attempt_value(&mut self, v: u32) -> Result<u64, Problem>;
    fn attempt_point(&mut self, v: u32) -> Result<Point, Problem>;
    fn attempt_done(&mut self, v: u32) -> Result<(), Problem>;
    fn attempt_cap(&mut self, v: u32) -> Result<Cap, Problem>;

    fn take(&mut self, cap: Cap, v: u32) -> bool;
    fn take_four(&mut self, a: Cap, b: Cap, c: Cap, d: Cap) -> u32;
    fn give(&mut self) -> Cap;
    fn give_invalid(&mut self) -> Cap;
    fn swap(&mut self, cap: &mut Cap, v: &mut u32);

    #[throws]
    fn throw_void(&mut self, v: u32) -> Result<(), ThreeExceptions>;
    #[throws]
    fn throw_value(&mut self, v: u32, out: &mut u16) -> Result<u32, TwoExceptions>;

    fn spread(&mut self, affinity: &Affinity, location: Location) -> Affinity;
    fn seven(
        &mut self,
        a: u8,
        cap: Cap,
        name: Name<'_>,
        b: bool,
        small: Small,
        v: &mut u64,
        i: i16,
    ) -> u32;
}

/// Does what the C++ server does.
pub(super) struct Server;

fn problem(v: u32) -> Result<(), Problem> {
    match v {
        0 => Ok(()),
        1 => Err(Problem::NoRam),
        2 => Err(Problem::NoCaps),
        _ => Err(Problem::Refused),
    }
}

impl Base for Server {
    fn nothing(&mut self) {}

    fn increment(&mut self, v: u32) -> u32 {
        v.wrapping_add(1)
    }
}

impl Interop for Server {
    fn unsigned_ints(&mut self, a: u8, b: u16, c: u32, d: u64) -> u64 {
        (u64::from(a) + u64::from(b) + u64::from(c)).wrapping_add(d)
    }

    fn signed_ints(&mut self, a: i8, b: i16, c: i32, d: i64) -> i64 {
        (i64::from(a) + i64::from(b) + i64::from(c)).wrapping_add(d)
    }

    fn negate(&mut self, v: bool) -> bool {
        !v
    }

    fn next(&mut self, color: Color) -> Color {
        if color == Color::Red { Color::Green } else { Color::Blue }
    }

    fn half(&mut self, v: f64) -> f64 {
        v / 2.0
    }

    fn mirror(&mut self, point: &Point) -> Point {
        Point { a: point.c as u8, b: !point.b, c: u16::from(point.a) }
    }

    fn rotate(&mut self, small: Small) -> Small {
        Small { r: small.g, g: small.b, b: small.r }
    }

    fn exchange(&mut self, v: &mut u32, point: &mut Point) {
        let old = *v;
        *v = point.b as u32;
        point.b = u64::from(old);
    }

    fn pointers(&mut self, small: &Small, v: &mut u16) -> u8 {
        *v = v.wrapping_add(1);
        small.b
    }

    fn length(&mut self, name: Name<'_>) -> usize {
        name.as_bytes().len()
    }

    fn texts(&mut self, name: Name<'_>, v: u32, text: Text<'_>) -> u64 {
        name.as_bytes().len() as u64 * 1_000_000
            + text.as_bytes().len() as u64 * 1000
            + u64::from(v)
    }

    fn greet(&mut self, greeting: &Greeting) -> Greeting {
        let text = std::format!("hello {}", greeting.as_str().unwrap_or_default());
        Greeting::new(&text).unwrap_or_default()
    }

    fn attempt_value(&mut self, v: u32) -> Result<u64, Problem> {
        problem(v).map(|()| 0x1122_3344_5566_7788)
    }

    fn attempt_point(&mut self, v: u32) -> Result<Point, Problem> {
        problem(v).map(|()| self.mirror(&Point { a: 1, b: 2, c: 3 }))
    }

    fn attempt_done(&mut self, v: u32) -> Result<(), Problem> {
        problem(v)
    }

    fn attempt_cap(&mut self, v: u32) -> Result<Cap, Problem> {
        problem(v).map(|()| self.give())
    }

    fn take(&mut self, cap: Cap, _: u32) -> bool {
        cap.is_valid()
    }

    fn take_four(&mut self, a: Cap, b: Cap, c: Cap, d: Cap) -> u32 {
        [a, b, c, d].iter().enumerate().map(|(i, cap)| u32::from(cap.is_valid()) << i).sum()
    }

    fn give(&mut self) -> Cap {
        Cap::new(mint(GIVEN))
    }

    fn give_invalid(&mut self) -> Cap {
        Cap::INVALID
    }

    fn swap(&mut self, cap: &mut Cap, v: &mut u32) {
        *v = u32::from(cap.is_valid());
        *cap = self.give();
    }

    fn throw_void(&mut self, v: u32) -> Result<(), ThreeExceptions> {
        match v {
            1 => Err(ThreeExceptions::First),
            2 => Err(ThreeExceptions::Second),
            3 => Err(ThreeExceptions::Third),
            _ => Ok(()),
        }
    }

    fn throw_value(&mut self, v: u32, out: &mut u16) -> Result<u32, TwoExceptions> {
        *out = 0x4711;
        match v {
            1 => Err(TwoExceptions::First),
            2 => Err(TwoExceptions::Second),
            _ => Ok(v),
        }
    }

    fn spread(&mut self, affinity: &Affinity, location: Location) -> Affinity {
        let x = location.x.wrapping_add(affinity.location.x);
        Affinity { space: affinity.space, location: Location { x, ..location } }
    }

    fn seven(
        &mut self,
        a: u8,
        cap: Cap,
        name: Name<'_>,
        b: bool,
        small: Small,
        v: &mut u64,
        i: i16,
    ) -> u32 {
        *v = v.wrapping_add(1);
        let sum = i64::from(a)
            + i64::from(cap.is_valid())
            + name.as_bytes().len() as i64
            + i64::from(b)
            + i64::from(small.r)
            + i64::from(small.g)
            + i64::from(small.b)
            + i64::from(i);
        sum as u32
    }
}

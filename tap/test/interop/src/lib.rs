//! The interoperation interface in Rust: `tap/include/rs_interop/interface.h`, function by function.
//!
//! Server and client exist in C++ and in Rust, each checks what the other says, and any of the four pairs must
//! agree. The C++ pair prints the messages, which are the vectors of the SDK's tests.
#![no_std]

pub mod upgrade;

use genode::{
    Capability, Wire,
    affinity::{Affinity, Location},
    dataspace::Dataspace,
    rpc::{FixedString, InBuffer},
};

/// A C++ enum with values of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Wire)]
#[repr(i32)]
pub enum Color {
    /// 0
    Red = 0,
    /// 1
    Green = 1,
    /// Not the next number.
    Blue = 7,
}

/// The error of `Attempt` results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Wire)]
#[repr(u32)]
pub enum Problem {
    /// 0
    NoRam,
    /// 1
    NoCaps,
    /// 2
    Refused,
}

/// A struct with padding inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Wire)]
#[repr(C)]
pub struct Point {
    /// First, followed by seven bytes of padding.
    pub a: u8,
    /// Aligned to 8.
    pub b: u64,
    /// Last, followed by six bytes of padding.
    pub c: u16,
}

/// A struct smaller than a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Wire)]
#[repr(C)]
pub struct Small {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

/// Exceptions of [`Interop::throw_void`], in the order of the C++ declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Exceptions)]
pub enum Thrown {
    /// `First`
    First,
    /// `Second`
    Second,
    /// `Third`
    Third,
}

/// Exceptions of [`Interop::throw_value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Exceptions)]
pub enum ThrownTwo {
    /// `First`
    First,
    /// `Second`
    Second,
}

/// `Rpc_in_buffer<16>`
pub type Name<'a> = InBuffer<'a, 16>;

/// `Rpc_in_buffer<160>`
pub type Text<'a> = InBuffer<'a, 160>;

/// `String<32>`
pub type Greeting = FixedString<32>;

/// A capability whose interface does not matter here.
pub type Cap = Capability<Dataspace>;

/// The inherited part.
#[genode::rpc]
pub trait Base {
    /// `void` without arguments.
    fn nothing(&mut self);
    /// `v + 1`
    fn increment(&mut self, v: u32) -> u32;
}

/// Every marshalling rule. `interface.h` says what the server answers.
#[genode::rpc(service = "Rs_interop", caps = 4, ram = 16 * 1024)]
#[allow(
    missing_docs,
    clippy::too_many_arguments,
    reason = "as in the C++ interface, which documents it"
)]
pub trait Interop: Base {
    fn unsigned_ints(&mut self, a: u8, b: u16, c: u32, d: u64) -> u64;
    fn signed_ints(&mut self, a: i8, b: i16, c: i32, d: i64) -> i64;
    fn negate(&mut self, v: bool) -> bool;
    fn next(&mut self, c: Color) -> Color;
    fn half(&mut self, v: f64) -> f64;
    fn mirror(&mut self, p: &Point) -> Point;
    fn rotate(&mut self, s: Small) -> Small;
    fn exchange(&mut self, v: &mut u32, p: &mut Point);
    fn pointers(&mut self, s: &Small, v: &mut u16) -> u8;
    fn length(&mut self, n: Name<'_>) -> usize;
    fn texts(&mut self, n: Name<'_>, v: u32, t: Text<'_>) -> u64;
    fn greet(&mut self, g: &Greeting) -> Greeting;
    fn attempt_value(&mut self, v: u32) -> Result<u64, Problem>;
    fn attempt_point(&mut self, v: u32) -> Result<Point, Problem>;
    fn attempt_done(&mut self, v: u32) -> Result<(), Problem>;
    fn attempt_cap(&mut self, v: u32) -> Result<Cap, Problem>;
    fn take(&mut self, c: Cap, v: u32) -> bool;
    fn take_four(&mut self, a: Cap, b: Cap, c: Cap, d: Cap) -> u32;
    fn give(&mut self) -> Cap;
    fn give_invalid(&mut self) -> Cap;
    fn swap(&mut self, c: &mut Cap, v: &mut u32);
    #[throws]
    fn throw_void(&mut self, v: u32) -> Result<(), Thrown>;
    #[throws]
    fn throw_value(&mut self, v: u32, out: &mut u16) -> Result<u32, ThrownTwo>;
    fn spread(&mut self, a: &Affinity, l: Location) -> Affinity;
    fn seven(&mut self, a: u8, c: Cap, n: Name<'_>, b: bool, s: Small, v: &mut u64, i: i16) -> u32;
}

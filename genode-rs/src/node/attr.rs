//! Typed attribute values, by the rules of Genode's `attribute_value`.

use alloc::string::{String, ToString};
use core::fmt;

use super::pos::Pos;
use crate::{
    args::number::{bool_word, bytes_prefix, unsigned_prefix},
    quota::{CapQuota, RamQuota},
};

/// A type that an attribute's value can have.
pub trait FromAttr: Sized {
    /// What a person should write, for messages.
    const EXPECTED: &'static str;

    /// The value that `text` stands for; all of `text` must be understood.
    fn from_attr(text: &str) -> Option<Self>;
}

/// A malformed attribute value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttrError {
    /// Where the attribute was read.
    pub pos: Pos,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for AttrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.pos, self.expected)
    }
}

impl core::error::Error for AttrError {}

impl FromAttr for bool {
    const EXPECTED: &'static str = "'yes' or 'no' (or true, false, on, off)";

    fn from_attr(text: &str) -> Option<Self> {
        bool_word(text)
    }
}

impl FromAttr for String {
    const EXPECTED: &'static str = "text";

    fn from_attr(text: &str) -> Option<Self> {
        Some(text.to_string())
    }
}

fn whole<T>(parsed: Option<(T, &str)>) -> Option<T> {
    parsed.and_then(|(value, rest)| rest.is_empty().then_some(value))
}

impl FromAttr for RamQuota {
    const EXPECTED: &'static str = "a number of bytes, such as 8M";

    fn from_attr(text: &str) -> Option<Self> {
        whole(bytes_prefix(text)).map(Self)
    }
}

impl FromAttr for CapQuota {
    const EXPECTED: &'static str = "a number of capabilities, such as 100";

    fn from_attr(text: &str) -> Option<Self> {
        u64::from_attr(text).map(Self)
    }
}

macro_rules! unsigned {
    ($($t:ty: $max:literal),*) => {$(
        const _: () = assert!($max == <$t>::MAX);

        impl FromAttr for $t {
            const EXPECTED: &'static str = concat!("a whole number from 0 to ", $max);

            fn from_attr(text: &str) -> Option<Self> {
                whole(unsigned_prefix(text)).and_then(|v| v.try_into().ok())
            }
        }
    )*};
}
unsigned!(
    u8: 255,
    u16: 65535,
    u32: 4294967295,
    u64: 18446744073709551615,
    usize: 18446744073709551615
);

macro_rules! signed {
    ($($t:ty),*) => {$(
        impl FromAttr for $t {
            const EXPECTED: &'static str = "a whole number";

            fn from_attr(text: &str) -> Option<Self> {
                let (negative, digits) = match text.as_bytes().first()? {
                    b'-' => (true, &text[1..]),
                    b'+' => (false, &text[1..]),
                    _ => (false, text),
                };
                let value = i128::from(whole(unsigned_prefix(digits))?);
                (if negative { -value } else { value }).try_into().ok()
            }
        }
    )*};
}
signed!(i32, i64);

impl FromAttr for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_attr(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        if plain { text.parse().ok() } else { None }
    }
}

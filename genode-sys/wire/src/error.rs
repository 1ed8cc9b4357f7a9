//! What can be wrong with a message.

use core::fmt;

/// A message that cannot be written, or bytes that are not the message they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The arguments or results need more bytes than a message has.
    Overflow,
    /// More than four capabilities.
    TooManyCaps,
    /// The message ends before its last argument.
    Short,
    /// A buffer is longer than the interface allows.
    TooLong,
    /// A number that the type does not define, such as an unknown enum value or a `bool` of 2.
    BadValue,
    /// Text without its terminating zero, or with one inside.
    BadText,
    /// The message carries fewer capabilities than the interface declares.
    MissingCap,
    /// The message carries more capabilities than the interface declares.
    SurplusCap,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "does not fit the message: pass bulk data through a dataspace",
            Self::TooManyCaps => "more than four capabilities: use several calls",
            Self::Short => "ends before its last argument: check that both sides use one interface",
            Self::TooLong => "holds a buffer longer than the interface allows: shorten or split it",
            Self::BadValue => {
                "holds a value that its type does not define: check that both sides use one interface"
            }
            Self::BadText => "holds text that is not UTF-8, or not terminated by exactly one zero byte",
            Self::MissingCap => "lacks a capability: pass an invalid one if there is none",
            Self::SurplusCap => "carries a capability that the interface does not declare",
        })
    }
}

impl core::error::Error for WireError {}

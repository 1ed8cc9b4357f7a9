//! What the system can answer when it does not say yes.

use core::fmt;

use genode_sys as seam;

use crate::affinity::{Location, Space};

/// A failed request to the system (`rs_err_t` of the seam).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The component's own RAM quota is exhausted.
    OutOfRam,
    /// The component's own capability quota is exhausted.
    OutOfCaps,
    /// The RAM donated to a session does not suffice.
    InsufficientRam,
    /// The capabilities donated to a session do not suffice.
    InsufficientCaps,
    /// There is no such service, no route to it, or a policy refused.
    Denied,
    /// An argument is outside of its documented range.
    Invalid,
    /// The object, or the component that implements it, is gone.
    Gone,
    /// A message, or its capabilities, do not fit.
    Overflow,
    /// The system has no such mechanism.
    Unsupported,
    /// The wanted address range is in use.
    RegionConflict,
    /// The component has as many of them as one may have; more quota does not help.
    Limit,
    /// The process is no component, as a test by `cargo test`: there it has RAM, threads, locks and
    /// the log, all else needs a system around it.
    NoSystem,
    /// The time is over that was allowed for it.
    TimedOut,
    /// A function was asked for what it does not do; tells which, and what it does.
    Argument(Argument),
}

/// What a function was asked for, and what it takes.
///
/// Small and `Copy`: it consists of numbers, which become a sentence when it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    call: Call,
    asked: u64,
    allowed: u64,
}

/// Functions that refuse arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// Access to a mapping: asked is the end of the range, allowed its size.
    Mapping,
    /// A write to a mapping for reading: asked is the offset.
    ReadOnly,
    /// Access to a word of a mapping: asked is the offset, allowed what it must be a multiple of.
    Word,
    /// [`RomConnection::read`](crate::session::rom::RomConnection::read): asked is the ROM's size, allowed the caller's
    /// limit.
    Rom,
    /// [`Reporter`](crate::session::report::Reporter): asked is the report's size, allowed the buffer's.
    Report,
    /// A period in microseconds.
    Period,
    /// An allocation of RAM in bytes.
    Ram,
    /// An allocation of RAM at a NUMA node, of which asked is the number.
    Node,
    /// A place for a thread, as `Argument::place` packs it.
    Location,
    /// Session arguments in bytes, the label among them.
    Session,
    /// RAM for a session in bytes: asked is what would have been donated next, since less did not
    /// suffice.
    DonatedRam,
    /// Capabilities for a session, as [`DonatedRam`](Self::DonatedRam).
    DonatedCaps,
}

impl Argument {
    /// Returns the function.
    pub const fn call(self) -> Call {
        self.call
    }

    /// Returns what was asked, in the unit that [`Call`] tells.
    pub const fn asked(self) -> u64 {
        self.asked
    }

    /// Returns the limit, in the same unit.
    pub const fn allowed(self) -> u64 {
        self.allowed
    }

    /// Packs coordinates or extents into one number: 16 bits each, larger ones saturated.
    const fn place(x: i32, y: i32, width: u32, height: u32) -> u64 {
        const fn cut(n: i64) -> u64 {
            let n = if n > i16::MAX as i64 { i16::MAX as i64 } else { n };
            let n = if n < i16::MIN as i64 { i16::MIN as i64 } else { n };
            n as i16 as u16 as u64
        }
        cut(x as i64) << 48 | cut(y as i64) << 32 | cut(width as i64) << 16 | cut(height as i64)
    }

    /// Takes what [`place`](Self::place) packed apart.
    const fn coordinates(packed: u64) -> [i16; 4] {
        [(packed >> 48) as i16, (packed >> 32) as i16, (packed >> 16) as i16, packed as i16]
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, asked, allowed } = *self;
        match call {
            Call::Mapping => write!(f, "access up to byte {asked} of a mapping of {allowed} bytes"),
            Call::ReadOnly => {
                write!(
                    f,
                    "write at byte {asked} of a read-only mapping: map it by Attached::writeable"
                )
            }
            Call::Word => {
                write!(f, "word at byte {asked} of a mapping: take a multiple of {allowed}")
            }
            Call::Rom => write!(
                f,
                "the ROM has up to {asked} bytes, the caller takes {allowed} at most: raise that limit"
            ),
            Call::Report => write!(
                f,
                "report of {asked} bytes, the buffer has {allowed}: ask for more by Reporter::with_buffer"
            ),
            Call::Period => write!(f, "period of {asked} us: take {allowed} us or more"),
            Call::Ram => write!(f, "RAM of {asked} bytes: take {allowed} or more"),
            Call::Node => write!(
                f,
                "RAM at NUMA node {asked}: there is no such node, or this system does not place memory; None is any"
            ),
            Call::DonatedRam => write!(
                f,
                "the server wants more RAM for the session, and {asked} bytes are more than is left: raise this component's RAM quantum, or see what the server needs"
            ),
            Call::DonatedCaps => write!(
                f,
                "the server wants more capabilities for the session, and {asked} are more than are left: raise this component's caps, or see what the server needs"
            ),
            Call::Location => {
                let [x, y, width, height] = Self::coordinates(asked);
                let [_, _, columns, rows] = Self::coordinates(allowed);
                write!(
                    f,
                    "location {x},{y} of {width}x{height} CPUs: the affinity space has {columns}x{rows}"
                )
            }
            Call::Session => write!(
                f,
                "label and session arguments take {asked} bytes or more, {allowed} at most: shorten the label"
            ),
        }
    }
}

impl Error {
    /// Returns the error for `asked` where a call allows `allowed`.
    pub(crate) const fn argument(call: Call, asked: u64, allowed: u64) -> Self {
        Self::Argument(Argument { call, asked, allowed })
    }

    /// Returns the error for a location outside of an affinity space.
    pub(crate) const fn location(at: Location, space: Space) -> Self {
        Self::argument(
            Call::Location,
            Argument::place(at.x, at.y, at.width, at.height),
            Argument::place(0, 0, space.width, space.height),
        )
    }

    /// `Ok(())` for the seam's `RS_OK`, the error otherwise. A number that the seam does not define
    /// reads as [`Error::Invalid`].
    pub(crate) const fn check(code: seam::rs_err_t) -> Result<(), Self> {
        Err(match code {
            seam::RS_OK => return Ok(()),
            seam::RS_OUT_OF_RAM => Self::OutOfRam,
            seam::RS_OUT_OF_CAPS => Self::OutOfCaps,
            seam::RS_INSUFFICIENT_RAM => Self::InsufficientRam,
            seam::RS_INSUFFICIENT_CAPS => Self::InsufficientCaps,
            seam::RS_DENIED => Self::Denied,
            seam::RS_GONE => Self::Gone,
            seam::RS_OVERFLOW => Self::Overflow,
            seam::RS_UNSUPPORTED => Self::Unsupported,
            seam::RS_REGION_CONFLICT => Self::RegionConflict,
            seam::RS_LIMIT => Self::Limit,
            seam::RS_NO_SYSTEM => Self::NoSystem,
            _ => Self::Invalid,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argument(argument) => return argument.fmt(f),
            Self::TimedOut => "no answer within the time allowed",
            Self::OutOfRam => {
                "out of RAM: raise <resource name=\"RAM\" quantum=\"..\"/> of this component's start node"
            }
            Self::OutOfCaps => {
                "out of capabilities: raise the caps attribute of this component's start node"
            }
            Self::InsufficientRam => "the session needs more RAM: donate a larger ram_quota",
            Self::InsufficientCaps => {
                "the session needs more capabilities: donate a larger cap_quota"
            }
            Self::Denied => {
                "denied: no route leads to a server for it, or the server refuses it; the log of the parent says which, with service and label"
            }
            Self::Invalid => "invalid argument",
            Self::Gone => "the object is gone: its server exited, crashed, or closed the session",
            Self::Overflow => "the message is too large",
            Self::Unsupported => "not supported by this system",
            Self::NoSystem => {
                "this process is no component: start it by a run script (`cargo tap run NAME`); by itself it has RAM, threads and the log alone"
            }
            Self::Limit => "as many as one component may have: let it use fewer, or divide it",
            Self::RegionConflict => "the address range is in use: let the system choose one",
        })
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn an_error_tells_what_was_asked_and_what_is_allowed() {
        for (call, text) in [
            (Call::Mapping, "access up to byte 7 of a mapping of 3 bytes"),
            (
                Call::ReadOnly,
                "write at byte 7 of a read-only mapping: map it by Attached::writeable",
            ),
            (Call::Word, "word at byte 7 of a mapping: take a multiple of 3"),
            (Call::Rom, "the ROM has up to 7 bytes, the caller takes 3 at most: raise that limit"),
            (
                Call::Report,
                "report of 7 bytes, the buffer has 3: ask for more by Reporter::with_buffer",
            ),
            (Call::Period, "period of 7 us: take 3 us or more"),
            (Call::Ram, "RAM of 7 bytes: take 3 or more"),
            (
                Call::Node,
                "RAM at NUMA node 7: there is no such node, or this system does not place memory; None is any",
            ),
            (
                Call::DonatedRam,
                "the server wants more RAM for the session, and 7 bytes are more than is left: raise this component's RAM quantum, or see what the server needs",
            ),
            (
                Call::DonatedCaps,
                "the server wants more capabilities for the session, and 7 are more than are left: raise this component's caps, or see what the server needs",
            ),
            (
                Call::Session,
                "label and session arguments take 7 bytes or more, 3 at most: shorten the label",
            ),
        ] {
            assert_eq!(Error::argument(call, 7, 3).to_string(), text);
        }
        let at = |x, y| Location { x, y, width: 1, height: 2 };
        assert_eq!(
            Error::location(at(99, -3), Space { width: 8, height: 1 }).to_string(),
            "location 99,-3 of 1x2 CPUs: the affinity space has 8x1"
        );
        assert_eq!(
            Error::location(at(i32::MAX, i32::MIN), Space { width: u32::MAX, height: 0 })
                .to_string(),
            "location 32767,-32768 of 1x2 CPUs: the affinity space has 32767x0"
        );
        assert!(size_of::<Error>() <= 24);
    }
}

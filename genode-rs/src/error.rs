//! What the system can answer when it does not say yes.

use core::fmt;

use genode_sys as seam;

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
}

impl Error {
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
            _ => Self::Invalid,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
            Self::Denied => "denied: check that a route leads to a server that provides the service",
            Self::Invalid => "invalid argument",
            Self::Gone => "the object is gone: its server exited, crashed, or closed the session",
            Self::Overflow => "the message is too large",
            Self::Unsupported => "not supported by this system",
            Self::RegionConflict => "the address range is in use: let the system choose one",
        })
    }
}

impl core::error::Error for Error {}

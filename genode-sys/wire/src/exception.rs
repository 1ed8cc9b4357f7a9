//! The number with each reply that says whether the call was served.

use core::convert::Infallible;

use crate::error::WireError;

/// The exception code of a reply, Genode's `Rpc_exception_code`: 0 is success, everything else a reply that carries no
/// result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionCode(i64);

impl ExceptionCode {
    /// The function was executed, and its results are in the reply.
    pub const SUCCESS: Self = Self(0);
    /// The object does not exist. C++ clients stop for ever when they see it.
    pub const INVALID_OBJECT: Self = Self(-1);
    /// The object has no such function.
    pub const INVALID_OPCODE: Self = Self(-2);
    /// The call is malformed. Genode has no such code; its clients read it as an undeclared exception.
    pub const MALFORMED: Self = Self(-3);
    /// The results do not fit the reply. As [`Self::MALFORMED`], unknown to Genode.
    pub const OVERFLOW: Self = Self(-4);
    /// The server is in the midst of something and cannot take calls. As [`Self::MALFORMED`].
    pub const BUSY: Self = Self(-5);
    /// Declared exceptions lie below this value (`Rpc_exception_code::EXCEPTION_BASE`).
    const BASE: i64 = -1000;

    /// The exception code with a value that came with a reply.
    #[inline]
    #[must_use]
    pub const fn new(value: i64) -> Self {
        Self(value)
    }

    /// The code's value.
    #[inline]
    pub const fn value(self) -> i64 {
        self.0
    }

    /// The code of an exception that the function declares.
    pub fn declared<E: Exceptions>(exception: E) -> Self {
        let remaining = E::COUNT.saturating_sub(exception.position());
        Self(Self::BASE - remaining as i64)
    }

    /// The declared exception that the code stands for.
    pub fn exception<E: Exceptions>(self) -> Option<E> {
        let remaining = usize::try_from(Self::BASE.checked_sub(self.0)?).ok()?;
        E::at(E::COUNT.checked_sub(remaining)?)
    }

    /// Tells whether the exception is one that a function declares, so that the reply has a body.
    #[inline]
    pub const fn is_declared(self) -> bool {
        self.0 < Self::BASE
    }
}

impl From<WireError> for ExceptionCode {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Overflow | WireError::TooManyCaps => Self::OVERFLOW,
            _ => Self::MALFORMED,
        }
    }
}

/// The exceptions that a function declares, in order. `#[derive(genode::Exceptions)]` makes it of an enum of unit variants.
pub trait Exceptions: Copy {
    /// How many there are.
    const COUNT: usize;

    /// Position in the list, less than [`Self::COUNT`].
    fn position(self) -> usize;

    /// The exception at `position`, `None` beyond the list.
    fn at(position: usize) -> Option<Self>;
}

impl Exceptions for Infallible {
    const COUNT: usize = 0;

    fn position(self) -> usize {
        match self {}
    }

    fn at(_: usize) -> Option<Self> {
        None
    }
}

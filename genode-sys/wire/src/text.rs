//! Bytes of variable length: `Rpc_in_buffer` and `String` of Genode.

use core::{fmt, ops::Deref};

use crate::caps::Handle;
use crate::error::WireError;
use crate::message::{Decode, Encode, Reader, Writer, item_size};

/// An argument of at most `N` bytes that the message carries inline (Genode's `Rpc_in_buffer<N>`).
///
/// It borrows: on the sending side from the caller, on the receiving side from the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InBuffer<'a, const N: usize> {
    bytes: &'a [u8],
    /// Append a zero byte on the wire.
    terminate: bool,
}

impl<'a, const N: usize> InBuffer<'a, N> {
    /// The bytes as they are, `None` if there are more than `N`.
    pub const fn bytes(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > N { None } else { Some(Self { bytes, terminate: false }) }
    }

    /// Text, to which the message adds the terminating zero that C++ wants to see. `None` if it does not
    /// fit or has a zero inside.
    pub fn text(text: &'a str) -> Option<Self> {
        if text.len() >= N || text.as_bytes().contains(&0) {
            None
        } else {
            Some(Self { bytes: text.as_bytes(), terminate: true })
        }
    }

    /// The bytes without the terminating zero that [`Self::text`] adds on the way.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The text in front of the terminating zero. `None` if the sender did not terminate it, or it is
    /// not UTF-8.
    pub fn as_text(&self) -> Option<&'a str> {
        let text = if self.terminate {
            self.bytes
        } else {
            let (&last, _) = self.bytes.split_last()?;
            if last != 0 {
                return None;
            }
            self.bytes.split(|&byte| byte == 0).next()?
        };
        core::str::from_utf8(text).ok()
    }

    /// The bytes in front of the terminating zero.
    ///
    /// # Errors
    /// [`WireError::BadText`] if the sender did not terminate them, or they hold another zero.
    pub fn terminated(&self) -> Result<&'a [u8], WireError> {
        let text = match self.bytes.split_last() {
            _ if self.terminate => self.bytes,
            Some((0, text)) => text,
            _ => return Err(WireError::BadText),
        };
        if text.contains(&0) { Err(WireError::BadText) } else { Ok(text) }
    }

    const fn wire_len(&self) -> usize {
        self.bytes.len() + self.terminate as usize
    }
}

/// Text, as [`InBuffer::text`] makes it.
impl<'a, const N: usize> TryFrom<&'a str> for InBuffer<'a, N> {
    type Error = WireError;

    /// # Errors
    /// [`WireError::BadText`] if it has a zero inside, [`WireError::Overflow`] if it does not fit.
    fn try_from(text: &'a str) -> Result<Self, WireError> {
        let why =
            if text.as_bytes().contains(&0) { WireError::BadText } else { WireError::Overflow };
        Self::text(text).ok_or(why)
    }
}

impl<const N: usize> fmt::Debug for InBuffer<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes.escape_ascii())
    }
}

impl<H: Handle, const N: usize> Encode<H> for InBuffer<'_, N> {
    const SIZE: usize = 8 + item_size(N);
    const CAPS: usize = 0;

    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.put(&self.wire_len())?;
        let item = message.item(self.wire_len())?;
        let (bytes, terminator) = item.split_at_mut(self.bytes.len());
        bytes.copy_from_slice(self.bytes);
        terminator.fill(0);
        Ok(())
    }
}

impl<'m, H: Handle, const N: usize> Decode<'m, H> for InBuffer<'m, N> {
    fn decode(message: &mut Reader<'m, H>) -> Result<Self, WireError> {
        let len: usize = message.take()?;
        if len > N {
            return Err(WireError::TooLong);
        }
        Ok(Self { bytes: message.item(len)?, terminate: false })
    }
}

/// Text in an `Rpc_in_buffer<N>`: at most `N` bytes of UTF-8, of which the last one, and no other, is zero.
///
/// It borrows as [`InBuffer`] does, and derefs to the text without the zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a, const N: usize>(&'a str);

impl<'a, const N: usize> Text<'a, N> {
    /// The text as it is, `None` if it and a zero do not fit, or it has a zero inside.
    pub fn new(text: &'a str) -> Option<Self> {
        InBuffer::<N>::text(text).map(|_| Self(text))
    }

    /// The text, without its terminating zero.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl<const N: usize> Deref for Text<'_, N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<const N: usize> fmt::Debug for Text<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<H: Handle, const N: usize> Encode<H> for Text<'_, N> {
    const SIZE: usize = <InBuffer<'_, N> as Encode<H>>::SIZE;
    const CAPS: usize = 0;

    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.put(&InBuffer::<N> { bytes: self.0.as_bytes(), terminate: true })
    }
}

impl<'m, H: Handle, const N: usize> Decode<'m, H> for Text<'m, N> {
    fn decode(message: &mut Reader<'m, H>) -> Result<Self, WireError> {
        let text = message.take::<InBuffer<'m, N>>()?.terminated()?;
        core::str::from_utf8(text).map(Self).map_err(|_| WireError::BadText)
    }
}

/// Text of fixed capacity (Genode's `String<N>`): `N` bytes, the terminating zero included.
#[derive(Clone, Copy)]
pub struct FixedString<const N: usize> {
    bytes: [u8; N],
    /// Bytes of text, without the zero; less than `N`.
    len: usize,
}

impl<const N: usize> FixedString<N> {
    /// No text.
    pub const EMPTY: Self = Self { bytes: [0; N], len: 0 };

    /// A copy of `text`, `None` if it and a zero do not fit, or it has a zero inside.
    pub fn new(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes())
    }

    /// A copy of `text`, as [`Self::new`].
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        if text.len() >= N || text.contains(&0) {
            return None;
        }
        let mut string = Self { bytes: [0; N], len: text.len() };
        string.bytes[..text.len()].copy_from_slice(text);
        Some(string)
    }

    /// The text, without its terminating zero. Who sent it decides whether it is UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The text, `None` if it is not UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(self.as_bytes()).ok()
    }
}

impl<const N: usize> Default for FixedString<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> PartialEq for FixedString<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for FixedString<N> {}

impl<const N: usize> fmt::Debug for FixedString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl<const N: usize> fmt::Display for FixedString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => f.pad(text),
            None => self.as_bytes().escape_ascii().fmt(f),
        }
    }
}

impl<H: Handle, const N: usize> Encode<H> for FixedString<N> {
    const SIZE: usize = item_size(N) + 8;
    const CAPS: usize = 0;

    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        let (text, rest) = message.item(<Self as Encode<H>>::SIZE)?.split_at_mut(self.len);
        text.copy_from_slice(self.as_bytes());
        let (zeros, len) = rest.split_at_mut(item_size(N) - self.len);
        zeros.fill(0);
        len.copy_from_slice(&(self.len + 1).to_ne_bytes());
        Ok(())
    }
}

impl<H: Handle, const N: usize> Decode<'_, H> for FixedString<N> {
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        let item = message.item(item_size(N))?;
        let with_zero: usize = message.take()?;
        // A default-constructed C++ string has length 0 and counts as empty.
        let Some(len) = with_zero.checked_sub(1) else { return Ok(Self::EMPTY) };
        if with_zero > N {
            return Err(WireError::TooLong);
        }
        if item[len] != 0 {
            return Err(WireError::BadText);
        }
        Self::from_bytes(&item[..len]).ok_or(WireError::BadText)
    }
}

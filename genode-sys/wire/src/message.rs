//! Message bodies: items in order, each on a boundary of eight bytes, capabilities beside them.

use crate::caps::{Caps, Handle};
use crate::error::WireError;
use crate::plain::Wire;

/// Size of one item in a body: `bytes` rounded up to the next multiple of eight.
#[must_use]
pub const fn item_size(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

/// A type that can stand in a message as an argument or a result, where capabilities are held by `H`.
///
/// Implemented for every [`Wire`] type, for [`Cap`](crate::Cap), for the text and buffer types of this crate, for `Result`
/// (Genode's `Attempt`) and for `()` (a `void` result).
pub trait Encode<H> {
    /// The most bytes it takes in a body, a multiple of eight.
    const SIZE: usize;
    /// How many capabilities it takes at most.
    const CAPS: usize;

    /// Appends the value.
    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError>;
}

/// A type that can be read from a message, perhaps borrowing from it.
pub trait Decode<'m, H>: Encode<H> + Sized {
    /// Reads the next value.
    fn decode(message: &mut Reader<'m, H>) -> Result<Self, WireError>;
}

/// Appends items to a message body.
#[derive(Debug)]
pub struct Writer<'m, H> {
    body: &'m mut [u8],
    len: usize,
    caps: &'m mut Caps<H>,
}

impl<'m, H: Handle> Writer<'m, H> {
    /// Starts an empty message in `body` and `caps`.
    #[inline]
    pub fn new(body: &'m mut [u8], caps: &'m mut Caps<H>) -> Self {
        caps.clear();
        Self { body, len: 0, caps }
    }

    /// Goes on behind the first `len` bytes of a message.
    #[inline]
    pub fn resume(body: &'m mut [u8], len: usize, caps: &'m mut Caps<H>) -> Self {
        Self { body, len, caps }
    }

    /// Appends a value.
    #[inline]
    pub fn put<T: Encode<H> + ?Sized>(&mut self, value: &T) -> Result<(), WireError> {
        value.encode(self)
    }

    /// Appends an item of `size` bytes and returns them for writing; its padding is zero already.
    #[inline]
    pub fn item(&mut self, size: usize) -> Result<&mut [u8], WireError> {
        let end = self.len.checked_add(item_size(size)).ok_or(WireError::Overflow)?;
        let item = self.body.get_mut(self.len..end).ok_or(WireError::Overflow)?;
        self.len = end;
        let (value, padding) = item.split_at_mut(size);
        padding.fill(0);
        Ok(value)
    }

    /// Appends a capability.
    pub fn cap(&mut self, cap: H) -> Result<(), WireError> {
        self.caps.push(cap)
    }

    /// Bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether nothing was written so far.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes everything back that was written.
    pub fn clear(&mut self) {
        self.len = 0;
        self.caps.clear();
    }
}

/// Takes items from a message body.
///
/// Bytes behind the last item are ignored, as Genode does: most kernels do not tell how long a message was.
#[derive(Debug)]
pub struct Reader<'m, H> {
    body: &'m [u8],
    at: usize,
    caps: &'m mut Caps<H>,
    next_cap: usize,
}

impl<'m, H: Handle> Reader<'m, H> {
    /// Reads from the start of `body` and `caps`.
    #[inline]
    pub fn new(body: &'m [u8], caps: &'m mut Caps<H>) -> Self {
        Self { body, at: 0, caps, next_cap: 0 }
    }

    /// Takes the next value.
    #[inline]
    pub fn take<T: Decode<'m, H>>(&mut self) -> Result<T, WireError> {
        T::decode(self)
    }

    /// Takes the `size` bytes of the next item.
    #[inline]
    pub fn item(&mut self, size: usize) -> Result<&'m [u8], WireError> {
        let end = self.at.checked_add(size).ok_or(WireError::Short)?;
        let item = self.body.get(self.at..end).ok_or(WireError::Short)?;
        self.at = item_size(end);
        Ok(item)
    }

    /// Takes the next capability, which may be invalid.
    pub fn cap(&mut self) -> Result<H, WireError> {
        let cap = self.caps.take(self.next_cap).ok_or(WireError::MissingCap)?;
        self.next_cap += 1;
        Ok(cap)
    }

    /// Checks that no capability is left over. Invalid ones do not count: some kernels pad with them.
    #[inline]
    pub fn finish(&mut self) -> Result<(), WireError> {
        if self.caps.as_slice().iter().any(Handle::is_valid) {
            return Err(WireError::SurplusCap);
        }
        Ok(())
    }
}

impl<T: Wire, H: Handle> Encode<H> for T {
    const SIZE: usize = item_size(T::SIZE);
    const CAPS: usize = 0;

    #[inline]
    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        self.store(message.item(T::SIZE)?);
        Ok(())
    }
}

impl<T: Wire, H: Handle> Decode<'_, H> for T {
    #[inline]
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        T::load(message.item(T::SIZE)?)
    }
}

/// `void`, and the `Ok` of an `Attempt<Ok, E>`: C++ sends the one byte of an empty struct.
impl<H: Handle> Encode<H> for () {
    const SIZE: usize = 8;
    const CAPS: usize = 0;

    #[inline]
    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.item(8)?.fill(0);
        Ok(())
    }
}

impl<H: Handle> Decode<'_, H> for () {
    #[inline]
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        message.item(1).map(|_| ())
    }
}

/// Genode's `Attempt<T, E>`: a `bool`, then the value or the error.
impl<H: Handle, T: Encode<H>, E: Encode<H>> Encode<H> for Result<T, E> {
    const SIZE: usize = 8 + if T::SIZE > E::SIZE { T::SIZE } else { E::SIZE };
    const CAPS: usize = if T::CAPS > E::CAPS { T::CAPS } else { E::CAPS };

    #[inline]
    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.put(&self.is_ok())?;
        match self {
            Ok(value) => message.put(value),
            Err(error) => message.put(error),
        }
    }
}

impl<'m, H: Handle, T: Decode<'m, H>, E: Decode<'m, H>> Decode<'m, H> for Result<T, E> {
    #[inline]
    fn decode(message: &mut Reader<'m, H>) -> Result<Self, WireError> {
        if message.take()? { message.take().map(Ok) } else { message.take().map(Err) }
    }
}

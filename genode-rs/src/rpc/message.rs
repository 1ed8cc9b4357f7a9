//! Message bodies: items in order, each on a boundary of eight bytes, capabilities beside them.

use super::{Wire, WireError};
use crate::cap::{Capability, RawCap};

/// Capabilities that one message can carry (`Msgbuf_base::MAX_CAPS_PER_MSG`).
pub const MAX_CAPS: usize = 4;

/// Bytes that a message body can have on some system, the opcode included: what a buffer must hold to receive any.
pub const MAX_BODY: usize = genode_sys::RS_MAX_BODY as usize;

/// Bytes that a function's call or reply may have at most, the opcode included: what a C++ entrypoint receives
/// and sends (`Rpc_entrypoint::RCV_BUF_SIZE`, `SND_BUF_SIZE`).
pub const MAX_FUNCTION: usize = 1024;

/// Size of one item in a body: `bytes` rounded up to the next multiple of eight.
pub const fn item_size(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

/// A type that can stand in a message as an argument or a result.
///
/// Implemented for every [`Wire`] type, for [`Capability`], for the text and buffer types of
/// [this module](super), for `Result` (Genode's `Attempt`) and for `()` (a `void` result).
pub trait Encode {
    /// The most bytes it takes in a body, a multiple of eight.
    const SIZE: usize;
    /// How many capabilities it takes at most.
    const CAPS: usize;

    /// Appends the value.
    fn encode(&self, message: &mut Writer<'_>) -> Result<(), WireError>;
}

/// A type that can be read from a message, perhaps borrowing from it.
pub trait Decode<'m>: Encode + Sized {
    /// Reads the next value.
    fn decode(message: &mut Reader<'m>) -> Result<Self, WireError>;
}

/// The capabilities of one message, in order. Those that nobody takes are given back.
#[derive(Debug)]
pub struct Caps {
    slots: [RawCap; MAX_CAPS],
    len: usize,
}

impl Caps {
    /// No capabilities.
    #[inline]
    pub const fn new() -> Self {
        Self { slots: [const { RawCap::INVALID }; MAX_CAPS], len: 0 }
    }

    /// Appends a capability, valid or not.
    #[inline]
    pub fn push(&mut self, cap: RawCap) -> Result<(), WireError> {
        *self.slots.get_mut(self.len).ok_or(WireError::TooManyCaps)? = cap;
        self.len += 1;
        Ok(())
    }

    /// The capabilities in order.
    #[inline]
    pub fn as_slice(&self) -> &[RawCap] {
        &self.slots[..self.len]
    }

    /// Gives all capabilities back.
    #[inline]
    pub fn clear(&mut self) {
        for slot in &mut self.slots[..self.len] {
            *slot = RawCap::INVALID;
        }
        self.len = 0;
    }

    /// All capabilities, invalid ones behind the last.
    #[inline]
    pub(crate) fn into_array(self) -> [RawCap; MAX_CAPS] {
        self.slots
    }

    /// Takes the capability at `index` out, `None` if the message has none there.
    #[inline]
    fn take(&mut self, index: usize) -> Option<RawCap> {
        self.slots[..self.len].get_mut(index).map(core::mem::take)
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self::new()
    }
}

/// Appends items to a message body.
#[derive(Debug)]
pub struct Writer<'m> {
    body: &'m mut [u8],
    len: usize,
    caps: &'m mut Caps,
}

impl<'m> Writer<'m> {
    /// Starts an empty message in `body` and `caps`.
    #[inline]
    pub fn new(body: &'m mut [u8], caps: &'m mut Caps) -> Self {
        caps.clear();
        Self { body, len: 0, caps }
    }

    /// Goes on behind the first `len` bytes of a message.
    #[inline]
    pub(super) fn resume(body: &'m mut [u8], len: usize, caps: &'m mut Caps) -> Self {
        Self { body, len, caps }
    }

    /// Appends a value.
    #[inline]
    pub fn put<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), WireError> {
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
    pub fn cap(&mut self, cap: RawCap) -> Result<(), WireError> {
        self.caps.push(cap)
    }

    /// Bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written so far.
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
pub struct Reader<'m> {
    body: &'m [u8],
    at: usize,
    caps: &'m mut Caps,
    next_cap: usize,
}

impl<'m> Reader<'m> {
    /// Reads from the start of `body` and `caps`.
    #[inline]
    pub fn new(body: &'m [u8], caps: &'m mut Caps) -> Self {
        Self { body, at: 0, caps, next_cap: 0 }
    }

    /// Takes the next value.
    #[inline]
    pub fn take<T: Decode<'m>>(&mut self) -> Result<T, WireError> {
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
    pub fn cap(&mut self) -> Result<RawCap, WireError> {
        let cap = self.caps.take(self.next_cap).ok_or(WireError::MissingCap)?;
        self.next_cap += 1;
        Ok(cap)
    }

    /// Checks that no capability is left over. Invalid ones do not count: some kernels pad with them.
    #[inline]
    pub fn finish(&mut self) -> Result<(), WireError> {
        if self.caps.as_slice().iter().any(RawCap::is_valid) {
            return Err(WireError::SurplusCap);
        }
        Ok(())
    }
}

impl<T: Wire> Encode for T {
    const SIZE: usize = item_size(T::SIZE);
    const CAPS: usize = 0;

    #[inline]
    fn encode(&self, message: &mut Writer<'_>) -> Result<(), WireError> {
        self.store(message.item(T::SIZE)?);
        Ok(())
    }
}

impl<T: Wire> Decode<'_> for T {
    #[inline]
    fn decode(message: &mut Reader<'_>) -> Result<Self, WireError> {
        T::load(message.item(T::SIZE)?)
    }
}

/// `void`, and the `Ok` of an `Attempt<Ok, E>`: C++ sends the one byte of an empty struct.
impl Encode for () {
    const SIZE: usize = 8;
    const CAPS: usize = 0;

    #[inline]
    fn encode(&self, message: &mut Writer<'_>) -> Result<(), WireError> {
        message.item(8)?.fill(0);
        Ok(())
    }
}

impl Decode<'_> for () {
    #[inline]
    fn decode(message: &mut Reader<'_>) -> Result<Self, WireError> {
        message.item(1).map(|_| ())
    }
}

/// Travels beside the body and takes no bytes of it.
impl<I: ?Sized> Encode for Capability<I> {
    const SIZE: usize = 0;
    const CAPS: usize = 1;

    fn encode(&self, message: &mut Writer<'_>) -> Result<(), WireError> {
        message.cap(self.raw().clone())
    }
}

impl<I: ?Sized> Decode<'_> for Capability<I> {
    fn decode(message: &mut Reader<'_>) -> Result<Self, WireError> {
        message.cap().map(Self::new)
    }
}

/// Genode's `Attempt<T, E>`: a `bool`, then the value or the error.
impl<T: Encode, E: Encode> Encode for Result<T, E> {
    const SIZE: usize = 8 + if T::SIZE > E::SIZE { T::SIZE } else { E::SIZE };
    const CAPS: usize = if T::CAPS > E::CAPS { T::CAPS } else { E::CAPS };

    #[inline]
    fn encode(&self, message: &mut Writer<'_>) -> Result<(), WireError> {
        message.put(&self.is_ok())?;
        match self {
            Ok(value) => message.put(value),
            Err(error) => message.put(error),
        }
    }
}

impl<'m, T: Decode<'m>, E: Decode<'m>> Decode<'m> for Result<T, E> {
    #[inline]
    fn decode(message: &mut Reader<'m>) -> Result<Self, WireError> {
        if message.take()? { message.take().map(Ok) } else { message.take().map(Err) }
    }
}

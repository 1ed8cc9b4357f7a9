//! Capabilities as arguments and results.

use crate::caps::Handle;
use crate::error::WireError;
use crate::message::{Decode, Encode, Reader, Writer};

/// A capability as argument or result. It travels beside the body and takes no bytes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap<H>(pub H);

impl<H: Handle + Clone> Encode<H> for Cap<H> {
    const SIZE: usize = 0;
    const CAPS: usize = 1;

    #[inline]
    fn encode(&self, message: &mut Writer<'_, H>) -> Result<(), WireError> {
        message.cap(self.0.clone())
    }
}

impl<H: Handle + Clone> Decode<'_, H> for Cap<H> {
    #[inline]
    fn decode(message: &mut Reader<'_, H>) -> Result<Self, WireError> {
        message.cap().map(Self)
    }
}

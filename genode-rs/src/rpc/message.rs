//! Messages as the SDK has them: the codec, with capabilities as owned references.

use genode_wire::{Decode, Encode, WireError};

use crate::cap::{Capability, RawCap};
pub use crate::sys::rpc::Caps;

/// Bytes that a message body can have on some system, the opcode included: what a buffer must hold to receive any.
pub const MAX_BODY: usize = genode_sys::RS_MAX_BODY as usize;

/// Bytes that a function's call or reply may have at most, the opcode included: what a C++ entrypoint receives
/// and sends (`Rpc_entrypoint::RCV_BUF_SIZE`, `SND_BUF_SIZE`).
pub const MAX_FUNCTION: usize = 1024;

/// Takes items from a message body.
pub type Reader<'m> = genode_wire::Reader<'m, RawCap>;

/// Appends items to a message body.
pub type Writer<'m> = genode_wire::Writer<'m, RawCap>;

/// Travels beside the body and takes no bytes of it.
impl<I: ?Sized> Encode<RawCap> for Capability<I> {
    const SIZE: usize = 0;
    const CAPS: usize = 1;

    #[inline]
    fn encode(&self, message: &mut Writer<'_>) -> Result<(), WireError> {
        message.cap(self.raw().clone())
    }
}

impl<I: ?Sized> Decode<'_, RawCap> for Capability<I> {
    #[inline]
    fn decode(message: &mut Reader<'_>) -> Result<Self, WireError> {
        message.cap().map(Self::new)
    }
}

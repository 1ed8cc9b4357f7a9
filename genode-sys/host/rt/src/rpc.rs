//! Calls that this side of the seam makes itself: opcode and arguments in, a reader on the reply out.
use genode_abi::*;
use genode_host_proto::wire::{Malformed, Reader, Writer};

use crate::call::{self, Answer};
use crate::caps::rs_cap_drop;

/// Longest reply that is read: `Parent::yield_request` has it. Longer ones are cut, and malformed then.
const MAX_REPLY: usize = 256;

/// Longest call that is made: `Parent::session` has it.
const MAX_CALL: usize = 512;

/// A reply, with ownership of its capabilities.
pub(crate) struct Reply {
    body: [u8; MAX_REPLY],
    answer: Answer,
}

impl Reply {
    /// Items of the body.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader::new(self.body.get(..self.answer.len).unwrap_or_default())
    }

    /// Take capability `i`; 0 if there is none.
    pub(crate) fn take_cap(&mut self, i: usize) -> rs_cap_t {
        self.answer.caps.get_mut(i).map_or(0, std::mem::take)
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        for cap in self.answer.caps {
            // SAFETY: owned by the reply; taken ones are 0.
            unsafe { rs_cap_drop(cap) };
        }
    }
}

/// Call `dst`: `fill` writes the arguments after the opcode. A declared exception or an unknown function is
/// an error here, because the interfaces that are called this way have neither.
pub(crate) fn call(
    dst: rs_cap_t,
    opcode: u64,
    caps: &[rs_cap_t],
    fill: impl FnOnce(&mut Writer<'_>),
) -> Result<Reply, rs_err_t> {
    let mut body = [0; MAX_CALL];
    let body = write(&mut body, opcode, fill)?;
    let mut reply = Reply { body: [0; MAX_REPLY], answer: Answer::default() };
    reply.answer = call::call(dst, body, caps, &mut reply.body)?;
    match reply.answer.protocol {
        0 => Ok(reply),
        genode_host_proto::INVALID_OBJECT => Err(RS_GONE),
        _ => Err(RS_INVALID),
    }
}

/// As [`call`], for a function whose reply says nothing: does not wait for it, see [`call::post`].
pub(crate) fn post(
    dst: rs_cap_t,
    opcode: u64,
    caps: &[rs_cap_t],
    fill: impl FnOnce(&mut Writer<'_>),
) -> Result<(), rs_err_t> {
    let mut body = [0; MAX_CALL];
    call::post(dst, write(&mut body, opcode, fill)?, caps)
}

/// The body of a call.
fn write(
    body: &mut [u8; MAX_CALL],
    opcode: u64,
    fill: impl FnOnce(&mut Writer<'_>),
) -> Result<&[u8], rs_err_t> {
    let mut writer = Writer::new(body);
    writer.u64(opcode);
    fill(&mut writer);
    let len = writer.finish().map_err(|Malformed| RS_OVERFLOW)?;
    Ok(body.get(..len).unwrap_or_default())
}

/// A reply that does not match its interface: the other side is not what it claims to be.
pub(crate) fn malformed(_: Malformed) -> rs_err_t {
    RS_INVALID
}

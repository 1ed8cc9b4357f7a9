//! Calls that this side of the seam makes and serves itself, of interfaces that it knows.
use genode_abi::*;
use genode_host_proto::MAX_CAPS;
use genode_host_proto::interface::Call;
use genode_host_proto::opcode::OPCODES;
use genode_wire::{Caps, Decode, ExceptionCode, Reader, Text, WireError, Writer};

use crate::handle::{Lent, Owned};
use crate::{call, slices};

/// Longest reply that is read: `Parent::yield_request` has it. Longer ones are cut, and malformed then.
const MAX_REPLY: usize = 256;

/// Longest call that is made: `Parent::session` has it.
const MAX_CALL: usize = 512;

/// A call on its way.
struct Message {
    body: [u8; MAX_CALL],
    len: usize,
    caps: [rs_cap_t; MAX_CAPS],
    num_caps: usize,
}

impl Message {
    fn new<'m>(call: &impl Call<'m, Lent>) -> Result<Self, rs_err_t> {
        let mut message = Self { body: [0; MAX_CALL], len: 0, caps: [0; MAX_CAPS], num_caps: 0 };
        let mut caps = Caps::new();
        let mut writer = Writer::new(&mut message.body, &mut caps);
        call.write(&OPCODES, &mut writer).map_err(|_| RS_OVERFLOW)?;
        message.len = writer.len();
        message.num_caps = caps.as_slice().len();
        message.caps = caps.into_array().map(|cap| cap.0);
        Ok(message)
    }

    fn body(&self) -> &[u8] {
        self.body.get(..self.len).unwrap_or_default()
    }

    fn caps(&self) -> &[rs_cap_t] {
        self.caps.get(..self.num_caps).unwrap_or_default()
    }
}

/// Makes a call and reads its result. A declared exception or an unknown function is an error here, because the interfaces
/// that are called this way have neither.
pub(crate) fn call<'m, R>(dst: rs_cap_t, call: &impl Call<'m, Lent>) -> Result<R, rs_err_t>
where
    R: for<'r> Decode<'r, Owned>,
{
    call_sized::<R, MAX_REPLY>(dst, call)
}

/// As [`call`], for a function whose reply has up to `N` bytes.
pub(crate) fn call_sized<'m, R, const N: usize>(
    dst: rs_cap_t,
    call: &impl Call<'m, Lent>,
) -> Result<R, rs_err_t>
where
    R: for<'r> Decode<'r, Owned>,
{
    let message = Message::new(call)?;
    let mut body = [0; N];
    let answer = call::call(dst, message.body(), message.caps(), &mut body)?;
    let mut caps = Caps::new();
    for cap in answer.caps.into_iter().take(answer.num_caps) {
        caps.push(Owned::new(cap)).map_err(malformed)?;
    }
    match answer.code {
        ExceptionCode::SUCCESS => {}
        ExceptionCode::INVALID_OBJECT => return Err(RS_GONE),
        _ => return Err(RS_INVALID),
    }
    let mut reply = Reader::new(body.get(..answer.len).unwrap_or_default(), &mut caps);
    let result = reply.take().map_err(malformed)?;
    reply.finish().map_err(malformed)?;
    Ok(result)
}

/// As [`call`], for a function whose reply says nothing: does not wait for it, see [`call::post`].
pub(crate) fn post<'m>(dst: rs_cap_t, call: &impl Call<'m, Lent>) -> Result<(), rs_err_t> {
    let message = Message::new(call)?;
    call::post(dst, message.body(), message.caps())
}

/// A reply that does not match its interface: the other side is not what it claims to be.
pub(crate) fn malformed(_: WireError) -> rs_err_t {
    RS_INVALID
}

/// Text that the seam passes, as an argument of a call.
pub(crate) fn text<const N: usize>(bytes: &[u8]) -> Result<Text<'_, N>, rs_err_t> {
    if bytes.len() >= N {
        return Err(RS_OVERFLOW);
    }
    std::str::from_utf8(bytes).ok().and_then(Text::new).ok_or(RS_INVALID)
}

/// Serves a call that the seam hands over: `serve` reads it and writes the reply.
///
/// # Safety
/// `call` and `reply` are live, `len` bytes of the call are valid and `capacity` bytes of the reply may be written, as the
/// seam promises to a function of type `rs_dispatch_fn`.
pub(crate) unsafe fn serve(
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
    serve: impl FnOnce(&mut Reader<'_, Lent>, &mut Writer<'_, Owned>) -> Result<(), ExceptionCode>,
) -> i64 {
    // SAFETY: by the caller's promise.
    let (call, reply) = unsafe { (&*call, &mut *reply) };
    // SAFETY: as above.
    let body = unsafe { slices::shared(call.data, call.len) };
    // SAFETY: as above.
    let out = unsafe { slices::exclusive(reply.data, reply.capacity) };
    let (mut given, mut taken) = (Caps::new(), Caps::new());
    for cap in call.caps.into_iter().take(call.num_caps as usize) {
        if given.push(Lent(cap)).is_err() {
            break;
        }
    }
    let mut writer = Writer::new(out, &mut taken);
    if let Err(code) = serve(&mut Reader::new(body, &mut given), &mut writer) {
        return code.value();
    }
    reply.len = writer.len();
    reply.num_caps = taken.as_slice().len() as u32;
    reply.caps = taken.into_array().map(Owned::release);
    ExceptionCode::SUCCESS.value()
}

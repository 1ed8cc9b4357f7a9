//! Bytes that no honest peer sends: errors, and everything is given back.

extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::interop::{Interop, InteropClient, Name, Server, Small};
use crate::{
    __private::{Answer, Carrier, serve},
    affinity::{Affinity, Location},
    cap::RawCap,
    rpc::{Caps, Client, Error, ExceptionCode, Invoke, MAX_BODY, Opcodes},
    sys::cap::{all_references, mint},
};

fn caps(valid: &[bool]) -> Caps {
    let mut caps = Caps::new();
    for &valid in valid.iter().take(4) {
        caps.push(if valid { mint(7) } else { RawCap::INVALID }).unwrap();
    }
    caps
}

/// Serves any bytes; the answer must be well-formed and nothing may leak.
fn serve_any(call: &[u8], valid: &[bool]) -> Answer {
    let mut body = [0; 1024];
    let mut reply_caps = Caps::new();
    let answer = {
        let mut call_caps = caps(valid);
        serve::<dyn Interop, _>(
            &mut Server,
            Opcodes::DECLARED,
            (call, &mut call_caps),
            (&mut body, &mut reply_caps),
        )
    };
    assert!(answer.len <= body.len() && answer.len.is_multiple_of(8));
    let code = answer.code.value();
    let declared = (-1003..=-1001).contains(&code);
    let other = [ExceptionCode::INVALID_OPCODE, ExceptionCode::MALFORMED].map(ExceptionCode::value);
    assert!(code == 0 || declared || other.contains(&code), "exception code {code}");
    if other.contains(&code) {
        assert_eq!((answer.len, reply_caps.as_slice().len()), (0, 0));
    }
    drop(reply_caps);
    assert_eq!(all_references(), 0, "capabilities were not given back");
    answer
}

#[test]
fn each_function_refuses_each_shorter_message() {
    // Bodies without the padding behind the last argument; shorter ones miss a part of it.
    for (opcode, needed) in [
        (1_u8, 12),
        (2, 40),
        (3, 40),
        (4, 9),
        (5, 12),
        (7, 32),
        (8, 11),
        (11, 16),
        (25, 48),
        (24, 18),
    ] {
        for len in 0..64 {
            let mut call = std::vec![0; len];
            if let Some(first) = call.first_mut() {
                *first = opcode;
            }
            let answer = serve_any(&call, &[]);
            let enough = len >= needed;
            assert_eq!(
                answer.code.value() == 0,
                enough,
                "opcode {opcode}, {len} bytes: {answer:?}"
            );
        }
    }
}

#[test]
fn opcodes_out_of_range_are_refused() {
    for opcode in [27, 28, 255, i64::MAX, -1, -2, i64::MIN] {
        let mut call = [0; 256];
        call[..8].copy_from_slice(&opcode.to_ne_bytes());
        assert_eq!(
            serve_any(&call, &[]).code.value(),
            ExceptionCode::INVALID_OPCODE.value(),
            "{opcode}"
        );
    }
}

#[test]
fn the_number_of_capabilities_must_be_right() {
    let mut take = [0; 16];
    take[0] = 18;
    let code = |valid: &[bool]| serve_any(&take, valid).code.value();
    assert_eq!(code(&[true]), 0);
    assert_eq!(code(&[false]), 0);
    assert_eq!(code(&[]), ExceptionCode::MALFORMED.value());
    assert_eq!(code(&[true, true]), ExceptionCode::MALFORMED.value());
    assert_eq!(code(&[true, false]), 0); // a kernel's padding
    let mut nothing = [0; 8];
    assert_eq!(serve_any(&nothing, &[true]).code.value(), ExceptionCode::MALFORMED.value());
    nothing[0] = 19; // take_four
    assert_eq!(serve_any(&nothing, &[true; 3]).code.value(), ExceptionCode::MALFORMED.value());
    assert_eq!(serve_any(&nothing, &[true; 4]).code.value(), 0);
}

/// A server that answers anything.
struct Liar {
    code: i64,
    body: Vec<u8>,
    caps: Vec<bool>,
}

impl Carrier for Liar {}
impl Invoke for Liar {
    fn invoke(
        &self,
        _: (&[u8], &Caps),
        (reply, reply_caps): (&mut [u8], &mut Caps),
    ) -> Result<Answer, Error> {
        let len = self.body.len().min(reply.len());
        reply[..len].copy_from_slice(&self.body[..len]);
        *reply_caps = caps(&self.caps);
        // A length beyond the buffer must not be believed either.
        Ok(Answer { len: self.body.len(), code: ExceptionCode::new(self.code) })
    }
}

fn call_all(client: &InteropClient<Liar>) {
    let (mut v16, mut v32, mut v64) = (0, 0, 0);
    let mut cap = super::interop::Cap::INVALID;
    let small = Small { r: 0, g: 0, b: 0 };
    let name = Name::bytes(b"").unwrap();
    let _ = client.nothing();
    let _ = client.increment(0);
    let _ = client.unsigned_ints(0, 0, 0, 0);
    let _ = client.negate(false);
    let _ = client.next(super::interop::Color::Red);
    let _ = client.half(0.0);
    let _ = client.rotate(small);
    let _ = client.pointers(&small, &mut v16);
    let _ = client.length(name);
    let _ = client.greet(&super::interop::Greeting::EMPTY);
    let _ = client.attempt_value(0);
    let _ = client.attempt_point(0);
    let _ = client.attempt_done(0);
    let _ = client.attempt_cap(0);
    let _ = client.give();
    let _ = client.swap(&mut cap, &mut v32);
    let _ = client.throw_void(0);
    let _ = client.throw_value(0, &mut v16);
    let _ = client.spread(&Affinity::default(), Location::default());
    let _ = client.seven(0, super::interop::Cap::INVALID, name, false, small, &mut v64, 0);
}

proptest! {
    #[test]
    fn any_call_is_survived(
        opcode in -2_i64..30,
        body in proptest::collection::vec(any::<u8>(), 0..300),
        valid in proptest::collection::vec(any::<bool>(), 0..5),
    ) {
        let mut call = opcode.to_ne_bytes().to_vec();
        call.extend(body);
        serve_any(&call, &valid);
    }

    #[test]
    fn any_bytes_are_survived(
        call in proptest::collection::vec(any::<u8>(), 0..MAX_BODY),
        valid in proptest::collection::vec(any::<bool>(), 0..5),
    ) {
        serve_any(&call, &valid);
    }

    #[test]
    fn any_reply_is_survived(
        code in prop_oneof![Just(0), -1004_i64..=0, any::<i64>()],
        body in proptest::collection::vec(any::<u8>(), 0..128),
        caps in proptest::collection::vec(any::<bool>(), 0..5),
    ) {
        call_all(&Client::over(Liar { code, body, caps }));
        prop_assert_eq!(all_references(), 0);
    }

    #[test]
    fn small_values_in_replies_are_survived(
        body in proptest::collection::vec(0_u8..3, 0..64),
        caps in proptest::collection::vec(any::<bool>(), 0..5),
    ) {
        call_all(&Client::over(Liar { code: 0, body, caps }));
        prop_assert_eq!(all_references(), 0);
    }
}

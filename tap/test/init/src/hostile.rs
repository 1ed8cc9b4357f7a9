//! A child that sends its parent whatever it likes, to show that this costs nobody but itself.
#![allow(unsafe_code, reason = "goes below the SDK, which sends well-formed messages only")]

use genode::prelude::*;
use genode_sys::*;

/// Functions of the Parent interface, and some that it does not have.
const OPCODES: core::ops::Range<u64> = 1..24;

/// Session numbers that are tried.
const SESSIONS: u64 = 200;

/// Sends `body` to the parent; what it answers does not matter.
fn send(parent: rs_cap_t, body: &mut [u8], caps: u32) {
    let mut answer = [0u8; RS_MAX_BODY as usize];
    let call = rs_msg_t {
        data: body.as_mut_ptr(),
        len: body.len(),
        capacity: body.len(),
        caps: [parent; RS_MAX_CAPS as usize],
        num_caps: caps,
    };
    let mut reply = rs_msg_t {
        data: answer.as_mut_ptr(),
        len: 0,
        capacity: answer.len(),
        caps: [0; RS_MAX_CAPS as usize],
        num_caps: 0,
    };
    let mut exception = 0;
    // SAFETY: messages and the out parameter are live, the capability is ours.
    let result = unsafe { rs_call(parent, &raw const call, &raw mut reply, &raw mut exception) };
    if result == RS_OK {
        for cap in reply.caps {
            // SAFETY: the reply's capabilities are ours.
            unsafe { rs_cap_drop(cap) };
        }
    }
}

/// `malformed`: also what breaks the rules of marshalling.
pub(crate) fn run(env: Env, malformed: bool) -> Result<(), Error> {
    // SAFETY: no precondition.
    let parent = unsafe { rs_env_cap(RS_ENV_PARENT) };
    if malformed {
        log!("sent {} kinds of messages that no parent expects", send_malformed(parent));
    }
    // its sessions are its own: no number makes it the server of another's
    for id in 0..SESSIONS {
        for opcode in [7u64, 9] {
            let mut body = [0; 24];
            body[..8].copy_from_slice(&opcode.to_le_bytes());
            body[8..16].copy_from_slice(&id.to_le_bytes());
            send(parent, &mut body, 1);
        }
    }
    log!("sent answers for {SESSIONS} sessions of others");
    env.exit(0)
}

/// Returns how many.
fn send_malformed(parent: rs_cap_t) -> usize {
    let mut sent = 0;
    for opcode in OPCODES {
        for fill in [0u8, 0xff, 0x7f, b'"', b'<'] {
            for len in [0, 4, 8, 16, 40, 160, 300, 1000] {
                let mut body = [fill; 1008];
                body[..8].copy_from_slice(&opcode.to_le_bytes());
                send(parent, &mut body[..8 + len], (len % 5) as u32);
                // a length that fits, with text that does not
                if len >= 16 {
                    body[8..16].copy_from_slice(&(opcode % 3).to_le_bytes());
                    body[16..24].copy_from_slice(&64u64.to_le_bytes());
                    send(parent, &mut body[..8 + len], 1);
                }
                sent += 1;
            }
        }
    }
    send(parent, &mut [1, 2, 3], 0);
    sent
}

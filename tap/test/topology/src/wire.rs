//! rs_topology_wire: sends a TOPO server the very bytes that the C++ client of the NUMA fork sends, and compares its replies
//! with those that the client expects, byte for byte.
//!
//! The messages are recorded in `topology/tests/vectors`; they belong to the machine that the file describes, seen
//! through a session that has its columns 1 and 2.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, string::String, vec::Vec};

use genode::{
    connection::Connection,
    prelude::*,
    rpc::{Caps, Invoke},
};
use topology_session::Topology;

const VECTORS: &str = include_str!("../../../../topology/tests/vectors/topo-ealan-23c00695.txt");

/// `<function> <call|reply> <exception code> <caps> <body>`.
struct Message {
    function: &'static str,
    is_call: bool,
    code: i64,
    body: Vec<u8>,
}

fn message(line: &'static str) -> Option<Message> {
    let mut fields = line.split(' ');
    let (function, kind) = (fields.next()?, fields.next()?);
    let code = fields.next()?.parse().ok()?;
    let hex = fields.nth(1)?.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    let body = hex.chunks(2).map(byte).collect::<Option<_>>()?;
    Some(Message { function, is_call: kind == "call", code, body })
}

/// Sends each call, as often as the count says, and compares each reply. Returns how many there were.
fn replay(session: &Connection<dyn Topology>, rounds: u32) -> Result<u32, String> {
    let mut compared = 0;
    for _ in 0..rounds {
        let mut sent: Option<Message> = None;
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let now = message(line).ok_or_else(|| format!("not a message: {line}"))?;
            if now.is_call {
                sent = Some(now);
                continue;
            }
            let call = sent.take().ok_or_else(|| format!("a reply without a call: {line}"))?;
            let (mut reply, mut caps) = ([0xee; 64], Caps::new());
            let answer = session
                .cap()
                .invoke((&call.body, &Caps::new()), (&mut reply, &mut caps))
                .map_err(|error| format!("{}: {error}", call.function))?;
            // the received length is known on some kernels only; a longer message is cut to what was expected there
            let got = reply.get(..now.body.len()).unwrap_or(&reply);
            if answer.code.value() != now.code || got != now.body || answer.len < now.body.len() {
                return Err(format!(
                    "{}: {:02x?} ({}, {} bytes) instead of {:02x?}",
                    call.function,
                    got,
                    answer.code.value(),
                    answer.len,
                    now.body
                ));
            }
            compared += 1;
        }
    }
    Ok(compared)
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    let session =
        Connection::<dyn Topology>::open(env, "").map_err(|error| format!("TOPO: {error}"))?;
    let compared = replay(&session, 1)?;
    log!("{compared} replies are the fork's, byte for byte");
    // reconstruct is among them: what it takes, it gives back
    let again = replay(&session, 200)?;
    log!("{again} more of the same session");
    log!("--- topology wire finished ---");
    env.exit(0)
}

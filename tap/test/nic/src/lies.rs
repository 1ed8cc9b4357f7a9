//! A client at a server that lies: each lie is an error or a frame of the server's own, never more.

use alloc::format;

use genode::{
    packet_stream::StreamError,
    prelude::*,
    session::nic::{MAX_FRAME, NicConnection, PortError},
};
use rs_checks::{Test, at, ensure};

/// Sessions, each with another seed at the server.
const SESSIONS: u32 = 40;
/// Turns of a session.
const TURNS: u32 = 200;

/// Results of lies.
#[derive(Default)]
struct Seen {
    frames: u32,
    refused: u32,
    broken: u32,
}

/// Does a turn of sends and receives; returns whether the streams still work.
fn turn(nic: &NicConnection, seen: &mut Seen) -> Test<bool> {
    let mut frame = [0; MAX_FRAME];
    // Bounded: neither side waits for the other one.
    for count in 0..8 {
        match nic.try_send(&[count; 60]) {
            Ok(_) => (),
            Err(PortError::Stream(StreamError::Index { .. })) => return Ok(false),
            Err(error) => return Err(at("send")(error)),
        }
        match nic.try_receive(&mut frame) {
            Ok(None) => (),
            Ok(Some(size)) => {
                ensure("a frame's size", (1..=MAX_FRAME).contains(&size))?;
                seen.frames += 1;
            }
            Err(PortError::Stream(
                StreamError::Index { .. } | StreamError::Full(_) | StreamError::Unknown { .. },
            )) => return Ok(false),
            Err(error) => return Err(at("receive")(error)),
        }
    }
    nic.wakeup();
    Ok(true)
}

/// Opens sessions at the liar, one after the other.
pub(crate) fn lies(env: Env) -> Test {
    let mut seen = Seen::default();
    for _ in 0..SESSIONS {
        let nic = NicConnection::open(env, "liar", 128 << 10, 128 << 10).map_err(at("liar"))?;
        for _ in 0..TURNS {
            if !turn(&nic, &mut seen)? {
                seen.broken += 1;
                break;
            }
            // Its turn to lie.
            nic.link_state().map_err(at("link"))?;
        }
        seen.refused += u32::try_from(nic.dropped()).unwrap_or(u32::MAX);
    }
    let Seen { frames, refused, broken } = seen;
    ensure(
        &format!("{frames} frames came, {refused} were none, {broken} queues could not be"),
        frames > 0 && refused > 0 && broken > 0,
    )?;
    log!("a server that lies costs its client that session, and nothing more");
    Ok(())
}

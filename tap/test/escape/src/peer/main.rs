//! rs_bad_peer: a server that several clients share, an honest client of it, and clients that do to the server whatever
//! Linux lets them do with what they were given. The honest one must get all its answers.
#![no_main]

mod deadly;
mod doorbell;
mod flood;
mod honest;
mod scribble;
#[path = "../sys.rs"]
#[allow(dead_code, reason = "shared with rs_escape")]
mod sys;
mod undead;

use genode::{node::Node, prelude::*, session::rom::RomConnection};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 1 << 10;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let text = RomConnection::open(env, "config")?.read(MAX_CONFIG)?;
    let Ok(config) = Node::parse(&text) else { return Err(Error::Invalid) };
    match config.attr("role") {
        Some("server") => honest::serve(env),
        Some(role) if deadly::ROLES.contains(&role) => deadly::end(role),
        Some("doorbell") => doorbell::ring(env),
        Some("flood") => flood::send(env),
        Some("scribble") => scribble::write(env),
        Some("undead") => undead::serve(env),
        Some("waits") => undead::call(env),
        _ => honest::call(env),
    }
}

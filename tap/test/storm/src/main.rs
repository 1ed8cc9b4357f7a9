//! rs_storm: a parent whose children may die or stop at any time, and these children.
//!
//! Who kills them is none of its business: on the host core does (`--storm`). The parent starts what ends anew, and
//! detects by heartbeat what stopped. When nothing happened for a while it ends all children, and says whether all
//! quota came back. A child that sees what no death of another explains exits, which counts as a surprise.
#![no_std]
#![no_main]

extern crate alloc;

mod client;
mod fault;
mod late;
mod life;
mod pager;
mod parent;
mod server;
mod stop;
mod watch;

use genode::{prelude::*, session::rom::RomConnection};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 16 << 10;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let mut rom = RomConnection::open(env, "config")?;
    let config = rom.read_node(MAX_CONFIG)?;
    match config.attr("role") {
        Some("client") => client::run(env, client::calls),
        Some("reader") => client::run(env, client::reads),
        Some("pager") => pager::run(env),
        Some("server") => server::run(env),
        Some("faulty") => fault::serve(env, &config),
        Some("once") => fault::call(env, &config),
        Some("asks") => fault::ask(env, &config),
        Some("late") => late::run(env, &config),
        Some("stopped") => stop::now(),
        _ => parent::run(env, &config),
    }
}

//! rs_init_test: gives rs_init one configuration after the other, by report_rom, and waits for the state report that
//! each must lead to. The children of these configurations are this same program in other roles.
#![no_std]
#![no_main]

extern crate alloc;

mod driver;
mod hostile;
mod limits;
mod roles;
mod steps;
mod storm;
mod visits;

use genode::{prelude::*, session::rom::RomConnection};

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let mut rom = RomConnection::open(env, "config")?;
    let config = rom.read_node(roles::MAX_CONFIG)?;
    match config.attr("role") {
        Some("driver") => driver::run(env, &config),
        Some("storm") => storm::run(env, &config),
        Some(role) => roles::run(env, role, &config, rom),
        None => Err(Error::Invalid),
    }
}

//! rs_rom_logger: writes a ROM module's content to the log, now and with each change.
#![no_std]
#![no_main]

use genode::{
    node::{Node, Syntax},
    prelude::*,
    session::rom::Following,
};

#[genode::component]
fn main(env: Env) -> Result<Following, Error> {
    env.rom("generated").on_change(|_, node: &Node| match node.write(Syntax::Xml) {
        Ok(text) => {
            for line in text.lines() {
                log!("{line}");
            }
        }
        Err(error) => error!("{error}"),
    })
}

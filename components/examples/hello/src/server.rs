//! rs_hello_server: says hello to whoever asks, and adds.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
};
use rs_hello::Hello;

/// One session.
struct HelloSession;

impl Hello for HelloSession {
    fn say_hello(&mut self) {
        log!("I am here... Hello.");
    }

    fn add(&mut self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Hello, _>(|_: &SessionRequest<'_>| {
        log!("creating hello session");
        Ok(HelloSession)
    })?;
    Ok(root)
}

//! rs_hello_client_alloc: the hello client with a collection in it. How much larger its file is than that of the
//! client, which needs no heap, is what the heap adds to a component (`cargo tap bench native`).
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

use genode::{connection::Connection, prelude::*};
use rs_hello::Hello;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let hello = Connection::<dyn Hello>::open(env, "")?;

    log!("issue RPC for saying hello");
    hello.say_hello()?;
    log!("returned from 'say_hello' RPC call");

    let mut sums = Vec::new();
    for i in 0..5 {
        sums.push(hello.add(2, i)?);
    }
    for sum in sums {
        log!("added: {sum}");
    }

    log!("hello test completed");
    drop(hello);
    env.exit(0)
}

//! rs_hello_client: asks a hello server to say hello, and to add two numbers.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use genode::{connection::Connection, prelude::*};
use rs_hello::Hello;

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let hello = Connection::<dyn Hello>::open(env, "")?;

    log!("issue RPC for saying hello");
    hello.say_hello()?;
    log!("returned from 'say_hello' RPC call");

    let sum = hello.add(2, 5)?;
    log!("added 2 + 5 = {sum}");

    log!("hello test completed");
    drop(hello);
    env.exit(0)
}

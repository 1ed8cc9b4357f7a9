//! Rust server of the RPC benchmark.
#![no_std]
#![no_main]

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
};
use rs_rpc_bench::Bench;

struct Session;

impl Bench for Session {
    fn add(&mut self, a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Bench, _>(|_: &SessionRequest<'_>| -> Result<Session, Refused> {
        Ok(Session)
    })?;
    Ok(root)
}

//! A worker that crashes at a number that its configuration names.
#![no_std]
#![no_main]

use genode::{prelude::*, root::Root, root::SessionRequest};
use rs_supervisor::Work;

struct Worker(u32, u32);

impl Work for Worker {
    fn work(&mut self, n: u32) -> u32 {
        assert_ne!(n, self.0, "crash as configured");
        n * self.1
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let config = env.config().read()?;
    let (crash_at, factor) = (config.attr_or("crash_at", 0), config.attr_or("factor", 1));
    let mut root = Root::new(env)?;
    root.serve::<dyn Work, _>(move |_: &SessionRequest<'_>| Ok(Worker(crash_at, factor)))?;
    Ok(root)
}

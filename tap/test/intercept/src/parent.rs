//! Intercepts the CPU and PD sessions of its children and theirs, which `<children>` configures as
//! init's. Ends when a child ended.
#![no_std]
#![no_main]

use genode::{
    prelude::*,
    sandbox::{End, Event, Sandbox},
    session::intercept::Interceptor,
};
use rs_intercept::Manager;

#[genode::component]
fn main(env: Env) -> Result<Sandbox, Error> {
    let config = env.config().read()?;
    let sandbox = Sandbox::supervise(env, move |_, event| {
        if let Event::Ended { child, end } = event {
            log!("child \"{child}\" ended: {end:?}");
            env.exit(i32::from(*end != End::Exited(0)))
        }
    })?;
    Interceptor::new(env, Manager::default()).serve_children(&sandbox);
    sandbox.apply(config.child("children").unwrap_or(&config));
    Ok(sandbox)
}

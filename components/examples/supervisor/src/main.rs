//! Restarts a worker that crashes once; when it crashes again, routes its client to another one.
//!
//! The children are configured by `<first>` and `<then>` in the supervisor's own configuration,
//! each as init's.
#![no_std]
#![no_main]

use genode::{prelude::*, sandbox::End, sandbox::Event, sandbox::Sandbox};

#[genode::component]
fn main(env: Env) -> Result<Sandbox, Error> {
    let (config, mut crashes) = (env.config().read()?, 0);
    let [first, then] = ["first", "then"].map(|step| config.child(step).cloned());
    let sandbox = Sandbox::supervise(env, move |sandbox, event| {
        log!("{event:?}");
        let Event::Ended { child, end } = event else { return };
        match (child.as_str(), end, crashes) {
            ("a", _, 0) => sandbox.restart("a"),
            ("a", ..) => sandbox.apply(then.as_ref().unwrap_or(&config)),
            (_, End::Exited(0), _) => env.exit(0),
            _ => {}
        }
        crashes += u32::from(child == "a");
    })?;
    sandbox.apply(&first.unwrap_or_default());
    Ok(sandbox)
}

//! Restarts a child that crashes once. When worker "a" crashes again, its client is routed to
//! another one; when any other child does, that is the end.
//!
//! The children are configured by `<first>` and `<then>` in the supervisor's own configuration,
//! each as init's.
#![no_std]
#![no_main]

use genode::{prelude::*, sandbox::End, sandbox::Event, sandbox::Sandbox};

#[genode::component]
fn main(env: Env) -> Result<Sandbox, Error> {
    let (config, mut crashes) = (env.config().read()?, [0; 2]);
    let [first, then] = ["first", "then"].map(|step| config.child(step).cloned());
    let sandbox = Sandbox::supervise(env, move |sandbox, event| {
        log!("{event:?}");
        let Event::Ended { child, end } = event else { return };
        // Those of "a", and of all others together.
        let count = &mut crashes[usize::from(child != "a")];
        match (child.as_str(), end, core::mem::replace(count, *count + 1)) {
            (_, End::Exited(0), _) => env.exit(0),
            (_, _, 0) => sandbox.restart(child),
            ("a", _, 1) => sandbox.apply(then.as_ref().unwrap_or(&config)),
            _ => env.exit(1),
        }
    })?;
    sandbox.apply(&first.unwrap_or_default());
    Ok(sandbox)
}

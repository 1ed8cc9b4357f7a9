//! What most roles need: signs of life, and something that takes time.

use alloc::boxed::Box;

use genode::prelude::*;

/// Answers heartbeats for the rest of the component's life.
pub(crate) fn live(env: Env, mut alive: impl FnMut() -> bool + 'static) -> Result<(), Error> {
    let handler = SignalHandler::new(env.ep(), move |_| {
        if alive() {
            env.parent().heartbeat_response();
        }
    })?;
    env.parent().heartbeat_sigh(Some(&handler));
    Box::leak(Box::new(handler));
    Ok(())
}

/// Takes a moment.
pub(crate) fn pause(rounds: u32) {
    for _ in 0..rounds {
        core::hint::spin_loop();
    }
}

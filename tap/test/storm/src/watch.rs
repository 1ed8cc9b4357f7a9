//! What the parents have in common: a sandbox whose events they are told of, a clock that ticks, and what is missing of
//! their quota once all children are gone.

use alloc::{boxed::Box, rc::Rc};
use core::time::Duration;

use genode::{
    node::Node,
    prelude::*,
    quota::Quota,
    sandbox::{Event, Sandbox},
    session::timer::TimerConnection,
};

/// Time between two looks.
const TICK: Duration = Duration::from_millis(10);

/// A parent.
pub(crate) trait Watch: 'static {
    fn on_events(&self, events: &[Event]);
    fn on_tick(&self, sandbox: &Sandbox);
}

/// Starts the `children`, and tells their parent from now on. It lives as long as the component.
pub(crate) fn start(env: Env, parent: Rc<impl Watch>, children: &Node) -> Result<(), Error> {
    let sandbox = Sandbox::new(env, {
        let parent = parent.clone();
        move |new| parent.on_events(new)
    })?;
    let handler = SignalHandler::new(env.ep(), {
        let sandbox = sandbox.clone();
        move |_| parent.on_tick(&sandbox)
    })?;
    let timer = TimerConnection::open(env, "tick")?;
    timer.sigh(handler.cap())?;
    timer.trigger_periodic(TICK)?;
    sandbox.apply(children);
    Box::leak(Box::new((timer, handler, sandbox)));
    Ok(())
}

/// Bytes and capabilities that the component had `before` and has no more.
pub(crate) fn missing(before: &Quota, after: &Quota) -> (i64, i64) {
    (
        before.ram_limit.0.wrapping_sub(after.ram_limit.0) as i64,
        before.caps_limit.0.wrapping_sub(after.caps_limit.0) as i64,
    )
}

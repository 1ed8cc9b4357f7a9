//! Clients that come and go, and servers for them: one that outlives all, and some that die.

use alloc::rc::Rc;
use core::cell::Cell;

use genode::{
    connection::Connection,
    node::Node,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::InBuffer,
    session::log::{LogSession, MAX_STRING},
};

use crate::roles::{TestSession, crash, keep};

/// A session that counts what it is asked.
struct Visit {
    env: Env,
    /// Sessions until the server dies; `None` for never.
    left: Option<Rc<Cell<u32>>>,
    crash: bool,
}

impl TestSession for Visit {
    fn value(&mut self) -> i32 {
        if let Some(left) = &self.left {
            match left.get().checked_sub(1) {
                Some(less) => left.set(less),
                None if self.crash => crash(),
                None => self.env.exit(3),
            }
        }
        0
    }

    fn upgraded(&mut self) -> u64 {
        0
    }

    fn visitors(&mut self) -> u32 {
        0
    }
}

/// A LOG session that keeps what is written to itself.
struct Quiet;

impl LogSession for Quiet {
    fn write(&mut self, _: InBuffer<'_, MAX_STRING>) {}
}

/// Serves sessions for ever, and LOG sessions.
pub(crate) fn keeper(env: Env) -> Result<(), Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn TestSession, _>(move |_: &SessionRequest<'_>| {
        Ok::<_, Refused>(Visit { env, left: None, crash: false })
    })?;
    root.serve::<dyn LogSession, _>(|_: &SessionRequest<'_>| Ok::<_, Refused>(Quiet))?;
    keep(root);
    Ok(())
}

/// Serves some calls, and dies in the next.
pub(crate) fn mortal(env: Env, config: &Node) -> Result<(), Error> {
    let left = Rc::new(Cell::new(config.attr_or("sessions", 0)));
    let crash = config.attr_or("crash", false);
    let mut root = Root::new(env)?;
    root.serve::<dyn TestSession, _>(move |_: &SessionRequest<'_>| {
        Ok::<_, Refused>(Visit { env, left: Some(left.clone()), crash })
    })?;
    keep(root);
    Ok(())
}

/// Opens a session, calls, logs, closes; as often as its configuration says, for ever without a
/// number. It exits with 0 when done, 1 if there is no session to be had, 2 if the server is gone.
pub(crate) fn visitor(env: Env, config: &Node) -> Result<(), Error> {
    let visits: u32 = config.attr_or("visits", 0);
    let mut done = 0;
    while visits == 0 || done < visits {
        let Ok(session) = Connection::<dyn TestSession>::open(env, "visit") else { env.exit(1) };
        if session.value().is_err() {
            env.exit(2);
        }
        log!("visit {done}");
        done += 1;
    }
    env.exit(0)
}

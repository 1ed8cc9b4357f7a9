//! Serves sessions, taking a moment to make each, and looks into memory of its clients.

use alloc::boxed::Box;
use core::sync::atomic::Ordering;

use genode::{
    dataspace::{Attached, Dataspace},
    prelude::*,
    root::{Factory, Refused, Root, SessionRequest},
};

/// A session of the server.
#[genode::rpc(service = "Storm", caps = 4)]
pub(crate) trait Storm {
    /// `value` plus the first word of `memory`, of which the client may die meanwhile.
    fn sum(&mut self, memory: Capability<Dataspace>, value: u64) -> u64;
}

struct Session;

impl Storm for Session {
    fn sum(&mut self, memory: Capability<Dataspace>, value: u64) -> u64 {
        // Memory of a client that died is gone, or reads as zero.
        let Ok(attached) = Attached::read_only(&memory) else { return value };
        crate::life::pause(2000);
        value + attached.load_u64(0, Ordering::Relaxed).unwrap_or(0)
    }
}

/// Makes sessions, slowly: requests are to be found waiting.
struct Sessions;

impl Factory<dyn Storm> for Sessions {
    type Session = Session;

    fn create(&mut self, _: &SessionRequest<'_>) -> Result<Session, Refused> {
        crate::life::pause(20_000);
        Ok(Session)
    }
}

pub(crate) fn run(env: Env) -> Result<(), Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Storm, _>(Sessions)?;
    Box::leak(Box::new(root)); // it lives as long as the component
    crate::life::live(env, || true)
}

//! The server, and the client whose calls must all be answered.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use genode::{
    connection::Connection,
    dataspace::{Attached, Dataspace, RamDataspace},
    prelude::*,
    root::{Factory, Refused, Root, SessionRequest},
};

/// Calls of the honest client.
const CALLS: u64 = 60_000;

/// What the server serves.
#[genode::rpc(service = "Shared", caps = 4)]
pub(crate) trait Shared {
    /// `value` plus one; takes a moment, as long as others may ring.
    fn next(&mut self, value: u64) -> u64;

    /// `value` plus the first word of `memory`.
    fn sum(&mut self, memory: Capability<Dataspace>, value: u64) -> u64;
}

struct Session;

impl Shared for Session {
    fn next(&mut self, value: u64) -> u64 {
        for _ in 0..value % 512 {
            std::hint::spin_loop();
        }
        value.wrapping_add(1)
    }

    fn sum(&mut self, memory: Capability<Dataspace>, value: u64) -> u64 {
        let Ok(attached) = Attached::read_only(&memory) else { return value };
        value.wrapping_add(attached.load_u64(0, Ordering::Relaxed).unwrap_or(0))
    }
}

struct Sessions;

impl Factory<dyn Shared> for Sessions {
    type Session = Session;

    fn create(&mut self, _: &SessionRequest<'_>) -> Result<Session, Refused> {
        Ok(Session)
    }
}

pub(crate) fn serve(env: Env) -> Result<(), Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Shared, _>(Sessions)?;
    Box::leak(Box::new(root)); // it lives as long as the component
    Ok(())
}

/// Calls until all is answered, and says so; silence is what the run script waits for.
pub(crate) fn call(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Shared>::open(env, "honest")?;
    let memory = RamDataspace::new(4096)?;
    Attached::writeable(memory.cap())?.write(0, &7u64.to_le_bytes())?;
    for value in 0..CALLS {
        let right = match value % 16 {
            0 => session.sum(memory.cap().clone(), value)? == value + 7,
            _ => session.next(value)? == value + 1,
        };
        if !right {
            error!("a wrong answer to {value}");
            env.exit(1);
        }
    }
    log!("{CALLS} calls were answered");
    env.exit(0)
}

/// Calls as any client would, on a thread of its own and for ever, so that the server has something to do meanwhile.
pub(crate) fn keep_calling(session: Connection<dyn Shared>) {
    static ONCE: AtomicBool = AtomicBool::new(false);
    if ONCE.swap(true, Ordering::Relaxed) {
        return;
    }
    let session = Arc::new(session);
    std::thread::spawn(move || {
        let mut value = 0;
        loop {
            value = session.next(value).unwrap_or(0);
        }
    });
}

//! Faults at chosen moments: servers that die or take their time while they make a session or serve a call, and clients
//! that die while they wait for one or the other.

use alloc::boxed::Box;
use core::time::Duration;

use genode::{
    connection::Connection,
    dataspace::{Attached, Dataspace, RamDataspace},
    node::Node,
    prelude::*,
    root::{Factory, Refused, Root, SessionRequest},
    session::timer::TimerConnection,
    thread,
};

use crate::{client::Anywhere, server::Storm};

/// Ends by a fault, not by an exit.
fn crash() -> ! {
    #[allow(unsafe_code, reason = "what safe code cannot do: an illegal instruction")]
    // SAFETY: the instruction faults and does nothing else.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("ud2", options(noreturn));
        #[cfg(not(target_arch = "x86_64"))]
        core::arch::asm!("udf #0", options(noreturn));
    }
}

/// What happens at a moment.
#[derive(Clone, Copy)]
struct At {
    dies: bool,
    takes: Duration,
}

impl At {
    /// The attribute `name`: `die`, or milliseconds.
    fn read(config: &Node, name: &str) -> Self {
        let dies = config.attr(name) == Some("die");
        Self { dies, takes: Duration::from_millis(config.attr_or(name, 0)) }
    }

    fn happen(self, timer: &TimerConnection) {
        if self.dies {
            crash();
        }
        if !self.takes.is_zero() {
            let _ = timer.sleep(self.takes);
        }
    }
}

struct Session {
    env: Env,
    call: At,
    /// What its client called itself, which is added to what it gets.
    number: u64,
}

/// What one number more adds.
const NUMBER: u64 = 1 << 32;

impl Storm for Session {
    fn sum(&mut self, memory: Capability<Dataspace>, value: u64) -> u64 {
        // Held while the client may die.
        let attached = Attached::read_only(&memory);
        if let Ok(timer) = TimerConnection::open(self.env, "call") {
            self.call.happen(&timer);
        }
        let word = attached.and_then(|a| a.load_u64(0, core::sync::atomic::Ordering::Relaxed));
        value + word.unwrap_or(0) + self.number * NUMBER
    }
}

struct Sessions {
    env: Env,
    create: At,
    call: At,
}

impl Factory<dyn Storm> for Sessions {
    type Session = Session;

    fn create(&mut self, request: &SessionRequest<'_>) -> Result<Session, Refused> {
        if let Ok(timer) = TimerConnection::open(self.env, "create") {
            self.create.happen(&timer);
        }
        let label = request.label();
        let number = label.rsplit(' ').next().and_then(|last| last.parse().ok()).unwrap_or(0);
        Ok(Session { env: self.env, call: self.call, number })
    }
}

/// A server with `create` and `call` in its configuration.
pub(crate) fn serve(env: Env, config: &Node) -> Result<(), Error> {
    let (create, call) = (At::read(config, "create"), At::read(config, "call"));
    let mut root = Root::new(env)?;
    root.serve::<dyn Storm, _>(Sessions { env, create, call })?;
    Box::leak(Box::new(root)); // it lives as long as the component
    Ok(())
}

/// A client that opens a session, calls once, and exits: 0 if it was served, 1 without a session, 2 without an
/// answer. It crashes `dies_after` milliseconds, if that is earlier.
pub(crate) fn call(env: Env, config: &Node) -> Result<(), Error> {
    let Ok(Some(ms)) = config.attr_checked::<u64>("dies_after") else { once(env) };
    let timer = TimerConnection::open(env, "death")?;
    let work = Anywhere(env);
    Box::leak(Box::new(thread::Builder::new("once").spawn(move || work.once())?));
    timer.sleep(Duration::from_millis(ms))?;
    crash()
}

/// A client that says its `number`, and wants an answer for it; it exits as [`call`] does.
pub(crate) fn ask(env: Env, config: &Node) -> Result<(), Error> {
    let number = config.attr_or("number", 0);
    serve_me(env, &alloc::format!("{number}"), number)
}

fn once(env: Env) -> ! {
    serve_me(env, "once", 0)
}

fn serve_me(env: Env, label: &str, number: u64) -> ! {
    let Ok(session) = Connection::<dyn Storm>::open(env, label) else { env.exit(1) };
    let memory = || {
        let memory = RamDataspace::new(4096)?;
        Attached::writeable(memory.cap())?.write(0, &1000u64.to_le_bytes())?;
        Ok::<_, Error>(memory)
    };
    let Ok(memory) = memory() else { env.exit(4) };
    match session.sum(memory.cap().clone(), 7) {
        Ok(sum) if sum == 1007 + number * NUMBER => env.exit(0),
        Ok(_) => env.exit(3),
        Err(_) => env.exit(2),
    }
}

impl Anywhere {
    fn once(self) {
        once(self.0);
    }
}

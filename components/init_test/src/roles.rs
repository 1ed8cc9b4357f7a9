//! The children.

use alloc::{boxed::Box, rc::Rc};
use core::cell::{Cell, RefCell};

use genode::{
    connection::Connection,
    dataspace::RamDataspace,
    node::Node,
    prelude::*,
    quota::{CapQuota, RamQuota},
    root::{Root, SessionRequest},
    session::rom::RomConnection,
};

use crate::MAX_CONFIG;

/// A session of the test server.
#[genode::rpc(service = "Test", caps = 4)]
pub(crate) trait TestSession {
    /// The value that the server was configured with.
    fn value(&mut self) -> i32;
}

struct Server {
    value: i32,
    crash: bool,
}

impl TestSession for Server {
    fn value(&mut self) -> i32 {
        if self.crash {
            crash();
        }
        self.value
    }
}

/// Ends by a fault, not by an exit.
fn crash() -> ! {
    #[allow(unsafe_code, reason = "what safe code cannot do: an illegal instruction")]
    // SAFETY: the instruction faults and does nothing else.
    unsafe {
        core::arch::asm!("ud2", options(noreturn))
    }
}

/// Lets the state report tell that the child came this far.
fn ready(env: Env) {
    env.parent().request_resources(RamQuota::kib(4), CapQuota(0));
}

/// Lets something live as long as the component.
fn keep<T: 'static>(kept: T) {
    Box::leak(Box::new(kept));
}

pub(crate) fn run(env: Env, role: &str, config: &Node, rom: RomConnection) -> Result<(), Error> {
    match role {
        "idle" => idle(env, rom),
        "yield" => yielding(env),
        "hungry" => hungry(env),
        "heart" => heart(env),
        "hostile" => crate::hostile::run(env),
        "crash" => crash(),
        "server" => {
            let (value, crash) = (config.attr_or("value", 0), config.attr_or("crash", false));
            let mut root = Root::new(env)?;
            root.serve::<dyn TestSession, _>(move |_: &SessionRequest<'_>| {
                Ok(Server { value, crash })
            })?;
            keep(root);
            Ok(())
        }
        "client" => {
            let session = Connection::<dyn TestSession>::open(env, "client")?;
            match session.value() {
                Ok(value) => env.exit(value),
                Err(e) => {
                    warning!("{e}");
                    env.exit(1)
                }
            }
        }
        "holder" => {
            keep(Connection::<dyn TestSession>::open(env, "holder")?);
            ready(env);
            Ok(())
        }
        "undeclared" => {
            let mut root = Root::new(env)?;
            root.serve::<dyn TestSession, _>(|_: &SessionRequest<'_>| {
                Ok(Server { value: 0, crash: false })
            })?;
            keep(root);
            Ok(())
        }
        "exit" => env.exit(config.attr_or("value", 0)),
        _ => Err(Error::Invalid),
    }
}

/// Exits with the value that its configuration comes to hold.
fn idle(env: Env, rom: RomConnection) -> Result<(), Error> {
    let rom = Rc::new(RefCell::new(rom));
    let look = {
        let rom = rom.clone();
        move || {
            let text = rom.borrow_mut().read(MAX_CONFIG).unwrap_or_default();
            let config = Node::parse(&text).unwrap_or_default();
            if let Ok(Some(value)) = config.attr_checked("exit") {
                env.exit(value);
            }
        }
    };
    let handler = SignalHandler::new(env.ep(), {
        let look = look.clone();
        move |_| look()
    })?;
    rom.borrow().sigh(handler.cap())?;
    keep(handler);
    look(); // it may have changed before anybody would tell
    Ok(())
}

/// Holds memory until it is asked for it.
fn yielding(env: Env) -> Result<(), Error> {
    let held = RefCell::new(Some(RamDataspace::new(5 << 20)?));
    let handler = SignalHandler::new(env.ep(), move |_| {
        drop(held.borrow_mut().take());
        env.parent().yield_response();
    })?;
    env.parent().yield_sigh(Some(&handler));
    keep(handler);
    ready(env);
    Ok(())
}

/// Asks for memory and exits once it can have it.
fn hungry(env: Env) -> Result<(), Error> {
    let handler = SignalHandler::new(env.ep(), move |_| {
        if RamDataspace::new(2 << 20).is_ok() {
            env.exit(5);
        }
    })?;
    env.parent().resource_avail_sigh(Some(&handler));
    keep(handler);
    env.parent().request_resources(RamQuota::mib(1), CapQuota(0));
    Ok(())
}

/// Shows signs of life a few times, then no more.
fn heart(env: Env) -> Result<(), Error> {
    let left = Cell::new(3);
    let handler = SignalHandler::new(env.ep(), move |_| {
        if left.get() > 0 {
            left.set(left.get() - 1);
            env.parent().heartbeat_response();
        }
    })?;
    env.parent().heartbeat_sigh(Some(&handler));
    keep(handler);
    log!("alive");
    Ok(())
}

//! The children.

use alloc::{boxed::Box, rc::Rc};
use core::cell::{Cell, RefCell};

use genode::{
    connection::Connection,
    dataspace::{Dataspace, RamDataspace, SharedRam},
    node::Node,
    prelude::*,
    quota::{CapQuota, RamQuota},
    root::{Factory, Refused, Root, SessionRequest},
    session::rom::{RomConnection, RomSession},
    signal::SignalContext,
    sync::Mutex,
};

/// Largest configuration that is read, in bytes.
pub(crate) const MAX_CONFIG: usize = 64 << 10;

/// A session of the test server.
#[genode::rpc(service = "Test", caps = 4)]
pub(crate) trait TestSession {
    /// The value that the server was configured with.
    fn value(&mut self) -> i32;
    /// The RAM that was donated to the session by upgrades.
    fn upgraded(&mut self) -> u64;
    /// The sessions that were opened so far.
    fn visitors(&mut self) -> u32;
}

struct Server {
    value: i32,
    crash: bool,
    upgraded: u64,
    visitors: Rc<Cell<u32>>,
}

/// Makes sessions with the server's configuration.
struct Sessions {
    value: i32,
    crash: bool,
    visitors: Rc<Cell<u32>>,
}

impl Factory<dyn TestSession> for Sessions {
    type Session = Server;

    fn create(&mut self, _: &SessionRequest<'_>) -> Result<Server, Refused> {
        let visitors = self.visitors.clone();
        visitors.set(visitors.get() + 1);
        Ok(Server { value: self.value, crash: self.crash, upgraded: 0, visitors })
    }

    fn upgrade(&mut self, session: &mut Server, ram: RamQuota, _: CapQuota) {
        session.upgraded += ram.0;
    }
}

impl TestSession for Server {
    fn value(&mut self) -> i32 {
        if self.crash {
            crash();
        }
        self.value
    }

    fn upgraded(&mut self) -> u64 {
        self.upgraded
    }

    fn visitors(&mut self) -> u32 {
        self.visitors.get()
    }
}

/// Ends by a fault, not by an exit.
pub(crate) fn crash() -> ! {
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
pub(crate) fn keep<T: 'static>(kept: T) {
    Box::leak(Box::new(kept));
}

pub(crate) fn run(env: Env, role: &str, config: &Node, rom: RomConnection) -> Result<(), Error> {
    match role {
        "idle" => idle(env, rom),
        "yield" => yielding(env),
        "hungry" => hungry(env),
        "heart" => heart(env),
        "mute" => {
            log!("hangs");
            hang()
        }
        "hostile" => crate::hostile::run(env, config.attr_or("malformed", false)),
        "crash" => crash(),
        "server" => {
            let (value, crash) = (config.attr_or("value", 0), config.attr_or("crash", false));
            let mut root = Root::new(env)?;
            root.serve::<dyn TestSession, _>(Sessions { value, crash, visitors: Rc::default() })?;
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
        "upgrader" => upgrader(env),
        "rom" => serve_program(env),
        "holder" => {
            keep(Connection::<dyn TestSession>::open(env, "holder")?);
            ready(env);
            Ok(())
        }
        "undeclared" => {
            let mut root = Root::new(env)?;
            let visitors = Rc::default();
            root.serve::<dyn TestSession, _>(Sessions { value: 0, crash: false, visitors })?;
            keep(root);
            Ok(())
        }
        "panic" => {
            keep(Connection::<dyn TestSession>::open(env, "victim")?);
            env.exit([1, 2, 3][config.attr_or("index", 0)]) // there is no such element
        }
        "survivor" => survivor(env),
        "keeper" => crate::visits::keeper(env),
        "mortal" => crate::visits::mortal(env, config),
        "visitor" => crate::visits::visitor(env, config),
        "limits" => crate::limits::run(env),
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

/// Never comes back, and handles no signal either.
fn hang() -> ! {
    let mutex = Mutex::new(());
    loop {
        core::mem::forget(mutex.lock());
    }
}

/// Donates three times in a row, and exits with 9 once the server has all of it.
fn upgrader(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn TestSession>::open(env, "upgrader")?;
    for _ in 0..3 {
        session.upgrade(RamQuota::kib(4), CapQuota(1))?;
    }
    // the server takes one after the other, in between it answers calls
    while session.upgraded()? < 12 << 10 {}
    env.exit(9)
}

/// Calls a server until another client came to it, and a good while longer.
fn survivor(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn TestSession>::open(env, "survivor")?;
    while session.visitors()? < 2 {}
    for _ in 0..20_000 {
        session.value()?;
    }
    env.exit(0)
}

/// Offers a copy of this program as ROM module.
struct Program(Rc<SharedRam>);

impl RomSession for Program {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.0.cap().clone()
    }

    fn update(&mut self) -> bool {
        true
    }

    fn sigh(&mut self, _: Capability<SignalContext>) {}
}

fn serve_program(env: Env) -> Result<(), Error> {
    let mut original = RomConnection::open(env, "rs_init_test")?;
    original.update()?;
    let original = original.attached().ok_or(Error::Invalid)?;
    let copy = Rc::new(SharedRam::new(original.size())?);
    let mut page = [0; 4096];
    for at in (0..original.size()).step_by(page.len()) {
        original.read(at, &mut page)?;
        copy.write(at, &page)?;
    }
    let mut root = Root::new(env)?;
    root.serve::<dyn RomSession, _>(move |_: &SessionRequest<'_>| Ok(Program(copy.clone())))?;
    keep(root);
    Ok(())
}

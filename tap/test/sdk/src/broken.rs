//! rs_broken: a server and its clients, of which each does one thing wrong that its configuration
//! names, so that a script sees what is said of it.
#![no_std]
#![no_main]
#![allow(clippy::panic, reason = "some of it is how a component ends")]

extern crate alloc;

use alloc::{boxed::Box, vec::Vec};

use genode::{
    connection::Connection,
    dataspace::{RamDataspace, SharedRam},
    node::Node,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::later::{Later, Tickets},
    session::rom::{RomConnection, RomSession},
    sync::Mutex,
};

/// A session of the server.
#[genode::rpc(service = "Fragile")]
trait Fragile {
    /// Answers, or does what the server is configured to.
    fn answer(&mut self) -> u32;
    /// Does the same to start an answer that would come later.
    #[rpc(later)]
    fn ask(&mut self) -> u32;
}

/// Mutex that never is unlocked.
static NEVER: Mutex<()> = Mutex::new(());

/// Answers of a server to a call.
#[derive(Clone, Copy)]
enum Call {
    Answers,
    Panics,
    Hangs,
    Loops,
    Relays(Env),
}

impl Call {
    fn act(&self) -> u32 {
        match self {
            Self::Answers => 42,
            Self::Panics => panic!("called"),
            Self::Hangs => {
                core::mem::forget(NEVER.lock());
                drop(NEVER.lock());
                0
            }
            Self::Loops => loop {
                core::hint::spin_loop();
            },
            Self::Relays(env) => {
                let next = Connection::<dyn Fragile>::open(*env, "");
                next.map_or(0, |next| next.answer().unwrap_or(0))
            }
        }
    }
}

struct Server {
    call: Call,
    tickets: Tickets<u32>,
}

impl Fragile for Server {
    fn answer(&mut self) -> u32 {
        self.call.act()
    }

    fn ask(&mut self, later: Later<u32>) {
        later.finish(self.call.act());
    }

    fn ask_tickets(&mut self) -> &mut Tickets<u32> {
        &mut self.tickets
    }
}

/// Serves as `call` and `open` say.
fn serve(
    env: Env,
    call: Call,
    open: impl Fn() -> Result<(), Refused> + 'static,
) -> Result<(), Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Fragile, _>(move |_: &SessionRequest<'_>| {
        open().map(|()| Server { call, tickets: Tickets::new(1) })
    })?;
    Box::leak(Box::new(root));
    Ok(())
}

/// Calls the server that it is routed to, and says how that went.
fn call(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Fragile>::open(env, "")?;
    log!("answered: {}", session.answer()?);
    Ok(())
}

/// Takes RAM dataspaces of a size until there is no more. Returns them, and why that is.
fn take(size: usize) -> (Vec<RamDataspace>, Error) {
    let mut all = Vec::new();
    loop {
        match RamDataspace::new(size) {
            Ok(one) => all.push(one),
            Err(error) => return (all, error),
        }
    }
}

/// Does what is wrong in a component that serves nobody.
fn client(env: Env, how: &str, config: &Node) -> Result<(), Error> {
    match how {
        "calls" => call(env)?,
        "asks" => drop(Connection::<dyn Fragile>::open(env, "")?.ask()),
        "takes_ram" => return Err(take(1 << 20).1),
        "takes_caps" => return Err(take(4 << 10).1),
        "calls_when_full" => {
            let (_all, _) = take(4 << 10);
            call(env)?;
        }
        "reads_rom" => drop(RomConnection::open(env, "nothing")?),
        "long_label" => {
            let label = [b'x'; 120];
            let label = core::str::from_utf8(&label).unwrap_or_default();
            Connection::<dyn RomSession>::open(env, label).map(drop)?;
        }
        "number" => match config.attr_checked::<u32>("n") {
            Ok(number) => log!("{number:?}"),
            Err(error) => error!("config: {error}"),
        },
        "writes_beyond" => SharedRam::new(4 << 10)?.write(8 << 10, b"x")?,
        _ => error!("nothing is wrong with '{how}'"),
    }
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    let config = RomConnection::open(env, "config")?.read_node(4 << 10)?;
    let how = config.attr("how").unwrap_or_default();
    let fine = || Ok(());
    match how {
        "answers" => serve(env, Call::Answers, fine),
        "panics_in_call" => serve(env, Call::Panics, fine),
        "hangs_in_call" => serve(env, Call::Hangs, fine),
        "loops_in_call" => serve(env, Call::Loops, fine),
        "loops" => loop {
            core::hint::spin_loop();
        },
        "full" => {
            serve(env, Call::Answers, fine)?;
            Box::leak(Box::new(take(4 << 10)));
            Ok(())
        }
        "relays" => serve(env, Call::Relays(env), fine),
        "refuses" => serve(env, Call::Answers, || Err(Refused::Denied)),
        "wants_ram" => serve(env, Call::Answers, || Err(Refused::InsufficientRam)),
        "wants_caps" => serve(env, Call::Answers, || Err(Refused::InsufficientCaps)),
        how => {
            if let Err(error) = client(env, how, &config) {
                error!("{error}");
            }
            env.exit(1)
        }
    }
}

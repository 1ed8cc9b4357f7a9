//! rs_mortal_server: dies as its configuration says, when a client tells it to.
#![no_std]
#![no_main]
#![allow(clippy::panic, reason = "one of the ways to die")]

extern crate alloc;

use alloc::{rc::Rc, vec::Vec};

use genode::{
    prelude::*,
    root::{Root, SessionRequest},
    rpc::later::{Later, Tickets},
    signal::{SignalContext, Transmitter},
    task::Tasks,
};
use rs_sdk_test::mortal::Mortal;

struct Session {
    env: Env,
    exits: bool,
    client: Transmitter,
    tickets: Tickets<u32>,
    asked: Vec<Later<u32>>,
    tasks: Rc<Tasks>,
}

impl Mortal for Session {
    fn sigh(&mut self, context: Capability<SignalContext>) {
        self.client = Transmitter::new(context);
    }

    fn forget(&mut self) {
        self.client.submit();
        self.client = Transmitter::default();
    }

    fn ask(&mut self, later: Later<u32>) {
        self.asked.push(later);
    }

    fn ask_tickets(&mut self) -> &mut Tickets<u32> {
        &mut self.tickets
    }

    fn die(&mut self) {
        let (client, exits, env) = (self.client.clone(), self.exits, self.env);
        // When the call has been answered.
        self.tasks.spawn(async move {
            client.submit_many(2);
            if exits {
                env.exit(0);
            }
            panic!("as it was told to");
        });
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let exits = env.config().read()?.attr_or("exits", false);
    let tasks = Rc::new(Tasks::new(env.ep())?);
    let mut root = Root::new(env)?;
    root.serve::<dyn Mortal, _>(move |_: &SessionRequest<'_>| {
        let (tickets, tasks) = (Tickets::new(4), tasks.clone());
        Ok(Session {
            env,
            exits,
            client: Transmitter::default(),
            tickets,
            asked: Vec::new(),
            tasks,
        })
    })?;
    Ok(root)
}

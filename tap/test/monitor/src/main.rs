//! rs_cpu_monitor: a CPU service in front of core's. Counts the threads of its clients, refuses
//! those of one name, and moves each that was made.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;

use genode::{
    affinity::Location,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::cpu::{CpuConnection, CpuSession, CpuThread, CpuThreadClient, Forward, Hooks},
};

/// A name that no thread may have.
const FORBIDDEN: &str = "forbidden";

/// The first CPU of a client's affinity space.
const FIRST: Location = Location { x: 0, y: 0, width: 1, height: 1 };

/// What is known of a client.
struct Watch {
    label: String,
    threads: u32,
}

impl Hooks for Watch {
    fn place(&mut self, name: &str, asked: Location) -> Option<Location> {
        let allowed = name != FORBIDDEN;
        if !allowed {
            log!("{}: thread '{name}' refused", self.label);
        }
        allowed.then_some(asked)
    }

    fn made(&mut self, name: &str, thread: &Capability<dyn CpuThread>) {
        self.threads += 1;
        let moved = CpuThreadClient::new(thread.clone()).affinity(FIRST);
        match moved {
            Ok(()) => log!("{}: thread {} '{name}' moved to 0,0", self.label, self.threads),
            Err(error) => error!("{}: thread '{name}': {error}", self.label),
        }
    }

    fn killed(&mut self, _: &Capability<dyn CpuThread>) {
        self.threads = self.threads.saturating_sub(1);
        log!("{}: {} threads are left", self.label, self.threads);
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn CpuSession, _>(move |request: &SessionRequest<'_>| {
        let session = CpuConnection::for_client(env, request)?;
        let watch = Watch { label: request.label().into(), threads: 0 };
        Ok::<_, Refused>(Forward::new(session.client(), (session, watch)))
    })?;
    Ok(root)
}

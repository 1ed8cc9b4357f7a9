//! rs_entrypoints_server: serves objects on several entrypoints, each at a CPU of its own as far as there are.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, sync::Arc, vec::Vec};

use genode::{
    affinity::Space,
    entrypoint::{DEFAULT_STACK, Entrypoint},
    prelude::*,
    root::{Root, SessionRequest},
    rpc::Object,
    sync::{Condvar, Mutex},
};
use rs_sdk_test::entrypoints::{ENTRYPOINTS, Place, Places, cpu};

/// What the entrypoints share.
#[derive(Default)]
struct Shared {
    objects: Mutex<Vec<(u32, Capability<dyn Place>)>>,
    /// Calls of `meet` that have come, ever.
    arrived: Mutex<u32>,
    all_there: Condvar,
    /// Calls of `work` that are being served, and how many were at most.
    working: Mutex<(u32, u32)>,
}

impl Shared {
    fn object(&self, number: u32) -> Capability<dyn Place> {
        let objects = self.objects.lock();
        let found = objects.iter().find(|(n, _)| *n == number);
        found.map_or(Capability::INVALID, |(_, cap)| cap.clone())
    }
}

struct Server {
    shared: Arc<Shared>,
}

impl Place for Server {
    fn meet(&mut self, calls: u32) -> u64 {
        let mut arrived = self.shared.arrived.lock();
        *arrived += 1;
        self.shared.all_there.notify_all();
        // The calls of one meeting are all there before any of the next comes.
        let meeting = arrived.div_ceil(calls.max(1));
        while *arrived < meeting * calls {
            self.shared.all_there.wait(&mut arrived);
        }
        cpu().unwrap_or(0)
    }

    fn work(&mut self) -> u32 {
        let mut working = self.shared.working.lock();
        working.0 += 1;
        working.1 = working.1.max(working.0);
        drop(working);
        for n in 0..2000 {
            core::hint::black_box(n);
        }
        let mut working = self.shared.working.lock();
        working.0 -= 1;
        working.1
    }
}

struct Session {
    space: Space,
    shared: Arc<Shared>,
}

impl Places for Session {
    fn space(&mut self) -> Space {
        self.space
    }

    fn place(&mut self, number: u32) -> Capability<dyn Place> {
        self.shared.object(number)
    }

    fn beside(&mut self) -> Capability<dyn Place> {
        self.shared.object(ENTRYPOINTS)
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let shared = Arc::new(Shared::default());
    let space = env.affinity_space();
    for number in 0..ENTRYPOINTS {
        let shared = shared.clone();
        let location = space.location_of_index(number);
        Entrypoint::spawn("place", DEFAULT_STACK, location, move |ep| {
            // The first one serves two objects.
            let second = (number == 0).then_some(ENTRYPOINTS);
            let objects = core::iter::once(number).chain(second).map(|number| {
                let server = Server { shared: shared.clone() };
                let object = Object::<dyn Place, _>::new(ep, server);
                match &object {
                    Ok(object) => shared.objects.lock().push((number, object.cap().clone())),
                    Err(e) => error!("no object on entrypoint {number}: {e}"),
                }
                object
            });
            objects.collect::<Vec<_>>()
        })?;
    }
    let shared = Rc::new(shared);
    let mut root = Root::new(env)?;
    root.serve::<dyn Places, _>(move |_: &SessionRequest<'_>| {
        Ok(Session { space, shared: Arc::clone(&shared) })
    })?;
    Ok(root)
}

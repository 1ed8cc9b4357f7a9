//! The slot and doorbell protocol under every interleaving and reordering that the memory model allows, on the
//! shipped source. Run with `RUSTFLAGS="--cfg loom" cargo test -p genode_host_proto --test model --release`.
//!
//! Each model is also run with one ordering, fence or wake-up weakened, and must fail then.
#![cfg(loom)]
#![allow(clippy::unwrap_used, clippy::panic)] // test code
mod common;

use common::{Pipe, explore, fails, run_weakened};
use genode_host_proto::bell::Bell;
use genode_host_proto::slot::{ASLEEP, CALL, DEAD, Found, Gone, REPLY, Slot};
use genode_host_proto::sync::{AtomicU32, Looks, Ordering, Site, Sleep};
use genode_wire::ExceptionCode;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// A futex: the check of the word and going to sleep are one step for those who wake.
#[derive(Default)]
struct Futex {
    lock: Mutex<()>,
    woken: Condvar,
}

impl Sleep for Futex {
    fn wait(&self, word: &AtomicU32, expected: u32) {
        let guard = self.lock.lock().unwrap();
        if word.load(Ordering::Relaxed) == expected {
            drop(self.woken.wait(guard).unwrap());
        }
    }
    fn wake(&self, _: &AtomicU32) {
        drop(self.lock.lock().unwrap());
        self.woken.notify_all();
    }
}

#[derive(Default)]
struct World {
    slot: Slot,
    bell: Bell,
    futex: Futex,
    pipe: Pipe,
}

impl World {
    fn client(&self, value: u64, spin: u32) -> Result<u64, Gone> {
        self.slot.post(1, &value.to_ne_bytes(), 0, 0)?;
        if self.bell.must_ring() {
            self.pipe.ring();
        }
        let mut body = [0; 8];
        let reply = self.slot.wait(&self.futex, &mut Looks(spin), &mut body)?;
        assert_eq!((reply.code, reply.len), (ExceptionCode::SUCCESS, 8), "a torn reply");
        Ok(u64::from_ne_bytes(body))
    }

    /// Serve what is there; true once a call or a death was found.
    fn serve(&self) -> bool {
        let mut body = [0; 8];
        match self.slot.take(&mut body) {
            Found::Call(call) => {
                assert_eq!((call.index, call.len), (1, 8), "a torn call");
                let value = u64::from_ne_bytes(body) + 1;
                let _ =
                    self.slot.reply(&self.futex, ExceptionCode::SUCCESS, &value.to_ne_bytes(), 0);
                true
            }
            Found::Dead => true,
            Found::Nothing => false,
        }
    }

    /// An entrypoint as the component runtime and core have it: polls for a moment, serves what it finds while
    /// clients believe that it polls, and sleeps when it finds nothing. Until it served `calls`.
    fn server(&self, calls: usize) {
        let mut served = 0;
        while served < calls {
            let found = self.bell.poll(&mut Looks(1), || self.slot.pending());
            if !found && !self.bell.sleeps(|| self.slot.pending()) {
                self.pipe.listen();
            }
            served += usize::from(self.serve());
        }
    }
}

/// `calls` by a client that polls `spin` times before it sleeps.
fn call(calls: u64, spin: u32) {
    let world = Arc::new(World::default());
    let server = {
        let world = Arc::clone(&world);
        thread::spawn(move || world.server(calls as usize))
    };
    for n in 0..calls {
        assert_eq!(world.client(n, spin), Ok(n + 1), "a torn reply");
    }
    server.join().unwrap();
}

/// A call whose reply nobody waits for, but the next call through the slot.
fn posted() {
    let world = Arc::new(World::default());
    let server = {
        let world = Arc::clone(&world);
        thread::spawn(move || world.server(2))
    };
    world.slot.post(1, &6u64.to_ne_bytes(), 0, 0).unwrap();
    if world.bell.must_ring() {
        world.pipe.ring();
    }
    let mut body = [0; 8];
    world.slot.wait(&world.futex, &mut Looks(0), &mut body).unwrap();
    assert_eq!(u64::from_ne_bytes(body), 7, "a torn reply");
    assert_eq!(world.client(41, 0), Ok(42), "a torn reply");
    server.join().unwrap();
}

/// Core declares the slot dead at any moment of a call, as when the server was killed.
fn server_dies() {
    let world = Arc::new(World::default());
    let core = {
        let world = Arc::clone(&world);
        thread::spawn(move || world.slot.kill(&world.futex))
    };
    assert_eq!(world.client(41, 0), Err(Gone), "nobody serves");
    core.join().unwrap();
    assert!(world.slot.is_dead());
}

/// The client is killed while the server serves: the server learns of it, whatever it was doing.
fn client_dies() {
    let world = Arc::new(World::default());
    world.slot.post(1, &7u64.to_ne_bytes(), 0, 0).unwrap();
    let core = {
        let world = Arc::clone(&world);
        thread::spawn(move || {
            world.slot.kill(&world.futex);
            world.pipe.ring();
        })
    };
    world.server(1);
    core.join().unwrap();
    let mut body = [0; 8];
    assert_eq!(world.slot.take(&mut body), Found::Dead, "the server's reply hid the death");
}

/// A server that lies in the state word costs its client an error, no more.
fn server_lies() {
    let world = Arc::new(World::default());
    let liar = {
        let world = Arc::clone(&world);
        thread::spawn(move || {
            // replies without a call, of a length that no slot has and capabilities that were never sent
            let _ = world.slot.reply(&world.futex, ExceptionCode::SUCCESS, &[0; 64], 9);
        })
    };
    let mut body = [0; 8];
    if world.slot.post(1, &[1; 8], 0, 0).is_ok() {
        let core = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.slot.kill(&world.futex))
        };
        if let Ok(reply) = world.slot.wait(&world.futex, &mut Looks(0), &mut body) {
            assert!(reply.len <= 8 && reply.caps <= 4);
        }
        core.join().unwrap();
    }
    liar.join().unwrap();
}

/// A client that writes anything into its slot, and rings when it likes: its server goes on, with nothing beyond the bounds,
/// and answers an honest client that came to another slot.
fn client_lies(state: u32) {
    let world = Arc::new(World::default());
    let liars = Arc::new(Slot::default());
    let liar = {
        let (world, slot) = (Arc::clone(&world), Arc::clone(&liars));
        thread::spawn(move || {
            slot.scribble(state, u32::MAX);
            world.pipe.ring();
        })
    };
    let server = {
        let (world, slot) = (Arc::clone(&world), Arc::clone(&liars));
        thread::spawn(move || {
            let mut gone = false;
            loop {
                let pending = || world.slot.pending() || (!gone && slot.pending());
                if !world.bell.poll(&mut Looks(1), pending) && !world.bell.sleeps(pending) {
                    world.pipe.listen();
                }
                let mut body = [0; 8];
                match slot.take(&mut body) {
                    Found::Call(call) => {
                        assert!(call.len <= 8 && call.caps <= 4, "beyond the bounds");
                        let _ = slot.reply(&world.futex, ExceptionCode::SUCCESS, &body, 0);
                    }
                    Found::Dead => gone = true,
                    Found::Nothing => {}
                }
                if world.serve() {
                    break;
                }
            }
        })
    };
    assert_eq!(world.client(1, 0), Ok(2), "a lie of another cost the answer");
    liar.join().unwrap();
    server.join().unwrap();
}

const MODELS: [(&str, fn()); 3] =
    [("sleeping", || call(1, 0)), ("polling", || call(1, 1)), ("server_dies", server_dies)];

const MUTANTS: [(&str, Site); 9] = [
    ("sleeping", Site::Post),
    ("sleeping", Site::Take),
    ("polling", Site::Reply),
    ("polling", Site::Wait),
    ("sleeping", Site::ReplyWake),
    ("sleeping", Site::ClientFence),
    ("sleeping", Site::ServerFence),
    ("sleeping", Site::LastLook),
    ("server_dies", Site::KillWake),
];

/// The other side of [`fails`].
#[test]
#[ignore = "run by every_weakened_site_is_noticed, in processes of their own"]
fn weakened() {
    run_weakened(&MODELS, MUTANTS);
}

#[test]
fn calls_are_answered_and_nothing_tears() {
    explore(|| call(1, 0));
    explore(|| call(1, 1));
}

#[test]
fn the_next_call_reaches_a_server_that_still_serves_or_just_sleeps() {
    explore(|| call(2, 0));
}

#[test]
fn a_call_that_nobody_waited_for_comes_before_the_next() {
    explore(posted);
}

#[test]
fn a_dead_server_never_blocks_its_client() {
    explore(server_dies);
}

#[test]
fn a_dead_client_is_always_noticed() {
    explore(client_dies);
}

#[test]
fn a_lying_server_is_survived() {
    explore(server_lies);
}

#[test]
fn a_lying_client_is_survived_by_its_server_and_by_the_others() {
    for state in [CALL, ASLEEP, REPLY, DEAD, 77] {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2); // three threads
        builder.check(move || client_lies(state));
    }
}

#[test]
fn every_weakened_site_is_noticed() {
    for (model, site) in MUTANTS {
        // For its own reason: a torn message, or nobody able to run.
        fails(model, site, &["torn", "deadlock", "hid the death"]);
    }
}

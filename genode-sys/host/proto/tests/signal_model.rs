//! The signal page and the grants table under every interleaving and reordering that the memory model allows, on the
//! shipped source. Run with `RUSTFLAGS="--cfg loom" cargo test -p genode_host_proto --test signal_model --release`.
//!
//! Each model is also run with an ordering, or an order of steps, weakened, and must fail then.
#![cfg(loom)]
#![allow(clippy::unwrap_used, clippy::panic)] // test code
mod common;

use std::collections::BTreeMap;

use common::{Pipe, explore, fails, run_weakened};
use genode_host_proto::bell::Bell;
use genode_host_proto::grant::Grants;
use genode_host_proto::signal::Signals;
use genode_host_proto::sync::{AtomicU32, AtomicU64, Looks, Site};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Ids of signal contexts.
const A: u64 = 70;
const B: u64 = 71;
const C: u64 = 72;
/// Indices of the page: the head, one that is granted, one that is granted in a model only.
const WORDS: usize = 3;

struct Channel {
    words: [AtomicU32; WORDS],
    table: [AtomicU64; WORDS],
    bell: Bell,
    pipe: Pipe,
    /// Core serves one request at a time.
    core: Mutex<()>,
}

impl Channel {
    /// A channel with context A at index 1.
    fn new() -> Arc<Self> {
        let channel = Self {
            words: std::array::from_fn(|_| AtomicU32::new(0)),
            table: std::array::from_fn(|_| AtomicU64::new(0)),
            bell: Bell::new(),
            pipe: Pipe::default(),
            core: Mutex::new(()),
        };
        channel.grants().grant(1, A, 2);
        Arc::new(channel)
    }

    fn signals(&self) -> Signals<'_> {
        Signals::new(&self.words)
    }

    fn grants(&self) -> Grants<'_> {
        Grants::new(&self.table)
    }

    fn submit(&self, index: u32) {
        self.signals().submit(index, 1);
        if self.bell.must_ring() {
            self.pipe.ring();
        }
    }

    /// Client and core: let go of index 1 as soon as that is allowed, and have it name B.
    fn rename(&self) {
        while !self.signals().taken(1) {
            thread::yield_now();
        }
        let _core = self.core.lock().unwrap();
        self.grants().revoke(1);
        self.grants().grant(1, B, 3);
    }

    /// Take what is there; true if the client is gone.
    fn collect(&self, got: &mut BTreeMap<u64, u32>) -> bool {
        self.signals().drain(self.grants(), |object, news| {
            assert!([A, B, C].contains(&object), "a context that was not granted: {object}");
            *got.entry(object).or_default() += news.count;
        })
    }

    /// The entrypoint: polls, then sleeps, until `enough`.
    fn serve(&self, enough: impl Fn(&BTreeMap<u64, u32>) -> bool) -> BTreeMap<u64, u32> {
        let mut got = BTreeMap::new();
        while !enough(&got) {
            let found = self.bell.poll(&mut Looks(1), || self.signals().pending());
            if !found && !self.bell.sleeps(|| self.signals().pending()) {
                self.pipe.listen();
            }
            self.collect(&mut got);
        }
        got
    }
}

fn spawn(channel: &Arc<Channel>, run: impl Fn(&Channel) + 'static) -> thread::JoinHandle<()> {
    let channel = Arc::clone(channel);
    thread::spawn(move || run(&channel))
}

/// Two signals of a client that goes on: each is delivered, whatever the entrypoint does at the time.
fn delivery() {
    let channel = Channel::new();
    let client = spawn(&channel, |c| {
        c.submit(1);
        c.submit(1);
    });
    // One at a time: the second may come while the first is taken.
    let got = channel.serve(|got| got.get(&A) == Some(&2));
    assert_eq!(got, BTreeMap::from([(A, 2)]));
    client.join().unwrap();
}

/// An index comes to name another context: signals before it are A's, signals after it B's. Another thread of the
/// client raises the head meanwhile, so that the entrypoint may look between a counter and its head.
fn reuse() {
    let channel = Channel::new();
    channel.grants().grant(2, C, 3);
    let client = spawn(&channel, |c| {
        c.submit(1);
        c.rename();
        c.submit(1);
    });
    let other = spawn(&channel, |c| c.submit(2));
    let got = channel.serve(|got| got.values().sum::<u32>() == 3);
    assert_eq!(got, BTreeMap::from([(A, 1), (B, 1), (C, 1)]), "misdelivered");
    client.join().unwrap();
    other.join().unwrap();
}

/// The client submits and is killed. Core waits for its end, closes the channel and rings: the entrypoint
/// learns of it, and nothing that was submitted before is lost.
fn client_dies() {
    let channel = Channel::new();
    let client = spawn(&channel, |c| {
        // Killed before it could ring.
        c.signals().submit(1, 1);
        let _core = c.core.lock().unwrap();
        c.grants().close();
        c.pipe.ring();
    });
    let mut got = BTreeMap::new();
    while !channel.collect(&mut got) {
        channel.pipe.listen();
    }
    assert_eq!(got, BTreeMap::from([(A, 1)]), "lost with its client");
    client.join().unwrap();
}

/// A client that writes whatever it likes reaches what it was granted, and blocks nobody.
fn client_lies() {
    let channel = Channel::new();
    let liar = spawn(&channel, |c| {
        c.signals().submit(2, u32::MAX);
        c.signals().submit(1, u32::MAX);
        c.signals().submit(1, 1); // back to 0
        c.submit(1);
    });
    // `collect` asserts that nothing else was reached.
    let got = channel.serve(|got| got.contains_key(&A));
    assert_eq!(got.len(), 1);
    liar.join().unwrap();
}

const MODELS: [(&str, fn()); 4] = [
    ("delivery", delivery),
    ("reuse", reuse),
    ("client_dies", client_dies),
    ("client_lies", client_lies),
];

/// What each model is to notice, and how it fails then. Not among them: the orderings by which a client sees that
/// its signals were taken, since loom never lets a load see a store that another thread makes later.
const MUTANTS: [(&str, Site, &str); 8] = [
    ("delivery", Site::SignalHead, "deadlock"),
    ("delivery", Site::HeadSwap, "deadlock"),
    ("delivery", Site::ClientFence, "deadlock"),
    ("delivery", Site::ServerFence, "deadlock"),
    ("reuse", Site::SignalCount, "misdelivered"),
    ("reuse", Site::SignalLook, "misdelivered"),
    ("reuse", Site::GrantFirst, "deadlock"),
    ("client_dies", Site::ClosedFirst, "lost with its client"),
];

/// The other side of [`fails`].
#[test]
#[ignore = "run by every_weakened_site_is_noticed, in processes of their own"]
fn weakened() {
    run_weakened(&MODELS, MUTANTS.map(|(model, site, _)| (model, site)));
}

#[test]
fn every_signal_is_delivered() {
    explore(delivery);
}

#[test]
fn a_reused_index_never_delivers_to_the_wrong_context() {
    explore(reuse);
}

#[test]
fn a_dead_client_is_noticed_and_its_last_signals_are_delivered() {
    explore(client_dies);
}

#[test]
fn a_lying_client_reaches_only_what_it_was_granted() {
    explore(client_lies);
}

#[test]
fn every_weakened_site_is_noticed() {
    for (model, site, why) in MUTANTS {
        fails(model, site, &[why]);
    }
}

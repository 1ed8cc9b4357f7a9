//! The text that a parent shows a child under every interleaving and reordering that the memory model allows, on the
//! shipped source. Run with `RUSTFLAGS="--cfg loom" cargo test -p genode_host_proto --test live_model --release`.
//!
//! Each model is also run with one ordering or fence weakened, and must fail then.
#![cfg(loom)]
#![allow(clippy::unwrap_used)] // test code
#[allow(dead_code, reason = "no doorbell rings here")]
mod common;

use common::{explore, fails, run_weakened};
use genode_host_proto::live::{Count, Live};
use genode_host_proto::slot::{Found, Slot};
use genode_host_proto::sync::{AtomicU32, AtomicU64, Looks, Site, Sleep};
use genode_wire::ExceptionCode;
use loom::sync::Arc;
use loom::thread;

type Words = Arc<[AtomicU64; 5]>;

fn words() -> Words {
    Arc::new(core::array::from_fn(|_| AtomicU64::new(0)))
}

/// A text of two words that belong together.
fn text(n: u8) -> [u8; 16] {
    [n; 16]
}

/// What is read is one of the texts, whole.
fn replaced() {
    let area = words();
    let writer = {
        let area = Arc::clone(&area);
        thread::spawn(move || {
            let mut count = Count::default();
            let live = Live::new(&area[..]);
            assert!(live.show(&mut count, &text(1)));
            assert!(live.show(&mut count, &text(2)));
        })
    };
    let mut out = [0; 16];
    if let Some(len) = Live::new(&area[..]).read(&mut out) {
        assert_eq!(len, 16, "a torn text");
        assert!(out == text(1) || out == text(2), "a torn text");
    }
    writer.join().unwrap();
}

struct NoSleep;
impl Sleep for NoSleep {
    fn wait(&self, _: &AtomicU32, _: u32) {
        thread::yield_now();
    }
    fn wake(&self, _: &AtomicU32) {}
}

/// A child answers a request without waiting, and later looks once more: once its answer was taken, it does not find
/// the request again.
fn answered() {
    let (area, slot) = (words(), Arc::new(Slot::new()));
    let mut count = Count::default();
    assert!(Live::new(&area[..]).show(&mut count, &text(1)));
    let parent = {
        let (area, slot) = (Arc::clone(&area), Arc::clone(&slot));
        thread::spawn(move || {
            let mut body = [0; 8];
            while !matches!(slot.take(&mut body), Found::Call(_)) {
                thread::yield_now();
            }
            Live::new(&area[..]).take_back(&mut count);
            slot.reply(&NoSleep, ExceptionCode::SUCCESS, &[], 0).unwrap();
        })
    };
    let mut out = [0; 16];
    assert_eq!(Live::new(&area[..]).read(&mut out), Some(16));
    slot.post(1, &[], 0, 0).unwrap();
    slot.wait(&NoSleep, &mut Looks(0), &mut []).unwrap();
    assert_eq!(Live::new(&area[..]).read(&mut out), None, "a request twice");
    parent.join().unwrap();
}

const MODELS: [(&str, fn()); 2] = [("replaced", replaced), ("answered", answered)];

/// Not [`Site::Wait`]: the reader's own fence comes after it.
const MUTANTS: [(&str, Site); 5] = [
    ("replaced", Site::LiveOdd),
    ("replaced", Site::LiveShow),
    ("replaced", Site::LiveRead),
    ("replaced", Site::LiveAgain),
    ("answered", Site::Reply),
];

/// The other side of [`fails`].
#[test]
#[ignore = "run by every_weakened_site_is_noticed, in processes of their own"]
fn weakened() {
    run_weakened(&MODELS, MUTANTS);
}

#[test]
fn a_text_is_read_whole_or_not_at_all() {
    explore(replaced);
}

#[test]
fn an_answered_request_is_not_found_again() {
    explore(answered);
}

#[test]
fn every_weakened_site_is_noticed() {
    for (model, site) in MUTANTS {
        fails(model, site, &["torn", "twice"]);
    }
}

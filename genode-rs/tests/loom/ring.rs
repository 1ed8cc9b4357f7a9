//! The model of the descriptor queue: two sides that sleep, and wake each other on the edges.

use std::{env, process::Command};

use loom::{
    sync::{
        Arc, Notify,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

#[path = "../../src/packet_stream/ring.rs"]
#[allow(dead_code, unreachable_pub)]
mod ring;

use ring::{Consumer, Index, Producer, Shared, Slot};

struct Queue {
    head: Index,
    tail: Index,
    slots: Vec<Slot>,
    packet_avail: Signal,
    ready_to_submit: Signal,
}

impl Queue {
    fn new(slots: u32) -> Self {
        Self {
            head: Index::new(0),
            tail: Index::new(0),
            slots: (0..slots).map(|_| Slot::default()).collect(),
            packet_avail: Signal::new(),
            ready_to_submit: Signal::new(),
        }
    }

    fn shared(&self) -> Shared<'_> {
        Shared { head: &self.head, tail: &self.tail, slots: &self.slots }
    }
}

/// A signal that is pending, or not. It orders nothing that the queue does: a signal that was not
/// sent is found as a thread that sleeps for ever.
struct Signal {
    pending: AtomicBool,
    notify: Notify,
}

impl Signal {
    fn new() -> Self {
        Self { pending: AtomicBool::new(false), notify: Notify::new() }
    }

    fn submit(&self) {
        self.pending.swap(true, Ordering::AcqRel);
        self.notify.notify();
    }

    fn wait(&self) {
        while !self.pending.swap(false, Ordering::AcqRel) {
            self.notify.wait();
        }
    }
}

/// Adds `count` elements; decides about a wake-up after each `batch`, and before it sleeps.
fn produce(queue: &Queue, mut producer: Producer, count: u64, batch: u64) {
    let wake = |producer: &mut Producer| {
        if producer.must_wake(queue.shared()).unwrap() {
            queue.packet_avail.submit();
        }
    };
    for value in 1..=count {
        while !producer.add(queue.shared(), &[value]).unwrap() {
            wake(&mut producer);
            queue.ready_to_submit.wait();
        }
        if value % batch == 0 {
            wake(&mut producer);
        }
    }
    wake(&mut producer);
}

/// Takes `count` elements, which come in order; as above.
fn consume(queue: &Queue, mut consumer: Consumer, count: u64, batch: u64) {
    let wake = |consumer: &mut Consumer| {
        if consumer.must_wake(queue.shared()).unwrap() {
            queue.ready_to_submit.submit();
        }
    };
    for expected in 1..=count {
        let mut value = [0];
        while !consumer.take(queue.shared(), &mut value).unwrap() {
            wake(&mut consumer);
            queue.packet_avail.wait();
        }
        assert_eq!(value, [expected]);
        if expected % batch == 0 {
            wake(&mut consumer);
        }
    }
    wake(&mut consumer);
}

fn exchange(slots: u32, count: u64, batch: u64, preemptions: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let queue = Arc::new(Queue::new(slots));
        let producer = Producer::new(queue.shared(), slots);
        let consumer = Consumer::new(queue.shared(), slots);
        let other = thread::spawn({
            let queue = queue.clone();
            move || produce(&queue, producer, count, batch)
        });
        consume(&queue, consumer, count, batch);
        other.join().unwrap();
    });
}

#[test]
fn each_element_arrives_and_nobody_sleeps_for_ever() {
    exchange(2, 3, 1, 2);
    exchange(2, 2, 1, 3);
    exchange(3, 4, 1, 2);
}

#[test]
fn batched_wake_ups_lose_none() {
    exchange(3, 4, 2, 2);
    exchange(3, 5, 5, 2);
    exchange(4, 4, 3, 2);
}

/// The models of the next test, in a process of its own, since one that fails may abort.
#[test]
#[ignore = "run by the next test"]
fn weakened() {
    ring::mutate(env::var("MUTANT").unwrap().parse().unwrap());
    exchange(2, 3, 1, 2);
    exchange(3, 3, 1, 2);
    exchange(3, 4, 4, 2);
}

#[test]
fn each_weakened_ordering_is_noticed() {
    const ORDERINGS: [(&str, &str); 6] = [
        ("publish", "Causality violation"),
        ("see", "Causality violation"),
        ("release", "Causality violation"),
        ("reuse", "Causality violation"),
        ("before sleep", "deadlock"),
        ("before wake", "deadlock"),
    ];
    for (mutant, (name, failure)) in (1..).zip(ORDERINGS) {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "ring::weakened", "--ignored", "--nocapture"])
            .env("MUTANT", mutant.to_string())
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "a weakened \"{name}\" is not noticed");
        assert!(said.contains(failure), "\"{name}\" failed otherwise:\n{said}");
    }
}

//! A signal page and its grants table: a client that submits, an entrypoint that takes, and core, which grants and
//! revokes. Either side may be hostile; the table is core's.

use std::collections::BTreeMap;

use genode_host_proto::grant::Grants;
use genode_host_proto::signal::Signals;
use genode_host_proto::sync::{AtomicU32, AtomicU64, Ordering};

use super::Moves;

/// Indices of the table, the head included.
pub(super) const INDICES: usize = 16;

/// What client, entrypoint and core share, and what core knows besides.
pub(super) struct Channel {
    words: [AtomicU32; INDICES],
    table: [AtomicU64; INDICES],
    /// Object of each index that core granted and did not revoke.
    pub(super) granted: [u64; INDICES],
    /// Indices that were ever used are below this.
    bound: usize,
    closed: bool,
    next: u64,
}

impl Channel {
    /// A channel whose objects have numbers above `first`.
    pub(super) fn new(first: u64) -> Self {
        Self {
            words: [const { AtomicU32::new(0) }; INDICES],
            table: [const { AtomicU64::new(0) }; INDICES],
            granted: [0; INDICES],
            bound: 1,
            closed: false,
            next: first,
        }
    }

    pub(super) fn signals(&self) -> Signals<'_> {
        Signals::new(&self.words)
    }

    pub(super) fn grants(&self) -> Grants<'_> {
        Grants::new(&self.table)
    }

    /// Core: grants a new object, if the client is there and an index is free and `usable`.
    pub(super) fn grant(&mut self, usable: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let free = (1..INDICES).find(|i| self.granted[*i] == 0 && usable(self, *i))?;
        if self.closed {
            return None;
        }
        self.next += 1;
        self.bound = self.bound.max(free + 1);
        self.granted[free] = self.next;
        assert!(self.grants().grant(free as u32, self.next, self.bound));
        assert_eq!(
            (self.grants().object(free as u32), self.grants().bound()),
            (self.next, self.bound)
        );
        Some(free)
    }

    /// Core: the object of an index is gone.
    pub(super) fn revoke(&mut self, index: usize) {
        self.grants().revoke(index as u32);
        if let Some(granted) = self.granted.get_mut(index) {
            *granted = 0;
        }
        assert_eq!(self.grants().object(index as u32), 0);
    }

    /// Core: the client is gone.
    pub(super) fn close(&mut self) {
        self.grants().close();
        self.closed = true;
    }

    /// A hostile side: any word of the signal page.
    pub(super) fn scribble(&self, moves: &Moves<'_>) {
        self.words[moves.below(INDICES)].store(moves.word(), Ordering::Relaxed);
    }

    /// Entrypoint: takes what is there. Whatever the page says, only what core granted is named, each once.
    pub(super) fn drain(&self, mut each: impl FnMut(u64, u32)) -> bool {
        let mut seen = Vec::new();
        let raised = self.signals().pending();
        let closed = self.signals().drain(self.grants(), |object, news| {
            assert!(
                !news.is_empty() && self.granted.contains(&object),
                "object {object} is not granted"
            );
            assert!(!seen.contains(&object), "object {object} came twice");
            seen.push(object);
            each(object, news.count);
        });
        assert_eq!(closed, self.closed);
        assert!(!self.signals().pending() && (raised || seen.is_empty()));
        closed
    }
}

/// Submitted and delivered signals of each object, of two honest sides.
#[derive(Default)]
struct Counts(BTreeMap<u64, (u64, u64)>);

impl Counts {
    fn check(&self) {
        for (object, (submitted, delivered)) in &self.0 {
            assert!(delivered <= submitted, "object {object}: {delivered} of {submitted}");
        }
    }
}

/// A client and an entrypoint at one channel: both honest, a hostile client, or a hostile entrypoint.
pub fn signals(data: &[u8]) {
    let moves = Moves::new(data);
    let (hostile_client, hostile_entrypoint) =
        [(false, false), (true, false), (false, true)][moves.below(3)];
    let honest = !hostile_client && !hostile_entrypoint;
    let mut channel = Channel::new(1000);
    let mut counts = Counts::default();
    while let Some(step) = moves.next() {
        match step % 8 {
            // An honest client uses an index again only when what was submitted to it is taken.
            0 => {
                channel.grant(|c, i| hostile_client || c.signals().taken(i as u32));
            }
            1..4 => {
                let (index, count) = (moves.below(INDICES + 2), 1 + moves.byte() as u32);
                let object = channel.granted.get(index).copied().unwrap_or(0);
                if object != 0 || hostile_client {
                    let there = index != 0 && index < INDICES;
                    assert_eq!(channel.signals().submit(index as u32, count), there);
                }
                if object != 0 {
                    counts.0.entry(object).or_default().0 += u64::from(count);
                }
            }
            4 => {
                channel.drain(|object, count| {
                    counts.0.entry(object).or_default().1 += u64::from(count);
                });
            }
            5 if moves.byte().is_multiple_of(4) => channel.revoke(moves.below(INDICES)),
            6 if hostile_client || hostile_entrypoint => channel.scribble(&moves),
            7 if step >= 0xf0 => channel.close(),
            _ => {}
        }
        if honest {
            counts.check();
        }
    }
    channel.drain(|object, count| {
        counts.0.entry(object).or_default().1 += u64::from(count);
    });
    if honest {
        counts.check();
        for object in channel.granted.iter().filter(|object| **object != 0) {
            let (submitted, delivered) = counts.0.get(object).copied().unwrap_or_default();
            assert_eq!(submitted, delivered, "signals of object {object} got lost");
        }
        assert!((1..INDICES as u32).all(|index| channel.signals().taken(index)));
    }
}

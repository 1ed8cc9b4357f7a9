//! The signal page: counters that a client raises and an entrypoint takes, without a visit to core.
//!
//! The page belongs to one client and one entrypoint, and both may write anything to it. Word 0, the head, says
//! that there is something to look for; word `i` counts signals for what index `i` of the grants table names. A
//! client that lies in it can only make contexts run that it was granted; an entrypoint that lies delays the
//! release of indices, of which a client remembers a bounded number.
//!
//! A client raises the counter, then the head, then asks the bell (with its fence) whether to ring. The entrypoint
//! takes the head before it looks at counters, by a swap: a plain store could pass the loads that follow it, and
//! erase the head of a signal whose counter they missed.
//!
//! The topmost bit of a counter tells that a component has died that could submit. Core raises it,
//! on a page of its own, where it also counts what the dead had submitted and nobody has taken. A
//! client that raises it tells a death that is none, to contexts that it may make run anyway.
use crate::grant::Grants;
use crate::sync::{AtomicU32, Ordering, Site, intact, order};

/// Bit of a counter: a component has died that could submit.
const DIED: u32 = 1 << 31;
/// Most signals that a counter tells.
pub const MOST: u32 = DIED - 1;

/// A counter's value when it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Submissions, [`MOST`] at most.
    pub count: u32,
    /// A component has died that could submit.
    pub died: bool,
}

impl News {
    const fn of(counter: u32) -> Self {
        Self { count: counter & MOST, died: counter & DIED != 0 }
    }

    /// Tells whether there is nothing to tell.
    pub const fn is_empty(self) -> bool {
        self.count == 0 && !self.died
    }

    /// Adds what came later.
    pub fn add(&mut self, more: Self) {
        self.count = self.count.saturating_add(more.count);
        self.died |= more.died;
    }
}

/// A signal page, on either side.
#[derive(Clone, Copy)]
pub struct Signals<'a>(&'a [AtomicU32]);

impl<'a> Signals<'a> {
    /// The page's words, one for each index.
    pub fn new(words: &'a [AtomicU32]) -> Self {
        Self(words)
    }

    /// Client: submit. Ring the doorbell afterwards if the bell asks for it. False beyond the page.
    pub fn submit(&self, index: u32, count: u32) -> bool {
        let (Some(counter), Some(head)) = (self.counter(index), self.0.first()) else {
            return false;
        };
        // A counter that wrapped to 0 would lose the signal, so it stays at its end; the head only says that there are some.
        let more = |old: u32| Some(old & DIED | (old & MOST).saturating_add(count).min(MOST));
        let _ = counter.fetch_update(
            order(Site::SignalCount, Ordering::Release),
            Ordering::Relaxed,
            more,
        );
        head.fetch_or(1, order(Site::SignalHead, Ordering::Release));
        true
    }

    /// Core: tell that a component has died that could submit to what `index` names. Ring the
    /// doorbell afterwards.
    pub fn tell_death(&self, index: u32) {
        if let (Some(counter), Some(head)) = (self.counter(index), self.0.first()) {
            counter.fetch_or(DIED, Ordering::Release);
            head.fetch_or(1, Ordering::Release);
        }
    }

    /// Core: take what a component submitted that is dead, and the entrypoint has not taken.
    pub fn left(&self, index: u32) -> u32 {
        self.counter(index).map_or(0, |counter| News::of(counter.swap(0, Ordering::AcqRel)).count)
    }

    /// Client: whether the entrypoint has taken what was submitted to `index`, so that the index may come to
    /// name something else.
    pub fn taken(&self, index: u32) -> bool {
        self.counter(index).is_none_or(|c| c.load(Ordering::Acquire) == 0)
    }

    /// Entrypoint: whether something was submitted since the last [`Self::drain`]; cheap enough to poll.
    pub fn pending(&self) -> bool {
        self.0.first().is_some_and(|head| head.load(Ordering::Relaxed) != 0)
    }

    /// Entrypoint: take all signals off; `each` gets the object that core granted, and the news.
    /// What was submitted to indices that name nothing is lost. True if the client was gone before,
    /// so that no signal can follow.
    pub fn drain(&self, grants: Grants<'_>, mut each: impl FnMut(u64, News)) -> bool {
        let closed = grants.is_closed();
        let Some(head) = self.0.first() else { return closed };
        let raised = if intact(Site::HeadSwap) {
            head.swap(0, Ordering::Acquire)
        } else {
            head.store(0, Ordering::Relaxed);
            1
        };
        let closed = if intact(Site::ClosedFirst) { closed } else { grants.is_closed() };
        if raised == 0 {
            return closed;
        }
        let used = self.0.get(..grants.bound().min(self.0.len())).unwrap_or_default();
        for (index, counter) in used.iter().enumerate().skip(1) {
            // Acquire: the grant that is read next is at least as new as the signal.
            if counter.load(order(Site::SignalLook, Ordering::Acquire)) == 0 {
                continue;
            }
            // In this order: the index may name something else as soon as the counter is 0.
            let (object, count) = if intact(Site::GrantFirst) {
                let object = grants.object(index as u32);
                (object, counter.swap(0, Ordering::AcqRel))
            } else {
                let count = counter.swap(0, Ordering::AcqRel);
                (grants.object(index as u32), count)
            };
            if object != 0 && count != 0 {
                each(object, News::of(count));
            }
        }
        closed
    }

    fn counter(&self, index: u32) -> Option<&'a AtomicU32> {
        if index == 0 { None } else { self.0.get(index as usize) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::AtomicU64;

    #[test]
    fn more_signals_than_can_be_counted_are_delivered_once() {
        let words: [AtomicU32; 2] = core::array::from_fn(|_| AtomicU32::new(0));
        let table: [AtomicU64; 2] = core::array::from_fn(|_| AtomicU64::new(0));
        let (signals, grants) = (Signals::new(&words), Grants::new(&table));
        grants.grant(1, 71, 3);
        for count in [u32::MAX, 1, u32::MAX] {
            assert!(signals.submit(1, count));
        }
        assert!(signals.pending());
        let mut seen = (0, 0);
        signals.drain(grants, |_, news| seen = (seen.0 + 1, news.count));
        assert_eq!(seen, (1, MOST));
        assert!(!signals.pending() && signals.taken(1));
        assert!(signals.submit(1, 2));
        signals.drain(grants, |_, news| seen = (seen.0 + 1, news.count));
        assert_eq!(seen, (2, 2), "counted from 0 again");
    }

    #[test]
    fn a_death_is_told_once_with_what_was_submitted_before() {
        let words: [AtomicU32; 3] = core::array::from_fn(|_| AtomicU32::new(0));
        let table: [AtomicU64; 3] = core::array::from_fn(|_| AtomicU64::new(0));
        let (signals, grants) = (Signals::new(&words), Grants::new(&table));
        grants.grant(1, 71, 3);
        grants.grant(2, 72, 3);
        signals.tell_death(0);
        assert!(!signals.pending(), "the head is no counter");
        assert!(signals.submit(1, u32::MAX) && signals.submit(2, 4));
        signals.tell_death(1);
        signals.tell_death(1);
        assert!(signals.submit(1, 1));
        assert_eq!((signals.left(2), signals.left(2), signals.left(9)), (4, 0, 0));
        signals.tell_death(2);
        let mut got = Vec::new();
        signals.drain(grants, |object, news| got.push((object, news)));
        let (many, none) = (News { count: MOST, died: true }, News { count: 0, died: true });
        assert_eq!(got, [(71, many), (72, none)]);
        assert!(!signals.pending() && signals.taken(1) && signals.taken(2));
    }

    #[test]
    fn signals_reach_what_was_granted_and_nothing_else() {
        let words: [AtomicU32; 5] = core::array::from_fn(|_| AtomicU32::new(0));
        let table: [AtomicU64; 5] = core::array::from_fn(|_| AtomicU64::new(0));
        let (signals, grants) = (Signals::new(&words), Grants::new(&table));
        grants.grant(1, 71, 3);
        grants.grant(2, 72, 3);
        assert!(signals.submit(1, 2) && signals.submit(1, 3) && signals.submit(2, 1));
        assert!(!signals.submit(0, 1) && !signals.submit(5, 1), "no counters of contexts");
        // A client that lies: counters of indices that it was not granted.
        assert!(signals.submit(3, 1) && signals.submit(4, u32::MAX));
        assert!(signals.pending() && !signals.taken(1));
        let mut got = Vec::new();
        signals.drain(grants, |object, news| got.push((object, news.count)));
        assert_eq!(got, [(71, 5), (72, 1)]);
        assert!(!signals.pending() && signals.taken(1) && !signals.taken(3));
        signals.submit(2, 4);
        grants.revoke(2);
        signals.drain(grants, |object, news| panic!("{news:?} for {object}, which is revoked"));
        assert!(signals.taken(2), "an index of a revoked object can be used again");
    }
}

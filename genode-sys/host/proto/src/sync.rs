//! Atomics and their model-checked twins: with `cfg(loom)` the shipped protocol runs on loom's.
#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// How a thread sleeps on a word and is woken: a futex in the system, a condition variable in the model.
pub trait Sleep {
    /// Sleep if `word` holds `expected`; may return early.
    fn wait(&self, word: &AtomicU32, expected: u32);
    /// Wake everyone who sleeps on `word`.
    fn wake(&self, word: &AtomicU32);
    /// Whether there still is somebody to wait for, by the word of others than the peer. Asked when sleep ended and nothing
    /// had changed, which is rare unless the peer has written so.
    fn goes_on(&self) -> bool {
        true
    }
}

/// How long to look again before one sleeps.
pub trait Poll {
    /// Before another look: wait a moment. False when it is time to sleep.
    fn again(&mut self) -> bool;
}

/// A number of looks at once, for tests and models: a model's scheduler does not let one who waits a moment see
/// what is old.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looks(pub u32);

impl Poll for Looks {
    fn again(&mut self) -> bool {
        let more = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        more
    }
}

/// Places of the protocol whose ordering or wake-up something depends on. The models weaken each in turn and
/// must fail; in the system this is nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Site {
    Post,
    Wait,
    Take,
    Reply,
    ReplyWake,
    KillWake,
    ClientFence,
    ServerFence,
    LastLook,
    SignalCount,
    SignalHead,
    HeadSwap,
    SignalLook,
    GrantFirst,
    Grant,
    ClosedFirst,
    LiveOdd,
    LiveShow,
    LiveRead,
    LiveAgain,
}

/// The site that is weakened while a model runs.
#[cfg(loom)]
pub static WEAKENED: std::sync::Mutex<Option<Site>> = std::sync::Mutex::new(None);

/// Whether `site` is as it should be.
#[inline(always)]
pub fn intact(site: Site) -> bool {
    #[cfg(loom)]
    {
        *WEAKENED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) != Some(site)
    }
    #[cfg(not(loom))]
    {
        let _ = site;
        true
    }
}

/// `order`, or relaxed where the model weakens `site`.
#[inline(always)]
pub(crate) fn order(site: Site, order: Ordering) -> Ordering {
    if intact(site) { order } else { Ordering::Relaxed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_counted() {
        let mut looks = Looks(2);
        assert_eq!(
            [looks.again(), looks.again(), looks.again(), looks.again()],
            [true, true, false, false]
        );
    }
}

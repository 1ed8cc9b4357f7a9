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
}

/// How long to poll before sleeping, in rounds of [`spin_hint`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Spin(pub u32);

/// Tell the CPU, or the model's scheduler, that this thread polls.
pub fn spin_hint() {
    #[cfg(not(loom))]
    core::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}

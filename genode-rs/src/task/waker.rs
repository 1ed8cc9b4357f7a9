//! The wakers of tasks, and the queue that they fill. Any thread may wake; the executor's alone
//! polls.
//!
//! A task is in the queue at most once, which its flag says. A thread first does what the task
//! waits for, then wakes: it raises the flag, and queues the task unless the flag was up. The
//! executor lowers the flag before it polls. If it finds it raised by several threads, all but one
//! of them have queued nothing, and rely on that poll: so lowering must acquire what each of them
//! did before it raised, and a plain store would not.

use alloc::{boxed::Box, collections::VecDeque, sync::Arc, task::Wake};

use platform::{AtomicBool, order};

use crate::sync::Mutex;

#[cfg(not(loom))]
#[path = "platform.rs"]
mod platform;

#[cfg(loom)]
#[path = "loom.rs"]
mod platform;

/// Weakens one ordering by number, for the model checker's test of itself; 0 weakens none.
#[cfg(loom)]
pub(crate) use order::mutate;

/// State that wakers share with the executor; they may be used from any thread.
pub(super) struct Shared {
    ready: Mutex<VecDeque<u64>>,
    ring: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// No task is ready. `ring` is called whenever one becomes so.
    pub(super) fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self { ready: Mutex::new(VecDeque::new()), ring: Box::new(ring) }
    }

    /// Takes the tasks that are ready, in the order in which they became so.
    pub(super) fn take(&self) -> VecDeque<u64> {
        core::mem::take(&mut *self.ready.lock())
    }
}

/// Wakes one task.
pub(super) struct TaskWaker {
    id: u64,
    /// Tells that the task is in the queue, or about to be.
    queued: AtomicBool,
    shared: Arc<Shared>,
}

impl TaskWaker {
    /// Returns the waker of the task `id`, which is not in the queue yet.
    pub(super) fn new(id: u64, shared: Arc<Shared>) -> Self {
        Self { id, queued: AtomicBool::new(false), shared }
    }

    /// Lets wake-ups queue the task again. Called before its poll, which then sees all that was
    /// done before the wake-ups so far; one that comes later is followed by another poll.
    pub(super) fn polled(&self) {
        self.queued.swap(false, order::lower());
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, order::raise()) {
            self.shared.ready.lock().push_back(self.id);
            (self.shared.ring)();
        }
    }
}

//! The run queue behind [`Tasks`](super::Tasks): knows futures and a doorbell, nothing of signals.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc};
use core::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::waker::{Shared, TaskWaker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A task, `None` while it is polled, and what wakes it.
type Entry = (Option<Task>, Arc<TaskWaker>);

/// Futures of one thread, and which of them are to be polled.
pub(super) struct Executor {
    tasks: RefCell<BTreeMap<u64, Entry>>,
    next_id: Cell<u64>,
    shared: Arc<Shared>,
}

impl Executor {
    /// `ring` makes [`Executor::run`] be called soon; it is called whenever a task becomes ready.
    pub(super) fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared::new(ring));
        Self { tasks: RefCell::default(), next_id: Cell::new(0), shared }
    }

    pub(super) fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let id = self.next_id.replace(self.next_id.get() + 1);
        let waker = Arc::new(TaskWaker::new(id, self.shared.clone()));
        self.tasks.borrow_mut().insert(id, (Some(Box::pin(future)), waker.clone()));
        Waker::from(waker).wake();
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.borrow().len()
    }

    /// Drops all tasks.
    pub(super) fn clear(&self) {
        // A task's destructor may spawn or look at the executor: nothing is borrowed meanwhile.
        let tasks = core::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
    }

    /// Polls each task that is ready now, once. What gets ready meanwhile rings again.
    pub(super) fn run(&self) {
        for id in self.shared.take() {
            self.poll(id);
        }
    }

    fn poll(&self, id: u64) {
        let Some((mut task, waker)) = self
            .tasks
            .borrow_mut()
            .get_mut(&id)
            .and_then(|(task, waker)| Some((task.take()?, waker.clone())))
        else {
            return;
        };
        waker.polled();
        let done = task.as_mut().poll(&mut Context::from_waker(&Waker::from(waker)));
        match done {
            Poll::Ready(()) => {
                let entry = self.tasks.borrow_mut().remove(&id);
                drop((task, entry));
            }
            Poll::Pending => {
                if let Some((slot, _)) = self.tasks.borrow_mut().get_mut(&id) {
                    *slot = Some(task);
                }
            }
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("tasks", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{rc::Rc, vec, vec::Vec};
    use core::{
        future::poll_fn,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    /// An executor that counts its doorbell.
    fn executor() -> (Rc<Executor>, Arc<AtomicU32>) {
        let rings = Arc::new(AtomicU32::new(0));
        let count = rings.clone();
        let executor = Executor::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        (Rc::new(executor), rings)
    }

    /// Pending once, after waking itself.
    async fn yield_now() {
        let mut yielded = false;
        poll_fn(|cx| {
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn tasks_take_turns() {
        let (executor, rings) = executor();
        let trace = Rc::new(RefCell::new(Vec::new()));
        for name in ["a", "b"] {
            let trace = trace.clone();
            executor.spawn(async move {
                for step in 0..2 {
                    trace.borrow_mut().push((name, step));
                    yield_now().await;
                }
            });
        }
        assert_eq!(rings.load(Ordering::Relaxed), 2);
        for _ in 0..3 {
            executor.run();
        }
        assert_eq!(*trace.borrow(), vec![("a", 0), ("b", 0), ("a", 1), ("b", 1)]);
        assert_eq!(executor.len(), 0);
    }

    #[test]
    fn several_wakes_poll_once() {
        let (executor, rings) = executor();
        let polls = Rc::new(Cell::new(0));
        let waker = Rc::new(RefCell::new(None::<Waker>));
        {
            let (polls, waker) = (polls.clone(), waker.clone());
            executor.spawn(poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                *waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }));
        }
        executor.run();
        let kept = waker.borrow().clone().unwrap();
        kept.wake_by_ref();
        kept.wake_by_ref();
        executor.run();
        executor.run();
        assert_eq!(polls.get(), 2);
        assert_eq!(rings.load(Ordering::Relaxed), 2);
        executor.clear();
        kept.wake();
        executor.run();
        assert_eq!((polls.get(), executor.len()), (2, 0));
    }

    #[test]
    fn a_task_may_spawn_and_end_the_others() {
        let (executor, _) = executor();
        let done = Rc::new(Cell::new(false));
        {
            let (inner, done) = (executor.clone(), done.clone());
            executor.spawn(async move {
                inner.clear();
                inner.spawn(async move { done.set(true) });
            });
        }
        executor.spawn(core::future::pending());
        executor.run();
        executor.run();
        assert!(done.get());
        assert_eq!(executor.len(), 0);
    }
}

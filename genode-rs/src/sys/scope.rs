//! Threads that borrow from the function that starts them.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{fmt, marker::PhantomData};

use super::{at_end, thread::Thread};
use crate::{
    error::Error,
    sync::Mutex,
    thread::{Builder, refused},
};

/// A thread of a scope, `None` once somebody joins it.
type Shared = Arc<Mutex<Option<Thread>>>;

/// Starts threads that may borrow what lives longer than the scope; made by [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    threads: Mutex<Vec<Shared>>,
    lifetime: PhantomData<&'scope mut &'scope ()>,
    borrowed: PhantomData<&'env mut &'env ()>,
}

/// Runs `body`, which may start threads that borrow from its surroundings, and waits for all of them.
///
/// An entrypoint that waits here handles no signals and no calls meanwhile: a thread must not wait for those.
///
/// ```no_run
/// # fn f() -> Result<(), genode::Error> {
/// use genode::thread::{self, Builder};
///
/// let numbers = [1, 2, 3, 4];
/// let (left, right) = numbers.split_at(2);
/// let sum: i32 = thread::scope(|scope| {
///     let left = scope.spawn(Builder::new("left"), || left.iter().sum::<i32>())?;
///     Ok::<_, genode::Error>(left.join()? + right.iter().sum::<i32>())
/// })?;
/// # assert_eq!(sum, 10);
/// # Ok(()) }
/// ```
///
/// What a thread borrows must live longer than the scope:
///
/// ```compile_fail,E0373
/// # use genode::thread::{self, Builder};
/// thread::scope(|scope| {
///     let local = 5;
///     scope.spawn(Builder::new("late"), || local).is_ok()
/// });
/// ```
pub fn scope<'env, T>(body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T) -> T {
    /// Joins everything when the scope ends, however it ends.
    struct AtEnd<'a>(&'a Mutex<Vec<Shared>>);

    impl Drop for AtEnd<'_> {
        fn drop(&mut self) {
            // A thread may start others until it has ended, so look again behind each.
            loop {
                let next = self.0.lock().pop();
                let Some(next) = next else { break };
                join(&next);
            }
        }
    }

    let scope =
        Scope { threads: Mutex::new(Vec::new()), lifetime: PhantomData, borrowed: PhantomData };
    let _end = AtEnd(&scope.threads);
    body(&scope)
}

/// Waits for the thread. Whoever comes second waits for the first one to be done, by the lock.
fn join(thread: &Shared) {
    let mut thread = thread.lock();
    if let Some(thread) = thread.take() {
        thread.join();
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that runs `body`.
    ///
    /// # Errors
    /// As [`Builder::spawn`].
    pub fn spawn<T: Send + 'scope>(
        &'scope self,
        how: Builder<'_>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> Result<ScopedJoinHandle<'scope, T>, Error> {
        let result = Arc::new(Mutex::new(None));
        let slot = result.clone();
        let body: Box<dyn FnOnce() + Send + 'scope> = Box::new(move || {
            let value = body();
            *slot.lock() = Some(value);
        });
        // SAFETY: only the lifetime changes. `scope` does not return before the thread was joined, by itself or by another
        // thread of the scope, which it joins as well; so everything that the body borrows outlives it. The list gets
        // the thread before anybody else can know it, and nothing between here and there can unwind but the list's
        // growth, for which there is room already.
        let body = unsafe {
            core::mem::transmute::<
                Box<dyn FnOnce() + Send + 'scope>,
                Box<dyn FnOnce() + Send + 'static>,
            >(body)
        };
        let (name, stack_size, location) = how.parts();
        let shared: Shared = Arc::new(Mutex::new(None));
        let mut threads = self.threads.lock();
        threads.reserve(1);
        let thread = Thread::spawn(name, stack_size, location, body, at_end::run);
        *shared.lock() = Some(thread.map_err(|error| refused(error, location))?);
        threads.push(shared.clone());
        drop(threads);
        Ok(ScopedJoinHandle { thread: shared, result, scope: PhantomData })
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// A thread of a [`scope`]. Dropping it leaves the waiting to the scope.
pub struct ScopedJoinHandle<'scope, T> {
    thread: Shared,
    result: Arc<Mutex<Option<T>>>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread's result.
    ///
    /// # Errors
    /// [`Error::Gone`] when the thread ended without one.
    pub fn join(self) -> Result<T, Error> {
        join(&self.thread);
        self.result.lock().take().ok_or(Error::Gone)
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}

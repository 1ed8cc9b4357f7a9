//! The client's side: a task that waits for its answer.

use alloc::rc::Rc;
use core::cell::Cell;

use super::LaterError;
use crate::{
    cap::Capability,
    entrypoint::Entrypoint,
    rpc::CallError,
    signal::{SignalContext, SignalHandler},
    task::waiters::Waiters,
};

/// A signal context that tells the tasks of an entrypoint that answers have come, of any functions and sessions.
///
/// A signal does not say which answer has come: each task that waits asks for its own.
#[derive(Debug)]
#[must_use = "dropping it ends the signal context"]
pub struct Answers {
    waiters: Rc<Waiters>,
    handler: SignalHandler,
    /// Somebody was given the context.
    known: Cell<bool>,
}

impl Answers {
    /// Creates the context on `ep`.
    ///
    /// # Errors
    /// What the system says when it cannot make a capability: out of RAM or capabilities.
    pub fn new(ep: Entrypoint) -> Result<Self, crate::Error> {
        let waiters = Rc::new(Waiters::default());
        let handler = SignalHandler::new(ep, {
            let waiters = waiters.clone();
            move |_| waiters.notify()
        })?;
        Ok(Self { waiters, handler, known: Cell::new(false) })
    }

    /// Returns what a session's `_sigh` function takes.
    pub fn cap(&self) -> Capability<SignalContext> {
        self.known.set(true);
        self.handler.cap().clone()
    }
}

/// Cancels, unless the answer has come.
struct Unless<F: FnMut()> {
    answered: bool,
    cancel: F,
}

impl<F: FnMut()> Drop for Unless<F> {
    fn drop(&mut self) {
        if !self.answered {
            (self.cancel)();
        }
    }
}

/// Waits for the answer that `fetch` brings; dropped before, calls `cancel`.
pub async fn answer<T>(
    answers: &Answers,
    mut fetch: impl FnMut() -> Result<T, CallError<LaterError>> + Unpin,
    cancel: impl FnMut(),
) -> Result<T, CallError<LaterError>> {
    answer_by(&answers.waiters, || told(answers.known.get(), fetch()), cancel).await
}

/// Makes an error of waiting for an answer of which nobody could tell: its context is not `known`.
pub(crate) fn told<T>(
    known: bool,
    answer: Result<T, CallError<LaterError>>,
) -> Result<T, CallError<LaterError>> {
    match answer {
        Err(CallError::Service(LaterError::Pending)) if !known => {
            Err(CallError::Service(LaterError::Untold))
        }
        answer => answer,
    }
}

pub(crate) async fn answer_by<T>(
    waiters: &Waiters,
    mut fetch: impl FnMut() -> Result<T, CallError<LaterError>> + Unpin,
    cancel: impl FnMut(),
) -> Result<T, CallError<LaterError>> {
    let mut guard = Unless { answered: false, cancel };
    let answer = waiters
        .until(|| match fetch() {
            Err(CallError::Service(LaterError::Pending)) => None,
            answer => Some(answer),
        })
        .await;
    guard.answered = true;
    answer
}

//! Objects come and go, and handlers of signals run.
use std::sync::PoisonError;

use genode_host_proto::signal::News;

use super::alarms::NEVER;
use super::objects::{Kind, Object};
use super::state::{Entrypoint, Mode};
use crate::sync::{lock, time_us};

impl Entrypoint {
    /// Serve one more object.
    pub(crate) fn insert(&self, id: u64, object: Object) {
        lock(&self.objects).map.insert(id, object);
    }

    /// Serve an object no more. Waits until its function does not run, unless it runs on the calling thread.
    pub(crate) fn remove(&self, id: u64) {
        self.alarms.set(id, NEVER);
        let mut objects = lock(&self.objects);
        objects.map.remove(&id);
        if self.served_here() {
            return;
        }
        objects.waiting += 1;
        while objects.running.contains(&id) {
            objects = self.idle.wait(objects).unwrap_or_else(PoisonError::into_inner);
        }
        objects.waiting -= 1;
    }

    /// The function of an object is over.
    pub(super) fn done(&self, id: u64) {
        let mut objects = lock(&self.objects);
        if let Some(at) = objects.running.iter().rposition(|r| *r == id) {
            objects.running.remove(at);
        }
        let waiting = objects.waiting > 0;
        drop(objects);
        // To notify takes a system call even if nobody waits.
        if waiting {
            self.idle.notify_all();
        }
    }

    /// Signal an object at `deadline`, in place of the time that was set before. Called by the
    /// serving thread.
    pub(crate) fn signal_at(&self, id: u64, deadline: u64) {
        self.alarms.set(id, deadline);
    }

    /// Note the signals whose time has come; false if there are none.
    pub(super) fn expire(&self) -> bool {
        let now = time_us();
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        let mut objects = lock(&self.objects);
        let mut any = false;
        while let Some(id) = self.alarms.take_due(now) {
            let object = objects.map.get_mut(&id);
            if let Some(Object { kind: Kind::Signal { news, .. }, .. }) = object {
                if news.is_empty() {
                    inner.ready.push_back(id);
                }
                news.add(News { count: 1, died: false });
                any = true;
            }
        }
        any
    }

    /// Next signal context whose handler may run now.
    pub(super) fn next_signal(&self, mode: Mode) -> Option<u64> {
        // SAFETY: no callback runs while the reference lives.
        let inner = unsafe { self.inner() };
        if inner.ready.is_empty() {
            return None;
        }
        let objects = lock(&self.objects);
        let at = inner.ready.iter().position(|id| match objects.map.get(id) {
            Some(Object { kind: Kind::Signal { io, .. }, .. }) => mode == Mode::All || *io,
            // Gone meanwhile: `deliver` finds nothing.
            _ => mode == Mode::All,
        })?;
        inner.ready.remove(at)
    }

    /// Run the handler of a signal context.
    pub(super) fn deliver(&self, id: u64) {
        let mut objects = lock(&self.objects);
        let Some(object) = objects.map.get_mut(&id) else { return };
        let Kind::Signal { function, news, .. } = &mut object.kind else { return };
        let (function, News { count, died }) = (*function, std::mem::take(news));
        let ctx = object.ctx;
        objects.running.push(id);
        drop(objects);
        // A death is told by a call for no submission, behind all that was submitted before.
        for count in [(count > 0).then_some(count), died.then_some(0)].into_iter().flatten() {
            // The handler may have removed its own context, which does not wait for it.
            if !lock(&self.objects).map.contains_key(&id) {
                break;
            }
            if let Some(function) = function {
                // SAFETY: the handler and its context are valid until the signal is destroyed,
                // which waits for this, or is done on this thread: then it is not in the map any
                // more.
                unsafe { function(ctx, count) };
            }
        }
        self.done(id);
    }
}

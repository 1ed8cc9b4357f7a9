//! A page that tells a process of news about its views.
//!
//! Core writes it: it counts reasons to ask again. So core never waits for a process and never remembers more of one than a
//! range per view.
#![allow(unsafe_code, reason = "a page that a component shares")]

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use genode_host_proto::PAGE;
use genode_host_proto::control::paging;
use genode_host_proto::sync::{AtomicU32, Ordering};
use genode_host_proto::sys::Futex;

use crate::fd::{self, Mapping};
use crate::nucleus::ids::ViewId;
use crate::nucleus::refusal::Refusal;
use crate::numbered::NumberedSet;
use crate::work;

/// The page of a process.
pub(in crate::nucleus) struct Page {
    /// `None` in tests of the bookkeeping.
    pub(in crate::nucleus) shared: Option<(Mapping, OwnedFd)>,
    /// Views with something to unmap, each at most once.
    pub(super) stale: VecDeque<ViewId>,
    /// The view of which the process unmaps something at the moment.
    pub(super) sent: Option<ViewId>,
    /// Views of the process.
    pub(super) views: NumberedSet<ViewId>,
}

impl Page {
    pub(in crate::nucleus) fn new() -> Result<Self, Refusal> {
        let memory = fd::fixed_memory("paging", PAGE)?;
        let shared = Some((Mapping::new(&memory, PAGE)?, fd::read_only(&memory)?));
        Ok(Self { shared, stale: VecDeque::new(), sent: None, views: NumberedSet::default() })
    }

    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self { shared: None, stale: VecDeque::new(), sent: None, views: NumberedSet::default() }
    }

    fn count(&self, word: usize) {
        if let Some((page, _)) = &self.shared {
            // SAFETY: an atomic within the page.
            let word: &AtomicU32 = unsafe { page.at(word * size_of::<AtomicU32>()) };
            word.fetch_add(1, Ordering::Release);
            Futex::wake(word);
        }
    }

    /// Threads that wait are to look again.
    pub(super) fn news(&self) {
        self.count(paging::NEWS);
    }

    /// Some views have something to unmap.
    pub(super) fn unmap(&self) {
        self.count(paging::UNMAP);
    }

    /// A view is gone, of which something may be stale.
    pub(super) fn forget(&mut self, view: ViewId, stale: bool) {
        self.views.remove(&view);
        if stale {
            work::count(self.stale.len());
            self.stale.retain(|v| *v != view);
        }
        if self.sent == Some(view) {
            self.sent = None;
        }
    }
}

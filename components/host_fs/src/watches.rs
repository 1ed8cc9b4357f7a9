//! Watches of nodes: changes that clients of this server make. What others on the machine change
//! is not told.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::{names, volume::KEPT_PATH};

/// A watched path, and what tells its watch.
struct Watched {
    path: Vec<u8>,
    token: u64,
}

/// All watches, and news that nobody took.
#[derive(Default)]
pub(crate) struct Watches {
    all: BTreeMap<u64, Watched>,
    news: BTreeSet<u64>,
    last: u64,
}

impl Watches {
    /// Watches a path; returns the watch's number.
    pub(crate) fn add(&mut self, path: &[u8], token: u64) -> u64 {
        self.last += 1;
        self.all.insert(self.last, Watched { path: path.to_vec(), token });
        self.last
    }

    /// Ends a watch.
    pub(crate) fn remove(&mut self, watch: u64) {
        if let Some(Watched { token, .. }) = self.all.remove(&watch) {
            self.news.remove(&token);
        }
    }

    /// Tells of a change at a path.
    pub(crate) fn changed(&mut self, path: &[u8]) {
        let told = self.all.values().filter(|watched| watched.path == path);
        self.news.extend(told.map(|watched| watched.token));
    }

    /// Follows what was renamed.
    pub(crate) fn moved(&mut self, from: &[u8], to: &[u8]) {
        for watched in self.all.values_mut() {
            let path = names::moved(&watched.path, from, to);
            if let Some(path) = path.filter(|path| path.len() <= KEPT_PATH) {
                watched.path = path;
            }
        }
    }

    /// Takes the token of a watch whose node changed.
    pub(crate) fn next(&mut self) -> Option<u64> {
        self.news.pop_first()
    }
}

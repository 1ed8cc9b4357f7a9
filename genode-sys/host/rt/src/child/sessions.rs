//! The sessions of all children, found by their number, by the child that uses or serves them, and
//! by the names that others have for them: none of it is a search, so that a thousand children cost
//! each other nothing.
use std::collections::{BTreeMap, BTreeSet};

use super::served::ChildId;
use super::world::{Provider, Session, SessionId};

/// Pairs of a child and a session.
type Pairs = BTreeSet<(ChildId, SessionId)>;

#[derive(Default)]
pub(super) struct Sessions {
    all: BTreeMap<SessionId, Session>,
    used: Pairs,
    served: Pairs,
    /// By client, and what the client calls the session.
    names: BTreeMap<(ChildId, u64), SessionId>,
    /// By the number that our owner gave it.
    forwarded: BTreeMap<u64, SessionId>,
}

/// The sessions of one child.
fn of<'a>(
    pairs: &'a Pairs,
    all: &'a BTreeMap<SessionId, Session>,
    child: ChildId,
) -> impl Iterator<Item = (SessionId, &'a Session)> {
    let ids = pairs.range((child, 0)..=(child, SessionId::MAX)).map(|(_, id)| *id);
    ids.filter_map(|id| Some((id, all.get(&id)?)))
}

impl Sessions {
    pub(super) const fn new() -> Self {
        Self {
            all: BTreeMap::new(),
            used: BTreeSet::new(),
            served: BTreeSet::new(),
            names: BTreeMap::new(),
            forwarded: BTreeMap::new(),
        }
    }

    pub(super) fn insert(&mut self, id: SessionId, session: Session) {
        if let Some(client) = session.client {
            self.used.insert((client, id));
            self.names.insert((client, session.client_id), id);
        }
        if let Provider::Child(server) = session.provider {
            self.served.insert((server, id));
        }
        if let Some(forward) = session.forward {
            self.forwarded.insert(forward, id);
        }
        self.all.insert(id, session);
    }

    pub(super) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.all.remove(&id)?;
        if let Some(client) = session.client {
            self.used.remove(&(client, id));
            self.names.remove(&(client, session.client_id));
        }
        if let Provider::Child(server) = session.provider {
            self.served.remove(&(server, id));
        }
        if let Some(forward) = session.forward {
            self.forwarded.remove(&forward);
        }
        Some(session)
    }

    /// Lets a session go on without its client.
    pub(super) fn leave_client(&mut self, id: SessionId) {
        let Some(session) = self.all.get_mut(&id) else { return };
        if let Some(client) = session.client.take() {
            self.used.remove(&(client, id));
            self.names.remove(&(client, session.client_id));
        }
    }

    /// Lets a session go on without its server, which has nothing of it any more.
    pub(super) fn leave_server(&mut self, id: SessionId) {
        let Some(session) = self.all.get_mut(&id) else { return };
        if let Provider::Child(server) = session.provider {
            self.served.remove(&(server, id));
            session.provider = Provider::Requests;
        }
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.all.get_mut(&id)
    }

    /// Lists what `child` uses, in the order of requests.
    pub(super) fn used_by(&self, child: ChildId) -> impl Iterator<Item = (SessionId, &Session)> {
        of(&self.used, &self.all, child)
    }

    /// Lists what `child` serves, in the order of requests.
    pub(super) fn served_by(&self, child: ChildId) -> impl Iterator<Item = (SessionId, &Session)> {
        of(&self.served, &self.all, child)
    }

    /// Finds the session that `client` calls `client_id`.
    pub(super) fn named(&self, client: ChildId, client_id: u64) -> Option<SessionId> {
        self.names.get(&(client, client_id)).copied()
    }

    /// Finds the session that our owner calls `forward`.
    pub(super) fn forwarded(&self, forward: u64) -> Option<SessionId> {
        self.forwarded.get(&forward).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::world::{Phase, tests::session};
    use super::*;

    fn ids<'a>(sessions: impl Iterator<Item = (SessionId, &'a Session)>) -> Vec<SessionId> {
        sessions.map(|(id, _)| id).collect()
    }

    #[test]
    fn a_session_is_found_by_each_of_its_names_until_it_leaves() {
        let mut sessions = Sessions::new();
        let of = |client, client_id, server| Session {
            client: Some(client),
            client_id,
            provider: Provider::Child(server),
            ..session(Phase::HandedOut)
        };
        sessions.insert(5, of(1, 7, 2));
        sessions.insert(6, of(3, 7, 2));
        sessions.insert(9, Session { client: None, forward: Some(40), ..of(0, 0, 2) });
        sessions.insert(10, of(1, 8, 3));
        assert_eq!(ids(sessions.used_by(1)), [5, 10]);
        assert_eq!(ids(sessions.served_by(2)), [5, 6, 9]);
        assert_eq!((sessions.named(1, 7), sessions.named(3, 7)), (Some(5), Some(6)));
        assert_eq!(sessions.forwarded(40), Some(9));

        sessions.leave_client(5);
        assert_eq!((ids(sessions.used_by(1)), sessions.named(1, 7)), (vec![10], None));
        assert_eq!(ids(sessions.served_by(2)), [5, 6, 9], "its server still has it");
        sessions.leave_server(6);
        assert_eq!(ids(sessions.served_by(2)), [5, 9]);
        assert!(sessions.get(6).is_some_and(|s| matches!(s.provider, Provider::Requests)));

        assert_eq!(sessions.remove(10).and_then(|s| s.client), Some(1), "who gets the rest");
        for id in [5, 6, 9] {
            assert!(sessions.remove(id).is_some() && sessions.remove(id).is_none());
        }
        let left = [sessions.used.len(), sessions.served.len(), sessions.names.len()];
        assert_eq!((left, sessions.forwarded.len(), sessions.all.len()), ([0; 3], 0, 0));
    }
}

//! Which timeout is next, whose it is, and when it comes again.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};

/// The shortest period in microseconds: a client must not make the timer do nothing but signal.
pub const MIN_PERIOD: u64 = 1000;

/// When to signal, in microseconds of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Timeout {
    at: u64,
    /// 0 for once.
    period: u64,
}

/// The timeouts of all sessions, at most one each.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    by_session: BTreeMap<u64, Timeout>,
    by_time: BTreeSet<(u64, u64)>,
}

impl Schedule {
    /// Signals `session` once, `us` after `now`, and not when it was to be signalled before.
    pub fn once(&mut self, session: u64, now: u64, us: u64) {
        self.set(session, Timeout { at: now.saturating_add(us), period: 0 });
    }

    /// Signals `session` every `us`, at least [`MIN_PERIOD`] apart; 0 ends it.
    pub fn periodic(&mut self, session: u64, now: u64, us: u64) {
        if us == 0 {
            self.remove(session);
            return;
        }
        let period = us.max(MIN_PERIOD);
        self.set(session, Timeout { at: now.saturating_add(period), period });
    }

    /// Forgets the timeout of `session`.
    pub fn remove(&mut self, session: u64) {
        if let Some(timeout) = self.by_session.remove(&session) {
            self.by_time.remove(&(timeout.at, session));
        }
    }

    /// When to look again.
    pub fn next(&self) -> Option<u64> {
        self.by_time.first().map(|&(at, _)| at)
    }

    /// Calls `signal` for each session whose time has come, once, however many periods it missed.
    pub fn expire(&mut self, now: u64, mut signal: impl FnMut(u64)) {
        while let Some(&(at, session)) = self.by_time.first()
            && at <= now
        {
            let period = self.by_session.get(&session).map_or(0, |timeout| timeout.period);
            match (now - at).checked_div(period) {
                None => self.remove(session),
                Some(missed) => {
                    let at = at.saturating_add(period.saturating_mul(missed + 1));
                    self.set(session, Timeout { at, period });
                }
            }
            signal(session);
            if self.by_time.first() == Some(&(at, session)) {
                return; // the end of time
            }
        }
    }

    fn set(&mut self, session: u64, timeout: Timeout) {
        self.remove(session);
        self.by_session.insert(session, timeout);
        self.by_time.insert((timeout.at, session));
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn expired(schedule: &mut Schedule, now: u64) -> Vec<u64> {
        let mut sessions = Vec::new();
        schedule.expire(now, |session| sessions.push(session));
        sessions
    }

    #[test]
    fn a_new_timeout_replaces_the_old_one() {
        let mut schedule = Schedule::default();
        schedule.once(1, 0, 10);
        schedule.once(1, 0, 20);
        assert_eq!(expired(&mut schedule, 10), []);
        assert_eq!(expired(&mut schedule, 20), [1]);
        assert_eq!(schedule.next(), None);
        schedule.periodic(1, 0, 2000);
        schedule.once(1, 0, 5);
        assert_eq!(expired(&mut schedule, 5000), [1]);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn missed_periods_signal_once_and_keep_the_rhythm() {
        let mut schedule = Schedule::default();
        schedule.periodic(1, 0, 2000);
        assert_eq!(schedule.next(), Some(2000));
        assert_eq!(expired(&mut schedule, 7000), [1]);
        assert_eq!(schedule.next(), Some(8000));
        schedule.periodic(1, 0, 0);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn periods_have_a_floor() {
        let mut schedule = Schedule::default();
        schedule.periodic(1, 0, 1);
        assert_eq!(schedule.next(), Some(MIN_PERIOD));
    }

    #[test]
    fn the_end_of_time_is_reached_without_a_loop() {
        let mut schedule = Schedule::default();
        schedule.once(1, u64::MAX - 1, u64::MAX);
        assert_eq!(schedule.next(), Some(u64::MAX));
        schedule.periodic(2, u64::MAX - 1, u64::MAX);
        assert_eq!(expired(&mut schedule, u64::MAX), [1, 2]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Once(u64, u64),
        Periodic(u64, u64),
        Remove(u64),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let (session, us) = (0..4_u64, 0..5000_u64);
        prop_oneof![
            (session.clone(), us.clone()).prop_map(|(s, us)| Step::Once(s, us)),
            (session.clone(), us.clone()).prop_map(|(s, us)| Step::Periodic(s, us)),
            session.prop_map(Step::Remove),
            us.prop_map(Step::Pass),
        ]
    }

    proptest! {
        /// Against a list that is searched.
        #[test]
        fn expires_what_is_due(steps in proptest::collection::vec(step(), 0..60)) {
            let mut schedule = Schedule::default();
            let mut model: Vec<(u64, u64, u64)> = Vec::new(); // session, at, period
            let mut now = 0;
            for step in steps {
                match step {
                    Step::Once(session, us) => {
                        schedule.once(session, now, us);
                        model.retain(|entry| entry.0 != session);
                        model.push((session, now + us, 0));
                    }
                    Step::Periodic(session, us) => {
                        schedule.periodic(session, now, us);
                        model.retain(|entry| entry.0 != session);
                        if us > 0 {
                            let period = us.max(MIN_PERIOD);
                            model.push((session, now + period, period));
                        }
                    }
                    Step::Remove(session) => {
                        schedule.remove(session);
                        model.retain(|entry| entry.0 != session);
                    }
                    Step::Pass(us) => {
                        now += us;
                        let mut sessions = expired(&mut schedule, now);
                        let mut due = Vec::new();
                        model.retain_mut(|(session, at, period)| {
                            if *at > now {
                                return true;
                            }
                            due.push(*session);
                            while *period > 0 && *at <= now {
                                *at += *period;
                            }
                            *period > 0
                        });
                        sessions.sort_unstable();
                        due.sort_unstable();
                        prop_assert_eq!(sessions, due);
                    }
                }
                prop_assert_eq!(schedule.next(), model.iter().map(|entry| entry.1).min());
            }
        }
    }
}

//! The one model of a running system that all views show: what core says of it, and Linux.

mod read;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub use read::read;

/// A limit, and what of it is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Amount that was given.
    pub limit: u64,
    /// Amount of that in use.
    pub used: u64,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its label, from init on.
    pub label: String,
    /// Its process.
    pub pid: i32,
    /// Threads; 0 if it ended meanwhile.
    pub threads: u64,
    /// CPU time of all its threads.
    pub cpu: Duration,
    /// RAM in bytes.
    pub ram: Share,
    /// Capabilities.
    pub caps: Share,
}

/// A session of core's services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreSession {
    /// The service.
    pub service: String,
    /// The session's label.
    pub label: String,
}

/// Objects that a component may call at another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// Label of the component that calls.
    pub client: String,
    /// Label of the component that is called.
    pub server: String,
    /// Objects, of which sessions are some.
    pub objects: u64,
}

/// A system at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The script's name.
    pub name: String,
    /// Time of that.
    pub when: Instant,
    /// In the order in which they were started.
    pub components: Vec<Component>,
    /// Sessions that core serves.
    pub sessions: Vec<CoreSession>,
    /// Calls between components.
    pub calls: Vec<Calls>,
}

impl State {
    /// The parent of a component: the one with the longest label that its own begins with. `None`
    /// for init, whose parent is core.
    pub fn parent(&self, label: &str) -> Option<&Component> {
        let above = |c: &&Component| is_below(label, &c.label);
        self.components.iter().filter(above).max_by_key(|c| c.label.len())
    }

    /// The children of a component, or of core.
    pub fn children<'a>(&'a self, parent: Option<&'a str>) -> impl Iterator<Item = &'a Component> {
        let of = move |c: &&Component| self.parent(&c.label).map(|p| p.label.as_str()) == parent;
        self.components.iter().filter(of)
    }

    /// The sessions that core serves to a component, by service: how many.
    pub fn sessions_of(&self, label: &str) -> BTreeMap<&str, usize> {
        let mut services = BTreeMap::new();
        for session in &self.sessions {
            let own = session.label == label || is_below(&session.label, label);
            let nearer = |c: &Component| {
                c.label.len() > label.len()
                    && (session.label == c.label || is_below(&session.label, &c.label))
            };
            if own && !self.components.iter().any(nearer) {
                *services.entry(session.service.as_str()).or_insert(0) += 1;
            }
        }
        services
    }

    /// Objects that a component may call at others.
    pub fn calls_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a Calls> {
        self.calls.iter().filter(move |calls| calls.client == label)
    }

    /// The state as JSON.
    pub fn json(&self) -> Value {
        let share = |share: Share| json!({ "limit": share.limit, "used": share.used });
        let component = |c: &Component| {
            let calls = self.calls_of(&c.label);
            let calls: Vec<Value> =
                calls.map(|c| json!({ "server": c.server, "objects": c.objects })).collect();
            json!({
                "label": c.label,
                "parent": self.parent(&c.label).map(|p| &p.label),
                "pid": c.pid,
                "threads": c.threads,
                "cpu_ms": u64::try_from(c.cpu.as_millis()).unwrap_or(u64::MAX),
                "ram": share(c.ram),
                "caps": share(c.caps),
                "core_sessions": self.sessions_of(&c.label),
                "calls": calls,
            })
        };
        let components: Vec<Value> = self.components.iter().map(component).collect();
        json!({ "system": self.name, "components": components })
    }
}

/// Tells whether a label is below another one.
fn is_below(label: &str, above: &str) -> bool {
    label.strip_prefix(above).is_some_and(|rest| rest.starts_with(" -> "))
}

/// A state, and the one before.
#[derive(Debug, Clone)]
pub struct History {
    /// The state as it is.
    pub now: State,
    before: Option<State>,
}

impl History {
    /// A history that begins.
    pub fn new(now: State) -> Self {
        Self { now, before: None }
    }

    /// Goes on with the next state.
    pub fn next(&mut self, state: State) {
        self.before = Some(std::mem::replace(&mut self.now, state));
    }

    /// The part of a CPU that each component took since the state before, in percent, in the order
    /// of components; `None` for what was not there.
    pub fn cpu(&self) -> Vec<Option<f64>> {
        let Some(before) = &self.before else { return vec![None; self.now.components.len()] };
        let by_pid: BTreeMap<i32, Duration> =
            before.components.iter().map(|c| (c.pid, c.cpu)).collect();
        let time = self.now.when.saturating_duration_since(before.when).as_secs_f64();
        let part = |c: &Component| {
            let ran = c.cpu.saturating_sub(*by_pid.get(&c.pid)?).as_secs_f64();
            (time > 0.0).then_some(100.0 * ran / time)
        };
        self.now.components.iter().map(part).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Init, a server, a client that calls it, and a child of an init below.
    pub(crate) fn sample() -> State {
        let component = |label: &str, pid, ram| Component {
            label: label.into(),
            pid,
            threads: 2,
            cpu: Duration::from_millis(40),
            ram: Share { limit: ram, used: ram / 4 },
            caps: Share { limit: 200, used: 30 },
        };
        let session = |service: &str, label: &str| CoreSession {
            service: service.into(),
            label: label.into(),
        };
        State {
            name: "rs_sample".into(),
            when: Instant::now(),
            components: vec![
                component("init", 10, 64 << 20),
                component("init -> server", 11, 4 << 20),
                component("init -> sub", 12, 8 << 20),
                component("init -> sub -> client", 13, 1 << 20),
            ],
            sessions: vec![
                session("LOG", "init"),
                session("LOG", "init -> server"),
                session("LOG", "init -> sub -> client"),
                session("TRACE", "init -> sub -> client -> top"),
                session("PD", "init -> sub -> client"),
            ],
            calls: vec![Calls {
                client: "init -> sub -> client".into(),
                server: "init -> server".into(),
                objects: 2,
            }],
        }
    }

    #[test]
    fn the_tree_follows_from_labels() {
        let state = sample();
        let parent = |label| state.parent(label).map(|c| c.label.as_str());
        assert_eq!(parent("init"), None);
        assert_eq!(parent("init -> sub -> client"), Some("init -> sub"));
        assert_eq!(parent("init -> serverless -> x"), Some("init"), "a label has an end");
        let children = |of| state.children(of).map(|c| c.pid).collect::<Vec<_>>();
        assert_eq!(children(None), [10]);
        assert_eq!(children(Some("init")), [11, 12]);
        assert_eq!(children(Some("init -> sub")), [13]);
        assert_eq!(state.sessions_of("init"), BTreeMap::from([("LOG", 1)]));
        let client = BTreeMap::from([("LOG", 1), ("PD", 1), ("TRACE", 1)]);
        assert_eq!(state.sessions_of("init -> sub -> client"), client);
    }

    #[test]
    fn the_part_of_a_cpu_is_what_was_taken_since_the_state_before() {
        let mut history = History::new(sample());
        assert_eq!(history.cpu(), [None; 4]);
        let mut later = sample();
        later.when = history.now.when + Duration::from_secs(2);
        later.components[1].cpu += Duration::from_millis(500);
        later.components[3].pid = 99;
        history.next(later);
        assert_eq!(history.cpu(), [Some(0.0), Some(25.0), Some(0.0), None]);
    }

    #[test]
    fn the_model_is_told_whole_as_json() {
        let json = sample().json();
        assert_eq!(json["system"], "rs_sample");
        let client = &json["components"][3];
        assert_eq!((&client["parent"], &client["pid"]), (&json!("init -> sub"), &json!(13)));
        assert_eq!(client["ram"], json!({ "limit": 1 << 20, "used": 1 << 18 }));
        assert_eq!(client["calls"], json!([{ "server": "init -> server", "objects": 2 }]));
        assert_eq!((&client["cpu_ms"], &client["threads"]), (&json!(40), &json!(2)));
        assert_eq!(json["components"][0]["parent"], Value::Null);
    }
}

//! What is tried: configurations, and the states they must lead to.

use alloc::{format, string::String, vec, vec::Vec};

use genode::node::{Node, Syntax};

/// A configuration and what comes of it.
pub(crate) struct Step {
    /// What has been shown when the state is reached.
    pub(crate) name: &'static str,
    /// The configuration, as XML.
    pub(crate) config: String,
    /// The syntax to write it in.
    pub(crate) syntax: Option<Syntax>,
    /// Whether a state is the one.
    pub(crate) reached: fn(&Node) -> bool,
}

const SERVER: &str = r#"<start name="server" ram="2M">
    <binary name="rs_init_test"/> <provides> <service name="Test"/> </provides> <config role="server" value="42"/>
  </start>"#;
const SERVER_2: &str = r#"<start name="server" ram="2M" version="2">
    <binary name="rs_init_test"/> <provides> <service name="Test"/> </provides> <config role="server" value="42"/>
  </start>"#;
const CLIENT: &str = r#"<start name="client" ram="2M">
    <binary name="rs_init_test"/> <config role="client"/>
  </start>"#;
const UPGRADER: &str = r#"<start name="upgrader" ram="2M">
    <binary name="rs_init_test"/> <config role="upgrader"/>
  </start>"#;
const PROGRAM: &str = r#"<start name="store" ram="32M" caps="150">
    <binary name="rs_init_test"/> <provides> <service name="ROM"/> </provides> <config role="rom"/>
    <route> <any-service> <parent/> </any-service> </route>
  </start>
  <start name="copy" ram="2M">
    <binary name="copied"/> <config role="exit" value="6"/>
    <route>
      <service name="ROM" unscoped_label="copied"> <child name="store"/> </service>
      <any-service> <parent/> </any-service>
    </route>
  </start>"#;
const HOLDER: &str = r#"<start name="holder" ram="2M">
    <binary name="rs_init_test"/> <config role="holder"/>
  </start>"#;

fn worker(ram: &str, attrs: &str, config: &str) -> String {
    format!(
        r#"<start name="worker" ram="{ram}" {attrs}><binary name="rs_init_test"/><config {config}/></start>"#
    )
}

fn child<'a>(state: &'a Node, name: &str) -> Option<&'a Node> {
    state.children_of("child").find(|c| c.attr("name") == Some(name))
}

fn runs(state: &Node, name: &str) -> bool {
    child(state, name)
        .is_some_and(|c| ["exited", "faulted", "state"].iter().all(|a| c.attr(a).is_none()))
}

fn exited(state: &Node, name: &str, value: &str) -> bool {
    child(state, name).is_some_and(|c| c.attr("exited") == Some(value))
}

fn ram(state: &Node, name: &str, attr: &str, value: &str) -> bool {
    let ram = child(state, name).and_then(|c| c.child("ram"));
    ram.is_some_and(|r| r.attr(attr) == Some(value))
}

/// Whether a child said that it came as far as it wants.
fn ready(state: &Node, name: &str) -> bool {
    ram(state, name, "requested", "4K")
}

/// Whether a child uses the test server, and has its session by now.
fn uses_server(state: &Node, name: &str) -> bool {
    if !ready(state, name) {
        return false;
    }
    let sessions = child(state, name).and_then(|c| c.child("requested"));
    sessions.is_some_and(|s| s.children().iter().any(|s| s.attr("server") == Some("server")))
}

/// The number of a child, which is another one after each start.
fn id(state: &Node, name: &str) -> u32 {
    child(state, name).map_or(0, |c| c.attr_or("id", 0))
}

/// Name, start nodes, and whether a state is the one.
type Row = (&'static str, String, fn(&Node) -> bool);

/// A child alone: its life, its configuration, its quota.
fn worker_steps() -> Vec<Row> {
    vec![
        ("a child is started", worker("2M", "", r#"role="idle""#), |s| {
            runs(s, "worker") && ram(s, "worker", "assigned", "2M")
        }),
        (
            "it sees its changed config and exits with the value it finds there",
            worker("2M", "", r#"role="idle" exit="7""#),
            |s| exited(s, "worker", "7"),
        ),
        ("another version starts it anew", worker("2M", r#"version="2""#, r#"role="idle""#), |s| {
            runs(s, "worker")
        }),
        ("its quota grows", worker("8M", r#"version="2""#, r#"role="idle""#), |s| {
            ram(s, "worker", "assigned", "8M")
        }),
        ("and shrinks", worker("3M", r#"version="2""#, r#"role="idle""#), |s| {
            ram(s, "worker", "assigned", "3M")
        }),
        ("a child that holds memory", worker("8M", r#"version="3""#, r#"role="yield""#), |s| {
            runs(s, "worker") && ready(s, "worker") // who is asked before cannot know
        }),
        ("gives it back when asked", worker("4M", r#"version="3""#, r#"role="yield""#), |s| {
            ram(s, "worker", "assigned", "4M")
        }),
        (
            "a child that needs more asks for it",
            worker("2M", r#"version="4""#, r#"role="hungry""#),
            |s| ram(s, "worker", "requested", "1M"),
        ),
        ("and goes on when it got it", worker("4M", r#"version="4""#, r#"role="hungry""#), |s| {
            exited(s, "worker", "5")
        }),
    ]
}

/// Children that serve each other.
fn session_steps() -> Vec<Row> {
    vec![
        ("a client exits with what its server says", format!("{SERVER}{CLIENT}"), |s| {
            exited(s, "client", "42")
        }),
        ("donations in a row all reach the server", format!("{SERVER}{UPGRADER}"), |s| {
            exited(s, "upgrader", "9")
        }),
        ("a program comes from another child", PROGRAM.into(), |s| exited(s, "copy", "6")),
        ("another one keeps its session", format!("{SERVER}{HOLDER}"), |s| {
            uses_server(s, "holder") && id(s, "holder") > id(s, "server")
        }),
        ("a restarted server takes its client along", format!("{SERVER_2}{HOLDER}"), |s| {
            uses_server(s, "holder") && runs(s, "holder") && id(s, "holder") > id(s, "server")
        }),
        ("without its server the client is incomplete", HOLDER.into(), |s| {
            child(s, "holder").is_some_and(|c| c.attr("state") == Some("incomplete"))
        }),
        ("until there is one again", format!("{SERVER}{HOLDER}"), |s| {
            uses_server(s, "holder") && runs(s, "holder")
        }),
    ]
}

/// Children that crash.
fn crash_steps() -> Vec<Row> {
    vec![
        (
            "a crash is told apart from an exit",
            format!("{SERVER}{}", worker("2M", r#"version="5""#, r#"role="crash""#)),
            |s| {
                child(s, "worker").is_some_and(|c| c.attr("faulted").is_some()) && runs(s, "server")
            },
        ),
        (
            "a client of a server that crashes goes on, with errors",
            format!(
                "{}{CLIENT}",
                SERVER_2.replace(r#"role="server""#, r#"role="server" crash="yes""#)
            ),
            |s| exited(s, "client", "1"),
        ),
        ("all are gone", String::new(), |s| s.child("child").is_none()),
    ]
}

/// All steps, written in `syntax`; those that call dead servers only where the platform lets the caller go on.
pub(crate) fn all(syntax: Syntax, dead_servers: bool) -> Vec<Step> {
    let mut steps = [worker_steps(), session_steps(), crash_steps()].concat();
    if !dead_servers {
        steps.retain(|(name, ..)| !name.starts_with("a client of a server that crashes"));
    }
    let step = |(i, (name, starts, reached)): (usize, Row)| Step {
        name,
        config: format!(
            r#"<config version="{}">
  <report ids="yes" requested="yes" child_ram="yes" delay_ms="0"/>
  <parent-provides> <service name="ROM"/> <service name="LOG"/> <service name="PD"/> <service name="CPU"/> </parent-provides>
  <default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>
  <default caps="200"/>
  {starts}
</config>"#,
            i + 1
        ),
        syntax: Some(syntax),
        reached,
    };
    steps.into_iter().enumerate().map(step).collect()
}

use alloc::{format, string::ToString, vec};

use super::*;
use crate::node::Node;

fn config(starts: &str) -> Config {
    let text = format!(
        r#"<config><parent-provides><service name="ROM"/></parent-provides><default caps="9" ram="1M"/>
           <default-route><any-service><parent/><any-child/></any-service></default-route>{starts}</config>"#
    );
    Config::read(&Node::parse(text.as_bytes()).unwrap()).0
}

const SERVER: &str = r#"<start name="srv"><provides><service name="S"/></provides></start>"#;
const CHAIN: &str = r#"<start name="srv"><provides><service name="S"/></provides></start>
    <start name="mid"><provides><service name="M"/></provides></start><start name="app"/><start name="solo"/>"#;

fn used(c: &Config, child: &str, service: &str, label: &str) -> Used {
    let table = Table::of(c, &Table::default());
    let route = table.route(table.entry(child).unwrap(), service, label).unwrap();
    Used {
        service: service.to_string(),
        requested: label.to_string(),
        label: route.label.as_str().to_string(),
        to: Some(route.to),
        environment: None,
    }
}

/// The plan for children of `old` that use `sessions` (child, service) of each other.
fn planned(old: &Config, sessions: &[(&str, &str)], new: &Config) -> Plan {
    let all: Vec<Vec<Used>> = old
        .starts
        .iter()
        .map(|s| {
            let own = sessions.iter().filter(|(child, _)| *child == s.name);
            own.map(|(_, service)| used(old, &s.name, service, &format!("{} -> x", s.name)))
                .collect()
        })
        .collect();
    let running: Vec<_> = old
        .starts
        .iter()
        .zip(&all)
        .map(|(start, sessions)| Running {
            start,
            complete: true,
            ended: false,
            lost: false,
            sessions,
            bereft: false,
            orphans: &[],
        })
        .collect();
    plan_of(&running, new)
}

/// The plan for `running` when `new` is applied to a sandbox that serves nothing itself.
fn plan_of(running: &[Running<'_>], new: &Config) -> Plan {
    plan(running, new, &Table::of(new, &Table::default()))
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_changed_nothing_to_do() {
    let c = config(CHAIN);
    let sessions = [("mid", "S"), ("app", "M"), ("solo", "ROM")];
    assert_eq!(planned(&c, &sessions, &config(CHAIN)), Plan::default());
}

#[test]
fn children_come_and_go() {
    let old = config("<start name=\"a\"/><start name=\"b\"/>");
    let new = config("<start name=\"b\"/><start name=\"c\"/>");
    let expected = Plan { destroy: names(&["a"]), create: names(&["c"]), ..Plan::default() };
    assert_eq!(planned(&old, &[], &new), expected);
}

#[test]
fn a_restart_spreads_to_those_that_depend_on_it() {
    let old = config(CHAIN);
    let new = config(&CHAIN.replace("name=\"srv\"", "name=\"srv\" version=\"2\""));
    let p = planned(&old, &[("mid", "S"), ("app", "M"), ("solo", "ROM")], &new);
    assert_eq!(p, Plan { restart: names(&["srv", "mid", "app"]), ..Plan::default() });
    let p = planned(&old, &[("app", "M")], &new);
    assert_eq!(p.restart, names(&["srv"]), "those that do not use it stay");
}

#[test]
fn a_vanished_server_leaves_its_clients_incomplete() {
    let old = config(&format!("{SERVER}<start name=\"app\"/>"));
    let p = planned(&old, &[("app", "S")], &config("<start name=\"app\"/>"));
    assert_eq!(
        p,
        Plan { destroy: names(&["srv"]), incomplete: names(&["app"]), ..Plan::default() }
    );
}

#[test]
fn another_server_means_a_restart() {
    let old = config(&format!("{SERVER}<start name=\"app\"/>"));
    let new = config(&format!("{}<start name=\"app\"/>", SERVER.replace("srv", "srv2")));
    let p = planned(&old, &[("app", "S")], &new);
    assert_eq!((p.restart, p.create), (names(&["app"]), names(&["srv2"])));
}

#[test]
fn the_inline_config_is_exchanged_or_its_route_changes() {
    let with = |inline: &str| config(&format!("<start name=\"app\">{inline}</start>"));
    let rom = |c: &Config| vec![used(c, "app", "ROM", "app -> config")];
    let go = |old: &Config, new: &Config| {
        let sessions = rom(old);
        let start = &old.starts[0];
        let running = Running {
            start,
            complete: true,
            ended: false,
            lost: false,
            sessions: &sessions,
            bereft: false,
            orphans: &[],
        };
        plan_of(&[running], new)
    };
    let (a, b, none) = (with("<config v=\"1\"/>"), with("<config v=\"2\"/>"), with(""));
    assert_eq!(go(&a, &b), Plan { reconfigure: names(&["app"]), ..Plan::default() });
    assert_eq!(go(&a, &none), Plan { restart: names(&["app"]), ..Plan::default() });
    assert_eq!(go(&none, &a), Plan { restart: names(&["app"]), ..Plan::default() });
    assert_eq!(go(&a, &a), Plan::default());
}

#[test]
fn program_version_and_state_count() {
    let old = config("<start name=\"app\"/>");
    let start = &old.starts[0];
    let sessions = [used(&old, "app", "ROM", "app")]; // that of its program
    let go = |complete, ended, new: &str| {
        plan_of(
            &[Running {
                start,
                complete,
                ended,
                lost: false,
                sessions: &sessions,
                bereft: false,
                orphans: &[],
            }],
            &config(new),
        )
    };
    let other = "<start name=\"app\"><binary name=\"x\"/></start>";
    assert_eq!(go(true, false, other).restart, names(&["app"]));
    assert_eq!(go(true, true, other), Plan::default(), "what ended stays ended");
    assert_eq!(go(true, true, "<start name=\"app\" version=\"1\"/>").restart, names(&["app"]));
    assert_eq!(go(false, false, "<start name=\"app\"/>").restart, names(&["app"]), "tried again");
}

#[test]
fn a_child_that_lost_its_server_starts_anew_with_the_next_one() {
    let old = config(&format!("{SERVER}<start name=\"app\"/>"));
    let app = &old.starts[1];
    let sessions = [used(&old, "app", "S", "app -> x")];
    let lost = [Running {
        start: app,
        complete: true,
        ended: false,
        lost: true,
        sessions: &sessions,
        bereft: false,
        orphans: &[],
    }];
    let still = plan_of(&lost, &config("<start name=\"app\"/>"));
    assert_eq!(still, Plan { incomplete: names(&["app"]), ..Plan::default() });
    let again = plan_of(&lost, &old);
    assert_eq!((again.create, again.restart), (names(&["srv"]), names(&["app"])));
}

#[test]
fn a_table_after_another_finds_each_child_where_it_is() {
    let orders: [&[&str]; 6] =
        [&["a", "b", "c"], &["c", "b", "a"], &["a", "c", "b"], &["a", "b", "d"], &["a", "b"], &[]];
    let of = |order: &[&str]| {
        let starts = order.iter().map(|name| format!("<start name=\"{name}\"/>"));
        config(&starts.collect::<Vec<_>>().concat())
    };
    for before in orders {
        for after in orders {
            let table = Table::of(&of(after), &Table::of(&of(before), &Table::default()));
            for name in ["a", "b", "c", "d", "e"] {
                let place = after.iter().position(|n| *n == name);
                assert_eq!(table.place(name), place, "{name} in {after:?} after {before:?}");
                for near in 0..4 {
                    assert_eq!(table.place_near(name, near), place, "{name} near {near}");
                }
            }
        }
    }
}

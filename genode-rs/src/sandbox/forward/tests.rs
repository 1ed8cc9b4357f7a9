use alloc::{format, string::ToString};

use super::*;
use crate::{
    affinity::Affinity,
    node::Node,
    quota::{CapQuota, RamQuota},
    sandbox::{event::End, fake::engine},
};

const SERVICE: &str =
    r#"<service name="S"><policy label_prefix="good"><child name="srv"/></policy></service>"#;
const SERVER: &str = r#"<start name="srv"><provides><service name="S"/></provides></start>"#;

fn config(text: &str) -> Node {
    let base = r#"<parent-provides><service name="ROM"/><service name="PD"/><service name="CPU"/><service name="LOG"/></parent-provides>
        <default caps="100" ram="1M"/><default-route><any-service><parent/></any-service></default-route>"#;
    Node::parse(format!("<config>{base}{text}</config>").as_bytes()).unwrap()
}

fn create(id: u64, service: &str, label: &str) -> Request {
    let args = format!("label=\"{label}\", ram_quota=10000, cap_quota=3");
    Request::Create {
        id,
        service: service.to_string(),
        args: Ok(ArgsBuf::copy(&args).unwrap()),
        affinity: Affinity::default(),
    }
}

#[test]
fn requests_of_the_parent_go_to_the_child_that_the_policy_names() {
    let (mut e, journal) = engine();
    e.apply(&config(&format!("{SERVICE}{SERVER}")));
    journal.take();
    e.requested(alloc::vec![create(7, "S", "good -> x"), create(8, "S", "bad")]);
    let forwarded =
        "forward 7 S 'good -> x' to 1: label=\"good -> x\", cap_quota=3, ram_quota=9190";
    assert_eq!(journal.take(), [forwarded, "respond 8 Denied"]);
    e.requested(alloc::vec![create(7, "S", "good -> x")]);
    assert_eq!(journal.take(), [""; 0], "what is under way is not asked for again");

    e.forwarded(7, SessionState::Available, &RawCap::INVALID);
    let more = Request::Upgrade { id: 7, ram: RamQuota(4096), caps: CapQuota(1) };
    e.requested(alloc::vec![more.clone()]);
    e.requested(alloc::vec![more]);
    e.forwarded(7, SessionState::Open, &RawCap::INVALID);
    e.requested(alloc::vec![Request::Close { id: 7 }]);
    e.requested(alloc::vec![Request::Close { id: 7 }]);
    e.forwarded(7, SessionState::Closed, &RawCap::INVALID);
    assert_eq!(
        journal.take(),
        ["deliver 7", "upgrade 7 4K 1", "respond 7 Ok", "close 7", "respond 7 Closed"]
    );
}

#[test]
fn a_session_that_is_about_to_end_takes_no_donation() {
    let (mut e, journal) = engine();
    e.apply(&config(&format!("{SERVICE}{SERVER}")));
    e.requested(alloc::vec![create(7, "S", "good")]);
    e.forwarded(7, SessionState::Available, &RawCap::INVALID);
    e.requested(alloc::vec![Request::Close { id: 7 }]);
    journal.take();
    e.requested(alloc::vec![Request::Upgrade { id: 7, ram: RamQuota(4096), caps: CapQuota(1) }]);
    assert_eq!(journal.take(), [""; 0]);
}

#[test]
fn a_request_waits_for_its_server_and_is_denied_by_a_policy_only() {
    let (mut e, journal) = engine();
    e.apply(&config(SERVICE));
    e.requested(alloc::vec![create(1, "S", "good")]);
    assert_eq!(journal.take(), [""; 0]);
    e.apply(&config(&format!("{SERVICE}{SERVER}")));
    assert!(journal.take().iter().any(|l| l.starts_with("forward 1 S")));
    // the server refuses
    e.forwarded(1, SessionState::InsufficientRam, &RawCap::INVALID);
    assert_eq!(journal.take(), ["respond 1 InsufficientRam"]);
}

#[test]
fn sessions_whose_route_is_gone_are_closed_and_the_parent_told() {
    let (mut e, journal) = engine();
    e.apply(&config(&format!("{SERVICE}{SERVER}")));
    e.requested(alloc::vec![create(1, "S", "good")]);
    e.forwarded(1, SessionState::Available, &RawCap::INVALID);
    journal.take();
    e.apply(&config(&format!("<service name=\"S\"/>{SERVER}")));
    assert_eq!(journal.take(), ["close 1"]);
    e.forwarded(1, SessionState::Closed, &RawCap::INVALID);
    assert_eq!(journal.take(), ["respond 1 Closed"]);
    e.children[0].handle.as_ref().unwrap().hooks.ended(End::Exited(0));
    e.process();
    e.apply(&config(&format!("{SERVICE}{SERVER}")));
    e.requested(alloc::vec![create(2, "S", "good")]);
    assert!(!journal.take().iter().any(|l| l.starts_with("forward")), "its server does not run");
}

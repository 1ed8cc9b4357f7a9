//! Sessions and announcements that are denied, and what is told of them.

use super::*;

#[test]
fn a_child_that_insists_is_denied_in_few_lines() {
    let (mut e, journal) = engine();
    apply(&mut e, &config("<start name=\"app\"/>"));
    let hooks = e.children[0].handle.as_ref().unwrap().hooks.clone();
    journal.take();
    for _ in 0..2000 {
        let (answer, ..) = hooks.route("Nic", "app -> x", "", Affinity::default());
        assert!(matches!(answer, Answer::Deny));
        e.process();
    }
    let told: Vec<_> = journal.take().into_iter().filter(|line| line != "wake").collect();
    let ends = |with: &str| told.iter().filter(|line| line.ends_with(with)).count();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(ends("(10 times so far)") + ends("(100 times so far)"), 2, "{told:?}");
    assert_eq!(ends("(1000 times so far)"), 1, "{told:?}");
}

#[test]
fn what_keeps_a_child_from_starting_is_told_in_one_message() {
    let (mut e, journal) = engine();
    apply(&mut e, &config(&format!("{SERVER}<start name=\"other\"/>")));
    let other = e.children[1].handle.as_ref().unwrap().hooks.clone();
    let _ = other.route("T", "other -> x", "", Affinity::default());
    journal.take();
    let start = "<start name=\"app\"><route><service name=\"LOG\"><child name=\"srv\"/></service><any-service><parent/></any-service></route></start>";
    apply(&mut e, &config(&format!("{SERVER}<start name=\"other\"/>{start}")));
    let said = journal.take();
    let of = |name: &str| -> Vec<_> { said.iter().filter(|l| l.contains(name)).collect() };
    let [_, told] = of(" app")[..] else { panic!("{said:?}") };
    assert!(
        told.starts_with("Error: app: environment incomplete: no route to service \"LOG\" (label=\"app\"): the rule at"),
        "{told}"
    );
    assert!(of(" other: no route to service \"T\"").len() == 1, "not lost: {said:?}");
}

#[test]
fn an_undeclared_service_is_no_service() {
    let (mut e, journal) = engine();
    apply(&mut e, &config(SERVER));
    let hooks = e.children[0].handle.as_ref().unwrap().hooks.clone();
    hooks.announce("S");
    hooks.announce("T");
    journal.take();
    let events = e.process();
    assert_eq!(events, [Event::Announced { child: "srv".to_string(), service: "S".to_string() }]);
    assert!(
        journal.take()[0].starts_with("Error: srv: illegal announcement of service \"T\"; add")
    );
}

//! The engine on a fake system.

mod denials;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Event,
    account::Amount,
    engine::{Engine, Phase},
    event::End,
    fake::{Fake, engine, open},
    hooks::{Answer, LocalRequest, LocalService},
};
use crate::{
    affinity::Affinity,
    cap::RawCap,
    error::Error,
    node::Node,
    quota::{CapQuota, RamQuota},
};

const BASE: &str = r#"<parent-provides><service name="ROM"/><service name="PD"/><service name="CPU"/><service name="LOG"/></parent-provides>
    <default caps="100" ram="1M"/><default-route><any-service><parent/><any-child/></any-service></default-route>"#;
const SERVER: &str = r#"<start name="srv"><provides><service name="S"/></provides></start>"#;

fn config(starts: &str) -> Node {
    Node::parse(format!("<config>{BASE}{starts}</config>").as_bytes()).unwrap()
}

fn request(e: &Engine<Fake>, child: &str, service: &str, label: &str) -> (bool, String) {
    let child = e.children.iter().find(|c| c.start.name == child).unwrap();
    open(child.handle.as_ref().unwrap(), service, label)
}

/// Applies a configuration; what happens on the way is of no interest.
fn apply(e: &mut Engine<Fake>, config: &Node) {
    e.apply(config);
    e.process();
}

#[test]
fn starts_in_order_and_ends_what_is_no_longer_wanted() {
    let (mut e, journal) = engine();
    let own = journal.own.get();
    apply(&mut e, &config(&format!("{SERVER}<start name=\"app\"/>")));
    assert_eq!(journal.take(), ["create srv", "create app", "start srv", "start app"]);
    apply(&mut e, &config(&format!("{SERVER}<start name=\"b\"/>")));
    assert_eq!(journal.take(), ["destroy app", "create b", "start b"]);
    apply(&mut e, &config(""));
    assert_eq!(journal.take(), ["destroy b", "destroy srv"]);
    assert_eq!(journal.own.get(), own, "all quota is back");
}

#[test]
fn a_restarted_server_takes_its_clients_along() {
    let (mut e, journal) = engine();
    let text = format!("{SERVER}<start name=\"app\"/><start name=\"other\"/>");
    apply(&mut e, &config(&text));
    assert_eq!(request(&e, "app", "S", "app -> x"), (true, "app -> x".to_string()));
    journal.take();
    apply(&mut e, &config(&text.replace("name=\"srv\"", "name=\"srv\" version=\"2\"")));
    assert_eq!(
        journal.take(),
        ["destroy app", "destroy srv", "create srv", "create app", "start srv", "start app"]
    );
    assert_eq!(
        e.children.iter().map(|c| c.start.name.as_str()).collect::<Vec<_>>(),
        ["srv", "app", "other"]
    );
}

#[test]
fn an_end_gives_everything_back_and_is_reported() {
    let (mut e, journal) = engine();
    let own = journal.own.get();
    apply(&mut e, &config(&format!("{SERVER}<start name=\"app\"/>")));
    journal.take();
    let hooks = e.children[0].handle.as_ref().unwrap().hooks.clone();
    hooks.ended(End::Exited(3));
    hooks.ended(End::Exited(3));
    assert_eq!(journal.take(), ["wake"], "woken once");
    let events = e.process();
    assert_eq!(events[0], Event::Ended { child: "srv".to_string(), end: End::Exited(3) });
    assert_eq!(journal.take()[..2], ["destroy srv", "Log: child \"srv\" exited with exit value 3"]);
    assert!(!request(&e, "app", "S", "app -> x").0);
    e.process();
    let said = journal.take();
    assert!(said.iter().any(|l| l.contains("its server \"srv\" does not run")), "{said:?}");
    assert_eq!(e.state().children()[0].attr("exited"), Some("3"));

    apply(&mut e, &config(&format!("{SERVER}<start name=\"app\"/>")));
    assert_eq!(e.children[0].phase, Phase::Ended(End::Exited(3)), "what ended stays ended");
    apply(&mut e, &config(""));
    assert_eq!(journal.own.get(), own);
}

#[test]
fn a_crash_is_told_with_its_cause() {
    let (mut e, journal) = engine();
    apply(&mut e, &config("<start name=\"app\"><exit propagate=\"yes\"/></start>"));
    e.children[0].handle.as_ref().unwrap().hooks.ended(End::Faulted(11));
    journal.take();
    e.process();
    let said = journal.take();
    assert!(
        said.contains(&"Error: child \"app\" crashed (segmentation fault)".to_string()),
        "{said:?}"
    );
    assert!(said.contains(&"exit -1".to_string()));
    assert_eq!(e.state().children()[0].attr("faulted"), Some("11"));
}

#[test]
fn quotas_follow_the_configuration() {
    let (mut e, journal) = engine();
    let with = |ram: &str, caps: u32| {
        let app = format!("<start name=\"app\" ram=\"{ram}\" caps=\"{caps}\">");
        config(&format!("{app}<config v=\"1\"/></start>"))
    };
    apply(&mut e, &with("1M", 100));
    journal.take();
    apply(&mut e, &with("2M", 110));
    assert_eq!(journal.take(), ["give app 1M 10", "avail app"], "and its config is not handed out");
    journal.child_used.set(Amount { ram: RamQuota::kib(1024), caps: CapQuota(50) });
    apply(&mut e, &with("512K", 100));
    let said = journal.take();
    assert!(said[0].starts_with("take app "), "{said:?}");
    assert!(said[1].starts_with("yield app "), "the rest is asked for: {said:?}");
    journal.child_used.set(Amount::NONE);
    e.children[0].handle.as_ref().unwrap().hooks.yield_response();
    journal.take();
    assert_eq!(e.process(), [Event::Yielded { child: "app".to_string() }]);
    assert!(journal.take()[0].starts_with("take app "));
    assert_eq!(e.children[0].assigned.ram, RamQuota::kib(512));
}

#[test]
fn too_much_is_cut_and_too_little_is_told() {
    let (mut e, journal) = engine();
    apply(&mut e, &config("<start name=\"big\" ram=\"1G\"/>"));
    let said = journal.take();
    assert!(
        said[0].contains("big: configured quota of 1G and 100 caps exceeds what is available"),
        "{said:?}"
    );
    // what is to be preserved stays, and more for our own records
    let (mut e, journal) = engine();
    let preserve =
        "<resource name=\"RAM\" preserve=\"20M\"/><resource name=\"CAP\" preserve=\"500\"/>";
    let all =
        |ram: &str| config(&format!("{preserve}<start name=\"a\" ram=\"{ram}\" caps=\"90000\"/>"));
    apply(&mut e, &all("1G"));
    let kept = Amount::new(20 << 20, 500);
    assert!(journal.own.get().checked_sub(kept).is_ok(), "{:?}", journal.own.get());
    apply(&mut e, &all("2G"));
    assert!(journal.own.get().checked_sub(kept).is_ok(), "{:?}", journal.own.get());
    let (mut e, journal) = engine();
    apply(&mut e, &config("<start name=\"poor\" ram=\"1M\" caps=\"20\"/>"));
    let said = journal.take();
    assert!(said[0].contains("poor: 20 capabilities are too few, since 34 go to"), "{said:?}");
    assert!(!said.iter().any(|line| line.starts_with("create")), "{said:?}");
    let (mut e, journal) = engine();
    apply(&mut e, &config("<start name=\"tiny\" ram=\"100K\"/>"));
    let said = journal.take();
    assert!(
        said[0].contains(
            "tiny: RAM quota of 100K is too little, since 266912 go to its environment; raise"
        ),
        "{said:?}"
    );
    assert_eq!(e.state().children()[0].attr("state"), Some("incomplete"));
}

#[test]
fn a_missing_program_is_tried_again_with_the_next_configuration() {
    let (mut e, journal) = engine();
    journal.missing.borrow_mut().push("prog".to_string());
    let c = config("<start name=\"app\"><binary name=\"prog\"/></start>");
    apply(&mut e, &c);
    let said = journal.take();
    assert!(
        said[1].contains("app: environment incomplete: check that ROM module \"prog\" exists"),
        "{said:?}"
    );
    journal.missing.borrow_mut().clear();
    apply(&mut e, &c);
    assert_eq!(journal.take(), ["destroy app", "create app", "start app"]);
}

#[test]
fn a_changed_inline_config_is_handed_out() {
    let (mut e, journal) = engine();
    let with = |v| config(&format!("<start name=\"app\"><config v=\"{v}\"/></start>"));
    apply(&mut e, &with(1));
    assert!(request(&e, "app", "ROM", "app -> config").0);
    journal.take();
    apply(&mut e, &with(2));
    assert_eq!(journal.take(), ["config app 2"]);
}

#[test]
fn resources_are_asked_for_and_granted() {
    let (mut e, journal) = engine();
    let with = |ram: &str| {
        config(&format!("<report child_ram=\"yes\"/><start name=\"app\" ram=\"{ram}\"/>"))
    };
    apply(&mut e, &with("1M"));
    e.children[0].handle.as_ref().unwrap().hooks.resource_request("ram_quota=4096, cap_quota=2");
    journal.take();
    let events = e.process();
    let expected =
        Event::ResourceRequest { child: "app".to_string(), ram: RamQuota(4096), caps: CapQuota(2) };
    assert_eq!(events, [expected]);
    assert_eq!(
        journal.take(),
        ["Log: child \"app\" requests resources: ram_quota=4K, cap_quota=2"]
    );
    let state = e.state();
    assert_eq!(state.children()[0].child("ram").unwrap().attr("requested"), Some("4K"));
    apply(&mut e, &with("2M"));
    assert_eq!(journal.take(), ["give app 1M 0", "avail app"]);
    assert_eq!(e.state().children()[0].child("ram").unwrap().attr("requested"), None);
}

#[test]
fn missed_signs_of_life_restart() {
    let (mut e, journal) = engine();
    apply(
        &mut e,
        &config(
            "<heartbeat rate_ms=\"100\"/> <start name=\"app\"><heartbeat restart_after_skipped=\"1\"/></start><start name=\"b\"/>",
        ),
    );
    journal.take();
    for _ in 0..100 {
        assert_eq!(e.heartbeat(), [], "ten seconds to start");
    }
    e.children[0].handle.as_ref().unwrap().hooks.heartbeat();
    e.process();
    assert_eq!(e.heartbeat(), []);
    assert_eq!(e.heartbeat(), [Event::HeartbeatMissed { child: "app".to_string(), skipped: 1 }]);
    assert!(e.overdue().is_empty());
    e.heartbeat();
    assert_eq!(e.overdue(), ["app"]);
    journal.take();
    e.restart("app");
    assert_eq!(journal.take(), ["destroy app", "create app", "start app"]);
    assert!(e.overdue().is_empty());
    e.heartbeat();
    e.children[0].handle.as_ref().unwrap().hooks.heartbeat();
    e.process();
    assert_eq!(e.heartbeat(), [], "answered in time");
}

#[test]
fn who_never_showed_a_sign_of_life_is_missed_once_its_time_to_start_is_over() {
    let (mut e, journal) = engine();
    let watch = |start_ms| {
        format!(
            "<heartbeat rate_ms=\"100\"/> <start name=\"app\"><heartbeat restart_after_skipped=\"2\" start_ms=\"{start_ms}\"/></start>"
        )
    };
    apply(&mut e, &config(&watch(250)));
    journal.take();
    for _ in 0..2 {
        // twice, since its successor has as much time
        for _ in 0..3 {
            assert_eq!(e.heartbeat(), []);
        }
        for n in 1..=3 {
            let missed = Event::HeartbeatMissed { child: "app".to_string(), skipped: n };
            assert_eq!(e.heartbeat(), [missed]);
            assert_eq!(e.overdue().len(), usize::from(n == 3));
        }
        journal.take();
        e.restart("app");
        assert_eq!(journal.take(), ["destroy app", "create app", "start app"]);
    }
    // Who answers late is told to be alive, and no longer missed.
    for _ in 0..4 {
        e.heartbeat();
    }
    e.children[0].handle.as_ref().unwrap().hooks.heartbeat();
    assert_eq!(e.process().last(), Some(&Event::Alive { child: "app".to_string() }));
    assert_eq!((e.heartbeat(), e.heartbeat().len()), (Vec::new(), 1));
}

#[test]
fn a_noisy_child_does_not_fill_our_memory() {
    let (mut e, journal) = engine();
    apply(&mut e, &config("<start name=\"app\"/>"));
    let hooks = e.children[0].handle.as_ref().unwrap().hooks.clone();
    for i in 0..1000 {
        hooks.announce("x");
        let label = format!("app -> {i}");
        assert!(matches!(hooks.route("ROM", &label, "", Affinity::default()).0, Answer::Parent));
    }
    hooks.ended(End::Exited(0));
    assert_eq!(e.shared.incoming.borrow().len(), 65);
    journal.take();
    let ended = Event::Ended { child: "app".to_string(), end: End::Exited(0) };
    assert_eq!(e.process().last(), Some(&ended), "the end is never lost");
}

/// Serves sessions of one name, and notes what it is asked.
struct Shell(alloc::rc::Rc<core::cell::RefCell<Vec<String>>>);

impl LocalService for Shell {
    fn open(&mut self, request: &LocalRequest<'_>) -> Result<RawCap, Error> {
        let text = format!("{} {} {}", request.child, request.label, request.args.quota().ram.0);
        self.0.borrow_mut().push(text);
        if request.label.last_element() == "secret" {
            Err(Error::Denied)
        } else {
            Ok(RawCap::INVALID)
        }
    }

    fn close(&mut self, _: &RawCap) {
        self.0.borrow_mut().push("close".to_string());
    }
}

#[test]
fn the_user_of_the_sandbox_serves_sessions_itself() {
    let (mut e, _) = engine();
    let asked = alloc::rc::Rc::default();
    let shell: (String, alloc::boxed::Box<dyn LocalService>) =
        ("Shell".to_string(), alloc::boxed::Box::new(Shell(alloc::rc::Rc::clone(&asked))));
    e.shared.services.borrow_mut().push(shell);
    e.shared.routing.borrow_mut().table.serve("Shell");
    let start = r#"<start name="app"><route><service name="Shell"><local/></service><any-service><parent/></any-service></route></start>"#;
    apply(&mut e, &config(start));
    let hooks = e.children[0].handle.as_ref().unwrap().hooks.clone();
    let ask = |label: &str| hooks.route("Shell", label, "ram_quota=4K", Affinity::default()).0;
    assert!(matches!(ask("app -> x"), Answer::Local(..)));
    assert!(matches!(ask("app -> secret"), Answer::Deny), "the service decides");
    hooks.local_close(&RawCap::INVALID);
    assert_eq!(*asked.borrow(), ["app app -> x 4096", "app app -> secret 4096", "close"]);
}

#[test]
fn only_sessions_that_exist_decide() {
    let (mut e, journal) = engine();
    let with = |starts: &str| config(&format!("{starts}<start name=\"app\"/>"));
    apply(&mut e, &with(SERVER));
    assert!(request(&e, "app", "S", "app -> x").0);
    journal.sessions.borrow_mut().retain(|(_, s)| s.service != "S");
    journal.take();
    apply(&mut e, &with(""));
    assert_eq!(journal.take(), ["destroy srv"], "a closed session concerns nobody");
    assert_eq!(e.state().children()[0].attr("state"), None);
}

#[test]
fn a_child_without_its_environment_starts_anew_when_it_can() {
    let (mut e, journal) = engine();
    let log = r#"<start name="log"><provides><service name="LOG"/></provides></start>"#;
    let app = r#"<start name="app"><route><service name="LOG"><child name="log"/></service><any-service><parent/></any-service></route></start>"#;
    apply(&mut e, &config(&format!("{log}{app}")));
    e.children[0].handle.as_ref().unwrap().hooks.ended(End::Exited(0));
    e.process();
    journal.take();
    let anew = log.replace("name=\"log\"", "name=\"log\" version=\"2\"");
    apply(&mut e, &config(&format!("{anew}{app}")));
    let done = journal.take();
    assert!(done.contains(&"create app".to_string()), "{done:?}");
}

#[test]
fn a_program_of_another_name_from_the_same_rom_module_goes_on() {
    let (mut e, journal) = engine();
    let with = |binary: &str, module: &str, v: u32| {
        let route = format!(
            "<route><service name=\"ROM\" unscoped_label=\"{binary}\"><parent label=\"{module}\"/></service><any-service><parent/></any-service></route>"
        );
        config(&format!(
            "<start name=\"app\"><binary name=\"{binary}\"/>{route}<config v=\"{v}\"/></start>"
        ))
    };
    apply(&mut e, &with("a", "program", 1));
    journal.take();
    apply(&mut e, &with("b", "program", 2));
    assert_eq!(journal.take(), ["config app 2"]);
    apply(&mut e, &with("b", "other", 2));
    assert_eq!(journal.take(), ["destroy app", "create app", "start app"]);
}

#[test]
fn session_arguments_are_the_start_nodes_to_decide() {
    let (mut e, _) = engine();
    apply(&mut e, &config("<start name=\"app\"/><start name=\"boss\" managing_system=\"yes\"/>"));
    let filtered = |index: usize| {
        let child = &e.children[index];
        let label = format!("label=\"{} -> sub\", managing_system=yes", child.start.name);
        let args = child.handle.as_ref().unwrap().hooks.filter("PD", &label).unwrap();
        args.args().bool("managing_system", false)
    };
    assert!(!filtered(0));
    assert!(filtered(1));
}

#[test]
fn the_report_says_what_was_asked_for() {
    let (mut e, _) = engine();
    let report = r#"<report requested="yes" provided="yes" session_args="yes" init_ram="yes" init_caps="yes"/>"#;
    apply(&mut e, &config(&format!("{report}{SERVER}<start name=\"app\"/>")));
    request(&e, "app", "S", "app -> \u{fffe}");
    let state = e.state();
    assert!(state.child("ram").is_some() && state.child("caps").is_some());
    let (srv, app) = (&state.children()[2], &state.children()[3]);
    let at_server = &srv.child("provided").unwrap().children()[0];
    assert_eq!(at_server.attr("label"), Some("app -> ?"), "an odd label is no reason for silence");
    assert_eq!((at_server.attr("state"), at_server.attr("name")), (Some("OK"), Some("S")));
    assert_eq!(at_server.child("args").unwrap().text(), Some("ram_quota=8K"));
    let requested = app.child("requested").unwrap();
    let names: Vec<_> = requested.children().iter().filter_map(|s| s.attr("name")).collect();
    assert_eq!(names, ["PD", "CPU", "LOG", "ROM", "S"]);
    assert_eq!(requested.children()[4].attr("server"), Some("srv"));
}

#[test]
fn a_report_asks_for_all_accounts_at_once() {
    let (mut e, journal) = engine();
    let start = |i| format!("<start name=\"app{i}\" ram=\"{}M\"/>", i + 1);
    let starts: String = (0..10).map(start).collect();
    apply(&mut e, &config(&format!("<report child_ram=\"yes\"/>{starts}")));
    e.children[7].handle.as_ref().unwrap().hooks.ended(End::Exited(0));
    e.process();
    journal.looks.set(0);
    let state = e.state();
    assert_eq!(journal.looks.get(), 1);
    for (i, child) in state.children().iter().enumerate() {
        let own = (i != 7).then(|| {
            let kept = super::account::KEPT.ram;
            RamQuota(((i as u64 + 1) << 20) - kept.0).to_string()
        });
        assert_eq!(child.child("ram").unwrap().attr("quota"), own.as_deref(), "app{i}");
    }
    apply(&mut e, &config(&format!("<report ids=\"yes\"/>{starts}")));
    journal.looks.set(0);
    assert_eq!((e.state().children().len(), journal.looks.get()), (10, 0), "not asked for");
}

#[test]
fn children_are_told_in_the_order_of_the_configuration() {
    let (mut e, _) = engine();
    for order in [["a", "b", "c"], ["c", "a", "b"], ["c", "d", "b"], ["b", "c", "d"]] {
        let starts = order.map(|n| format!("<start name=\"{n}\"/>")).concat();
        apply(&mut e, &config(&starts));
        let state = e.state();
        let told: Vec<_> = state.children().iter().filter_map(|c| c.attr("name")).collect();
        assert_eq!(told, order);
    }
}

#[test]
fn a_child_whose_routes_are_gone_stays_as_it_is_until_there_are_some() {
    let (mut e, journal) = engine();
    let app = |route: &str| format!("<start name=\"app\"><route>{route}</route></start>");
    let good = "<any-service><parent/></any-service>";
    apply(&mut e, &config(&format!("{}<start name=\"other\"/>", app(good))));
    apply(
        &mut e,
        &config(&format!(
            "{}<start name=\"other\"/>",
            app("<service name=\"X\"><parent/></service>")
        )),
    );
    journal.take();
    for _ in 0..2 {
        apply(&mut e, &config(&app("<service name=\"X\"><parent/></service>")));
        let done = journal.take();
        assert!(!done.iter().any(|l| l.starts_with("create")), "{done:?}");
        assert_eq!(e.state().children()[0].attr("state"), Some("incomplete"));
    }
    apply(&mut e, &config(&app(good)));
    assert_eq!(journal.take(), [""; 0], "its sessions are as they were");
    assert_eq!(e.state().children()[0].attr("state"), None);
}

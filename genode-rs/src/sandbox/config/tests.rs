use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::node::Syntax;

fn read(text: &str) -> (Config, Vec<String>) {
    let (config, found) = Config::read(&Node::parse(text.as_bytes()).unwrap());
    (config, found.iter().map(|d| format!("{:?}: {d}", d.severity)).collect())
}

const GOOD: &str = r#"<config verbose="yes" version="7">
  <parent-provides> <service name="ROM"/> <service name="LOG"/> </parent-provides>
  <default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>
  <default caps="100"/>
  <affinity-space width="4" height="2"/>
  <report child_ram="yes" delay_ms="0"/>
  <resource name="RAM" preserve="2M"/>
  <alias name="clock" child="timer"/>
  <start name="timer"> <resource name="RAM" quantum="1M"/> <provides> <service name="Timer"/> </provides> </start>
  <start name="app" caps="200" ram="3M" version="2">
    <binary name="rs_app"/> <affinity xpos="1" ypos="1" width="2" height="1"/>
    <route> <service name="Timer"> <child name="clock"/> </service> <any-service> <parent/> </any-service> </route>
    <config v="1"/> <heartbeat restart_after_skipped="3"/> <exit propagate="yes"/>
  </start>
</config>"#;

#[test]
fn reads_what_init_reads() {
    let (c, found) = read(GOOD);
    assert_eq!(found, Vec::<String>::new());
    assert!(c.verbose && c.version == "7" && c.parent_provides == ["ROM", "LOG"]);
    assert_eq!(c.preserve_ram, RamQuota::mib(2));
    assert_eq!(c.preserve_caps, CapQuota(20));
    let (timer, app) = (&c.starts[0], &c.starts[1]);
    assert_eq!((timer.ram, timer.caps), (RamQuota::mib(1), CapQuota(100)));
    assert_eq!((timer.binary.as_str(), &timer.provides[..]), ("timer", &["Timer".to_string()][..]));
    assert_eq!(timer.location, Location { x: 0, y: 0, width: 4, height: 2 });
    assert_eq!(
        (app.ram, app.caps, app.binary.as_str()),
        (RamQuota::mib(3), CapQuota(200), "rs_app")
    );
    assert_eq!(app.location, Location { x: 1, y: 1, width: 2, height: 1 });
    let watch = Heartbeat { restart_after_skipped: 3, start_ms: 10_000 };
    assert_eq!(app.heartbeat, Some(watch));
    assert!(app.exit_propagate && app.ld && app.route.is_some() && app.config.is_some());
    assert_eq!(c.deref_alias("clock"), "timer");
    assert!(c.report.is_some_and(|r| r.details == Details::CHILD_RAM));
}

/// What is said about each text holds its sentence.
fn all_told(rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        let (_, found) = read(text);
        assert!(found.iter().any(|f| f.contains(expected)), "{text}\n{found:?}");
    }
}

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    all_told(&[
        (
            "<config>\n <strat name=\"a\"/></config>",
            "Warning: config line 2, column 2: unknown node <strat>",
        ),
        (
            "<config>\n<start caps=\"1\" ram=\"1\"/></config>",
            "Error: config line 2, column 1: <start> without a name",
        ),
        (
            "<config><start name=\"a\" caps=\"1\"/></config>",
            "Error: config line 1, column 9: child 'a' has no RAM quota; add <resource name=\"RAM\"",
        ),
        ("<config><start name=\"a\" ram=\"1M\"/></config>", "child 'a' has no capability quota"),
        (
            "<config><start name=\"a\" ram=\"1x\" caps=\"5\"/></config>",
            "Error: config line 1, column 25: <start> has ram=\"1x\", expected a number of bytes",
        ),
    ]);
}

#[test]
fn unknown_names_are_told_with_what_may_be_meant() {
    all_told(&[
        (
            "<config><default-route><any-service><cild/></any-service></default-route></config>",
            "unknown target <cild>",
        ),
        ("<config><strat/></config>", "unknown node <strat>; did you mean 'start'?"),
        ("<config verbos=\"yes\"/>", "<config> has no attribute 'verbos'; did you mean 'verbose'?"),
        ("<config><report chidl_ram=\"yes\"/></config>", "did you mean 'child_ram'?"),
        (
            "<config><default caps=\"5\"/><start name=\"a\" ram=\"1M\" ld_verbose=\"yes\"/></config>",
            "<start> has no attribute 'ld_verbose'; expected name, caps,",
        ),
        (
            "<config><default caps=\"5\"/><start name=\"a\" ram=\"1M\"><binray name=\"x\"/></start></config>",
            "unknown node <binray>; did you mean 'binary'?",
        ),
        (
            "<config><start name=\"a\" caps=\"5\"><resource name=\"RAN\" quantum=\"1M\"/></start></config>",
            "child 'a': unknown resource 'RAN'; did you mean 'RAM'?",
        ),
        (
            "<config><start name=\"a\" caps=\"5\"><resource name=\"RAN\" quantum=\"1M\"/></start></config>",
            "child 'a' has no RAM quota; add <resource name=\"RAM\" quantum=\"1M\"/>",
        ),
        (
            "<config><start name=\"a\" ram=\"1M\" caps=\"5\"><resource quantum=\"1M\"/></start></config>",
            "<resource> without a name; add name=\"RAM\"",
        ),
    ]);
}

/// Misspelled names: in what they stand, with what around them, and which are meant.
const MISSPELLED: [(&str, &str, &str, &str); 33] = [
    ("config", "<config versoin=\"1\"/>", "versoin", "version"),
    ("config", "<config><default cpas=\"1\"/></config>", "cpas", "caps"),
    ("config", "<config><affinity-space witdh=\"1\"/></config>", "witdh", "width"),
    ("config", "<config><report idss=\"1\"/></config>", "idss", "ids"),
    ("config", "<config><heartbeat rate_sm=\"1\"/></config>", "rate_sm", "rate_ms"),
    ("config", "<config><resource nmae=\"RAM\"/></config>", "nmae", "name"),
    ("config", "<config><resource name=\"RAM\" presreve=\"1\"/></config>", "presreve", "preserve"),
    ("config", "<config><alias nmae=\"a\" child=\"b\"/></config>", "nmae", "name"),
    ("config", "<config><alias name=\"a\" cihld=\"b\"/></config>", "cihld", "child"),
    ("config", "<config><start nmae=\"a\"/></config>", "nmae", "name"),
    (
        "config",
        "<config><parent-provides><service nmae=\"X\"/></parent-provides></config>",
        "nmae",
        "name",
    ),
    (
        "config",
        "<config><parent-provides><sevice name=\"X\"/></parent-provides></config>",
        "<sevice>",
        "service",
    ),
    ("config", "<config><service nmae=\"X\"/></config>", "nmae", "name"),
    ("start", "<provides><service nmae=\"X\"/></provides>", "nmae", "name"),
    ("start", "<provides><srevice name=\"X\"/></provides>", "<srevice>", "service"),
    ("start", "<binary nmae=\"X\"/>", "nmae", "name"),
    ("start", "<resource name=\"RAM\" quantm=\"1M\"/>", "quantm", "quantum"),
    ("start", "<affinity xpso=\"1\"/>", "xpso", "xpos"),
    ("start", "<heartbeat satrt_ms=\"1\"/>", "satrt_ms", "start_ms"),
    ("start", "<exit propagat=\"1\"/>", "propagat", "propagate"),
    ("route", "<service nmae=\"X\"><parent/></service>", "nmae", "name"),
    (
        "route",
        "<service name=\"X\" label_lsat=\"x\"><parent/></service>",
        "label_lsat",
        "label_last",
    ),
    ("route", "<any-service labl=\"x\"><parent/></any-service>", "labl", "label"),
    ("route", "<any-srevice><parent/></any-srevice>", "<any-srevice>", "any-service"),
    ("route", "<any-service><child nmae=\"a\"/></any-service>", "nmae", "name"),
    ("route", "<any-service><cihld name=\"a\"/></any-service>", "<cihld>", "child"),
    ("route", "<any-service><parent lable=\"a\"/></any-service>", "lable", "label"),
    ("route", "<any-service><any-child identiyt=\"a\"/></any-service>", "identiyt", "identity"),
    ("route", "<any-service><local resuorce=\"a\"/></any-service>", "resuorce", "resource"),
    ("service", "<plicy label=\"x\"><child name=\"a\"/></plicy>", "<plicy>", "policy"),
    ("service", "<policy labl=\"x\"><child name=\"a\"/></policy>", "labl", "label"),
    ("policy", "<child nmae=\"a\"/>", "nmae", "name"),
    ("policy", "<cihld name=\"a\"/>", "<cihld>", "child"),
];

/// A configuration with something inside of its start node, a route there, and so on.
fn around(what: &str, inner: &str) -> String {
    let start = "<start name=\"a\" ram=\"1M\" caps=\"5\"";
    match what {
        "start" => format!("<config>{start}>{inner}</start></config>"),
        "route" => around("start", &format!("<route>{inner}</route>")),
        "service" => {
            format!("<config><service name=\"X\">{inner}</service>{start}/></config>")
        }
        "policy" => around("service", &format!("<policy label=\"x\">{inner}</policy>")),
        _ => inner.to_string(),
    }
}

/// Wherever a name is misspelled that is read, it is told with the one that is meant; what the
/// element lacks by that is told, too.
#[test]
fn misspelled_names_are_told_in_each_element() {
    for (what, inner, wrong, right) in MISSPELLED {
        let text = around(what, inner);
        let (_, found) = read(&text);
        let meant = format!("did you mean '{right}'?");
        let told = |f: &String| f.contains(wrong) && f.ends_with(&meant);
        assert!(found.iter().any(told), "{text}\n{found:?}");
    }
    all_told(&[
        (&around("start", "<route name=\"x\"/>"), "<route> has no attribute 'name'; it takes none"),
        (&around("policy", "<child nmae=\"a\"/>"), "<service> expects <policy"),
        (
            &around("route", "<service nmae=\"X\"><parent/></service>"),
            "<service> without a name is skipped",
        ),
    ]);
}

#[test]
fn what_is_in_an_element_that_takes_none_is_told() {
    let leaves = ["binary", "resource", "affinity", "heartbeat", "exit"];
    let in_start = leaves.map(|leaf| around("start", &format!("<{leaf}><inptu/></{leaf}>")));
    let targets = ["child", "parent", "local", "any-child"].map(|leaf| {
        let target = format!("<any-service><{leaf}><inptu/></{leaf}></any-service>");
        around("route", &target)
    });
    let of_config = ["default", "affinity-space", "heartbeat", "alias", "resource", "report"]
        .map(|leaf| format!("<config><{leaf}><inptu/></{leaf}></config>"));
    let services = [
        around("start", "<provides><service name=\"X\"><inptu/></service></provides>"),
        around("policy", "<child name=\"a\"><inptu/></child>"),
    ];
    for text in in_start.iter().chain(&targets).chain(&of_config).chain(&services) {
        let (_, found) = read(text);
        let told = found.iter().filter(|f| f.contains("<inptu> in <")).count();
        assert_eq!(told, 1, "{text}\n{found:?}");
    }
}

#[test]
fn what_cannot_be_as_configured_is_told() {
    all_told(&[
        (
            "<config><default caps=\"5\"/><start name=\"a\" ram=\"1M\"/><start name=\"a\" ram=\"1M\"/></config>",
            "child 'a' is skipped: the name is taken",
        ),
        (
            "<config><start name=\"a\" ram=\"1M\" caps=\"5\"><route><service><parent/></service></route></start></config>",
            "<service> without a name is skipped",
        ),
        (
            "<config><default-route><any-service/></default-route></config>",
            "rule without target denies",
        ),
        (
            "<config><default-route><any-service><child name=\"x\"/></any-service></default-route></config>",
            "route to unknown child 'x'",
        ),
        (
            "<config><default caps=\"5\"/><start name=\"a\" ram=\"1M\"><affinity xpos=\"9\"/></start></config>",
            "exceeds the 1x1 affinity space",
        ),
        ("<config prio_levels=\"3\"/>", "prio levels is not power of two"),
        (
            "<config><default caps=\"5\"/><alias name=\"a\" child=\"b\"/><start name=\"a\" ram=\"1M\"/></config>",
            "alias 'a' has the name of a child",
        ),
        (
            "<config prio_levels=\"4\"><default caps=\"5\"/><start name=\"a\" ram=\"1M\" priority=\"-9\"/></config>",
            "a: invalid priority, upgrading from -9 to -3",
        ),
        (
            "<config><default caps=\"5\"/><start name=\"a\" ram=\"1M\"><affinity xpos=\"0\"/></start></config>",
            "Warning: affinity-space configuration missing, but affinity defined for child a",
        ),
        (
            "<config><start name=\"a -> b\" ram=\"1M\" caps=\"5\"/></config>",
            "child 'a -> b' is skipped",
        ),
    ]);
}

#[test]
fn hid_reads_the_same() {
    let node = Node::parse(GOOD.as_bytes()).unwrap();
    let hid = node.write(crate::node::Syntax::Hid).unwrap();
    let (a, b) = (Config::read(&node).0, Config::read(&Node::parse(hid.as_bytes()).unwrap()).0);
    assert_eq!(a.starts.len(), b.starts.len());
    assert_eq!(a.default_route.map(|_| ()), b.default_route.map(|_| ()));
    assert_eq!(a.starts[1].node, b.starts[1].node);
}

proptest! {
    #[test]
    fn any_configuration_is_read(parts in prop::collection::vec(prop_oneof![
        Just("<start name=\"a\" ram=\"1M\">"), Just("</start>"), Just("<start/>"), Just("<route>"), Just("</route>"),
        Just("<service name=\"X\">"), Just("</service>"), Just("<child name=\"a\"/>"), Just("<any-child/>"),
        Just("<resource name=\"RAM\" quantum=\"-1\"/>"), Just("<affinity xpos=\"-9\" width=\"4294967295\"/>"),
        Just("<affinity-space width=\"4294967295\" height=\"4294967295\"/>"), Just("<default caps=\"\"/>"),
        Just("<report/>"), Just("<alias name=\"a\" child=\"a\"/>"), Just("<heartbeat/>")], 0..12)
    ) {
        if let Ok(node) = Node::parse(format!("<config>{}</config>", parts.concat()).as_bytes()) {
            let (config, found) = Config::read(&node);
            prop_assert!(config.starts.len() <= 12);
            prop_assert!(found.iter().all(|d| d.pos.line <= 1));
        }
    }
}

#[test]
fn start_nodes_that_did_not_change_are_taken_over() {
    let text = |default: &str, starts: &str| {
        Node::parse(format!("<config><default {default}/>\n{starts}</config>").as_bytes()).unwrap()
    };
    let (a, b, odd) = (
        "<start name=\"a\"><config v=\"1\"/></start>\n",
        "<start name=\"b\"/>\n",
        "<start name=\"c\" odd=\"1\"/>\n",
    );
    let default = "ram=\"1M\" caps=\"100\"";
    let (before, told) = Config::read(&text(default, &[a, b, odd].concat()));
    assert_eq!(told.len(), 1);
    let again = |text: &Node| {
        let (after, told) = Config::read_after(text, &before);
        let same = after.starts.iter().zip(&before.starts).map(|(a, b)| Rc::ptr_eq(a, b)).collect();
        (same, told.len())
    };
    let taken = |kept: [bool; 3], told| (kept.to_vec(), told);
    let same = text(default, &[a, b, odd].concat());
    assert_eq!(again(&same), taken([true, true, false], 1), "what is odd is told again");
    let changed = text(default, &[&a.replace('1', "2"), b, odd].concat());
    assert_eq!(again(&changed), taken([false, true, false], 1));
    let moved = text(default, &["\n", a, b, odd].concat());
    assert_eq!(again(&moved), taken([false; 3], 1), "messages name lines");
    let richer = text("ram=\"2M\" caps=\"100\"", &[a, b, odd].concat());
    assert_eq!(again(&richer), taken([false; 3], 1));
    let (after, _) = Config::read_after(&richer, &before);
    assert_eq!(after.starts[0].ram, RamQuota::mib(2));
    // what start nodes mean depends on these as well
    let spaced = text(&format!("{default}/><affinity-space width=\"2\""), &[a, b, odd].concat());
    assert_eq!(again(&spaced), taken([false; 3], 1));
    let levels =
        same.write(Syntax::Xml).unwrap().replacen("<config", "<config prio_levels=\"2\"", 1);
    let levels = Node::parse(levels.as_bytes()).unwrap();
    let plain = Node::parse(same.write(Syntax::Xml).unwrap().as_bytes()).unwrap();
    let (before, _) = Config::read(&plain);
    let shared =
        |node: &Node| Rc::ptr_eq(&Config::read_after(node, &before).0.starts[0], &before.starts[0]);
    assert!(shared(&plain) && !shared(&levels));
}

#[test]
fn a_start_node_is_taken_over_beside_one_that_came_or_went() {
    let after = |starts: &str, before: &Config| {
        let text = format!("<config><default ram=\"1M\" caps=\"100\"/>\n{starts}</config>");
        Config::read_after(&Node::parse(text.as_bytes()).unwrap(), before).0
    };
    let (a, b, c) = ("<start name=\"a\"/>\n", "<start name=\"b\"/>\n", "<start name=\"c\"/>\n");
    let before = after(&[a, b, c].concat(), &Config::default());
    let went = after(&["\n", b, c].concat(), &before);
    assert!(Rc::ptr_eq(&went.starts[0], &before.starts[1]));
    assert!(Rc::ptr_eq(&went.starts[1], &before.starts[2]));
    let came = after(&[a, b, c].concat(), &went);
    assert!(Rc::ptr_eq(&came.starts[1], &before.starts[1]));
    assert_eq!(came.starts[0].name, "a");
    // twice the same name is an error, not a child more
    let twice = after(&[a, a, c].concat(), &before);
    assert_eq!(twice.starts.iter().map(|s| &*s.name).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn names_of_children_have_a_limit() {
    for (length, children) in [(63, 1), (64, 0)] {
        let name = "n".repeat(length);
        let (config, told) =
            read(&format!("<config><start name=\"{name}\" ram=\"1M\" caps=\"100\"/></config>"));
        assert_eq!((config.starts.len(), told.len()), (children, 1 - children), "{told:?}");
    }
}

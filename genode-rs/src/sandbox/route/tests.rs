use proptest::prelude::*;

use super::*;
use crate::sandbox::{config::Config, table::Table};

fn config(rules: &str, rest: &str) -> Config {
    let text = format!(
        r#"<config><parent-provides><service name="ROM"/><service name="LOG"/></parent-provides>
           <default caps="9" ram="1M"/><alias name="store" child="fs"/>
           <default-route>{rules}</default-route>
           <start name="app"/><start name="fs"><provides><service name="ROM"/><service name="File_system"/></provides></start>
           {rest}</config>"#
    );
    Config::read(&Node::parse(text.as_bytes()).unwrap()).0
}

fn go(c: &Config, service: &str, label: &str) -> Result<(To, String), String> {
    let mut before = Table::default();
    before.serve("Shell");
    let table = Table::of(c, &before);
    let start = &c.starts[0];
    table
        .route(table.entry(&start.name).unwrap(), service, label)
        .map(|r| (r.to, r.label.as_str().to_string()))
        .map_err(|d| Explained(Query { child: &start.name, service, label }, &d).to_string())
}

#[allow(clippy::unnecessary_wraps, reason = "reads as what `go` returns")]
fn child(name: &str, label: &str) -> Result<(To, String), String> {
    Ok((To::Child(name.to_string()), label.to_string()))
}

#[allow(clippy::unnecessary_wraps, reason = "as above")]
fn parent(label: &str) -> Result<(To, String), String> {
    Ok((To::Parent, label.to_string()))
}

#[test]
fn the_first_matching_rule_decides() {
    let c = config(
        r#"<service name="ROM" label="a"><child name="fs"/></service>
           <service name="ROM" label_prefix="dir -> "><child name="store" label="b"/></service>
           <service name="ROM" label_suffix=".txt"><child name="fs"/></service>
           <service name="ROM" label_last="last"><child name="fs" resource="x"/></service>
           <service name="ROM" unscoped_label="app"><child name="fs"/></service>
           <any-service><parent/><any-child/></any-service>"#,
        "",
    );
    assert_eq!(go(&c, "ROM", "app -> a"), child("fs", "app -> a"));
    assert_eq!(go(&c, "ROM", "app -> dir -> f"), child("fs", "b"));
    assert_eq!(go(&c, "ROM", "app -> readme.txt"), child("fs", "app -> readme.txt"));
    assert_eq!(go(&c, "ROM", "app -> q -> last"), child("fs", "app -> q -> x"));
    assert_eq!(go(&c, "ROM", "app"), child("fs", "app"), "the program itself");
    assert_eq!(go(&c, "ROM", "app -> other"), parent("app -> other"));
    assert_eq!(go(&c, "File_system", "app -> "), child("fs", "app -> "));
    assert_eq!(go(&c, "LOG", "app"), parent("app"), "environment sessions have bare labels");
}

#[test]
fn a_named_service_is_final_a_wildcard_is_not() {
    let c = config(
        r#"<any-service><any-child/></any-service><service name="Nic"><parent/></service><any-service><local/></any-service>"#,
        "",
    );
    assert_eq!(
        go(&c, "LOG", "app -> ").unwrap_err().split("; ").next(),
        Some(
            "app: no route to service \"LOG\" (label=\"app -> \"): the rule at line 3, column 105 leads to a local service that does not exist"
        )
    );
    assert_eq!(go(&c, "Shell", "app -> x"), Ok((To::Local, "app -> x".to_string())));
    let denied = go(&c, "Nic", "app -> ").unwrap_err();
    assert!(
        denied.ends_with("leads to the parent; add <service name=\"Nic\"/> to <parent-provides>"),
        "{denied}"
    );
}

#[test]
fn labels_are_rewritten() {
    for (target, label, expected) in [
        (r#"label="fixed""#, "app -> a -> b", "fixed"),
        (r#"identity="who""#, "app -> a -> b", "who -> b"),
        (r#"resource="what""#, "app -> a -> b", "app -> a -> what"),
        (r#"prepend_resource="/dir/""#, "app -> b", "app -> /dir/b"),
        (r#"identity="" prepend_resource="p-""#, "app -> b", "p-b"),
        (r#"identity="i" resource="r" prepend_resource="p""#, "app", "i -> pr"),
        ("", "app -> ", "app -> "),
    ] {
        let c = config(&format!("<any-service><parent {target}/></any-service>"), "");
        assert_eq!(go(&c, "ROM", label), parent(expected), "{target}");
    }
    let long = "x".repeat(150);
    let c =
        config(&format!("<any-service><parent prepend_resource=\"{long}\"/></any-service>"), "");
    let denied = go(&c, "ROM", "app -> resource").unwrap_err();
    assert!(denied.contains("exceeds 159 characters"), "{denied}");
}

#[test]
fn denials_say_what_to_do() {
    let two = r#"<start name="fs2"><provides><service name="ROM"/></provides></start>"#;
    for (rules, rest, service, expected) in [
        (
            "<service name=\"ROM\"><parent/></service>",
            "",
            "Gpu",
            "no rule matches; add <service name=\"Gpu\">",
        ),
        ("<any-service><child name=\"gone\"/></any-service>", "", "ROM", "unknown child \"gone\""),
        (
            "<any-service><child name=\"fs\"/></any-service>",
            "",
            "Gpu",
            "leads to \"fs\"; add <provides><service name=\"Gpu\"/>",
        ),
        ("<any-service><any-child/></any-service>", two, "ROM", "several children"),
        ("<any-service><any-child/></any-service>", "", "Gpu", "finds no child"),
        ("<any-service></any-service>", "", "ROM", "has no target"),
    ] {
        let denied = go(&config(rules, rest), service, "app -> x").unwrap_err();
        assert!(denied.starts_with(&format!(
            "app: no route to service \"{service}\" (label=\"app -> x\"): "
        )));
        assert!(denied.contains(expected), "{denied}");
    }
}

#[test]
fn another_childs_name_does_not_help() {
    // "app2" must not profit from rules for labels of "app"
    let c = config("<service name=\"ROM\" label=\"a\"><parent/></service>", "");
    assert!(go(&c, "ROM", "app2 -> a").is_err());
    assert!(go(&c, "ROM", "a").is_err(), "a bare label is none that the child gave");
}

#[test]
fn the_inline_config_comes_first() {
    let text = r#"<config><parent-provides><service name="ROM"/></parent-provides>
        <default-route><any-service><parent/></any-service></default-route>
        <start name="app" ram="1M" caps="9" ld="no"><binary name="prog"/><config/></start></config>"#;
    let (c, _) = Config::read(&Node::parse(text.as_bytes()).unwrap());
    assert_eq!(go(&c, "ROM", "app -> config"), Ok((To::Config, "app -> config".to_string())));
    assert_eq!(
        go(&c, "ROM", "app -> sub -> config"),
        Ok((To::Config, "app -> sub -> config".to_string()))
    );
    assert_eq!(go(&c, "ROM", "app"), parent("prog"));
    assert_eq!(
        go(&c, "ROM", "ld.lib.so"),
        parent("prog"),
        "without the dynamic linker the program takes its place"
    );
    assert_eq!(go(&c, "ROM", "prog"), parent("prog"));
}

proptest! {
    /// A label that reaches a server through plain routes keeps what the child gave, and nothing that the child
    /// gives makes it look like another child's.
    #[test]
    fn the_child_cannot_choose_its_identity(given in "[a-z> \\-]{0,60}") {
        let c = config("<any-service><parent/></any-service>", "");
        let label = Label::prefixed("app", &given).unwrap();
        let (_, seen) = go(&c, "ROM", label.as_str()).unwrap();
        prop_assert_eq!(seen, label.as_str());
    }

    #[test]
    fn any_query_is_answered(service in "[A-Za-z_]{0,8}", label in "[ -~]{0,80}", rule in 0usize..5) {
        let rules = [
            "<service name=\"ROM\" label_prefix=\"a\"><child name=\"fs\" identity=\"\"/></service>",
            "<any-service label_suffix=\"z\"><any-child/><parent/></any-service>",
            "<any-service unscoped_label=\"\"><parent/></any-service>",
            "<any-service label_last=\"x\"><parent prepend_resource=\" -> \"/></any-service>",
            "",
        ];
        let c = config(rules[rule], "");
        if let Err(text) = go(&c, &service, &label) {
            prop_assert!(text.starts_with("app: no route to service"));
        }
    }
}

use alloc::string::ToString;

use proptest::prelude::*;

use super::*;

fn config(xml: &str) -> Node {
    Node::parse(xml.as_bytes()).unwrap()
}

fn chosen(config: &Node, label: &str) -> Option<alloc::string::String> {
    policy(config, label).map(|p| p.attr("id").unwrap_or("?").to_string())
}

#[test]
fn the_best_policy_wins() {
    let c = config(
        r#"<config>
             <policy id="none"/>
             <policy id="suffix" label_suffix="left"/>
             <policy id="short" label_prefix="vbox"/>
             <policy id="long" label_prefix="vbox -> vm"/>
             <policy id="both" label_prefix="vbox -> vm" label_suffix="left"/>
             <policy id="exact" label="vbox -> vm -> left"/>
             <policy id="later" label="vbox -> vm -> left" label_prefix="vbox"/>
             <default-policy id="default"/>
           </config>"#,
    );
    for (label, expected) in [
        ("vbox -> vm -> left", "exact"),
        ("vbox -> vm -> a -> left", "both"),
        ("vbox -> vm -> right", "long"),
        ("vbox -> x", "short"),
        ("other -> left", "suffix"),
        ("other", "default"),
    ] {
        assert_eq!(chosen(&c, label).as_deref(), Some(expected), "{label}");
    }
}

#[test]
fn no_policy_without_default() {
    let c =
        config(r#"<config><policy id="a" label="x"/><policy id="b" label_prefix=""/></config>"#);
    assert_eq!(chosen(&c, "y").as_deref(), Some("b"), "an empty prefix matches everything");
    let c = config(r#"<config><policy id="a" label="x"/><policy/></config>"#);
    assert_eq!(chosen(&c, "y"), None, "a policy without label attribute selects nothing");
}

#[test]
fn a_conflicting_attribute_rules_a_policy_out() {
    let c = config(r#"<config><policy id="a" label_prefix="x" label_suffix="z"/></config>"#);
    assert_eq!(chosen(&c, "x -> y"), None);
    assert_eq!(chosen(&c, "x -> z").as_deref(), Some("a"));
}

proptest! {
    #[test]
    fn parts_make_up_the_label(name in "[a-z]{1,8}", label in "[a-z> -]{0,40}") {
        let full = Label::prefixed(&name, &label).unwrap();
        prop_assert_eq!(scoped(full.as_str(), &name), Some(label.as_str()));
        prop_assert!(full.as_str().starts_with(full.prefix()));
        prop_assert!(full.as_str().ends_with(full.last_element()));
    }

    #[test]
    fn an_exact_policy_is_always_found(label in "[a-z]([a-z> -]{0,40}[a-z])?") {
        let mut policy_node = Node::new("policy");
        policy_node.set_attr("label", &label);
        let mut c = Node::new("config");
        c.push(Node::new("policy")).push(policy_node);
        prop_assert_eq!(policy(&c, &label).and_then(|p| p.attr("label")), Some(label.as_str()));
    }
}

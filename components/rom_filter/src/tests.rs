//! The filter against configurations as Genode documents them.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use genode::node::{Node, Syntax};

use super::*;

fn node(text: &str) -> Node {
    Node::parse(text.as_bytes()).unwrap()
}

fn modules(of: &[(&str, &str)]) -> BTreeMap<String, Node> {
    of.iter().map(|(name, text)| (name.to_string(), node(text))).collect()
}

/// The output, and what was missing.
fn made(config: &str, of: &[(&str, &str)]) -> (Node, Vec<String>) {
    let mut told = Vec::new();
    let config = node(config);
    let output = generate(&config, &modules(of), &mut |unknown| told.push(unknown.to_string()));
    (output.unwrap(), told)
}

fn same(output: &Node, expected: &str) {
    let text = |node: &Node| node.write(Syntax::Xml).unwrap();
    assert_eq!(text(output), text(&node(expected)));
}

const SWITCH: &str = r#"<config>
    <input name="on" rom="xray" node="xray"> <attribute name="enabled"/> </input>
    <input name="color" rom="xray" node="xray" default="transparent">
        <node type="style"> <attribute name="color"/> </node>
    </input>
    <input name="why" rom="xray" node="xray">
        <node type="details">
            <node type="message" attribute="reason" value="no access"> <attribute name="text"/> </node>
        </node>
    </input>
    <output node="config">
        <attribute name="message" input="why"/>
        <attribute name="color" input="color"/>
        <if>
            <has_value input="on" value="yes"/>
            <then> <inline> <on/> </inline> </then>
            <else> <inline> <off/> <fallback/> </inline> </else>
        </if>
    </output>
</config>"#;

#[test]
fn without_content_there_are_defaults_and_else() {
    let (output, told) = made(SWITCH, &[]);
    same(&output, r#"<config color="transparent"> <off/> <fallback/> </config>"#);
    let of = |name| alloc::format!("input \"{name}\" has no value and no default");
    assert_eq!(told, [of("why"), of("on")]);
}

#[test]
fn values_are_found_along_their_path() {
    let xray =
        r#"<xray enabled="yes"> <other/> <style color="yellow"/> <style color="red"/> </xray>"#;
    let (output, told) = made(SWITCH, &[("xray", xray)]);
    same(&output, r#"<config color="yellow"> <on/> </config>"#);
    assert_eq!(told.len(), 1);
}

#[test]
fn a_step_selects_by_an_attributes_value() {
    let xray = r#"<xray> <details> <message reason="error" text="wrong"/>
        <message reason="no access" text="system locked"/> </details> </xray>"#;
    let (output, _) = made(SWITCH, &[("xray", xray)]);
    same(
        &output,
        r#"<config message="system locked" color="transparent"> <off/> <fallback/> </config>"#,
    );
}

#[test]
fn content_of_another_type_counts_as_none() {
    let (output, _) = made(SWITCH, &[("xray", r#"<yarx enabled="yes"/>"#)]);
    same(&output, r#"<config color="transparent"> <off/> <fallback/> </config>"#);
    let (output, _) = made(SWITCH, &[("on", r#"<xray enabled="yes"/>"#)]);
    same(&output, r#"<config color="transparent"> <off/> <fallback/> </config>"#);
}

#[test]
fn an_input_is_its_own_module_and_node_where_nothing_else_is_said() {
    let config = r#"<config> <input name="level"> <attribute name="value"/> </input>
        <output node="out"> <attribute name="n" input="level"/> <attribute name="m" value="2"/> </output> </config>"#;
    same(&made(config, &[("level", r#"<level value="1"/>"#)]).0, r#"<out n="1" m="2"/>"#);
}

#[test]
fn the_last_of_equal_names_counts() {
    let config = r#"<config>
        <input name="a" node="x" rom="x"> <attribute name="one"/> </input>
        <input name="a" node="x" rom="x"> <attribute name="two"/> </input>
        <output node="out"> <attribute name="n" input="a"/> </output> </config>"#;
    same(&made(config, &[("x", r#"<x one="1" two="2"/>"#)]).0, r#"<out n="2"/>"#);
}

#[test]
fn only_an_attribute_with_a_value_is_compared() {
    let config = |step: &str| {
        alloc::format!(
            r#"<config> <input name="x"> <node type="s" {step}> <attribute name="v"/> </node> </input>
            <output node="out"> <attribute name="n" input="x"/> </output> </config>"#
        )
    };
    let x = ("x", r#"<x> <s a="1" v="first"/> <s a="2" v="second"/> </x>"#);
    let value = |step| made(&config(step), &[x]).0.attr("n").map(str::to_string);
    assert_eq!(value(r#"attribute="a" value="2""#).as_deref(), Some("second"));
    assert_eq!(value(r#"attribute="a" value="3""#), None);
    for step in [r#"attribute="a""#, r#"value="2""#, r#"attribute="a" value="""#, ""] {
        assert_eq!(value(step).as_deref(), Some("first"), "{step}");
    }
}

#[test]
fn whole_inputs_are_copied() {
    let config = r#"<config> <input name="state" rom="a"/>
        <output node="out">
            <node type="sub"> <input name="state"/> </node>
            <input name="a" skip_toplevel="yes"/>
        </output> </config>"#;
    let (output, told) = made(config, &[("a", r#"<top x="1"> <one/> <two y="2"/> </top>"#)]);
    same(
        &output,
        r#"<out> <sub> <top x="1"> <one/> <two y="2"/> </top> </sub> <one/> <two y="2"/> </out>"#,
    );
    assert!(told.is_empty());
    let (output, told) = made(config, &[]);
    same(&output, r"<out> <sub/> </out>");
    assert_eq!(told.len(), 2);
}

#[test]
fn the_input_named_so_comes_before_the_module_named_so() {
    let config = r#"<config> <input name="b" rom="a"/> <input name="a" rom="b"/>
        <output node="out"> <input name="a"/> </output> </config>"#;
    same(&made(config, &[("a", "<in_a/>"), ("b", "<in_b/>")]).0, "<out> <in_b/> </out>");
}

#[test]
fn text_is_copied() {
    let config = r#"<config> <output node="out"> <inline>a text</inline> </output> </config>"#;
    same(&made(config, &[]).0, "<out>a text</out>");
}

#[test]
fn what_cannot_be_done_is_told_with_its_place() {
    let config = "<config> <output node=\"out\">\n<node/>\n<attribute/>\n<input/>\n<if/>\n<iff/>\n</output> </config>";
    let (output, told) = made(config, &[]);
    same(&output, "<out/>");
    let at = |line, what| alloc::format!("line {line}, column 1: {what}");
    assert_eq!(
        told,
        [
            at(2, r#"<node> needs the attribute "type""#),
            at(3, r#"<attribute> needs the attribute "name""#),
            at(4, r#"<input> needs the attribute "name""#),
            at(5, r#"<if> needs <has_value input=".." value=".."/>"#),
            at(6, "<iff> is not <if>, <attribute>, <node>, <inline>, or <input>"),
        ]
    );
    for config in
        ["<config/>", "<config> <output/> </config>", r#"<config> <output node=""/> </config>"#]
    {
        assert_eq!(generate(&node(config), &modules(&[]), &mut |_| {}), Err(NoOutput));
    }
}

#[test]
fn modules_of_all_inputs_are_named() {
    let config = node(r#"<config> <input name="a"/> <input name="b" rom="c"/> <input/> </config>"#);
    assert_eq!(roms(&config).collect::<Vec<_>>(), ["a", "c"]);
}

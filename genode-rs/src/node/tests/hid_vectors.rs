//! HID in the ways its specification describes (Genode 26.02, commit ffb059da, `doc/hid.txt`, and what its
//! `repos/base/src/test/hid` expects), in examples of our own.

use super::*;

fn hid(text: &str) -> Node {
    Node::parse(text.as_bytes()).unwrap()
}

fn same(a: &str, xml_text: &str) {
    assert_eq!(hid(a), xml(xml_text), "{a}");
}

#[test]
fn minimal() {
    same("config\n-", "<config/>");
    same("config\n-\nanything \u{1} after the end", "<config/>");
    same("\n  config\n-\n", "<config/>");
}

#[test]
fn names_and_attributes() {
    same(
        "config\n  verbose: yes\n      arch: x86_64\n-",
        r#"<config verbose="yes" arch="x86_64"/>"#,
    );
    same("config | verbose: yes | arch: x86_64\n-", r#"<config verbose="yes" arch="x86_64"/>"#);
    same("config verbose: yes\n-", r#"<config verbose="yes"/>"#);
    same("config main one\n-", r#"<config name="main one"/>"#);
    same("config | a:  padded value   | b:x|c: y\n-", r#"<config a="padded value" b="x" c="y"/>"#);
    same("config | a: 1 | a: 2\n-", r#"<config a="1"/>"#);
    same("config | label: a -> b | url: http://x\n-", r#"<config label="a -> b" url="http://x"/>"#);
    same("config | empty:\n-", r#"<config empty=""/>"#);
}

#[test]
fn names_with_colons() {
    same(
        "a\n+ dev x:y\n+ dev | name: x: y\n+ dev | name: :\n-",
        r#"<a><dev name="x:y"/><dev name="x: y"/><dev name=":"/></a>"#,
    );
}

#[test]
fn nesting_follows_indentation() {
    let xml_text =
        r#"<r><s name="ROM" label="rec"><c name="a"/></s><s name="Gui"><c name="b"/></s><p/></r>"#;
    same("r\n+ s ROM\n  label: rec\n  + c a\n+ s Gui\n  + c b\n+ p\n-", xml_text);
    same("r\n+ s ROM | label: rec | + c a\n+ s Gui              | + c b\n+ p\n-", xml_text);
    same("r\n| + s ROM | label: rec | + c a\n|\n| + s Gui | + c b\n| + p\n-", xml_text);
    // siblings may be indented less than the first, as long as they stay within the parent
    same("r\n+ s\n      + a\n    + b\n     + c\n-", "<r><s><a/><b><c/></b></s></r>");
    // the column in the line counts, also behind a bar
    same("r\n  + s | + a\n        + b\n-", "<r><s><a/><b/></s></r>");
}

#[test]
fn attributes_end_where_content_begins() {
    same("r\n+ a\n  + b\n  k: v\n-", r#"<r><a><b k="v"/></a></r>"#);
    same("r\n: text\nk: v\n-", "<r>text</r>");
    same("r\n. comment | k: no\nk: v\n-", r#"<r k="v"/>"#);
}

#[test]
fn comments_and_disabled_nodes() {
    same(
        "r | k: v | . said + so: a | b\n.\n. tab \t ok\n+ on | + in\nx off | ram: 1G\n  + in\n  : t\n+ on\n-",
        r#"<r k="v"><on><in/></on><on/></r>"#,
    );
}

#[test]
fn text() {
    same("r\n: one\n:  two | three\n:\n: tab\tend \n-", "<r>one\n two | three\n\ntab\tend </r>");
    same("r\n+ env PATH | : /bin:/x | y\n-", "<r><env name=\"PATH\">/bin:/x | y</env></r>");
    assert_eq!(hid("r\n+ a\n: lost\n+ b\n-").children().len(), 2);
    assert_eq!(hid("r\n: x\n+ b\n-").text(), None, "no text beside sub nodes");
}

#[test]
fn line_endings() {
    same("r | k: v\r\n+ a\r\n-", r#"<r k="v"><a/></r>"#);
}

#[test]
fn malformed() {
    use ParseErrorKind as K;
    for (text, expected) in [
        ("config", (1, 1, K::NoEnd)),
        ("config\n+ a\n", (3, 1, K::NoEnd)),
        ("Config\n-", (1, 1, K::NoType)),
        ("config\tx: 1\n-", (1, 7, K::Control)),
        ("config x:\t2\n-", (1, 10, K::Control)),
        ("config\n\tx: 3\n-", (2, 1, K::Control)),
        ("config\n\r  x: 4\n-", (2, 1, K::Control)),
        ("config\n  x:\r 5\n-", (2, 5, K::Control)),
        ("config\n  x: \u{1b}5\n-", (2, 6, K::Control)),
    ] {
        assert_eq!(error(text), expected, "{text:?}");
    }
}

#[test]
fn every_truncation_is_noticed() {
    let whole = "launcher pkg: a/b | priority: 0\n+ config x: 1\n  . c\n  + mix left\n  | + play label_suffix: -> left\n    : t\n-";
    for n in 1..whole.len() {
        assert!(Node::parse(&whole.as_bytes()[..n]).is_err(), "{n}");
    }
    assert!(Node::parse(whole.as_bytes()).is_ok());
}

#[test]
fn meaningless_lines_are_skipped() {
    same("r\nsecond\n+\n++ a\nk v\n: t\n-", "<r>t</r>");
    let odd = hid("r\n+ Upper | + in\n-");
    assert_eq!(odd.child("invalid").unwrap().children().len(), 1, "what is nested stays nested");
}

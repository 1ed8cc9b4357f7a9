use alloc::vec::Vec;
use alloc::{format, string::ToString, vec};

use proptest::prelude::*;

use super::*;
use crate::quota::RamQuota;

mod hid_vectors;

fn xml(text: &str) -> Node {
    Node::parse(text.as_bytes()).unwrap()
}

fn error(text: &str) -> (u32, u32, ParseErrorKind) {
    let e = Node::parse(text.as_bytes()).unwrap_err();
    (e.pos.line, e.pos.column, e.kind)
}

#[test]
fn reads_xml() {
    let n = xml(
        "\n<config verbose=\"yes\">\n  <!-- c --><start name='a' ram=\"8M\"/>\n\t<args>x &lt; y</args>\n</config>\n\0\0junk",
    );
    assert!(n.has_tag("config") && n.attr_or("verbose", false));
    let start = n.child("start").unwrap();
    assert_eq!(start.attr_checked("ram"), Ok(Some(RamQuota::mib(8))));
    assert_eq!((start.pos().line, start.pos().column), (3, 13));
    assert_eq!(n.child("args").unwrap().text(), Some("x < y"));
}

#[test]
fn xml_errors_name_the_place() {
    use ParseErrorKind as K;
    assert_eq!(error("<config>\n<a></b></config>"), (2, 4, K::Mismatch));
    assert_eq!(error("\n\n  <config a=\"1\"\n a=\"2\"/>"), (4, 2, K::DuplicateAttribute));
    assert_eq!(error("<config>\n  <start>\n"), (3, 1, K::Unclosed));
    assert_eq!(error("<config a=1/>"), (1, 11, K::Syntax));
    assert_eq!(error("<config>&foo;</config>").2, K::Reference);
    assert_eq!(error("<!DOCTYPE a><a/>").2, K::Unsupported);
    assert_eq!(error("<x:a/>").2, K::Unsupported);
    assert_eq!(error("").2, K::Empty);
    assert_eq!(error(" \n\t ").2, K::Empty);
    assert_eq!(error("CONFIG\n-\n").2, K::NoType);
    assert_eq!(error("<a>\u{1}</a>").2, K::Control);
    let e = Node::parse(b"<a>\n  <b\xff/></a>").unwrap_err();
    assert_eq!((e.kind, e.pos), (K::Encoding, Pos { line: 2, column: 5 }));
    assert_eq!(
        Node::parse(b"<config>\n  <start>\n").unwrap_err().to_string(),
        "line 3, column 1: a node is not closed; add '/>' or its closing tag"
    );
}

#[test]
fn namespaces_and_letters_of_all_tongues_are_passed_on() {
    let text = "<config xmlns='u'><x:b xmlns:x='v&amp;w' x:c='1' d=\" xmlns='no'\"><e xmlns=''/></x:b><größe λ='ü'/></config>";
    let node = Node::parse(text.as_bytes()).unwrap();
    assert_eq!((node.tag(), node.attr("xmlns")), ("config", Some("u")));
    let inner = node.child("x:b").unwrap();
    assert_eq!((inner.attr("xmlns:x"), inner.attr("x:c")), (Some("v&w"), Some("1")));
    assert_eq!(inner.child("e").unwrap().attr("xmlns"), Some(""));
    assert_eq!(node.child("größe").unwrap().attr("λ"), Some("ü"));
    assert_eq!(Node::parse(b"<a b='' xmlns='u'/>").unwrap().attrs()[1].name(), "xmlns", "in order");
    let written = node.write(Syntax::Xml).unwrap();
    assert_eq!(Node::parse(written.as_bytes()).unwrap().write(Syntax::Xml).unwrap(), written);
    assert!(written.contains(" xmlns:x=\"v&amp;w\""), "{written}");
    // What is not declared, or is no name, is not written.
    for tag in ["x:b", "a:b:c", "a\u{aa}", ":a", "1a", ""] {
        let kind = Node::new(tag).write(Syntax::Xml).map_err(|error| error.kind);
        assert_eq!(kind, Err(WriteErrorKind::Name), "{tag}");
    }
    let of_a_part = inner.write(Syntax::Xml);
    assert!(of_a_part.is_ok(), "it declares its own prefix");
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    assert!(Node::parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(error(&nested(MAX_DEPTH + 1)).2, ParseErrorKind::TooDeep);
    assert_eq!(error(&nested(50_000)).2, ParseErrorKind::TooDeep);
    let hid = |n: usize| {
        let rows = (0..n).map(|i| format!("\n{}+ a", " ".repeat(2 * i)));
        format!("a{}\n-\n", rows.collect::<String>())
    };
    assert!(Node::parse(hid(MAX_DEPTH - 1).as_bytes()).is_ok());
    assert_eq!(error(&hid(MAX_DEPTH)).2, ParseErrorKind::TooDeep);
}

#[test]
fn attributes_and_size_are_bounded() {
    let attrs = |n: usize, separator: &str, colon: &str, end: &str| {
        let list: Vec<_> = (0..n).map(|i| format!("{separator}a{i}{colon}1{end}")).collect();
        list.concat()
    };
    let xml = |n: usize| format!("<a{}/>", attrs(n, " ", "=\"", "\""));
    let hid = |n: usize| format!("a{}\n-\n", attrs(n, " | ", ": ", ""));
    let read = |text: &str| Node::parse(text.as_bytes()).map(|n| n.attrs().len());
    assert_eq!((read(&xml(MAX_ATTRIBUTES)), read(&hid(MAX_ATTRIBUTES))), (Ok(128), Ok(128)));
    for text in [xml(MAX_ATTRIBUTES + 1), hid(MAX_ATTRIBUTES + 1), xml(16_000), hid(16_000)] {
        assert_eq!(error(&text).2, ParseErrorKind::TooManyAttributes);
    }
    // what is given twice does not count
    let twice = format!("a{}\n-\n", " | b: 1".repeat(1000));
    assert_eq!(read(&twice), Ok(1));

    for start in ["<a/>", "a\n-\n"] {
        let text = |size: usize| format!("{start}{}", " ".repeat(size - start.len()));
        assert!(Node::parse(text(MAX_SIZE).as_bytes()).is_ok());
        assert_eq!(error(&text(MAX_SIZE + 1)).2, ParseErrorKind::TooLarge);
    }
}

#[test]
fn typed_attributes() {
    let n = xml(
        r#"<n a="0x10" b="-3" c="12x" d="on" e="1.5" f="300" g="1K" h="" i="99999999999999999999"/>"#,
    );
    assert_eq!((n.attr_or("a", 0u32), n.attr_or("b", 0i64)), (16, -3));
    assert_eq!((n.attr_or("c", 7u32), n.attr_or("b", 7u32), n.attr_or("f", 7u8)), (7, 7, 7));
    assert!(n.attr_or("d", false));
    assert!((n.attr_or("e", 0.0) - 1.5).abs() < 1e-9);
    assert_eq!(n.attr_or("g", RamQuota(0)), RamQuota::kib(1));
    assert_eq!(n.attr_or("g", 5u64), 5, "a plain number has no suffix");
    assert_eq!((n.attr_or("h", 5u64), n.attr_or("i", 5u64)), (5, 5));
    let e = n.attr_checked::<u64>("c").unwrap_err();
    assert_eq!(
        e.to_string(),
        "line 1, column 20: expected a whole number from 0 to 18446744073709551615"
    );
    assert_eq!(n.attr_checked::<u64>("missing"), Ok(None));
}

#[test]
fn writes_xml_that_cpp_components_read() {
    let mut n = Node::new("config");
    n.set_attr("label", "a -> b").set_attr("q", "say \"hi\" & <go>");
    let mut args = Node::new("args");
    args.set_text("label=\"x -> y\"");
    n.push(args);
    let text = n.write(Syntax::Xml).unwrap();
    assert_eq!(
        text,
        "<config label=\"a -> b\" q=\"say &quot;hi&quot; &amp; &lt;go>\">\n\t<args>label=&quot;x -&gt; y&quot;</args>\n</config>\n"
    );
    assert_eq!(xml(&text), n);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let with = |value: &str| {
        let mut n = Node::new("n");
        n.set_attr("a", value);
        n
    };
    let kind = |n: &Node, s| n.write(s).err().map(|e| e.kind);
    for bad in ["a|b", "a\nb", " a", "a ", "a\tb"] {
        assert_eq!(kind(&with(bad), Syntax::Hid), Some(WriteErrorKind::Value), "{bad:?}");
        assert_eq!(xml(&with(bad).write(Syntax::Xml).unwrap()), with(bad));
    }
    assert_eq!(kind(&with("\u{1}"), Syntax::Xml), Some(WriteErrorKind::Value));
    assert_eq!(kind(&Node::new("Upper"), Syntax::Hid), Some(WriteErrorKind::Name));
    assert_eq!(kind(&Node::new("a b"), Syntax::Xml), Some(WriteErrorKind::Name));
    assert_eq!(kind(&Node::new(""), Syntax::Xml), Some(WriteErrorKind::Name));
    let mut text = Node::new("n");
    text.set_text("a|\tb");
    assert_eq!(kind(&text, Syntax::Hid), Some(WriteErrorKind::Text));
}

#[test]
fn a_generator_builds_what_a_report_needs() {
    let n = Node::generate("state", |g| {
        g.attr("version", 3);
        g.node("child", |g| {
            g.attr("name", "a: b");
            g.node("note", |g| g.text(format_args!("one\n{}", 2)));
        });
        g.leaf("end");
    });
    assert_eq!(
        n.write(Syntax::Hid).unwrap(),
        "state | version: 3\n+ child | name: a: b\n  + note\n    : one\n    : 2\n+ end\n-\n"
    );
    assert_eq!(Node::parse(n.write(Syntax::Hid).unwrap().as_bytes()), Ok(n));
}

fn tree(hid_only: bool) -> impl Strategy<Value = Node> {
    let value =
        if hid_only { "([!-{}~é]([ -{}~é]{0,12}[!-{}~é])?)?" } else { "[ -~é\t\n\r]{0,14}" };
    let text = if hid_only {
        "[ -~é]{0,10}(\n[ -~é]{0,10}){0,3}"
    } else {
        "[ -~é\t]{0,6}[!-~][ -~é\t]{0,6}"
    };
    let attrs = prop::collection::vec(("[a-z][a-z0-9_-]{0,5}", value), 0..4);
    let head = ("[a-z][a-z0-9_-]{0,6}", attrs).prop_map(|(tag, attrs)| {
        let mut n = Node::new(&tag);
        for (name, value) in attrs {
            n.set_attr(&name, value);
        }
        n
    });
    let leaf = (head.clone(), prop::option::of(text)).prop_map(|(mut n, text)| {
        if let Some(text) = text {
            n.set_text(&text);
        }
        n
    });
    leaf.prop_recursive(5, 24, 4, move |inner| {
        (head.clone(), prop::collection::vec(inner, 1..4)).prop_map(|(mut n, children)| {
            for child in children {
                n.push(child);
            }
            n
        })
    })
}

proptest! {
    #[test]
    fn xml_round_trip(n in tree(false)) {
        let text = n.write(Syntax::Xml).unwrap();
        prop_assert_eq!(Node::parse(text.as_bytes()), Ok(n), "{}", text);
    }

    #[test]
    fn hid_round_trip(n in tree(true)) {
        let text = n.write(Syntax::Hid).unwrap();
        prop_assert_eq!(Node::parse(text.as_bytes()), Ok(n), "{}", text);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Node::parse(&bytes);
    }

    #[test]
    fn what_was_read_can_be_written_and_read_again(parts in prop::collection::vec(
        prop_oneof![
            Just("a"), Just(" "), Just("  "), Just("\n"), Just("+ b"), Just("x c"), Just(". d"), Just(": e"),
            Just("|"), Just("k: v"), Just("k:"), Just("\r\n"), Just("\t"), Just("-"), Just("é"), Just("+ Up"),
            Just("x"), Just(":"), Just(".")
        ], 0..40)
    ) {
        let text = format!("top{}\n-\n", parts.concat());
        if let Ok(n) = Node::parse(text.as_bytes())
            && let Ok(again) = n.write(Syntax::Hid)
        {
            prop_assert_eq!(Node::parse(again.as_bytes()), Ok(n), "{} {}", text, again);
        }
    }

    #[test]
    fn mangled_xml_is_read_without_panic(n in tree(false), cut in any::<prop::sample::Index>(), with: u8) {
        let mut text = n.write(Syntax::Xml).unwrap().into_bytes();
        let at = cut.index(text.len());
        text[at] = with;
        let _ = Node::parse(&text);
        let _ = Node::parse(&text[..at]);
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    for text in ["<a b=\"1\"/>", "\n<a b=\"1\"/>", "a | b: 1\n-\n"] {
        let marked = format!("\u{feff}{text}");
        assert_eq!(Node::parse(marked.as_bytes()), Ok(xml("<a b=\"1\"/>")), "{text}");
        assert_eq!(Node::syntax_of(marked.as_bytes()), Node::syntax_of(text.as_bytes()));
    }
    assert_eq!(error("\u{feff}").2, ParseErrorKind::Empty);
    assert_eq!(error("\u{feff}<a>\n</b>"), (2, 1, ParseErrorKind::Mismatch));
}

#[test]
fn hyphens_in_a_comment_have_their_own_message() {
    assert_eq!(error("<a>\n<!-- b -- c --></a>").2, ParseErrorKind::Comment);
    let e = Node::parse(b"<a><!-- b -- c --></a>").unwrap_err();
    assert!(e.to_string().ends_with("'--' inside of a comment; use a single '-'"), "{e}");
}

#[test]
fn no_text_is_the_same_in_both_syntaxes() {
    let none = Node::new("a");
    for text in ["<a></a>", "<a> \n\t</a>", "<a/>", "a\n:\n-\n", "a\n:  \n: \t\n-\n", "a\n-\n"] {
        assert_eq!(Node::parse(text.as_bytes()), Ok(none.clone()), "{text:?}");
    }
    let mut blank = Node::new("a");
    blank.set_text(" ");
    assert_eq!((blank.text(), &blank), (None, &none));
    for syntax in [Syntax::Xml, Syntax::Hid] {
        assert_eq!(blank.write(syntax), none.write(syntax));
    }
    // a space of another kind is text
    assert_eq!(xml("<a>\u{a0}</a>").text(), Some("\u{a0}"));
}

#[test]
fn what_was_written_can_be_read() {
    let of = |count: u32, leaf: &Node| {
        let mut n = Node::new("a");
        for _ in 1..count {
            n.push(leaf.clone());
        }
        n
    };
    let mut leaf = Node::new("b");
    leaf.set_text("t");
    for i in 0..7 {
        leaf.set_attr(&format!("a{i}"), "x");
    }
    for syntax in [Syntax::Xml, Syntax::Hid] {
        let n = of(99_991, &leaf);
        assert_eq!(Node::parse(n.write(syntax).unwrap().as_bytes()), Ok(n), "{syntax:?}");
        let kind = |n: &Node| n.write(syntax).err().map(|e| e.kind);
        let bare = Node::new("b");
        assert_eq!(kind(&of(MAX_NODES, &bare)), None);
        assert_eq!(kind(&of(MAX_NODES + 1, &bare)), Some(WriteErrorKind::TooLarge));
        let mut wide = Node::new("a");
        for i in 0..=MAX_ATTRIBUTES {
            wide.set_attr(&format!("a{i}"), "");
        }
        assert_eq!(kind(&wide), Some(WriteErrorKind::TooLarge));
        let mut long = Node::new("a");
        long.set_text(&"x".repeat(MAX_SIZE));
        assert_eq!(kind(&long), Some(WriteErrorKind::TooLarge));
    }
    // more '=' than XML is read with
    leaf.set_attr("b", "=").set_attr("c", "=");
    assert_eq!(
        of(99_991, &leaf).write(Syntax::Xml).err().map(|e| e.kind),
        Some(WriteErrorKind::TooLarge)
    );
}

#[test]
fn building_in_place() {
    let mut n = Node::new("config");
    n.push(Node::new("a")).push(Node::new("b"));
    n.retain_children(|c| c.has_tag("b"));
    for c in n.children_mut() {
        c.set_attr("k", 1);
        c.set_attr("k", 2);
    }
    assert_eq!(
        n.children(),
        &vec![{
            let mut b = Node::new("b");
            b.set_attr("k", 2);
            b
        }][..]
    );
    assert_eq!(n.clone().retagged("x").tag(), "x");
    n.set_text("t");
    assert!(n.children().is_empty());
}
